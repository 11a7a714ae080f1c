import subprocess
import sys
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.study import (
    EventLog,
    SessionStarted,
    SimulatedViewer,
    SimulatedViewers,
    Study,
    load_viewers,
    plan_hash,
    plan_study,
    read_events,
    simulate_study,
)


def share_preferred(trials, articulation: float) -> float:
    """Return how often the clip at `articulation` was preferred to the reference."""
    chosen = [
        (trial.response == "left") == (trial.articulation_left == articulation)
        for trial in trials
        if trial.kind == "2afc" and articulation in (trial.articulation_left, trial.articulation_right)
    ]
    return sum(chosen) / len(chosen)


@pytest.fixture
def run(make_clips, tmp_path: Path):
    clips = make_clips(sentences=["s1", "s2"])

    def running(folder: str = "data", *, participants: int = 6, seed: int = 1, **viewers):
        study = Study(name="a", clips="c", participants=participants, repetitions=2, catch_trials=8)
        plan = plan_study(study, clips, seed=1)
        chosen = SimulatedViewers(**viewers)
        return simulate_study(study, plan, clips, tmp_path / folder, seed=seed, viewers=chosen)

    return running


def test_every_trial_is_answered_and_marked_as_simulated(run) -> None:
    trials = run()
    assert all(trial.simulated and trial.valid and trial.response is not None for trial in trials)
    assert all(trial.session.startswith(f"{trial.participant}-simulated-") for trial in trials)
    assert all(trial.rt_s > trial.plays_left * 2 for trial in trials)
    assert {trial.plays_left for trial in trials} == {1, 2}


def test_same_seed_same_answers_and_other_seed_others(run) -> None:
    trials = run("one")
    assert run("two") == trials
    assert [trial.response for trial in run("three", seed=2)] != [trial.response for trial in trials]


def test_a_viewer_does_not_depend_on_the_others(run) -> None:
    trials = run("few", participants=2)
    assert run("many", participants=4)[: len(trials)] == trials


@pytest.mark.parametrize(("peak", "preferred", "refused"), [(1.5, 1.5, 0.5), (0.5, 0.5, 1.5)])
def test_the_planted_peak_shows_in_the_answers(run, peak: float, preferred: float, refused: float) -> None:
    trials = run(peak=peak, slope_sd=0, sentence_sd=0)
    assert share_preferred(trials, preferred) > 0.7
    assert share_preferred(trials, refused) < 0.1


def test_the_default_viewers_mildly_prefer_over_articulation(run) -> None:
    trials = run(participants=24)
    assert 0.52 < share_preferred(trials, 1.25) < 0.75
    assert share_preferred(trials, 0.5) < 0.2


def test_a_side_bias_shows_where_both_clips_are_the_same(run) -> None:
    catches = [trial for trial in run(side_bias=2, side_bias_sd=0, lapse_rate=0) if trial.kind == "catch_identical"]
    assert sum(trial.response == "left" for trial in catches) / len(catches) > 0.7


def test_lapses_alone_are_chance(run) -> None:
    trials = run(participants=12, lapse_rate=1, side_bias=50)
    left = sum(trial.response == "left" for trial in trials)
    assert abs(left / len(trials) - 0.5) < 4 * (0.25 / len(trials)) ** 0.5


def test_utility_falls_by_its_own_width_on_each_side(make_clips) -> None:
    # No chance but the logistic one: with widths that differ, 0.5 below the peak is worse than 0.5 above it.
    clips = make_clips(embodiments=["photo"], sentences=["s1"], articulations=[0.5, 1.0, 1.5])
    study = Study(name="a", clips="c", participants=400, pairing="all_pairs")
    plan = plan_study(study, clips, seed=1)
    viewers = SimulatedViewers(
        peak=1, width_below=0.25, width_above=1, slope_sd=0, sentence_sd=0, side_bias=0, side_bias_sd=0, lapse_rate=0
    )
    chosen = []
    for trial in plan:
        if {trial.articulation_left, trial.articulation_right} == {0.5, 1.5}:
            side = SimulatedViewer(viewers, trial.participant, seed=1).choose(trial, study).response
            chosen.append((trial.articulation_left if side == "left" else trial.articulation_right) == 1.5)
    # Utility -4 against -0.25: the logistic of 3.75 is 0.977.
    assert abs(sum(chosen) / len(chosen) - 0.977) < 0.03


def test_complete_sessions_are_kept_as_they_are(run, tmp_path: Path) -> None:
    trials = run()
    log = tmp_path / "data" / "sessions" / "P01" / "events.jsonl"
    before = log.read_bytes()
    (tmp_path / "data" / "sessions" / "P02" / "events.jsonl").unlink()
    assert run() == trials
    assert log.read_bytes() == before


@pytest.mark.parametrize("other", [{"seed": 2}, {"peak": 0.9}])
def test_other_viewers_do_not_go_on_with_a_session(run, other) -> None:
    run()
    with pytest.raises(InputError, match="was simulated with another seed or other viewers"):
        run(**other)


def test_the_session_of_a_person_is_left_alone(study, make_clips, tmp_path: Path) -> None:
    clips = make_clips()
    plan = plan_study(study, clips, seed=1)
    with EventLog.of(tmp_path, study, plan, "P01") as log:
        plan_sha256 = plan_hash(log.session.trials)
        log.append(
            SessionStarted(
                sequence=1,
                time_s=0,
                participant="P01",
                slot="P01",
                session="P01-1",
                plan_sha256=plan_sha256,
                simulated=False,
            )
        )
    with pytest.raises(
        InputError, match="the session 'P01-1' of P01 is that of a person: simulate into another folder"
    ):
        simulate_study(study, plan, clips, tmp_path, seed=1)
    assert len(read_events(tmp_path / "sessions" / "P01" / "events.jsonl")) == 1


def test_viewers_are_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "viewers.yaml"
    path.write_text("peak: 1.4\nlapse_rate: 0\n")
    assert load_viewers(path) == SimulatedViewers(peak=1.4, lapse_rate=0)
    path.write_text("peek: 1.4\n")
    with pytest.raises(InputError, match=r"simulated viewers does not know the key 'peek' \(did you mean 'peak'\?\)"):
        load_viewers(path)


def test_the_study_core_loads_nothing_that_draws_or_shows() -> None:
    code = "import sys, lipstudy.study; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"pandas", "scipy", "cv2", "av", "mediapipe", "matplotlib", "psychopy"}.isdisjoint(loaded)
