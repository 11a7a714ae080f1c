"""How well each session went, and the verdict that the rules of the study file give."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, median

from lipstudy.records import Participant, PlannedTrial, Trial, Verdict
from lipstudy.study._events import CheckAnswered, ConsentGiven, Event, SessionEnded, SessionStarted
from lipstudy.study._kinds import MEASURED
from lipstudy.study._session import Session
from lipstudy.study._study import Study
from lipstudy.study._table import Answer, answer_table, trial_table

__all__ = ["participant_row"]

FAST_S = 0.2
"""An answer sooner than this after the clips is no decision about them (simple reactions take longer)."""


def participant_row(events: Sequence[Event], plan: Sequence[PlannedTrial], study: Study) -> Participant:
    """Return the quality of one session and the verdict on it.

    Parameters
    ----------
    events : sequence of Event
        The whole log, with its first event.
    plan : sequence of PlannedTrial
        The plan that the session followed.
    study : Study
        Its rules decide. A rule on something that was not measured is not broken.
    """
    begun = next(event for event in events if isinstance(event, SessionStarted))
    ended = next((event for event in events if isinstance(event, SessionEnded)), None)
    consent = next((event for event in events if isinstance(event, ConsentGiven)), None)
    trials = [trial for trial in trial_table(events, plan) if trial.kind != "practice"]
    measures = _measures(events, trials, answer_table(events, study))
    in_all = Session.begin(study, plan, begun.participant).num_trials
    measures["answered_share"] = sum(trial.valid for trial in trials) / in_all
    verdict, reasons = _verdict(study, measures)
    rates = [trial.screen_hz for trial in trials if trial.screen_hz is not None]
    return Participant(
        **measures,
        participant=begun.participant,
        slot=begun.slot,
        session=begun.session,
        verdict=verdict,
        reasons=reasons,
        complete=ended is not None and ended.complete,
        screen_hz=median(rates) if rates else None,
        consent_version=None if consent is None else consent.version,
        consent_at=None if consent is None else consent.given_at,
        started_at=begun.started_at,
        simulated=begun.simulated,
        design_sha256=plan[0].design_sha256,
    )


def _measures(
    events: Sequence[Event], trials: Sequence[Trial], answers: Sequence[Answer]
) -> dict[str, float | int | None]:
    valid = [trial for trial in trials if trial.valid]
    given = [trial.response if trial.rating is None else trial.rating for trial in valid]
    after = [trial.rt_after_s for trial in valid if trial.rt_after_s is not None]
    frames = sum((trial.frames_left or 0) + (trial.frames_right or 0) for trial in valid if _counted(trial))
    dropped = sum(trial.dropped_frames or 0 for trial in valid if _counted(trial))
    watched = [min(_shares(trial)) for trial in valid if _shares(trial)]
    return {
        "catch_score": _mean([_caught(trial, valid) for trial in valid]),
        "attention_score": _mean([answer.right for answer in answers]),
        "checks_failed": _checks_failed(events),
        "watch_share": _mean(watched),
        "median_rt_s": round(median(after), 4) if after else None,
        "fast_share": _mean([rt < FAST_S for rt in after]),
        "same_answer_share": round(max(Counter(given).values()) / len(given), 4) if given else None,
        "longest_run": max((len(list(run)) for _, run in groupby(given)), default=None),
        "dropped_share": round(min(1.0, dropped / frames), 6) if frames else None,
        "out_of_sync_share": _mean([None if trial.in_sync is None else not trial.in_sync for trial in valid]),
        "focus_lost_share": _mean([None if trial.focus_lost_s is None else trial.focus_lost_s > 0 for trial in valid]),
        "proof_share": _mean([all(getattr(trial, name) is not None for name in MEASURED) for trial in valid]),
    }


def _verdict(study: Study, measures: dict[str, float | int | None]) -> tuple[Verdict, str | None]:
    reasons: list[str] = []
    verdicts: set[Verdict] = set()
    for rule in study.quality:
        value = measures[rule.measure]
        if value is None or rule.passes(value):
            continue
        bound = f"under {rule.at_least:g}" if rule.at_least is not None else f"over {rule.at_most:g}"
        reasons.append(f"{rule.measure} {value:.3g} is {bound} ({rule.otherwise})")
        verdicts.add(rule.otherwise)
    verdict: Verdict = "reject" if "reject" in verdicts else "keep_apart" if verdicts else "use"
    return verdict, "; ".join(reasons) or None


def _caught(trial: Trial, valid: Sequence[Trial]) -> bool | None:
    if trial.correct is not None:
        return trial.response == trial.correct
    if trial.rating is None or not trial.kind.startswith("catch"):
        return None
    usual = [other.rating for other in valid if other.kind == "rating" and other.rating is not None]
    return trial.rating < median(usual) if usual else None


def _shares(trial: Trial) -> list[float]:
    return [share for share in (trial.watched_left, trial.watched_right) if share is not None]


def _counted(trial: Trial) -> bool:
    return trial.dropped_frames is not None


def _checks_failed(events: Sequence[Event]) -> int:
    last = {event.check: event.passed for event in events if isinstance(event, CheckAnswered)}
    return sum(not passed for passed in last.values())


def _mean(values: Sequence[float | bool | None]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return round(fmean(known), 4) if known else None
