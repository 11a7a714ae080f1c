"""The engine: order, time stamps, records and resuming, whatever the presenter does."""

from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.records import Clip, Trial
from lipstudy.study import (
    MEASURED,
    RECORDED,
    ClipFailedError,
    EventLog,
    IllegalEventError,
    PauseAsked,
    Playing,
    Presentation,
    SimulatedPresenter,
    SimulatedViewer,
    SimulatedViewers,
    StopAsked,
    Study,
    TrialAnswer,
    code_hash,
    plan_study,
    planned_for,
    read_events,
    run_session,
    trial_table,
)


class Booth(SimulatedPresenter):
    """A presenter that measures, keeps what it was shown, and does on its nth screen what a test wants."""

    def __init__(self, **deeds: object) -> None:
        super().__init__(SimulatedViewer(SimulatedViewers(), "P01", seed=1))
        self.shown: list[object] = []
        self.codes: list[str | None] = []
        self._deeds = deeds
        self._presented = count(1)

    def ask_consent(self, screen):
        self.shown.append(screen)
        return self._deeds.get("agrees", True) and super().ask_consent(screen)

    def check(self, screen):
        self.shown.append(screen)
        return screen.expected.lower() if screen.attempt > self._deeds.get("misses", 0) else "?"

    def instruct(self, screen):
        self.shown.append(screen)
        super().instruct(screen)

    def rest(self, screen):
        self.shown.append(screen)

    def ask(self, screen):
        self.shown.append(screen)
        return super().ask(screen)

    def give_feedback(self, screen):
        self.shown.append(screen)

    def thank(self, screen):
        self.codes.append(screen.code)

    def present(self, screen, clips: tuple[Clip, ...]) -> TrialAnswer:
        number = next(self._presented)
        self.shown.append(screen)
        if number in self._deeds.get("fails", ()):
            raise ClipFailedError("the film could not be decoded")
        if number == self._deeds.get("pauses"):
            raise PauseAsked
        if number == self._deeds.get("stops"):
            raise StopAsked
        answer = super().present(screen, clips)
        playings = tuple(
            Playing(one.side, one.start_s, one.ranges, shown_frames=49, dropped_frames=1, av_offset_ms=-45.0)
            for one in answer.presentation.playings
        )
        proof = Presentation(playings, answer.presentation.rt_s, answer.presentation.rt_after_s, 0.5, 60.0)
        return TrialAnswer(proof, answer.response, answer.rating)


@pytest.fixture
def lab(make_clips, tmp_path: Path):
    """Return a runner of P01's session with a booth: the state, the log's events, and the trials."""
    clips = make_clips(sentences=["s1", "s2"], faults=["frozen_mouth", "swapped_speech"])

    def running(booth: Booth, **keys: object):
        study = Study(name="a", clips="c", participants=2, **keys)
        plan = plan_study(study, clips, seed=1)
        log = EventLog.of(tmp_path, study, plan, "P01")
        state = run_session(
            log,
            booth,
            {clip.clip_id: clip for clip in clips},
            session="P01-monday",
            simulated=False,
            clock=lambda: booth.now_s,
            new_code=lambda: "7KQF-2M9X",
            date_and_time=lambda: "2026-11-23T10:00:00+00:00",
        )
        events = read_events(tmp_path / "sessions" / "P01" / "events.jsonl")
        return state, events, trial_table(events, plan), plan

    return running


CONSENT = {"version": "2", "text": "I agree."}


def test_every_row_of_a_person_proves_what_was_on_the_screen(lab) -> None:
    _, _, trials, plan = lab(Booth(), catch_trials=2, catch_faults={"frozen_mouth": 1})
    assert [trial.trial for trial in trials] == [trial.trial for trial in planned_for(plan, "P01")]
    for trial in trials:
        needed = (*RECORDED[trial.kind], *MEASURED)
        assert not [name for name in needed if getattr(trial, name) is None]
        assert (trial.frames_left, trial.shown_frames_left) == (50 * trial.plays_left, 49 * trial.plays_left)
        assert trial.played_left == " ".join(["0-2"] * trial.plays_left)
        assert trial.dropped_frames == trial.plays_left + trial.plays_right
        assert (trial.av_offset_ms, trial.in_sync) == (-45.0, False)
        assert (trial.focus_lost_s, trial.screen_hz) == (0.5, 60.0)
        assert trial.rt_s == pytest.approx(trial.rt_after_s + 2 * trial.plays_left, abs=1e-3)


def test_what_is_recorded_of_each_kind_is_a_column(study) -> None:
    assert {name for names in RECORDED.values() for name in names} | set(MEASURED) <= set(Trial.model_fields)


def test_screens_come_in_their_order(lab) -> None:
    booth = Booth(misses=1)
    lab(
        booth,
        consent=CONSENT,
        checks=["sound", "vision"],
        instructions="Choose.",
        practice_trials=2,
        break_every_trials=6,
        attention_questions=[{"name": "c", "prompt": "Red?", "choices": ["red", "blue"], "correct": "red"}],
        questions=[{"name": "age", "prompt": "Age?", "kind": "number"}],
    )
    names = [type(screen).__name__.removesuffix("Screen") for screen in booth.shown]
    assert names[:6] == ["Consent", "Check", "Check", "Check", "Check", "Instructions"]
    assert names[6:10] == ["Trial", "Feedback"] * 2
    assert Counter(names[10:]) == {"Trial": 16, "Break": 2, "Attention": 1, "Question": 1}
    assert names[10:17] == ["Trial"] * 6 + ["Break"]
    assert names[-1] == "Question"
    assert names[10 + 9] == "Attention"
    checks = [screen.expected for screen in booth.shown[1:5]]
    assert checks[0] in "2345"
    assert len(checks[2]) == 5
    assert len(set(checks)) > 2


def test_practice_tells_whether_the_clip_without_fault_was_chosen(lab) -> None:
    booth = Booth()
    _, _, trials, _ = lab(booth, practice_trials=2)
    feedback = [screen for screen in booth.shown if type(screen).__name__ == "FeedbackScreen"]
    practice = [trial for trial in trials if trial.kind == "practice"]
    assert len(practice) == len(feedback) == 2
    assert {trial.block for trial in practice} == {0}
    for screen, trial in zip(feedback, practice, strict=True):
        assert screen.right == (trial.response == trial.correct)
        assert "frozen" in getattr(trial, f"clip_{'left' if trial.correct == 'right' else 'right'}") or "swapped" in (
            getattr(trial, f"clip_{'left' if trial.correct == 'right' else 'right'}")
        )


def test_a_clip_that_fails_is_a_row_with_its_reason_and_is_offered_again_later(lab) -> None:
    booth = Booth(fails={1})
    _, _, trials, plan = lab(booth)
    first = planned_for(plan, "P01")[0]
    attempts = [trial for trial in trials if trial.trial == first.trial]
    assert [(trial.attempt, trial.valid, trial.reason) for trial in attempts] == [
        (1, False, "the film could not be decoded"),
        (2, True, None),
    ]
    assert trials.index(attempts[1]) > 1
    assert len(trials) == len(planned_for(plan, "P01")) + 1


def test_a_clip_that_always_fails_is_given_up_and_the_session_goes_on(lab) -> None:
    state, _, trials, plan = lab(Booth(fails=range(1, 1000)), clip_retries=1)
    assert state.ended
    assert len(trials) == 2 * len(planned_for(plan, "P01"))
    assert not any(trial.valid for trial in trials)


def test_a_pause_leaves_the_session_open_and_the_next_run_goes_on(lab) -> None:
    state, events, trials, plan = lab(Booth(pauses=3), consent=CONSENT)
    assert (state.paused, state.ended, len(trials)) == (True, False, 2)
    assert events[-1].type == "session_paused"
    booth = Booth()
    state, events, trials, _ = lab(booth, consent=CONSENT)
    assert state.ended
    assert [trial.trial for trial in trials] == [trial.trial for trial in planned_for(plan, "P01")]
    assert [type(screen).__name__ for screen in booth.shown[:2]] == ["TrialScreen", "TrialScreen"]
    assert trials[2].offered == 2


def test_who_stops_keeps_the_answers_and_gets_a_code(lab) -> None:
    booth = Booth(stops=4)
    state, events, trials, _ = lab(booth)
    assert state.ended
    assert (events[-1].complete, events[-1].reason) == (False, "the participant stopped")
    assert len([trial for trial in trials if trial.valid]) == 3
    assert booth.codes == ["7KQF-2M9X"]


def test_who_does_not_consent_is_shown_no_trial(lab) -> None:
    booth = Booth(agrees=False)
    _, events, trials, _ = lab(booth, consent=CONSENT)
    assert (events[-1].complete, events[-1].reason) == (False, "consent was not given")
    assert trials == []
    assert booth.codes == [None]


def test_the_log_keeps_consent_with_version_and_time_and_of_the_code_its_hash(lab, tmp_path: Path) -> None:
    booth = Booth()
    _, events, _, _ = lab(booth, consent=CONSENT)
    consent = next(event for event in events if event.type == "consent_given")
    assert (consent.version, consent.given_at) == ("2", "2026-11-23T10:00:00+00:00")
    assert booth.codes == ["7KQF-2M9X"]
    text = (tmp_path / "sessions" / "P01" / "events.jsonl").read_text()
    assert code_hash("7kqf 2m9x") in text
    assert "7KQF" not in text


def test_a_person_does_not_go_on_with_a_simulated_session(lab, make_clips, tmp_path: Path) -> None:
    lab(Booth(pauses=2))
    log = tmp_path / "sessions" / "P01" / "events.jsonl"
    log.write_text(log.read_text().replace('"simulated":false', '"simulated":true'))
    with pytest.raises(InputError, match="is that of a simulated viewer: run people into another folder"):
        lab(Booth())


def test_an_answer_of_a_kind_that_the_study_does_not_take_is_a_fault_of_the_presenter(lab) -> None:
    class Wrong(Booth):
        def present(self, screen, clips):
            answer = super().present(screen, clips)
            return TrialAnswer(answer.presentation, "no_preference")

    with pytest.raises(IllegalEventError, match="does not allow 'no preference'"):
        lab(Wrong())


def test_single_clips_are_rated(lab) -> None:
    _, _, trials, _ = lab(Booth(), rating={"kind": "slider"}, catch_faults={"swapped_speech": 1})
    assert {trial.presentation for trial in trials} == {"single"}
    rated = [trial for trial in trials if trial.kind == "rating"]
    assert len(rated) == 2 * 2 * 5
    assert all(trial.response is None and 0 <= trial.rating <= 100 for trial in trials)
    assert all(trial.clip_right is None and trial.articulation_right is None for trial in trials)
    with pytest.raises(ValueError, match="shows one clip: it compares nothing"):
        _ = trials[0].articulations


def test_clips_one_after_the_other_start_one_after_the_other(lab) -> None:
    _, events, trials, _ = lab(Booth(), presentation="sequential", max_plays=1)
    starts = {(event.trial, event.side): event.start_s for event in events if event.type == "clip_played"}
    assert all(starts[trial.trial, "right"] - starts[trial.trial, "left"] == 2 for trial in trials)
    assert all(trial.rt_s > 4 for trial in trials)


def test_no_preference_is_an_answer_where_the_study_allows_it(lab) -> None:
    _, _, trials, _ = lab(Booth(), no_preference=True, catch_trials=8)
    assert {"left", "right", "no_preference"} == {trial.response for trial in trials}


def test_what_was_seen_twice_counts_once(lab) -> None:
    class Skipping(Booth):
        def present(self, screen, clips):
            answer = super().present(screen, clips)
            ranges = ((0.0, 1.0), (0.5, 1.5))
            playings = tuple(Playing(one.side, one.start_s, ranges) for one in answer.presentation.playings)
            return TrialAnswer(Presentation(playings, 3.0, 1.0), answer.response)

    _, _, trials, _ = lab(Skipping(), answer_before_end=True)
    assert {trial.watched_left for trial in trials} == {0.75}
    assert trials[0].played_left.startswith("0-1 0.5-1.5")
