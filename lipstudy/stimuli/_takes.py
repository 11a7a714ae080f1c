"""Takes: one speaker saying one sentence, ready to be shown at every articulation scale."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips import RESTAGE_RENDERER_VERSION, open_footage, save_read_back
from lipstudy.errors import InputError
from lipstudy.execution import Progress, counted, run_each
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    cut_times_s,
    load_track,
    neutral_of,
    save_track,
    track_film,
    uncross_lips,
)
from lipstudy.media import Sound, read_sound, sound_beside_picture, write_sound
from lipstudy.models import LoadedModel, load_model, move_lips
from lipstudy.records import provenance, write_text
from lipstudy.speech import Phone, Speech, align_speech, synthesise
from lipstudy.stimuli._faces import key_of_stage, neutral_in_film, neutral_in_photograph
from lipstudy.stimuli._levels import check_loudness
from lipstudy.stimuli._recipe import FilmedSentence, Recipe, Sentence, Speaker
from lipstudy.stimuli._refining import teach_refinements
from lipstudy.stimuli._set_folder import SetFolder

__all__ = [
    "PhotoSource",
    "Take",
    "cuts_told",
    "doubts_about",
    "make_takes",
    "models_of",
    "on_neutral",
    "take_name",
]

Floats = NDArray[np.floating[Any]]

PhotoSource = Literal["photograph", "film", "restaged"]
"""What a photo clip is drawn from: one photograph (a sketch), the mouths of a film of the speaker, the film itself."""


@dataclass(frozen=True, slots=True)
class Take:
    """One speaker saying one sentence."""

    name: str
    """Name of the take, unique in the set."""
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
    """The speech, as recorded."""
    photo: PhotoSource
    """What its photo clips are drawn from."""
    picture_path: Path
    """The photograph and its landmarks, or the film."""
    picture_track_path: Path | None
    """The film's own landmark track; None for a photograph."""
    read_back_path: Path | None = None
    """How a tracker reads the lips of a film that is restaged when they are moved."""
    refinement_path: Path | None = None
    """The weights of the network that refines the film's mouths; None for those as they are."""


def models_of(recipe: Recipe) -> list[LoadedModel]:
    """Load the models that move the lips to the sentences of a recipe. Raises InputError."""
    models = [load_model(name) for name in recipe.models] if recipe.asks_models else []
    for index, model in enumerate(models):
        if _slug(model.name) in {_slug(other.name) for other in models[:index]}:
            raise InputError(f"two models of the recipe are called '{model.name}': rename the file or folder of one")
    return models


def make_takes(
    recipe: Recipe,
    models: list[LoadedModel],
    folder: SetFolder,
    *,
    workers: int,
    executor: Executor | None = None,
    tracking: Progress | None = None,
    teaching: Progress | None = None,
) -> list[Take]:
    """Prepare speech, faces and tracks of a recipe in `folder`; what is there already is used again.

    `tracking` is told the films that are tracked, `teaching` the steps of the networks that are taught.

    Raises
    ------
    InputError
        If a photograph, film, track or sound cannot be used, a model not move the lips to it, or speech would clip at
        the loudness wanted.
    OutputError
        If the folder cannot be written.
    """
    photographed = [speaker for speaker in recipe.speakers if speaker.film is None]
    filmed = [speaker for speaker in recipe.speakers if speaker.film is not None]
    neutrals = {speaker.name: neutral_in_photograph(speaker, folder) for speaker in photographed}
    speeches = {sentence.name: _speech(sentence, recipe, folder) for sentence in recipe.sentences}
    check_loudness(recipe, folder)
    # Last, as films may take an hour to track.
    of_films: list[tuple[Callable[[Any], Any], Any]] = [
        *((neutral_in_film, (speaker, folder)) for speaker in filmed),
        *((_take_on_film, (film, folder, "photo" in recipe.embodiments)) for film in recipe.films),
    ]
    if tracking is not None and of_films:
        tracking(0, len(of_films))
    tracked = run_each(_made_of_film, of_films, workers=workers, executor=executor)
    made = dict(counted(tracked, len(of_films), tracking))
    neutrals |= {speaker.name: made[index] for index, speaker in enumerate(filmed)}
    refined = teach_refinements(recipe, folder, workers=workers, executor=executor, progress=teaching)
    takes = []
    for speaker in recipe.speakers:
        for sentence in recipe.sentences:
            for model in models if sentence.track is None else [None]:
                take = _take(speaker, sentence, model, folder)
                if speaker.name in refined:
                    take = replace(take, refinement_path=folder.refinement(speaker.name))
                if model is not None and model is not models[0]:
                    # So that a model added to a recipe leaves the names of the clips that are there as they are.
                    name = take_name(speaker.name, sentence.name, model.name)
                    take = replace(take, name=name, track_path=folder.track(name))
                neutral = neutrals[speaker.name]
                if model is None:
                    track = _given_motion(sentence, neutral, recipe, take)
                else:
                    track = _modelled_motion(model, speeches[sentence.name], neutral, recipe, take)
                save_track(take.track_path, track)
                takes.append(take)
    return takes + [made[index] for index in range(len(filmed), len(of_films))]


def cuts_told(films: Sequence[FilmedSentence], folder: SetFolder) -> tuple[str, ...]:
    """Return which of the films that are restaged are not one shot, a sentence each."""
    told = []
    for film in films:
        track = load_track(folder.track(take_name(film.speaker, film.sentence)))
        times_s = cut_times_s(track.pose, fps=track.fps)
        if times_s:
            at = ", ".join(f"{time_s:.2f} s" for time_s in times_s[:3]) + (" ..." if len(times_s) > 3 else "")
            told.append(
                f"the film of {film.speaker}, {film.sentence}: it cuts at {at}, and one resting face stands for all of"
                " it: better name a film of one shot"
            )
    return tuple(told)


def doubts_about(sentences: Sequence[Sentence], folder: SetFolder) -> dict[str, str]:
    """Return, by sentence, what the aligner doubts about the words of recorded speech; none for those that fit."""
    told = {sentence.name: json.loads(folder.phones(sentence.name).read_bytes())["doubts"] for sentence in sentences}
    return {name: "; ".join(doubts) for name, doubts in told.items() if doubts}


def on_neutral(track: LandmarkTrack, neutral: Floats) -> Floats:
    """Return the motion of `track` about another neutral: displacements from its own, in inter-ocular distances."""
    return uncross_lips(neutral + (track.points.astype(np.float64) - neutral_of(track)), track.topology)


def take_name(speaker: str, sentence: str, model: str | None = None) -> str:
    """Return the name of a take; `model` is named for all models of a recipe but the first."""
    return f"{speaker}_{sentence}" if model is None else f"{speaker}_{sentence}_{_slug(model)}"


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.") or "model"


def _take(speaker: Speaker, sentence: Sentence, model: LoadedModel | None, folder: SetFolder) -> Take:
    name = take_name(speaker.name, sentence.name)
    if model is not None:
        moved_by = model.name
    else:
        assert sentence.track is not None
        moved_by = sentence.model or sentence.track.name
    return Take(
        name=name,
        speaker=speaker.name,
        sentence=sentence.name,
        text=sentence.text,
        model=moved_by,
        track_path=folder.track(name),
        sound_path=folder.sound(sentence.name),
        photo="photograph" if speaker.film is None else "film",
        picture_path=folder.face(speaker.name) if speaker.film is None else speaker.film,
        picture_track_path=None if speaker.film is None else folder.film_track(speaker.name),
    )


def _speech(sentence: Sentence, recipe: Recipe, folder: SetFolder) -> Speech:
    """Write the sound of `sentence`; return it, with its phones where the words are known."""
    sound_path, phones_path = folder.sound(sentence.name), folder.phones(sentence.name)
    told: dict[str, Any] = {"text": sentence.text}
    if sentence.sound is None:
        told |= {"voice": recipe.voice, "rate_wpm": recipe.rate_wpm}
        key = key_of_stage("speech", {**told, "espeak": metadata.version("espeakng-loader")})
    else:
        aligner = metadata.version("pocketsphinx")
        key = key_of_stage("speech", {**told, "aligner": aligner}, inputs=[sentence.sound])
    if folder.made(sound_path, key) is None or folder.made(phones_path, key) is None:
        sound, phones, doubts = _spoken(sentence, recipe)
        write_sound(sound_path, sound)
        listed = phones and [dict(zip(("symbol", "start_s", "end_s"), astuple(phone), strict=True)) for phone in phones]
        told |= {"doubts": doubts, "phones": listed}
        write_text(phones_path, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
        folder.note(sound_path, key)
        folder.note(phones_path, key)
    listed = json.loads(phones_path.read_bytes())["phones"]
    known = None if listed is None else tuple(Phone(**phone) for phone in listed)
    return Speech.of_sound(read_sound(sound_path), name=sentence.name, phones=known)


def _spoken(sentence: Sentence, recipe: Recipe) -> tuple[Sound, tuple[Phone, ...] | None, tuple[str, ...]]:
    """Return sound, phones if the words are known, and what is doubted about them."""
    if sentence.sound is None:
        assert sentence.text is not None
        utterance = synthesise(sentence.text, voice=recipe.voice, rate_wpm=recipe.rate_wpm)
        return utterance.sound, utterance.phones, ()
    sound = read_sound(sentence.sound)
    if sentence.text is None or sentence.track is not None:
        return sound, None, ()
    alignment = align_speech(Speech.of_sound(sound, name=sentence.name), sentence.text)
    return sound, alignment.phones, alignment.doubts()


def _modelled_motion(
    model: LoadedModel, speech: Speech, neutral: NDArray[np.float32], recipe: Recipe, take: Take
) -> LandmarkTrack:
    track = move_lips(model.model, speech, fps=recipe.fps, neutral=neutral)
    arguments = {"model": model.name, "voice": recipe.voice, "rate_wpm": recipe.rate_wpm, "text": take.text}
    told = provenance(stage="build", arguments=arguments, inputs=[take.sound_path, *model.files])
    return track.with_points(track.points, provenance=told)


def _given_motion(sentence: Sentence, neutral: NDArray[np.float32], recipe: Recipe, take: Take) -> LandmarkTrack:
    assert sentence.track is not None
    track = load_track(sentence.track)
    duration_s = read_sound(take.sound_path).duration_s
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
    """Give the motion of `track` to another face."""
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"tracks of topology '{MEDIAPIPE_478.name}' can be shown on a face, not {track.topology.name!r}"
        )
    return LandmarkTrack(
        points=on_neutral(track, neutral).astype(np.float32),
        fps=track.fps,
        topology=track.topology,
        pose=HeadPose.still(track.num_frames),
        valid=track.valid,
        neutral=neutral,
        provenance=told,
    )


def _made_of_film(item: tuple[Callable[[Any], Any], Any]) -> Any:
    make, film = item
    return make(film)


def _take_on_film(item: tuple[FilmedSentence, SetFolder, bool]) -> Take:
    film, folder, shown = item
    name = take_name(film.speaker, film.sentence)
    take = Take(
        name=name,
        speaker=film.speaker,
        sentence=film.sentence,
        text=film.text,
        model="film",
        track_path=folder.track(name),
        sound_path=folder.sound(name),
        photo="restaged",
        picture_path=film.film,
        picture_track_path=folder.track(name),
    )
    key = key_of_stage("film", {}, inputs=[film.film])
    if folder.made(take.track_path, key) is None or folder.made(take.sound_path, key) is None:
        track = track_film(film.film)
        save_track(take.track_path, track)
        write_sound(take.sound_path, sound_beside_picture(read_sound(film.film), duration_s=track.duration_s))
        folder.note(take.track_path, key)
        folder.note(take.sound_path, key)
    return replace(take, read_back_path=_read_back(take, folder)) if shown else take


def _read_back(take: Take, folder: SetFolder) -> Path:
    path = folder.read_back(take.name)
    key = key_of_stage("read back", {"renderer": RESTAGE_RENDERER_VERSION}, inputs=[take.picture_path, take.track_path])
    if folder.made(path, key) is None:
        save_read_back(path, open_footage(take.picture_path, load_track(take.track_path)).read_back)
        folder.note(path, key)
    return path
