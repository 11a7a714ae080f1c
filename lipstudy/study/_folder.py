"""The study folder: its tables, derived from the event logs."""

from collections.abc import Sequence
from pathlib import Path

from lipstudy.records import PlannedTrial, Trial, write_participants, write_trials
from lipstudy.study._quality import participant_row
from lipstudy.study._study import Study
from lipstudy.study._table import answer_table, collect_sessions, trial_table, write_answers

__all__ = ["write_tables"]


def write_tables(folder: str | Path, study: Study, plan: Sequence[PlannedTrial]) -> list[Trial]:
    """Derive the tables of a study folder from its event logs, and write them.

    ``trials.csv``, ``participants.csv``, and with questions ``answers.csv``, each with its data dictionary.

    Raises
    ------
    InputError
        If a log is damaged or does not belong to the plan, or two sessions have the same name.
    OutputError
        If the folder cannot be written.
    """
    folder = Path(folder)
    sessions = collect_sessions(folder, plan)
    trials = [row for events in sessions for row in trial_table(events, plan)]
    if study.questions or study.attention_questions:
        write_answers(folder / "answers.csv", [row for events in sessions for row in answer_table(events, study)])
    write_participants(folder / "participants.csv", [participant_row(events, plan, study) for events in sessions])
    write_trials(folder / "trials.csv", trials)
    return trials
