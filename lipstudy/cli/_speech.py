"""The verb for speech: speak."""

import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["speak"]

_LONGEST_NAME = 40


@click.command(
    epilog='\b\nExamples:\n  lipstudy speak --text "Bob bought five more blue pots."\n'
    '  lipstudy speak --text "Good morning!" --voice en-gb --neutral face.jpg -o morning.track.npz'
)
@click.option("--text", required=True, help="What to say.")
@click.option("--voice", default="en-us", show_default=True, help="Language of the voice, as espeak-ng names it.")
@click.option("--rate", "rate_wpm", type=int, default=160, show_default=True, help="Words per minute, 80 to 400.")
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
    help="Name of the track, ending in .npz; the sound is written beside it. [default: from the text, here]",
)
@output_options
def speak(
    text: str, *, voice: str, rate_wpm: int, fps: float, neutral: Path | None, destination: Path | None, output: Output
) -> None:
    """Speak a text: the sound, and the lip motion that goes with it.

    Writes a landmark track and beside it a WAV file of the same name. With --json the phones and their times are told
    too.
    """
    from lipstudy.face import save_track
    from lipstudy.media import write_sound
    from lipstudy.models import viseme_track
    from lipstudy.records import provenance
    from lipstudy.speech import synthesise

    track_path = destination or Path(f"{_name_of(text)}.track.npz")
    if track_path.suffix != ".npz":
        raise InputError(f"--output {track_path} must end in .npz: a landmark track is written there")
    utterance = synthesise(text, voice=voice, rate_wpm=rate_wpm)
    face = None if neutral is None else _neutral_of(neutral)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=fps, neutral=face)
    arguments: dict[str, Any] = {"text": utterance.text, "voice": voice, "rate_wpm": rate_wpm, "fps": fps}
    made = provenance(stage="speak", arguments=arguments, inputs=[] if neutral is None else [neutral])
    sound_path = track_path.with_name(f"{track_stem(track_path)}.wav")
    write_sound(sound_path, utterance.sound)
    save_track(track_path, track.with_points(track.points, provenance=made))
    told = {
        "track": str(track_path),
        "sound": str(sound_path),
        "text": utterance.text,
        "duration_s": round(utterance.sound.duration_s, 4),
        "frames": track.num_frames,
        "fps": track.fps,
        "phones": [
            {"symbol": phone.symbol, "start_s": round(phone.start_s, 4), "end_s": round(phone.end_s, 4)}
            for phone in utterance.phones
        ],
    }
    output.result(
        told,
        f"{track_path}: {track.num_frames} frames of lip motion at {track.fps:g} fps\n"
        f"{sound_path}: {utterance.sound.duration_s:.2f} s of speech",
    )


def _name_of(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME + 1].rpartition("-")[0] or name[:_LONGEST_NAME]
    return name or "speech"


def _neutral_of(path: Path) -> "NDArray[np.floating[Any]]":
    if path.suffix == ".npz":
        from lipstudy.face import load_track, neutral_of

        return neutral_of(load_track(path))
    from lipstudy.clips import neutral_in, open_photograph

    return neutral_in(open_photograph(path))
