"""Make the pictures of docs/lab.md: the screens of a session in PsychoPy's window, answered by a simulated viewer.

``make demo && xvfb-run -s "-screen 0 1280x1024x24" .venv/bin/python docs/lab.py`` (with the extra ``lab``) takes ten
seconds; names after it, as ``docs/lab.py consent thanks``, draw those pictures alone.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from lipstudy.lab import Booth, Input, KeyPress, LabSettings, LabWindow, RehearsalPresenter, open_window, run_chosen
from lipstudy.records import Clip, PlannedTrial, read_manifest, write_plan
from lipstudy.study import (
    BreakScreen,
    CheckScreen,
    ConsentScreen,
    FeedbackScreen,
    InstructionsScreen,
    QuestionScreen,
    ResumeScreen,
    SimulatedViewer,
    SimulatedViewers,
    Study,
    ThanksScreen,
    TrialScreen,
    load_study,
    plan_study,
)

ROOT = Path(__file__).parents[1]
SET = ROOT / "demo" / "stimuli" / "articulation"
EXPERIMENT = ROOT / "experiments" / "articulation.yaml"
FPS = 25
PICTURE_PX = (640, 512)
TEXT_COLOURS, FACE_COLOURS = 64, 224
OTHERS = {
    "agreement": "prompt: The lips fit what is said.\n"
    "rating: {kind: likert, labels: [do not agree at all, agree fully]}",
    "naturalness": "prompt: How natural does this face look?\nrating: {kind: slider}",
    "one-by-one": "presentation: sequential\nno_preference: true",
}
VIEWER = SimulatedViewer(SimulatedViewers(), "P01", seed=1)


def main() -> None:
    """Walk through the screens; keep a picture of each."""
    clips = {clip.clip_id: clip for clip in read_manifest(SET / "clips.csv")}
    with tempfile.TemporaryDirectory() as name, open_window(virtual_hz=FPS) as window:
        planned = written(Path(name), list(clips.values()))
        camera = Camera(window, wanted=set(sys.argv[1:]))
        choosing(camera, Path(name))
        presenter = RehearsalPresenter(window, SET, VIEWER, font=None)
        reading(camera, presenter, *planned["articulation"])
        for study, trials in planned.values():
            watching(camera, presenter, study, trials, clips)


def written(folder: Path, clips: list[Clip]) -> dict[str, tuple[Study, list[PlannedTrial]]]:
    """Write studies of the demo's clips and their plans into `folder`; return study and trials of each."""
    texts = {"articulation": EXPERIMENT.read_text("utf-8").replace("../stimuli/articulation/clips.csv", "CLIPS")}
    texts |= {name: f"name: {name}\nclips: CLIPS\nparticipants: 2\n{lines}\n" for name, lines in OTHERS.items()}
    planned = {}
    for name, text in texts.items():
        path = folder / f"{name}.yaml"
        path.write_text(text.replace("CLIPS", str(SET / "clips.csv")), "utf-8")
        study = load_study(path)
        trials = plan_study(study, clips, seed=1)
        write_plan(folder / f"{name}.plan.csv", trials)
        planned[name] = study, trials
    return planned


class Camera:
    """Keeps what a window shows."""

    def __init__(self, window: LabWindow, *, wanted: set[str]) -> None:
        self.window = window
        self.shots: list[np.ndarray] = []
        self.begin = 0
        """The shot with the first frame of the clips that were played last."""
        self._wanted = wanted
        self._flip = window.flip
        window.flip = self._flipped

    def during(self, doing: Callable[[], object]) -> None:
        """Do something in the window and note what it shows."""
        self.shots.clear()
        doing()

    def keep(self, name: str, *, shot: int = -1, colours: int = TEXT_COLOURS) -> None:
        """Write a shot to docs/lab, small."""
        if self._wanted and name not in self._wanted:
            return
        small = cv2.resize(self.shots[shot], PICTURE_PX, interpolation=cv2.INTER_AREA)
        path = ROOT / "docs" / "lab" / f"{name}.png"
        Image.fromarray(small).quantize(colours).save(path, optimize=True)
        print(path)

    def _flipped(self, *, mark: bool = False) -> float:
        if mark:
            self.begin = len(self.shots)
        self.shots.append(self.window.screenshot())
        return self._flip(mark=mark)


def choosing(camera: Camera, folder: Path) -> None:
    """Choose study and slot, and leave again."""
    window = camera.window
    heard, keys, seen = window.read_inputs, iter(["1", "escape", "escape"]), [0]

    def press_next() -> list[Input]:
        # What is pressed before a page is seen does not count, so a new page is looked at first.
        if seen[0] < len(camera.shots):
            seen[0] = len(camera.shots)
            return []
        return [KeyPress(next(keys), window.now_s)]

    window.read_inputs = press_next
    camera.during(lambda: run_chosen(Booth(window, None, LabSettings()), folder))
    window.read_inputs = heard
    camera.keep("study", shot=0)
    camera.keep("slot", shot=1)


def reading(camera: Camera, presenter: RehearsalPresenter, study: Study, trials: list[PlannedTrial]) -> None:
    """Read and answer every screen without clips."""
    practice = trials[0].model_copy(update={"kind": "practice", "correct": "right"})
    number, choice = (QuestionScreen(question, place, 3) for place, question in enumerate(study.questions[:2], start=1))
    assert study.consent is not None
    consent = ConsentScreen(study.consent)
    for name, doing in {
        "consent": lambda: presenter.ask_consent(consent),
        "sound": lambda: presenter.check(CheckScreen("sound", "3", 1, 3)),
        "sight": lambda: presenter.check(CheckScreen("vision", "KDHZN", 1, 3)),
        "instructions": lambda: presenter.instruct(InstructionsScreen(study.instructions)),
        "feedback": lambda: presenter.give_feedback(FeedbackScreen(practice, "right", right=True)),
        "break": lambda: presenter.rest(BreakScreen(20, 40)),
        "question": lambda: presenter.ask(number),
        "choice": lambda: presenter.ask(choice),
        "thanks": lambda: presenter.thank(ThanksScreen(complete=True, code="7KQF-2M9X-TD4R")),
        "paused": lambda: presenter.offer_to_go_on(ResumeScreen("P07", 12, 40)),
    }.items():
        camera.during(doing)
        camera.keep(name)


def watching(
    camera: Camera, presenter: RehearsalPresenter, study: Study, trials: list[PlannedTrial], clips: dict[str, Clip]
) -> None:
    """Watch a trial of a study and answer it."""
    is_pair = study.name == "articulation"
    embodiment = "photo" if is_pair else "landmarks"
    first = next(trial for trial in trials if trial.embodiment == embodiment and not trial.kind.startswith("catch"))
    shown = tuple(clips[name] for name in first.clips)
    screen = TrialScreen(first, 1, sum(trial.participant == first.participant for trial in trials), True, study)
    camera.during(lambda: presenter.present(screen, shown))
    playing = camera.shots[camera.begin : camera.begin + shown[-1].frames]
    away = [np.abs(shot.astype(np.int16) - playing[0]).sum() for shot in playing]
    widest = camera.begin + int(np.argmax(away))
    camera.keep(
        {"articulation": "trial", "one-by-one": "sequential", "naturalness": "slider"}.get(study.name, "likert")
    )
    if is_pair:
        camera.keep("playing", shot=widest, colours=FACE_COLOURS)
    elif study.name == "naturalness":
        camera.keep("landmarks", shot=widest)


if __name__ == "__main__":
    main()
