"""Takes: one speaker saying one sentence, ready to be shown at every articulation scale."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._photograph import PhotoFace, open_photograph
from lipstudy.clips._recipe import ASTRONAUT, FilmedSentence, Recipe, Sentence, Speaker
from lipstudy.clips._set_folder import SetFolder
from lipstudy.errors import InputError
from lipstudy.execution import run_each
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    close_lips,
    load_track,
    neutral_of,
    normalise_head,
    save_track,
    track_film,
    uncross_lips,
)
from lipstudy.media import Sound, read_sound, write_sound
from lipstudy.models import viseme_track
from lipstudy.records import atomic_path, hash_of, provenance, write_text
from lipstudy.speech import Phone, synthesise

__all__ = ["Take", "face_in", "load_face", "make_takes", "neutral_in", "sound_beside_picture"]

VISEME_MODEL = "visemes"


@dataclass(frozen=True, slots=True)
class Take:
    """One speaker saying one sentence."""

    speaker: str
    """Name of the speaker."""
    sentence: str
    """Name of the sentence."""
    text: str | None
    """The words, if they are known."""
    model: str
    """Where the motion comes from."""
    track_path: Path
    """The landmark track at articulation 1, with the speaker's neutral."""
    sound_path: Path
    """The speech."""
    face_path: Path | None
    """The photograph and its landmarks; None for a take on film."""
    film_path: Path | None
    """The film; None for a take with a photograph."""

    @property
    def name(self) -> str:
        """Name of the take, unique in the set."""
        return f"{self.speaker}_{self.sentence}"


def make_takes(recipe: Recipe, folder: SetFolder, *, workers: int) -> list[Take]:
    """Prepare speech, faces and tracks of a recipe in `folder`; what is there already is used again.

    Raises
    ------
    InputError
        If a photograph, track, sound or film cannot be used.
    OutputError
        If the folder cannot be written.
    """
    neutrals = {speaker.name: neutral_in(_face_of(speaker, folder)) for speaker in recipe.speakers}
    spoken = {sentence.name: _speak(sentence, recipe, folder) for sentence in recipe.sentences}
    takes = []
    for speaker in recipe.speakers:
        for sentence in recipe.sentences:
            take = _take(speaker, sentence, folder)
            track = _motion(sentence, spoken[sentence.name], neutrals[speaker.name], recipe, take)
            save_track(take.track_path, track)
            takes.append(take)
    tracked = dict(run_each(_take_on_film, [(film, folder) for film in recipe.films], workers=workers))
    return takes + [tracked[index] for index in range(len(recipe.films))]


def face_in(photograph: Path) -> PhotoFace:
    """Find the face in a photograph, or in the portrait that ASTRONAUT stands for. Raises InputError."""
    if photograph != ASTRONAUT:
        return open_photograph(photograph)
    from skimage.data import astronaut

    return PhotoFace.of(np.asarray(astronaut(), np.uint8))


def sound_beside_picture(sound: Sound, *, duration_s: float) -> Sound:
    """End `sound` with a picture of `duration_s`: recordings often carry a little more or less of it."""
    wanted = round(duration_s * sound.sr)
    padding = max(0, wanted - len(sound.samples))
    return Sound(np.pad(sound.samples[:wanted], (0, padding)), sound.sr)


def load_face(path: Path) -> PhotoFace:
    """Read a photograph and its landmarks from the set's folder."""
    with np.load(path, allow_pickle=False) as archive:
        return PhotoFace(archive["image"], archive["landmarks_px"])


def _take(speaker: Speaker, sentence: Sentence, folder: SetFolder) -> Take:
    return Take(
        speaker=speaker.name,
        sentence=sentence.name,
        text=sentence.text,
        model=VISEME_MODEL if sentence.track is None else sentence.model or sentence.track.name,
        track_path=folder.track(f"{speaker.name}_{sentence.name}"),
        sound_path=folder.sound(sentence.name),
        face_path=folder.face(speaker.name),
        film_path=None,
    )


def _face_of(speaker: Speaker, folder: SetFolder) -> PhotoFace:
    path = folder.face(speaker.name)
    is_file = speaker.photograph != ASTRONAUT
    key = _key("face", {"photograph": str(speaker.photograph)}, inputs=[speaker.photograph] if is_file else [])
    if folder.made(path, key) is None:
        face = face_in(speaker.photograph)
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, image=face.image, landmarks_px=face.landmarks_px)
        folder.note(path, key)
    return load_face(path)


def neutral_in(face: PhotoFace) -> NDArray[np.float32]:
    """Return the neutral of the face in a photograph, (478, 3) head-normalised: its own, with the lips closed."""
    points, _ = normalise_head(face.landmarks_px[None].astype(np.float64), MEDIAPIPE_478)
    return np.asarray(close_lips(points[0], MEDIAPIPE_478), np.float32)


def _speak(sentence: Sentence, recipe: Recipe, folder: SetFolder) -> tuple[Phone, ...]:
    """Write the sound of `sentence`; return its phones, none where its motion is given."""
    sound_path, phones_path = folder.sound(sentence.name), folder.phones(sentence.name)
    if sentence.sound is not None:
        write_sound(sound_path, read_sound(sentence.sound))
        return ()
    assert sentence.text is not None
    spoken = {"text": sentence.text, "voice": recipe.voice, "rate_wpm": recipe.rate_wpm}
    key = _key("speech", {**spoken, "espeak": metadata.version("espeakng-loader")})
    if folder.made(sound_path, key) is None or folder.made(phones_path, key) is None:
        utterance = synthesise(sentence.text, voice=recipe.voice, rate_wpm=recipe.rate_wpm)
        write_sound(sound_path, utterance.sound)
        phones = [dict(zip(("symbol", "start_s", "end_s"), astuple(phone), strict=True)) for phone in utterance.phones]
        write_text(phones_path, json.dumps({**spoken, "phones": phones}, indent=2, ensure_ascii=False) + "\n")
        folder.note(sound_path, key)
        folder.note(phones_path, key)
    return tuple(Phone(**phone) for phone in json.loads(phones_path.read_bytes())["phones"])


def _motion(
    sentence: Sentence, phones: tuple[Phone, ...], neutral: NDArray[np.float32], recipe: Recipe, take: Take
) -> LandmarkTrack:
    duration_s = read_sound(take.sound_path).duration_s
    if sentence.track is None:
        track = viseme_track(phones, duration_s=duration_s, fps=recipe.fps, neutral=neutral)
        arguments = {"model": VISEME_MODEL, "voice": recipe.voice, "rate_wpm": recipe.rate_wpm}
        told = provenance(stage="build", arguments={**arguments, "text": sentence.text})
        return track.with_points(track.points, provenance=told)
    track = load_track(sentence.track)
    if abs(track.fps - recipe.fps) > 1e-3:
        raise InputError(
            f"{sentence.track} has {track.fps:g} frames per second and the recipe asks for {recipe.fps:g}:"
            f" set 'fps: {track.fps:g}' in the recipe"
        )
    if abs(track.duration_s - duration_s) >= 1 / track.fps:
        raise InputError(
            f"{sentence.track} lasts {track.duration_s:.3f} s and {sentence.sound} {duration_s:.3f} s: they must agree"
            " to within one frame"
        )
    arguments = {"model": take.model}
    return _on_face(track, neutral, told=provenance(stage="build", arguments=arguments, inputs=[sentence.track]))


def _on_face(track: LandmarkTrack, neutral: NDArray[np.float32], *, told: Mapping[str, Any]) -> LandmarkTrack:
    """Give the motion of `track` to another face: displacements from its neutral, in inter-ocular distances."""
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"tracks of topology '{MEDIAPIPE_478.name}' can be shown on a face, not {track.topology.name!r}"
        )
    points = uncross_lips(neutral + (track.points.astype(np.float64) - neutral_of(track)), track.topology)
    return LandmarkTrack(
        points=points.astype(np.float32),
        fps=track.fps,
        topology=track.topology,
        pose=HeadPose.still(track.num_frames),
        valid=track.valid,
        neutral=neutral,
        provenance=told,
    )


def _take_on_film(item: tuple[FilmedSentence, SetFolder]) -> Take:
    film, folder = item
    name = f"{film.speaker}_{film.sentence}"
    take = Take(
        speaker=film.speaker,
        sentence=film.sentence,
        text=film.text,
        model="film",
        track_path=folder.track(name),
        sound_path=folder.sound(name),
        face_path=None,
        film_path=film.film,
    )
    key = _key("film", {}, inputs=[film.film])
    if folder.made(take.track_path, key) is None or folder.made(take.sound_path, key) is None:
        track = track_film(film.film)
        save_track(take.track_path, track)
        write_sound(take.sound_path, sound_beside_picture(read_sound(film.film), duration_s=track.duration_s))
        folder.note(take.track_path, key)
        folder.note(take.sound_path, key)
    return take


def _key(stage: str, arguments: Mapping[str, Any], *, inputs: list[Path] | None = None) -> str:
    return hash_of(provenance(stage=stage, arguments=arguments, inputs=inputs or []))
