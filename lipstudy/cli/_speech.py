"""The verbs for speech: speak, align."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.cli._recordings import (
    GRID_HASH,
    aligned,
    checked,
    heard,
    is_as_it_was_written,
    tell_if_hardly_speech,
    write_grid,
)
from lipstudy.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lipstudy.face import LandmarkTrack, LipMotion
    from lipstudy.models import LoadedModel
    from lipstudy.speech import Speech

__all__ = ["align", "speak"]

_LONGEST_NAME = 40
_VOICE, _RATE_WPM = "en-us", 160

transcript_option = click.option(
    "--transcript", help="What is said in SOUND: the words, or a .txt file that holds them. English."
)


@click.command(
    epilog='\b\nExamples:\n  lipstudy speak talk.wav --transcript "lay red with p nine again"\n'
    "  lipstudy speak talk.mp4 --neutral face.jpg -o moved.track.npz\n"
    '  lipstudy speak --text "Bob bought five more blue pots." --voice en-gb'
)
@click.argument("sound", type=click.Path(path_type=Path), required=False)
@click.option("--text", help="Instead of SOUND: what a synthetic voice shall say.")
@transcript_option
@click.option(
    "--textgrid", type=click.Path(path_type=Path), help="Instead of --transcript: a Praat TextGrid with the phones."
)
@click.option(
    "--model",
    "model_name",
    metavar="viseme|tcn|viseme+tcn|PATH",
    help="What moves the lips: the words (viseme), the sound (tcn) or both, a trained folder, a folder of tracks, or"
    " your own class as file.py:ClassName. [default: viseme+tcn for a recording with --transcript or --textgrid, tcn"
    " for one without, viseme for --text: nearest to film, where that was measured]",
)
@click.option("--voice", help=f"Language of the synthetic voice, as espeak-ng names it. [default: {_VOICE}]")
@click.option(
    "--rate", "rate_wpm", type=int, help=f"Words per minute of the synthetic voice, 80 to 400. [default: {_RATE_WPM}]"
)
@click.option("--fps", type=float, default=25.0, show_default=True, help="Frames per second of the lip motion.")
@click.option(
    "--neutral",
    type=click.Path(path_type=Path),
    help="Whose face moves: a landmark track (.npz), or a photograph. [default: a generic face]",
)
@click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    help="Name of the track, ending in .npz. [default: talk.track.npz for talk.wav; with --text from the text, here]",
)
@output_options
def speak(
    sound: Path | None,
    *,
    text: str | None,
    transcript: str | None,
    textgrid: Path | None,
    model_name: str | None,
    voice: str | None,
    rate_wpm: int | None,
    fps: float,
    neutral: Path | None,
    destination: Path | None,
    output: Output,
) -> None:
    """Move lips as speech says: of a recording, a film's sound, or a text that is spoken.

    Writes a landmark track beside SOUND; where words were aligned, a Praat TextGrid of the same name, to be looked at
    and corrected; with --text, a WAV file. SOUND should hold one voice and no music: whatever sounds moves the lips.
    An hour of speech needs no more memory than a minute.
    """
    from lipstudy.models import checked_neutral, frames_in, load_model
    from lipstudy.records import existing_file, provenance, sha256_of_file

    if (sound is None) == (text is None):
        raise InputError("give either a film or sound file with speech, or --text with what shall be said")
    if text is not None and (transcript is not None or textgrid is not None):
        raise InputError("--transcript and --textgrid say what a recording holds: with --text leave them out")
    if sound is not None and (voice is not None or rate_wpm is not None):
        raise InputError("--voice and --rate are for a synthetic voice: give --text, or leave them out")
    if transcript is not None and textgrid is not None:
        raise InputError("give either --transcript or --textgrid: a TextGrid holds what is said already")
    if sound is not None:
        existing_file(sound, what="a film or sound file")
    known = text is not None or transcript is not None or textgrid is not None
    model = load_model(model_name or ("viseme" if text is not None else "viseme+tcn" if known else "tcn"))
    track_path = _track_path(sound, text, destination)
    frames_in(1, fps=fps)
    face, speaker = (None, None) if neutral is None else _face_of(neutral)
    rest = checked_neutral(face)
    arguments: dict[str, Any] = {"model": model.name, "fps": fps}
    told: dict[str, Any] = {"track": str(track_path)}
    if text is not None:
        voice, rate_wpm = voice or _VOICE, rate_wpm or _RATE_WPM
        speech, sound_path = _spoken(text, voice=voice, rate_wpm=rate_wpm, track_path=track_path)
        arguments |= {"text": text, "voice": voice, "rate_wpm": rate_wpm}
        told |= {"text": " ".join(text.split()), "sound": str(sound_path)}
        inputs = []
    else:
        assert sound is not None
        grid_path = textgrid or track_path.with_name(f"{track_stem(track_path)}.TextGrid")
        untouched = is_as_it_was_written(grid_path, beside=track_path)
        speech = heard(sound, transcript, textgrid, grid_path, output, replaces=untouched)
        if not known:
            tell_if_hardly_speech(speech, model, output)
        arguments |= {"transcript": transcript}
        if transcript is not None:
            arguments |= {GRID_HASH: sha256_of_file(grid_path)}
        told |= {"sound": str(sound)} | ({"textgrid": str(grid_path)} if known else {})
        inputs = [sound, *([textgrid] if textgrid else [])]
    made = provenance(
        stage="speak", arguments=arguments, inputs=[*inputs, *([neutral] if neutral else []), *model.files]
    )
    told |= _moved(speech, model, track_path, fps=fps, rest=rest, speaker=speaker, made=made, output=output)
    told["phones"] = [
        {"symbol": phone.symbol, "start_s": round(phone.start_s, 4), "end_s": round(phone.end_s, 4)}
        for phone in speech.phones or ()
    ]
    output.result(told, _sentences(told))


@click.command(epilog='\b\nExample:\n  lipstudy align talk.wav --transcript "lay red with p nine again"')
@click.argument("sound", type=click.Path(path_type=Path))
@transcript_option
@click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    help="Name of the TextGrid. [default: talk.TextGrid for talk.wav]",
)
@output_options
def align(sound: Path, *, transcript: str | None, destination: Path | None, output: Output) -> None:
    """Find when words and phones were said, as a Praat TextGrid.

    Look at it in Praat, correct what is wrong, and give it to 'lipstudy speak --textgrid'. Words that do not seem to be
    what is said are named.
    """
    from lipstudy.records import existing_file

    existing_file(sound, what="a film or sound file")
    if transcript is None:
        raise InputError("--transcript is missing: give the words that are said, or a .txt file that holds them")
    path = destination or sound.with_suffix(".TextGrid")
    alignment = aligned(checked(sound, output), transcript, output)
    write_grid(path, alignment, replaces=destination is not None)
    words = [
        {"word": word.word, "start_s": word.start_s, "end_s": word.end_s, "fit": round(word.fit, 3)}
        for word in alignment.words
    ]
    told = {"textgrid": str(path), "words": words, "guessed": list(alignment.guessed)}
    told |= {"misfits": [word.word for word in alignment.misfits]}
    output.result(told, f"{path}: {len(words)} words, {len(alignment.phones)} phones and pauses")


def _track_path(sound: Path | None, text: str | None, destination: Path | None) -> Path:
    if destination is not None:
        if destination.suffix != ".npz":
            raise InputError(f"--output {destination} must end in .npz: a landmark track is written there")
        return destination
    path = Path(f"{_name_of(text)}.track.npz") if text is not None else (sound or Path()).with_suffix(".track.npz")
    if sound is not None and path.exists():
        from lipstudy.face import track_provenance

        # A film's own track bears the same name, and took minutes to make.
        if track_provenance(path).get("stage") != "speak":
            raise InputError(f"{path} is there already and was not made by 'lipstudy speak': name another with -o")
    return path


def _spoken(text: str, *, voice: str, rate_wpm: int, track_path: Path) -> tuple["Speech", Path]:
    from lipstudy.media import write_sound
    from lipstudy.speech import Speech, synthesise

    utterance = synthesise(text, voice=voice, rate_wpm=rate_wpm)
    sound_path = track_path.with_name(f"{track_stem(track_path)}.wav")
    write_sound(sound_path, utterance.sound)
    return Speech.of_sound(utterance.sound, name=track_stem(track_path), phones=utterance.phones), sound_path


def _moved(
    speech: "Speech",
    model: "LoadedModel",
    track_path: Path,
    *,
    fps: float,
    rest: "NDArray[np.float32]",
    speaker: "LandmarkTrack | None",
    made: dict[str, Any],
    output: Output,
) -> dict[str, Any]:
    """Write the track; return what is to be told of it."""
    from lipstudy.face import MEDIAPIPE_478, LipMotion, lip_displacement_rms, log_ratio_of_rms, save_track_chunks
    from lipstudy.models import frames_in, lip_points

    num_frames = frames_in(speech.duration_s, fps=fps)
    moved = LipMotion(MEDIAPIPE_478)
    displacements = model.model.displacements(speech, fps=fps, neutral=rest)
    points = lip_points(displacements, duration_s=speech.duration_s, fps=fps, neutral=rest)
    with output.progress("moving lips", "frames") as show:
        save_track_chunks(
            track_path,
            _measured(points, moved),
            num_frames=num_frames,
            fps=fps,
            topology=MEDIAPIPE_478,
            neutral=rest,
            provenance=made,
            progress=show,
        )
    own = moved.displacement_rms()
    reference = own if speaker is None else lip_displacement_rms(speaker.points, speaker.topology)
    log_ratio = log_ratio_of_rms(own, reference)
    return {
        "duration_s": round(speech.duration_s, 4),
        "frames": num_frames,
        "fps": fps,
        "model": model.name,
        "lip_intensity_iod": round(float(own.mean()), 6),
        "effective_articulation": None if math.isnan(log_ratio) else round(math.exp(log_ratio), 6),
        "effective_articulation_of": model.name if speaker is None else "neutral",
    }


def _measured(chunks: "Iterable[NDArray[np.float32]]", moved: "LipMotion") -> "Iterator[NDArray[np.float32]]":
    for chunk in chunks:
        moved.add(chunk)
        yield chunk


def _sentences(told: dict[str, Any]) -> str:
    effective = told["effective_articulation"]
    if effective is None:
        shown = "effective articulation undefined, the lips do not move"
    elif told["effective_articulation_of"] == "neutral":
        shown = f"effective articulation {effective:.3f} of the speaker's own"
    else:
        shown = f"effective articulation {effective:g}, the model's own"
    lines = [
        f"{told['track']}: {told['frames']} frames of lip motion at {told['fps']:g} fps by {told['model']}; {shown}"
    ]
    if "text" in told:
        lines.append(f"{told['sound']}: {told['duration_s']:.2f} s of speech")
    if "textgrid" in told:
        lines.append(f"{told['textgrid']}: {len(told['phones'])} phones and pauses")
    return "\n".join(lines)


def _name_of(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME + 1].rpartition("-")[0] or name[:_LONGEST_NAME]
    return name or "speech"


def _face_of(path: Path) -> "tuple[NDArray[np.floating[Any]], LandmarkTrack | None]":
    """Return the neutral, and the speaker's own motion if `path` is a track."""
    if path.suffix == ".npz":
        from lipstudy.face import load_track, neutral_of

        track = load_track(path)
        return neutral_of(track), track
    from lipstudy.clips import open_photograph
    from lipstudy.stimuli import neutral_in

    return neutral_in(open_photograph(path)), None
