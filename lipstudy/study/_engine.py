"""The engine of a session: it owns order, time stamps, records and resuming; a presenter only shows and answers."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
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
        engine = _Engine(log, presenter, clips, session, simulated, clock, new_code, date_and_time, known, tell)
        if not log.session.ended:
            engine.lead()
        return log.session


def code_hash(code: str) -> str:
    """Return the SHA-256 of a withdrawal code, capital and small letters, spaces and hyphens aside."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


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


@dataclass(slots=True)
class _Engine:
    """What is given to `run_session`, and what it does with it."""

    log: EventLog
    presenter: Presenter
    clips: Mapping[str, Clip]
    session: str
    simulated: bool
    clock: Callable[[], float]
    new_code: Callable[[], str]
    date_and_time: Callable[[], str] | None
    known: tuple[Comparison, ...]
    tell: Tell | None
    start_s: float = field(init=False)
    """The clock's time at second 0 of the session."""

    def __post_init__(self) -> None:
        self.start_s = self.clock() - self.log.session.time_s

    def lead(self) -> None:
        """Show one screen after the other, until the session ends or a pause is asked for."""
        try:
            if self.log.events:
                self._go_on()
            while not self.log.session.ended:
                self._step()
        except PauseAsked:
            if not self.log.session.paused and self.log.session.started is not None:
                self._record(SessionPaused)
        except StopAsked:
            self._stop()

    def _record(self, kind: Callable[..., Event], **fields: Any) -> None:
        self._record_together((kind, fields))

    def _record_together(self, *happened: tuple[Callable[..., Event], dict[str, Any]]) -> None:
        """Write what belongs together with one time stamp: all of it is on disk, or nothing."""
        session = self.log.session
        now_s = max(session.time_s, round(self.clock() - self.start_s, 3))
        events = [
            kind(sequence=sequence, time_s=now_s, **fields)
            for sequence, (kind, fields) in enumerate(happened, start=session.next_sequence)
        ]
        self.log.append(*events)
        for event in events:
            if self.tell is not None:
                self.tell(event)

    def _now(self) -> str | None:
        return None if self.date_and_time is None else self.date_and_time()

    def _go_on(self) -> None:
        session = self.log.session
        self.presenter.offer_to_go_on(ResumeScreen(session.participant, session.num_decided, session.num_trials))
        self._record(SessionResumed)

    def _stop(self) -> None:
        code = self._code()
        with suppress(PauseAsked, StopAsked):
            self.presenter.thank(ThanksScreen(complete=False, code=code))
        self._record(SessionEnded, complete=False, reason="the participant stopped")

    def _code(self) -> str:
        code = self.new_code()
        self._record(WithdrawalCodeGiven, code_sha256=code_hash(code))
        return code

    def _step(self) -> None:
        """Show one screen and record what came of it."""
        presenter = self.presenter
        match self.log.session.next:
            case StartScreen():
                self._begin()
            case ConsentScreen() as screen:
                self._ask_consent(screen)
            case CheckScreen() as screen:
                answer = presenter.check(screen)
                self._record(CheckAnswered, check=screen.check, expected=screen.expected, answer=answer)
            case InstructionsScreen() as screen:
                presenter.instruct(screen)
                self._record(InstructionsShown)
            case TrialScreen():
                self._run_trial()
            case FeedbackScreen(trial=trial) as screen:
                presenter.give_feedback(screen)
                self._record(FeedbackShown, trial=trial.trial)
            case BreakScreen() as screen:
                presenter.rest(screen)
                self._record(BreakTaken)
            case QuestionScreen() | AttentionScreen() as screen:
                self._record(QuestionAnswered, question=screen.question.name, answer=presenter.ask(screen))
            case ThanksScreen():
                presenter.thank(ThanksScreen(complete=True, code=self._code()))
            case EndScreen():
                self._record(SessionEnded, complete=True)

    def _begin(self) -> None:
        state = self.log.session
        self._record(
            SessionStarted,
            participant=state.participant,
            slot=state.slot,
            session=self.session,
            plan_sha256=plan_hash(state.trials),
            simulated=self.simulated,
            started_at=self._now(),
        )

    def _ask_consent(self, screen: ConsentScreen) -> None:
        if self.presenter.ask_consent(screen):
            self._record(ConsentGiven, version=screen.consent.version, given_at=self._now())
            return
        self.presenter.thank(ThanksScreen(complete=False))
        self._record(SessionEnded, complete=False, reason="consent was not given")

    def _run_trial(self) -> None:
        log = self.log
        if log.session.study.pairing == "adaptive" and log.session.num_practised == log.session.num_practice:
            log.session = log.session.offering(most_informative(log.session, self.known))
        trial = log.session.planned(log.session.waiting[0])
        self._record(TrialStarted, trial=trial.trial)
        screen = log.session.next
        assert isinstance(screen, TrialScreen)  # a trial was begun
        shown = tuple(self.clips[name] for name in trial.clips)
        try:
            answer = self.presenter.present(screen, shown)
        except ClipFailedError as error:
            self._record(TrialFailed, trial=trial.trial, reason=str(error) or "a clip could not be shown")
            return
        self._record_together(*_answered(trial.trial, shown, answer))


def _answered(
    trial: int, shown: tuple[Clip, ...], answer: TrialAnswer
) -> list[tuple[Callable[..., Event], dict[str, Any]]]:
    """Return the events of an answered trial: every playing, and the answer."""
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
    return [*happened, (ResponseGiven, given)]


def _share_seen(playing: Playing, duration_s: float) -> float:
    """Return the share of a clip that the ranges cover, what was seen twice counted once."""
    seen_s = reached_s = 0.0
    for start, end in sorted(playing.ranges):
        start = max(start, reached_s)
        seen_s += max(0.0, end - start)
        reached_s = max(reached_s, end)
    return round(min(1.0, seen_s / duration_s), 4)
