"""With pairing: adaptive, which trial comes next: the one whose answer tells most about the systems' strengths."""

from collections.abc import Iterable, Sequence

from lipstudy.randomness import named_stream
from lipstudy.records import PlannedTrial, Trial
from lipstudy.study._chance import draw_below
from lipstudy.study._session import Session
from lipstudy.study._strengths import Comparison, estimate_strengths, expected_information

__all__ = ["comparisons_of", "most_informative"]

_DIGITS = 9
"""Decimals to which two gains count as the same, so that another machine's last digits choose no other trial."""


def most_informative(session: Session, known: Sequence[Comparison] = ()) -> int:
    """Return the number of the trial to offer next.

    The pair of systems with the largest expected information; among equals one that is drawn from the seed, the
    participant and the place in the session, so a session that is resumed from its log goes on as it would have. A
    trial that shows a clip of the one before comes only if no other is left.

    Parameters
    ----------
    session : Session
        Its answers count.
    known : sequence of Comparison
        Answers of other sessions.
    """
    by_number = {trial.trial: trial for trial in session.trials}
    open_trials = [by_number[number] for number in session.waiting]
    catches = sum(trial.kind.startswith("catch") for trial in session.trials)
    waiting_catches = [trial.trial for trial in open_trials if trial.kind.startswith("catch")]
    # Catch trials have their turn at even distances, whatever they tell.
    if (
        waiting_catches
        and (session.num_decided + 1) * catches >= (catches - len(waiting_catches) + 1) * session.num_trials
    ):
        return waiting_catches[0]
    open_trials = [trial for trial in open_trials if trial.kind == "2afc"]
    systems = sorted({name for trial in session.trials if trial.kind == "2afc" for name in _systems(trial)})
    own = [
        comparison for answer in session.answers for comparison in _comparison(by_number[answer.trial], answer.response)
    ]
    strengths = estimate_strengths(systems, [one for one in (*known, *own) if {one.winner, one.loser} <= {*systems}])
    fresh = [trial for trial in open_trials if not _repeats(trial, session)] or open_trials
    fresh = [trial for trial in fresh if trial.trial not in session.failures[-1:]] or fresh  # not at once again
    pairs = {_systems(trial) for trial in fresh}
    gains = {pair: round(expected_information(strengths, *pair), _DIGITS) for pair in pairs}
    best = max(gains.values())
    candidates = sorted(trial.trial for trial in fresh if gains[_systems(trial)] == best)
    rng = named_stream(session.trials[0].seed, "adaptive", session.participant, session.num_decided)
    return candidates[draw_below(len(candidates), rng)]


def comparisons_of(trials: Iterable[Trial]) -> tuple[Comparison, ...]:
    """Return the answers of trial tables that `most_informative` may start from."""
    return tuple(comparison for trial in trials if trial.valid for comparison in _comparison(trial, trial.response))


def _comparison(trial: PlannedTrial | Trial, response: str | None) -> list[Comparison]:
    if trial.kind != "2afc" or response is None or trial.system_left is None or trial.system_right is None:
        return []
    if response == "no_preference":
        return [Comparison(trial.system_left, trial.system_right, 0.5)]
    winner, loser = trial.system_left, trial.system_right
    return [Comparison(winner, loser) if response == "left" else Comparison(loser, winner)]


def _systems(trial: PlannedTrial) -> tuple[str, str]:
    first, second = sorted((trial.system_left or "", trial.system_right or ""))
    return first, second


def _repeats(trial: PlannedTrial, session: Session) -> bool:
    return bool(session.answers) and bool({*trial.clips} & {*session.planned(session.answers[-1].trial).clips})
