"""A trial in the window: clips are played, seen to their end, answered, and everything about it is noted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from lipstudy.errors import InputError
from lipstudy.lab._canvas import Box
from lipstudy.lab._dialog import Answer, Dialog
from lipstudy.lab._inputs import Input, KeyPress
from lipstudy.lab._page import Button, Page, Panel, Slider, clip_boxes
from lipstudy.lab._playback import LoadedClip, Played, clip_size_px, load_clip, play
from lipstudy.lab._speaker import Speaker
from lipstudy.lab._window import LabWindow
from lipstudy.records import Clip, Response
from lipstudy.study import ClipFailedError, Playing, Presentation, Side, Study, TrialAnswer, TrialScreen

__all__ = ["TrialRunner", "has_scale"]

_SIDES: tuple[Side, Side] = ("left", "right")
_BETWEEN_S = 0.5
"""Between two clips that follow each other, and before the first."""


@dataclass(slots=True)
class _Progress:
    """What has happened in a trial so far."""

    playings: list[Playing] = field(default_factory=list)
    plays: int = 0
    """Rounds: in each, every clip is played once."""
    first_frame_s: float | None = None
    end_s: float = 0.0
    early: Answer | None = None
    """An answer that was given while a clip played, where the study takes it."""


class TrialRunner:
    """Runs the trials of a session."""

    def __init__(self, dialog: Dialog, speaker: Speaker | None, clips_folder: Path) -> None:
        """Prepare to run trials with clips below `clips_folder`; nothing is heard without a speaker."""
        self._dialog = dialog
        self._window: LabWindow = dialog.window
        self._speaker = speaker
        self._folder = clips_folder

    def run(self, screen: TrialScreen, clips: tuple[Clip, ...]) -> TrialAnswer:
        """Play the clips of a trial until they are answered.

        Raises
        ------
        ClipFailedError
            If a clip cannot be shown.
        PauseAsked
            If Esc was pressed twice.
        """
        boxes = self._boxes(screen, clips)
        self._dialog.tell(self._waiting(screen, boxes))
        loaded: list[LoadedClip] = []
        lost_before_s = self._window.focus_lost_s
        try:
            for clip, box in zip(clips, boxes, strict=True):
                place = (box.left_px, box.top_px)
                loaded.append(load_clip(self._window, clip, self._folder / clip.path, top_left_px=place))
            progress = _Progress()
            self._window.show_mouse(False)
            self._play_all(screen, loaded, boxes, progress)
            answer = self._answered(screen, loaded, boxes, progress)
        finally:
            for one in loaded:
                one.free()
        assert progress.first_frame_s is not None
        proof = Presentation(
            playings=tuple(progress.playings),
            rt_s=answer.time_s - progress.first_frame_s,
            rt_after_s=answer.time_s - progress.end_s,
            focus_lost_s=round(self._window.focus_lost_s - lost_before_s, 3),
            screen_hz=self._window.rate.hz,
        )
        return _trial_answer(screen, answer, proof)

    def _answered(
        self, screen: TrialScreen, loaded: Sequence[LoadedClip], boxes: Sequence[Box], progress: _Progress
    ) -> Answer:
        while progress.early is None:
            answer = self._dialog.ask(self._question(screen, boxes, progress))
            if answer.name != "replay":
                return answer
            self._play_all(screen, loaded, boxes, progress)
        return progress.early

    def _boxes(self, screen: TrialScreen, clips: Sequence[Clip]) -> list[Box]:
        try:
            sizes = [clip_size_px(clip, self._folder / clip.path) for clip in clips]
        except InputError as error:
            raise ClipFailedError(str(error)) from error
        together = screen.trial.presentation == "side_by_side"
        return clip_boxes(sizes, self._window.size_px, together=together, scale=has_scale(screen.study))

    def _play_all(
        self, screen: TrialScreen, loaded: Sequence[LoadedClip], boxes: Sequence[Box], progress: _Progress
    ) -> None:
        """Play every clip once: together if they stand beside each other with one speech, else one after the other."""
        progress.plays += 1
        together = screen.trial.presentation == "side_by_side" and _same_speech(loaded)
        rounds = [list(range(len(loaded)))] if together else [[place] for place in range(len(loaded))]
        for places in rounds:
            self._dialog.tell(self._waiting(screen, boxes, place=places[0]), seconds=_BETWEEN_S)
            played = play(
                self._window,
                [loaded[place] for place in places],
                speaker=self._speaker,
                on_inputs=lambda inputs: self._heard(screen, inputs, progress),
            )
            self._note(loaded, places, played, progress)
            if progress.early is not None:
                return

    def _heard(self, screen: TrialScreen, inputs: Sequence[Input], progress: _Progress) -> bool:
        """Listen while a clip plays; return whether that ends the playing."""
        keys = _answer_keys(screen) if screen.study.answer_before_end else {}
        for done in inputs:
            if not isinstance(done, KeyPress):
                continue
            self._dialog.escape.hears(done)
            # With two clips after each other, an answer to a pair of which one was never seen is none.
            if done.key in keys and (progress.playings or screen.trial.presentation != "sequential"):
                progress.early = Answer(keys[done.key], done.time_s, None)
                return True
        return False

    def _note(self, loaded: Sequence[LoadedClip], places: Sequence[int], played: Played, progress: _Progress) -> None:
        if progress.first_frame_s is None:
            progress.first_frame_s = played.first_frame_s
        progress.end_s = played.end_s
        sound_of = next((place for place in places if loaded[place].speech is not None), None)
        for place, counted in zip(places, played.clips, strict=True):
            if counted.shown_frames == 0:
                raise ClipFailedError(f"no frame of {loaded[place].clip.clip_id} came to the screen")
            progress.playings.append(
                Playing(
                    side=_SIDES[place],
                    start_s=played.first_frame_s - progress.first_frame_s,
                    ranges=((0.0, counted.seen_s),),
                    shown_frames=counted.shown_frames,
                    dropped_frames=counted.dropped_frames,
                    av_offset_ms=played.av_offset_ms if sound_of is not None else None,
                )
            )

    def _waiting(self, screen: TrialScreen, boxes: Sequence[Box], *, place: int = 0) -> Page:
        """Return the page before a clip: empty frames where clips will be."""
        panels = tuple(Panel(name, "", "", box) for name, box in zip(_SIDES, boxes, strict=False))
        if screen.trial.presentation == "sequential":
            panels = (replace(panels[place], text=("First", "Second")[place]),)
        return Page(panels=panels, may_pause=False)

    def _question(self, screen: TrialScreen, boxes: Sequence[Box], progress: _Progress) -> Page:
        trial, study = screen.trial, screen.study
        buttons: list[Button] = []
        panels: tuple[Panel, ...]
        slider: Slider | None = None
        ends: tuple[str, str] | None = None
        if study.rating is not None:
            panels = (Panel("left", "", "", boxes[0]),)
            if study.rating.kind == "slider":
                low, high = study.rating.shown_labels
                slider = Slider((low, high))
                buttons.append(Button("rate", "Go on", "return", other_keys=("space",), is_main=True))
            else:
                labels, highest = study.rating.shown_labels, int(study.rating.highest)
                ends = (labels[0], labels[-1]) if len(labels) < highest else None
                words = labels if ends is None else [str(step) for step in range(1, highest + 1)]
                buttons += [Button(str(step), word, str(step)) for step, word in enumerate(words, start=1)]
        elif trial.presentation == "sequential":
            panels = (Panel("place", "", "", boxes[0]),)
            buttons += [Button("left", "The first", "left"), Button("right", "The second", "right")]
        else:
            panels = (Panel("left", "Left", "left", boxes[0]), Panel("right", "Right", "right", boxes[1]))
        if study.no_preference and study.rating is None:
            buttons.append(Button("no_preference", "No preference", "down"))
        if progress.plays < study.max_plays:
            buttons.append(Button("replay", "Play again", "r"))
        unit = "practice" if trial.kind == "practice" else "trial"
        return Page(
            title=study.prompt,
            panels=panels,
            field=slider,
            ends=ends,
            buttons=tuple(buttons),
            done=screen.number - 1,
            in_all=screen.trials_in_all,
            unit=unit,
        )


def has_scale(study: Study) -> bool:
    """Whether a slider, or the words of a scale's ends, stand below the clips."""
    return study.rating is not None and len(study.rating.shown_labels) == 2


def _answer_keys(screen: TrialScreen) -> dict[str, str]:
    """Return the keys that answer while a clip plays: key -> answer. A slider is set after it."""
    rating = screen.study.rating
    if rating is not None:
        return {} if rating.kind == "slider" else {str(step): str(step) for step in range(1, int(rating.highest) + 1)}
    keys = {"left": "left", "right": "right"}
    return keys | ({"down": "no_preference"} if screen.study.no_preference else {})


def _same_speech(loaded: Sequence[LoadedClip]) -> bool:
    """Whether clips can be played together: at most one speech is heard at a time."""
    speeches = [one.speech for one in loaded if one.speech is not None]
    if len(speeches) < 2:
        return True
    length = min(map(len, speeches))
    first = speeches[0][:length]
    return all(float(np.abs(first - other[:length]).max(initial=0)) < 0.02 for other in speeches[1:])


def _trial_answer(screen: TrialScreen, answer: Answer, proof: Presentation) -> TrialAnswer:
    if screen.study.rating is None:
        return TrialAnswer(proof, response=cast(Response, answer.name))
    if isinstance(answer.field, Slider):
        return TrialAnswer(proof, rating=float(answer.field.value or 0))
    return TrialAnswer(proof, rating=float(answer.name))
