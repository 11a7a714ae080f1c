import pytest

from lipstudy.errors import InputError
from lipstudy.study import (
    ClipPlayed,
    ConsentGiven,
    ConsentScreen,
    EndScreen,
    IllegalEventError,
    InstructionsScreen,
    InstructionsShown,
    PauseScreen,
    QuestionAnswered,
    QuestionScreen,
    ResponseGiven,
    Session,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    StartScreen,
    ThanksScreen,
    TrialFailed,
    TrialScreen,
    TrialStarted,
    WithdrawalCodeGiven,
    plan_hash,
    plan_study,
    planned_for,
)


class Walk:
    """Feeds a session with events that are numbered and timed for it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, kind: type, *, time_s: float | None = None, **fields: object) -> object:
        number = self.session.next_sequence
        event = kind(sequence=number, time_s=self.session.time_s + 1 if time_s is None else time_s, **fields)
        self.session = self.session.apply(event)
        return self.session.next

    def start(self) -> object:
        trials = self.session.trials
        name = trials[0].participant
        return self(
            SessionStarted, participant=name, slot=name, session="s", plan_sha256=plan_hash(trials), simulated=True
        )

    def to_trials(self) -> object:
        self.start()
        self(ConsentGiven, version="2")
        return self(InstructionsShown)

    def play(self, trial: int) -> object:
        self(TrialStarted, trial=trial)
        self(ClipPlayed, trial=trial, side="left", play=1, watched=1)
        return self(ClipPlayed, trial=trial, side="right", play=1, watched=1)

    def answer(self, trial: int) -> object:
        self.play(trial)
        return self(ResponseGiven, trial=trial, response="left", rt_s=3)


@pytest.fixture
def plan(study, make_clips):
    return plan_study(study, make_clips(embodiments=["photo"], sentences=["s1", "s2"]), seed=1)


@pytest.fixture
def walk(study, plan) -> Walk:
    return Walk(Session.begin(study, plan, "P02"))


def test_the_way_through_a_whole_session(walk: Walk, plan, study) -> None:
    assert walk.session.next == StartScreen("P02")
    assert walk.start() == ConsentScreen(study.consent)
    assert walk(ConsentGiven, version="2") == InstructionsScreen("Choose.")
    screen = walk(InstructionsShown)
    trials = planned_for(plan, "P02")
    for number, trial in enumerate(trials, start=1):
        assert screen == TrialScreen(trial, number, len(trials), started=False, study=study)
        screen = walk.answer(number)
    assert screen == QuestionScreen(study.questions[0], 1, 3)
    walk(QuestionAnswered, question="age", answer=33.0)
    walk(QuestionAnswered, question="hearing", answer="yes")
    assert walk(QuestionAnswered, question="noticed", answer="") == ThanksScreen(complete=True)
    assert walk(WithdrawalCodeGiven, code_sha256="0" * 64) == EndScreen(ended=False)
    assert walk(SessionEnded, complete=True) == EndScreen(ended=True)


def test_a_study_without_consent_and_instructions_begins_with_its_first_trial(study, plan) -> None:
    bare = study.model_copy(update={"consent": None, "instructions": None})
    assert isinstance(Walk(Session.begin(bare, plan, "P01")).start(), TrialScreen)


def test_an_event_leaves_the_state_before_it_as_it_was(walk: Walk) -> None:
    before = walk.session
    walk.start()
    assert before.next == StartScreen("P02")


def test_a_trial_can_be_played_again_before_the_answer(walk: Walk) -> None:
    walk.to_trials()
    walk.play(1)
    walk(ClipPlayed, trial=1, side="left", play=2, watched=0.4)
    walk(ResponseGiven, trial=1, response="right", rt_s=9)
    assert walk.session.next.trial.trial == 2


@pytest.mark.parametrize("interruption", [[SessionPaused, SessionResumed], [SessionResumed]])
def test_an_interrupted_trial_is_offered_again_from_its_beginning(walk: Walk, interruption) -> None:
    walk.to_trials()
    walk.answer(1)
    walk.play(2)
    for kind in interruption:
        screen = walk(kind)
    assert (screen.trial.trial, screen.started) == (2, False)
    with pytest.raises(IllegalEventError, match="response_given of trial 2 cannot come at TrialScreen"):
        walk(ResponseGiven, trial=2, response="left", rt_s=1)
    assert walk.answer(2).trial.trial == 3


def test_nothing_but_going_on_happens_in_a_pause(walk: Walk) -> None:
    walk.to_trials()
    assert walk(SessionPaused) == PauseScreen()
    with pytest.raises(IllegalEventError, match="trial_started of trial 1 cannot come at PauseScreen"):
        walk(TrialStarted, trial=1)


def test_an_answered_trial_is_never_offered_again(walk: Walk) -> None:
    walk.to_trials()
    walk.answer(1)
    with pytest.raises(IllegalEventError, match="trial_started of trial 1 cannot come"):
        walk(TrialStarted, trial=1)


def test_a_trial_whose_clip_failed_is_offered_again_at_the_end_as_often_as_the_study_allows(walk: Walk) -> None:
    walk.to_trials()
    numbers = [trial.trial for trial in walk.session.trials]
    offered = []
    while isinstance(screen := walk.session.next, TrialScreen):
        offered.append(number := screen.trial.trial)
        if number == 2:
            walk(TrialStarted, trial=2)
            walk(TrialFailed, trial=2, reason="the clip did not play")
        else:
            walk.answer(number)
    assert offered == [1, 2, *numbers[2:], 2, 2]
    assert walk.session.num_decided == len(numbers)


def test_a_failed_trial_stays_in_its_block(study, make_clips) -> None:
    plan = plan_study(study, make_clips(sentences=["s1", "s2"]), seed=1)
    walk = Walk(Session.begin(study, plan, "P01"))
    walk.to_trials()
    walk(TrialStarted, trial=1)
    walk(TrialFailed, trial=1, reason="the clip did not play")
    blocks = [walk.session.planned(number).block for number in walk.session.waiting]
    assert blocks == sorted(blocks)
    assert walk.session.waiting.index(1) == blocks.count(1) - 1


def test_no_answer_before_both_clips_were_played(walk: Walk) -> None:
    walk.to_trials()
    walk(TrialStarted, trial=1)
    walk(ClipPlayed, trial=1, side="left", play=1, watched=1)
    with pytest.raises(IllegalEventError, match="trial 1 is answered before every clip was played"):
        walk(ResponseGiven, trial=1, response="left", rt_s=1)
    walk(ClipPlayed, trial=1, side="right", play=1, watched=0.9)
    with pytest.raises(IllegalEventError, match="trial 1 is answered before every clip was seen to its end"):
        walk(ResponseGiven, trial=1, response="left", rt_s=1)
    walk(ClipPlayed, trial=1, side="right", play=2, watched=1)
    assert walk(ResponseGiven, trial=1, response="left", rt_s=1).trial.trial == 2


def test_an_answer_before_the_end_counts_where_the_study_says_so(study, plan) -> None:
    early = study.model_copy(update={"answer_before_end": True})
    walk = Walk(Session.begin(early, plan, "P01"))
    walk.to_trials()
    walk(TrialStarted, trial=1)
    for side in ("left", "right"):
        walk(ClipPlayed, trial=1, side=side, play=1, watched=0.3)
    assert walk(ResponseGiven, trial=1, response="left", rt_s=1).trial.trial == 2


def test_no_clip_is_played_more_often_than_the_study_allows(study, plan) -> None:
    walk = Walk(Session.begin(study.model_copy(update={"max_plays": 1}), plan, "P01"))
    walk.to_trials()
    walk.play(1)
    with pytest.raises(IllegalEventError, match="was played 2 times, the study allows 1"):
        walk(ClipPlayed, trial=1, side="left", play=2, watched=1)


def test_one_trial_takes_one_answer(walk: Walk) -> None:
    walk.to_trials()
    walk.answer(1)
    with pytest.raises(IllegalEventError, match="response_given of trial 1 cannot come"):
        walk(ResponseGiven, trial=1, response="right", rt_s=1)


def test_a_session_with_open_trials_is_not_complete_but_can_be_stopped(walk: Walk) -> None:
    walk.to_trials()
    with pytest.raises(IllegalEventError, match="cannot be complete"):
        walk(SessionEnded, complete=True)
    assert walk(SessionEnded, complete=False) == EndScreen(ended=True)
    with pytest.raises(IllegalEventError, match="session_resumed comes after the end of the session"):
        walk(SessionResumed)


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        (ConsentGiven, {"version": "1"}, "version 1 was agreed to, but 2 was shown"),
        (InstructionsShown, {}, "instructions_shown cannot come at ConsentScreen"),
        (
            SessionStarted,
            {"participant": "P02", "slot": "P02", "session": "s", "plan_sha256": "0" * 64, "simulated": True},
            "cannot come",
        ),
        (ConsentGiven, {"version": "2", "time_s": 0.5}, r"the time goes back from 1 s to 0\.5 s"),
    ],
)
def test_an_event_that_cannot_happen_is_refused(walk: Walk, kind, fields, sentence: str) -> None:
    walk.start()
    with pytest.raises(IllegalEventError, match=sentence):
        walk(kind, **fields)


def test_an_event_left_out_is_refused(walk: Walk) -> None:
    walk.start()
    with pytest.raises(IllegalEventError, match="event 4 follows event 1"):
        walk.session.apply(ConsentGiven(sequence=4, time_s=2, version="2"))


def test_a_session_of_another_plan_or_participant_is_refused(walk: Walk, study, plan) -> None:
    with pytest.raises(IllegalEventError, match="the session is that of P01, not of P02"):
        walk(SessionStarted, participant="P01", slot="P01", session="s", plan_sha256="0" * 64, simulated=False)
    with pytest.raises(IllegalEventError, match="begun with another plan"):
        walk(SessionStarted, participant="P02", slot="P02", session="s", plan_sha256="0" * 64, simulated=False)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"age": "old"}, "the answer to the question 'age' is not a number"),
        ({"age": 30.0, "hearing": "perhaps"}, "'perhaps' is not among the choices of the question 'hearing'"),
        ({"hearing": "yes"}, "question_answered cannot come at QuestionScreen"),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(walk: Walk, answers, sentence: str) -> None:
    walk.to_trials()
    for trial in walk.session.trials:
        walk.answer(trial.trial)
    *fitting, (question, answer) = answers.items()
    for name, value in fitting:
        walk(QuestionAnswered, question=name, answer=value)
    with pytest.raises(IllegalEventError, match=sentence):
        walk(QuestionAnswered, question=question, answer=answer)


def test_a_participant_who_is_not_in_the_plan_is_refused(study, plan) -> None:
    with pytest.raises(InputError, match=r"no participant 'P2' \(did you mean 'P\d\d'\?\): its slots are P01 to P04"):
        Session.begin(study, plan, "P2")
    with pytest.raises(InputError, match=r"no participant '\.\./\.\.'"):
        Session.begin(study, plan, "../..")
