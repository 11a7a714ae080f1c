"""The engine of a session: it owns order, time stamps, records and resuming; a presenter only shows and answers."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lipstudy.errors import InputError
from lipstudy.records import Clip
from lipstudy.study._adaptive import most_informative
from lipstudy.study._events import (
    BreakTaken,
    CheckAnswered,
    ClipPlayed,
    ConsentGiven,
    Event,
    FeedbackShown,
    InstructionsShown,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    TrialFailed,
    TrialStarted,
    WithdrawalCodeGiven,
)
from lipstudy.study._log import EventLog
from lipstudy.study._presenter import ClipFailedError, PauseAsked, Playing, Presenter, StopAsked, TrialAnswer
from lipstudy.study._screens import (
    AttentionScreen,
    BreakScreen,
    CheckScreen,
    ConsentScreen,
    EndScreen,
    FeedbackScreen,
    InstructionsScreen,
    PauseScreen,
    QuestionScreen,
    ResumeScreen,
    StartScreen,
    ThanksScreen,
    TrialScreen,
)
from lipstudy.study._session import Session, plan_hash
from lipstudy.study._strengths import Comparison

__all__ = ["code_hash", "run_session"]

Tell = Callable[[Event], None]


def run_session(
    log: EventLog,
    presenter: Presenter,
    clips: Mapping[str, Clip],
    *,
    session: str,
    simulated: bool,
    clock: Callable[[], float],
    new_code: Callable[[], str],
    date_and_time: Callable[[], str] | None = None,
    known: tuple[Comparison, ...] = (),
    tell: Tell | None = None,
) -> Session:
    """Lead a participant through one session, from wherever its log stands.

    Every event is on disk before the next screen is shown. A trial that was interrupted is offered again from its
    beginning; everything before it is kept.

    Parameters
    ----------
    log : EventLog
        The log of the participant, not yet opened.
    presenter : Presenter
        Shows the screens and returns the answers.
    clips : mapping
        clip_id -> row of the manifest.
    session : str
        A name for the session, unique in the study; that of the log if it was begun already.
    simulated : bool
        Whether a simulated viewer answers, not a person.
    clock : callable
        Seconds that never go back, from any origin.
    new_code : callable
        Makes a withdrawal code that nobody can guess.
    date_and_time : callable, optional
        Date and time of day, ISO 8601; nothing is recorded of them if left out.
    known : tuple of Comparison
        With ``pairing: adaptive``: the answers of other sessions, from which the choice of trials starts.
    tell : callable, optional
        Called with every event once it is on disk.

    Returns
    -------
    Session
        The state that was reached: `ended`, or `paused` if a pause was asked for.

    Raises
    ------
    InputError
        If a session of a person would be gone on with by a simulated viewer or the other way round, or the session is
        open in another process.
    OutputError
        If the log cannot be written; what was written before is kept.
    """
    with log:
        _check_same_viewer(log, session, simulated=simulated)
        engine = _Engine(log, presenter, clips, clock, tell)
        if log.session.ended:
            return log.session
        try:
            if log.events:
                _go_on(engine)
            while not log.session.ended:
                _step(engine, session, simulated, new_code, date_and_time, known)
        except PauseAsked:
            if not log.session.paused and log.session.started is not None:
                engine.record(SessionPaused)
        except StopAsked:
            _stop(engine, new_code)
        return log.session


def code_hash(code: str) -> str:
    """Return the SHA-256 of a withdrawal code, capital and small letters, spaces and hyphens aside."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


class _Engine:
    """Writes events with their number and time."""

    def __init__(
        self,
        log: EventLog,
        presenter: Presenter,
        clips: Mapping[str, Clip],
        clock: Callable[[], float],
        tell: Tell | None,
    ) -> None:
        self.log, self.presenter, self.clips = log, presenter, clips
        self._clock, self._tell = clock, tell
        self._start_s = clock() - log.session.time_s

    def record(self, kind: Callable[..., Event], **fields: Any) -> None:
        self.record_together((kind, fields))

    def record_together(self, *happened: tuple[Callable[..., Event], dict[str, Any]]) -> None:
        """Write what belongs together with one time stamp: all of it is on disk, or nothing."""
        session = self.log.session
        now_s = max(session.time_s, round(self._clock() - self._start_s, 3))
        events = [
            kind(sequence=sequence, time_s=now_s, **fields)
            for sequence, (kind, fields) in enumerate(happened, start=session.next_sequence)
        ]
        self.log.append(*events)
        for event in events:
            if self._tell is not None:
                self._tell(event)


def _check_same_viewer(log: EventLog, session: str, *, simulated: bool) -> None:
    begun = log.session.started
    if begun is None or (begun.simulated == simulated and (not simulated or begun.session == session)):
        return
    if not begun.simulated:
        raise InputError(
            f"the session '{begun.session}' of {begun.participant} is that of a person: simulate into another folder"
        )
    if not simulated:
        raise InputError(
            f"the session '{begun.session}' of {begun.participant} is that of a simulated viewer: run people into"
            " another folder"
        )
    raise InputError(
        f"the session '{begun.session}' of {begun.participant} was simulated with another seed or other viewers:"
        " use the same ones to go on, or another folder"
    )


def _go_on(engine: _Engine) -> None:
    session = engine.log.session
    engine.presenter.offer_to_go_on(ResumeScreen(session.participant, session.num_decided, session.num_trials))
    engine.record(SessionResumed)


def _stop(engine: _Engine, new_code: Callable[[], str]) -> None:
    code = new_code()
    engine.record(WithdrawalCodeGiven, code_sha256=code_hash(code))
    with suppress(PauseAsked, StopAsked):
        engine.presenter.thank(ThanksScreen(complete=False, code=code))
    engine.record(SessionEnded, complete=False, reason="the participant stopped")


def _step(
    engine: _Engine,
    session: str,
    simulated: bool,
    new_code: Callable[[], str],
    date_and_time: Callable[[], str] | None,
    known: tuple[Comparison, ...],
) -> None:
    """Show one screen and record what came of it."""
    state, presenter = engine.log.session, engine.presenter
    now = None if date_and_time is None else date_and_time()
    match state.next:
        case StartScreen(participant=participant):
            engine.record(
                SessionStarted,
                participant=participant,
                slot=state.slot,
                session=session,
                plan_sha256=plan_hash(state.trials),
                simulated=simulated,
                started_at=now,
            )
        case ConsentScreen() as screen:
            if presenter.ask_consent(screen):
                engine.record(ConsentGiven, version=screen.consent.version, given_at=now)
            else:
                presenter.thank(ThanksScreen(complete=False))
                engine.record(SessionEnded, complete=False, reason="consent was not given")
        case CheckScreen() as screen:
            answer = presenter.check(screen)
            engine.record(CheckAnswered, check=screen.check, expected=screen.expected, answer=answer)
        case InstructionsScreen() as screen:
            presenter.instruct(screen)
            engine.record(InstructionsShown)
        case TrialScreen():
            _run_trial(engine, known)
        case FeedbackScreen(trial=trial) as screen:
            presenter.give_feedback(screen)
            engine.record(FeedbackShown, trial=trial.trial)
        case BreakScreen() as screen:
            presenter.rest(screen)
            engine.record(BreakTaken)
        case QuestionScreen() | AttentionScreen() as screen:
            engine.record(QuestionAnswered, question=screen.question.name, answer=presenter.ask(screen))
        case ThanksScreen():
            code = new_code()
            engine.record(WithdrawalCodeGiven, code_sha256=code_hash(code))
            presenter.thank(ThanksScreen(complete=True, code=code))
        case EndScreen():
            engine.record(SessionEnded, complete=True)
        case PauseScreen():
            raise PauseAsked


def _run_trial(engine: _Engine, known: tuple[Comparison, ...]) -> None:
    log = engine.log
    if log.session.study.pairing == "adaptive" and log.session.num_practised == log.session.num_practice:
        number = most_informative(log.session, known)
        log.session = log.session.offering(number)
    screen = log.session.next
    assert isinstance(screen, TrialScreen)
    trial = screen.trial
    engine.record(TrialStarted, trial=trial.trial)
    shown = tuple(engine.clips[name] for name in trial.clips)
    try:
        answer = engine.presenter.present(screen, shown)
    except ClipFailedError as error:
        engine.record(TrialFailed, trial=trial.trial, reason=str(error) or "a clip could not be shown")
        return
    _record_answer(engine, trial.trial, shown, answer)


def _record_answer(engine: _Engine, trial: int, shown: tuple[Clip, ...], answer: TrialAnswer) -> None:
    proof = answer.presentation
    plays = {"left": 0, "right": 0}
    happened: list[tuple[Callable[..., Event], dict[str, Any]]] = []
    for playing in proof.playings:
        plays[playing.side] += 1
        clip = shown[playing.side == "right"]
        played = {
            "trial": trial,
            "side": playing.side,
            "play": plays[playing.side],
            "start_s": round(playing.start_s, 4),
            "ranges": tuple((round(start, 4), round(end, 4)) for start, end in playing.ranges),
            "watched": _share_seen(playing, clip.duration_s),
            "frames": clip.frames,
            "shown_frames": playing.shown_frames,
            "dropped_frames": playing.dropped_frames,
            "av_offset_ms": playing.av_offset_ms,
        }
        happened.append((ClipPlayed, played))
    given = {
        "trial": trial,
        "response": answer.response,
        "rating": answer.rating,
        "rt_s": round(proof.rt_s, 4),
        "rt_after_s": None if proof.rt_after_s is None else round(proof.rt_after_s, 4),
        "focus_lost_s": proof.focus_lost_s,
        "screen_hz": proof.screen_hz,
    }
    engine.record_together(*happened, (ResponseGiven, given))


def _share_seen(playing: Playing, duration_s: float) -> float:
    """Return the share of a clip that the ranges cover, what was seen twice counted once."""
    seen_s = reached_s = 0.0
    for start, end in sorted(playing.ranges):
        start = max(start, reached_s)
        seen_s += max(0.0, end - start)
        reached_s = max(reached_s, end)
    return round(min(1.0, seen_s / duration_s), 4)
