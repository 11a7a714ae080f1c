"""A study as the lab runs it: definition, plan, clips and folder, checked before a participant is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lipstudy.errors import InputError
from lipstudy.lab._canvas import check_font
from lipstudy.lab._page import clip_boxes
from lipstudy.lab._playback import clip_size_px, trial_bytes
from lipstudy.lab._trial import has_scale
from lipstudy.lab._window import LabWindow
from lipstudy.records import Clip, PlannedTrial, read_manifest, read_plan
from lipstudy.study import Study, check_locked, check_plan, load_study

__all__ = ["LabStudy", "check_for_window", "find_studies", "open_study"]

_MEMORY_SHARE = 0.5
"""Of the memory that is free, what the clips of one trial may fill."""


@dataclass(frozen=True, slots=True)
class LabStudy:
    """A study that is ready to be run."""

    path: Path
    """The study file."""
    study: Study
    plan: tuple[PlannedTrial, ...]
    clips: dict[str, Clip]
    """clip_id -> row of the manifest, of the clips that the plan uses."""
    clips_folder: Path
    """The folder of the manifest."""
    folder: Path
    """The study folder: sessions and tables."""


def open_study(
    path: str | Path,
    *,
    plan: str | Path | None = None,
    manifest: str | Path | None = None,
    folder: str | Path | None = None,
    font: Path | None = None,
) -> LabStudy:
    """Read a study, its plan and its clips, and check that they belong together.

    Parameters
    ----------
    path : str or Path
        The study file.
    plan : str or Path, optional
        Its plan; beside it with the ending ``.plan.csv`` if left out.
    manifest : str or Path, optional
        The clip manifest; the one that the study names if left out.
    folder : str or Path, optional
        The study folder; beside the study file with the ending ``.data`` if left out.
    font : Path, optional
        The font of the screens.

    Raises
    ------
    InputError
        If a file is missing or damaged, a clip is missing or was altered, the study was changed after its plan was
        written or after it was locked, or the font cannot write what the study says.
    """
    path = Path(path)
    study = load_study(path)
    plan_path = Path(plan or path.with_suffix(".plan.csv"))
    if plan is None and not plan_path.exists():
        raise InputError(f"the study {path} has no plan {plan_path.name}: write it with 'lipstudy plan {path}'")
    planned = read_plan(plan_path)
    manifest = Path(manifest or path.parent / study.clips)
    clips = read_manifest(manifest, verify=True)
    check_plan(planned, study, clips)
    check_locked(path, study, planned)
    check_font("".join(_texts(study)), font=font)
    used = {name for trial in planned for name in trial.clips}
    return LabStudy(
        path,
        study,
        tuple(planned),
        {clip.clip_id: clip for clip in clips if clip.clip_id in used},
        manifest.parent,
        Path(folder or path.with_suffix(".data")),
    )


def check_for_window(lab: LabStudy, window: LabWindow) -> None:
    """Check that every trial of the plan fits the screen, its rate and the memory.

    Raises
    ------
    InputError
        Naming the trial's clip and what to do.
    """
    import psutil

    free_bytes = psutil.virtual_memory().available * _MEMORY_SHARE
    sizes = {name: clip_size_px(clip, lab.clips_folder / clip.path) for name, clip in lab.clips.items()}
    checked: set[tuple[str, ...]] = set()
    for trial in lab.plan:
        names = tuple(trial.clips)
        if names in checked:
            continue
        checked.add(names)
        clips = [lab.clips[name] for name in names]
        for clip in clips:
            if clip.fps > window.rate.hz * 1.01:
                raise InputError(
                    f"the clip {clip.clip_id} has {clip.fps:g} frames/s and the screen shows {window.rate.hz:g}: set"
                    " the screen to a higher rate, or build the clips with fewer frames per second"
                )
        together = trial.presentation == "side_by_side"
        clip_boxes([sizes[name] for name in names], window.size_px, together=together, scale=has_scale(lab.study))
        needed = trial_bytes(clips, [sizes[name] for name in names])
        if needed > free_bytes:
            raise InputError(
                f"the clips of trial {trial.trial} ({', '.join(names)}) need {needed / 1e9:.1f} GB of memory, and"
                f" {free_bytes / 1e9:.1f} GB may be used: build them shorter or smaller (size_px), or close other"
                " programs"
            )


def find_studies(folder: Path) -> list[Path]:
    """Return the study files with a plan in a folder and in its ``experiments``, in alphabetical order."""
    plans = [*folder.glob("*.plan.csv"), *folder.glob("experiments/*.plan.csv")]
    files = [plan.with_name(plan.name.removesuffix(".plan.csv") + ".yaml") for plan in plans]
    return sorted(file for file in files if file.is_file())


def _texts(study: Study) -> Iterator[str]:
    yield from (study.prompt, study.instructions or "", study.consent.text if study.consent else "")
    yield from study.rating.shown_labels if study.rating else ()
    for question in (*study.questions, *study.attention_questions):
        yield from (question.prompt, *question.choices)
