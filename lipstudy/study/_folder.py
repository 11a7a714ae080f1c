"""The study folder: its tables, derived from the event logs."""

from collections.abc import Sequence
from pathlib import Path

from lipstudy.records import PlannedTrial, Trial, write_trials
from lipstudy.study._study import Study
from lipstudy.study._table import collect_answers, collect_trials, write_answers

__all__ = ["write_tables"]


def write_tables(folder: str | Path, study: Study, plan: Sequence[PlannedTrial]) -> list[Trial]:
    """Derive the tables of a study folder from its event logs, and write them.

    ``trials.csv``, and with questions ``answers.csv``, each with its data dictionary.

    Raises
    ------
    InputError
        If a log is damaged or does not belong to the plan, or two sessions have the same name.
    OutputError
        If the folder cannot be written.
    """
    trials = collect_trials(folder, plan)
    if study.questions or study.attention_questions:
        write_answers(Path(folder) / "answers.csv", collect_answers(folder, plan, study))
    write_trials(Path(folder) / "trials.csv", trials)
    return trials
