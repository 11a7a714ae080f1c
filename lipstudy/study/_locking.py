"""A study is fixed before data are seen: locked by hand, and by its first session in any case."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lipstudy import __version__
from lipstudy.errors import InputError
from lipstudy.records import PlannedTrial, StudyLock, hash_of, read_lock, read_plan, write_lock, write_plan
from lipstudy.study._study import Study

__all__ = ["LOCK_NAME", "check_lock", "check_locked", "freeze_study", "frozen_study", "lock_of"]

LOCK_NAME = "study.lock.json"
_PLAN_NAME = "plan.csv"

# More people are the same study, and so are the same clips in another folder.
_MAY_CHANGE = {"participants", "clips"}


def lock_of(study: Study, plan: Sequence[PlannedTrial], *, locked_at: str | None = None) -> StudyLock:
    """Return the lock of a study whose plan was checked with `check_plan`."""
    return StudyLock(
        name=study.name,
        design_sha256=plan[0].design_sha256,
        plan_sha256=_plan_hash(plan, study.participants),
        participants=study.participants,
        definition=study.model_dump(mode="json"),
        locked_at=locked_at,
        lipstudy=__version__,
    )


def check_lock(lock: StudyLock, study: Study, plan: Sequence[PlannedTrial], *, where: str | Path) -> None:
    """Check that a study and its plan are those that were locked; more slots of the same plan are.

    Raises
    ------
    InputError
        Naming the keys that differ, or the clips, or the plan.
    """
    now = study.model_dump(mode="json")
    changed = [key for key in now if key not in _MAY_CHANGE and lock.definition.get(key) != now[key]]
    remedy = "put back what was changed, or use another folder and another name for the changed study"
    if changed:
        keys = ", ".join(f"'{key}'" for key in changed)
        raise InputError(f"the study '{study.name}' was changed after it was locked in {where} ({keys}): {remedy}")
    if lock.design_sha256 != plan[0].design_sha256:
        raise InputError(f"the clips of the study '{study.name}' were changed after it was locked in {where}: {remedy}")
    if lock.plan_sha256 != _plan_hash(plan, lock.participants):
        raise InputError(
            f"the plan of the study '{study.name}' is another one than was locked in {where}: write it with the same"
            f" seed and at least {lock.participants} participants"
        )


def check_locked(path: str | Path, study: Study, plan: Sequence[PlannedTrial]) -> None:
    """Check a study against the lock beside its file at `path`, if there is one. Raises InputError."""
    lock = Path(path).with_suffix(".lock.json")
    if lock.exists():
        check_lock(read_lock(lock), study, plan, where=lock)


def freeze_study(
    folder: str | Path, study: Study, plan: Sequence[PlannedTrial], *, locked_at: str | None = None
) -> None:
    """Fix the study in its folder before a session: the first one writes lock and plan, every later one is checked.

    Raises
    ------
    InputError
        If the study, its clips or its plan are not those of the sessions that are there.
    OutputError
        If the folder cannot be written.
    """
    path = Path(folder) / LOCK_NAME
    if not path.exists():
        write_plan(Path(folder) / _PLAN_NAME, list(plan))
        write_lock(path, lock_of(study, plan, locked_at=locked_at))
        return
    check_lock(read_lock(path), study, plan, where=folder)
    if len(plan) > len(read_plan(Path(folder) / _PLAN_NAME)):
        write_plan(Path(folder) / _PLAN_NAME, list(plan))


def frozen_study(folder: str | Path) -> tuple[Study, list[PlannedTrial]]:
    """Return the study and the plan that the sessions of a folder follow. Raises InputError if it has none."""
    path = Path(folder) / LOCK_NAME
    if not path.exists():
        raise InputError(f"{folder} is not a study folder: it has no {LOCK_NAME}, which the first session writes")
    lock = read_lock(path)
    definition: dict[str, Any] = lock.definition
    return Study.model_validate(definition), read_plan(Path(folder) / _PLAN_NAME)


def _plan_hash(plan: Sequence[PlannedTrial], participants: int) -> str:
    slots = list(dict.fromkeys(trial.participant for trial in plan))[:participants]
    rows = [trial.model_dump(mode="json") for trial in plan if trial.participant in slots]
    return hash_of(rows)
