"""The adaptive order: what it believes, what it asks, and that it learns faster than chance."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.study import (
    Comparison,
    EventLog,
    Session,
    SimulatedViewers,
    Study,
    comparisons_of,
    estimate_strengths,
    expected_information,
    most_informative,
    plan_study,
    simulate_session,
    simulate_study,
    trial_table,
)

SYSTEMS = ("a", "b", "c", "d")


@pytest.fixture
def ranking(make_clips):
    """Return the clips of 12 models at one scale, and a study that ranks them."""
    models = [f"m{number:02d}" for number in range(12)]
    clips = make_clips(embodiments=["photo"], articulations=[1.0], models=models)
    keys = {"compare": "model", "pairing": "adaptive", "trials_per_participant": 20}
    return clips, Study.model_validate({"name": "a", "clips": "c", "participants": 4} | keys)


def test_nothing_known_is_the_prior() -> None:
    strengths = estimate_strengths(SYSTEMS, [])
    assert strengths.mean == pytest.approx(np.zeros(4))
    assert strengths.covariance == pytest.approx(4 * np.eye(4))


def test_two_systems_by_hand() -> None:
    # One win between two systems, prior variance 4: the mode solves d/8 = 1 - logistic(d) for d = a - b.
    strengths = estimate_strengths("ab", [Comparison("a", "b")])
    d = strengths.mean[0] - strengths.mean[1]
    assert d / 8 == pytest.approx(1 - 1 / (1 + np.exp(-d)), abs=1e-9)
    assert strengths.mean.sum() == pytest.approx(0, abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from(SYSTEMS), st.sampled_from(SYSTEMS)).filter(lambda p: p[0] != p[1])))
@settings(max_examples=40, deadline=None)
def test_the_mode_is_found_and_the_gradient_vanishes_there(pairs) -> None:
    answers = [Comparison(*pair) for pair in pairs]
    strengths = estimate_strengths(SYSTEMS, answers)

    def log_posterior(mean) -> float:
        place = dict(zip(SYSTEMS, mean, strict=True))
        return -sum(np.log1p(np.exp(place[two] - place[one])) for one, two, _ in answers) - mean @ mean / 8

    best = log_posterior(strengths.mean)
    for step in np.vstack([np.eye(4), -np.eye(4)]) * 1e-3:
        assert log_posterior(strengths.mean + step) <= best
    assert np.linalg.eigvalsh(strengths.covariance).min() > 0


def test_a_unanimous_winner_keeps_a_finite_strength() -> None:
    strengths = estimate_strengths("ab", [Comparison("a", "b")] * 500)
    assert 4 < strengths.mean[0] - strengths.mean[1] < 15


def test_a_tie_moves_both_towards_each_other_and_renaming_changes_nothing() -> None:
    wins = [Comparison("a", "b")] * 3
    tied = estimate_strengths("ab", [*wins, Comparison("a", "b", 0.5)])
    alone = estimate_strengths("ab", wins)
    assert tied.mean[0] < alone.mean[0]
    renamed = estimate_strengths("ba", [Comparison("b", "a")] * 3)
    assert renamed.mean == pytest.approx(alone.mean)


def test_information_is_largest_where_the_answer_is_open() -> None:
    # a and b are known to be equal, c and d were never seen, d against a known winner is nearly certain.
    known = [Comparison("a", "b"), Comparison("b", "a")] * 40
    strengths = estimate_strengths(SYSTEMS, known)
    assert expected_information(strengths, "c", "d") > 5 * expected_information(strengths, "a", "b") > 0
    assert expected_information(strengths, "a", "b") == pytest.approx(expected_information(strengths, "b", "a"))
    # By Monte Carlo: mean entropy of the answer less the mean of its entropies, over the posterior.
    rng = np.random.default_rng(1)
    d = rng.multivariate_normal(strengths.mean, strengths.covariance, 200_000) @ np.array([0, 0, 1, -1])
    p = 1 / (1 + np.exp(-d))

    def entropy(q):
        return -(q * np.log(q) + (1 - q) * np.log1p(-q))

    assert expected_information(strengths, "c", "d") == pytest.approx(entropy(p.mean()) - entropy(p).mean(), rel=0.02)


def test_an_adaptive_session_asks_as_often_as_the_study_says_and_no_trial_twice(ranking, tmp_path) -> None:
    clips, study = ranking
    study = study.model_copy(update={"catch_trials": 2})
    plan = plan_study(study, clips, seed=1)
    trials = simulate_study(study, plan, clips, tmp_path, seed=1)
    for slot in ("P01", "P04"):
        own = [trial for trial in trials if trial.participant == slot]
        assert len(own) == len({trial.trial for trial in own}) == 20
        assert [place for place, trial in enumerate(own) if trial.kind == "catch_identical"] == [9, 19]
        for one, other in pairwise(own):
            assert not {one.clip_left, one.clip_right} & {other.clip_left, other.clip_right}


def test_a_session_killed_anywhere_goes_on_as_it_would_have(ranking, tmp_path) -> None:
    clips, study = ranking
    plan = plan_study(study, clips, seed=1)
    by_name = {clip.clip_id: clip for clip in clips}

    def order(name: str, cut: int | None) -> list[tuple[int, str]]:
        log = EventLog.of(tmp_path / name, study, plan, "P01")
        simulate_session(log, by_name, seed=1)
        path = tmp_path / name / "sessions" / "P01" / "events.jsonl"
        if cut is not None:
            path.write_bytes(path.read_bytes()[:cut])
            log = EventLog.of(tmp_path / name, study, plan, "P01")
            simulate_session(log, by_name, seed=1)
        return [(trial.trial, trial.response) for trial in trial_table(log.events, plan)]

    calm = order("calm", None)
    for cut in (700, 3000, 7777):
        assert order(f"cut{cut}", cut) == calm


def test_answers_of_other_sessions_count(ranking, tmp_path) -> None:
    clips, study = ranking
    plan = plan_study(study, clips, seed=1)
    fresh = Session.begin(study, plan, "P02")
    trials = simulate_study(study, plan, clips, tmp_path, seed=1, participants=["P01"])
    known = comparisons_of(trials)
    assert len(known) == 20
    seen = {name for comparison in known for name in comparison[:2]}
    pair = fresh.planned(most_informative(fresh, known * 5))
    assert not {pair.system_left, pair.system_right} <= seen or len(seen) == 12


def test_more_trials_than_there_are_pairs_are_refused(ranking) -> None:
    clips, study = ranking
    with pytest.raises(InputError, match=r"asks for 67 trials_per_participant, but its systems .* give 66"):
        plan_study(study.model_copy(update={"trials_per_participant": 67}), clips, seed=1)


def learnt(truth, choose, answers: int, rng) -> float:
    """Return the correlation of true and estimated strengths after as many answers."""
    names = [f"s{number:02d}" for number in range(len(truth))]
    seen: list[Comparison] = []
    for _ in range(answers):
        one, two = choose(names, estimate_strengths(names, seen))
        gap = truth[names.index(one)] - truth[names.index(two)]
        wins = rng.random() < 1 / (1 + np.exp(-gap))
        seen.append(Comparison(one, two) if wins else Comparison(two, one))
    return float(np.corrcoef(truth, estimate_strengths(names, seen).mean)[0, 1])


@pytest.mark.slow
def test_it_recovers_strengths_better_than_random_pairing() -> None:
    gains = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, 2, 12)

        def informative(names, strengths):
            pairs = [(one, two) for place, one in enumerate(names) for two in names[place + 1 :]]
            return max(pairs, key=lambda pair: expected_information(strengths, *pair))

        def at_random(names, strengths, rng=rng):
            return tuple(rng.choice(names, 2, replace=False))

        gains.append(learnt(truth, informative, 60, rng) - learnt(truth, at_random, 60, rng))
    assert np.mean(gains) > 2 * np.std(gains, ddof=1) / len(gains) ** 0.5
    assert np.mean(gains) > 0.03


def test_simulated_viewers_rank_models_alike(ranking, tmp_path) -> None:
    # At one articulation all models are equal to the simulated viewer: only side bias and chance decide.
    clips, study = ranking
    plan = plan_study(study, clips, seed=1)
    viewers = SimulatedViewers(side_bias=0, side_bias_sd=0)
    trials = simulate_study(study, plan, clips, tmp_path, seed=1, viewers=viewers)
    strengths = estimate_strengths(sorted({trial.system_left for trial in trials}), comparisons_of(trials))
    assert np.abs(strengths.mean).max() < 3 * np.sqrt(np.diag(strengths.covariance)).max()
