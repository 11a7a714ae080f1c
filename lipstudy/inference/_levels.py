"""Levels of a factor that too few people have seen."""

from typing import Any

from lipstudy.errors import InputError

__all__ = ["refuse_lone_levels"]


def refuse_lone_levels(choices: Any) -> None:
    """Refuse choices in which an articulation or an embodiment was seen by one participant only.

    What that level does and what that person likes cannot then be told apart, and a model with random participants
    would take the one for the other.

    Parameters
    ----------
    choices : pandas.DataFrame
        The table of `choices_from_trials`.

    Raises
    ------
    InputError
        Naming the level, and the participant.
    """
    people = sorted(map(str, choices["participant"].unique()))
    if len(people) < 2:
        raise InputError(
            f"all {len(choices)} choices are of one participant ({people[0]}): a model of people needs two or more"
        )
    for column in ("articulation", "embodiment"):
        for level, rows in choices.groupby(column):
            seen_by = rows["participant"].unique()
            if len(seen_by) < 2:
                shown = level if isinstance(level, str) else f"{level:g}"
                raise InputError(
                    f"the level '{shown}' of '{column}' has one participant ({seen_by[0]}): run more people, or leave"
                    f" its {len(rows)} trials out (valid false, with a reason)"
                )
