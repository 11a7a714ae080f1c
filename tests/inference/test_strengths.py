"""Strengths against R's numbers, published results of games, and statsmodels."""

import json
from pathlib import Path

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.inference import comparisons_from_table, fit_strengths, rank_conditions, unanimous_pairs

R = json.loads((Path(__file__).parent / "oracle" / "strengths.json").read_text())

# American League, Eastern Division, 1987, wins of home and away (Agresti, Categorical Data Analysis).
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
GAMES = {
    "Milwaukee": "43 42 43 61 42 60",
    "Detroit": "33 42 43 60 61 43",
    "Toronto": "25 43 24 43 42 60",
    "New York": "33 51 25 43 42 61",
    "Boston": "51 25 33 42 52 60",
    "Cleveland": "25 33 34 43 42 24",
    "Baltimore": "25 15 16 24 16 34",
}


@pytest.fixture(scope="module")
def baseball() -> pandas.DataFrame:
    rows = [
        (home, away, int(score[0]), int(score[1]))
        for home, scores in GAMES.items()
        for away, score in zip([team for team in TEAMS if team != home], scores.split(), strict=True)
    ]
    return pandas.DataFrame(rows, columns=["home", "away", "home_wins", "away_wins"])


@pytest.fixture(scope="module")
def citations() -> pandas.DataFrame:
    matrix = R["BT_citations_logit"]["matrix_rows_cited_cols_citing"]
    names, m = matrix["order"], matrix["m"]
    rows = [(names[i], names[j], m[i][j], m[j][i]) for i in range(4) for j in range(i + 1, 4)]
    return pandas.DataFrame(rows, columns=["cited", "citing", "won", "lost"])


def counted(table: pandas.DataFrame):
    left, right, *wins = table.columns
    return comparisons_from_table(table, left=left, right=right, wins=tuple(wins[:2]), ties=(wins[2:] or [None])[0])


def test_citations_are_those_of_bradleyterry2(citations) -> None:
    model = fit_strengths(counted(citations), side=False)
    estimates, errors = model.relative_to("Biometrika")
    expected = R["BT_citations_logit"]
    for name, (ability, error) in expected["ability"].items():
        place = model.conditions.index(name)
        assert (estimates[place], errors[place]) == pytest.approx((ability, error), rel=1e-5)
    assert model.deviance == pytest.approx(expected["deviance"], rel=1e-5)
    assert model.aic == pytest.approx(expected["AIC"], rel=1e-5)
    assert model.quasi_se() == pytest.approx(expected["quasiSE"], rel=1e-4)


def test_citations_with_the_probit_link_are_those_of_r(citations) -> None:
    model = fit_strengths(counted(citations), side=False, link="probit")
    estimates, errors = model.relative_to("Biometrika")
    expected = R["BT_citations_probit_thurstoneV"]
    assert estimates[1:] == pytest.approx(expected["beta"], rel=1e-5)
    assert errors[1:] == pytest.approx(expected["se"], rel=1e-4)
    assert (model.jod - model.jod[0])[1:] == pytest.approx(expected["JOD"], rel=1e-5)
    assert model.deviance == pytest.approx(expected["deviance"], rel=1e-5)


def test_bias_reduced_citations_are_those_of_brglm(citations) -> None:
    model = fit_strengths(counted(citations), side=False, bias_reduced=True)
    estimates, _ = model.relative_to("Biometrika")
    assert estimates[1:] == pytest.approx(R["BT_citations_logit"]["bias_reduced"], abs=1e-5)


def test_the_example_of_pwcmp_has_one_jod_between_neighbours() -> None:
    wins = R["pwcmp_ex1"]["D"]
    rows = [(f"c{i}", f"c{j}", wins[i][j], wins[j][i]) for i in range(3) for j in range(i + 1, 3)]
    table = pandas.DataFrame(rows, columns=["a", "b", "won", "lost"]).query("won + lost > 0")
    model = fit_strengths(counted(table), side=False, link="probit")
    assert model.jod == pytest.approx(R["pwcmp_ex1"]["JOD"], abs=1e-4)


def test_home_advantage_of_baseball_is_the_published_one(baseball) -> None:
    """BradleyTerry2's vignette: home 0.3023, deviance 38.64 on 36 degrees of freedom, abilities against Baltimore."""
    model = fit_strengths(counted(baseball), side=True)
    estimates, _ = model.relative_to("Baltimore")
    found = dict(zip(model.conditions, np.round(estimates, 4), strict=True))
    assert found == {
        "Baltimore": 0, "Boston": 1.1438, "Cleveland": 0.7047, "Detroit": 1.4754, "Milwaukee": 1.6196,
        "New York": 1.2813, "Toronto": 1.3271,
    }  # fmt: skip
    assert model.terms[0].estimate == pytest.approx(0.3023, abs=5e-5)
    assert model.deviance == pytest.approx(38.64, abs=0.005)
    assert model.df_residual == 35
    assert model.left_share == pytest.approx(0.575, abs=5e-4)


def test_ties_are_those_of_a_log_linear_poisson_model() -> None:
    """Davidson's model as statsmodels fits it: counts with a free total for each row."""
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    names, strength, home, tie = "abcde", np.array([0.9, 0.3, 0.0, -0.4, -0.8]), 0.4, -0.3
    rows, design = [], []
    for i in range(5):
        for j in range(5):
            if i == j:
                continue
            odds = np.exp([strength[i] + home / 2, strength[j] - home / 2, (strength[i] + strength[j]) / 2 + tie])
            rows.append((names[i], names[j], *rng.multinomial(40, odds / odds.sum())))
            one = np.eye(5)
            for terms in ([*one[i], 0.5, 0], [*one[j], -0.5, 0], [*(one[i] + one[j]) / 2, 0, 1]):
                design.append([*terms[1:], *np.eye(20)[len(rows) - 1]])
    table = pandas.DataFrame(rows, columns=["home", "away", "won", "lost", "tied"])
    expected = sm.GLM(table[["won", "lost", "tied"]].to_numpy().ravel(), np.array(design), family=sm.families.Poisson())
    expected = expected.fit(tol=1e-12)
    model = fit_strengths(counted(table), side=True)
    estimates, errors = model.relative_to("a")
    assert model.ties == "davidson"
    assert estimates[1:] == pytest.approx(expected.params[:4], abs=1e-6)
    assert errors[1:] == pytest.approx(expected.bse[:4], rel=1e-4)
    assert [term.term for term in model.terms] == ["side", "no preference"]
    assert [term.estimate for term in model.terms] == pytest.approx(expected.params[4:6], abs=1e-6)
    assert [term.se for term in model.terms] == pytest.approx(expected.bse[4:6], rel=1e-4)
    assert model.deviance == pytest.approx(expected.deviance, rel=1e-6)
    assert model.df_residual == 40 - 6


def test_a_covariate_is_an_ordinary_term_of_the_glm(baseball) -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    table = baseball.assign(rest_left=rng.integers(0, 3, 42), rest_right=rng.integers(0, 3, 42))
    comparisons = comparisons_from_table(
        table, left="home", right="away", wins=("home_wins", "away_wins"), covariates=["rest"]
    )
    model = fit_strengths(comparisons, side=True)
    one = dict(zip(sorted(TEAMS), np.eye(7), strict=True))
    design = np.array([one[row.home] - one[row.away] for row in table.itertuples()])[:, 1:]
    design = np.column_stack([design, np.ones(42), table.rest_left - table.rest_right])
    expected = sm.GLM(table[["home_wins", "away_wins"]], design, family=sm.families.Binomial()).fit()
    assert [term.estimate for term in model.terms] == pytest.approx(list(expected.params[-2:]), abs=1e-6)
    assert [term.se for term in model.terms] == pytest.approx(list(expected.bse[-2:]), rel=1e-4)


@given(seed=st.integers(0, 2**16), link=st.sampled_from(["logit", "probit"]))
@settings(max_examples=15, deadline=None)
def test_strengths_turn_round_with_the_answers_and_keep_when_places_are_swapped(seed, link) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in "abcd" for b in "abcd" if a != b]
    table = pandas.DataFrame([(a, b, *rng.integers(1, 9, 2)) for a, b in pairs], columns=["a", "b", "won", "lost"])
    model = fit_strengths(counted(table), link=link)
    turned = fit_strengths(
        counted(table.rename(columns={"won": "lost", "lost": "won"})[["a", "b", "won", "lost"]]), link=link
    )
    swapped = fit_strengths(
        counted(table.rename(columns={"a": "b", "b": "a", "won": "lost", "lost": "won"})[["a", "b", "won", "lost"]]),
        link=link,
    )
    assert turned.strengths == pytest.approx(-model.strengths, abs=1e-6)
    assert swapped.strengths == pytest.approx(model.strengths, abs=1e-6)
    assert swapped.terms[0].estimate == pytest.approx(-model.terms[0].estimate, abs=1e-6)


def test_choix_finds_the_same_order_and_distances() -> None:
    choix = pytest.importorskip("choix")
    rng = np.random.default_rng(9)
    strength = np.array([1.0, 0.2, -0.4, -0.8])
    rows, wins = [], []
    for _ in range(400):
        a, b = rng.choice(4, 2, replace=False)
        first = rng.random() < 1 / (1 + np.exp(strength[b] - strength[a]))
        rows.append((f"c{a}", f"c{b}", int(first)))
        wins.append((a, b) if first else (b, a))
    table = pandas.DataFrame(rows, columns=["a", "b", "chosen"])
    model = fit_strengths(comparisons_from_table(table, left="a", right="b", chosen="chosen"), side=False)
    assert model.strengths == pytest.approx(choix.opt_pairwise(4, wins), abs=1e-4)


def test_groups_that_were_never_compared_are_named() -> None:
    table = pandas.DataFrame([("a", "b", 3, 2), ("c", "d", 1, 4)], columns=["a", "b", "won", "lost"])
    with pytest.raises(InputError, match=r"2 groups between which nothing was compared: \(a, b\) and \(c, d\)"):
        fit_strengths(counted(table))


def test_a_condition_that_always_wins_is_named_and_penalised() -> None:
    table = pandas.DataFrame([("a", "b", 9, 0), ("a", "c", 8, 0), ("b", "c", 5, 4)], columns=["a", "b", "won", "lost"])
    comparisons = counted(table)
    model = fit_strengths(comparisons, side=False)
    assert unanimous_pairs(comparisons) == (("a", "b", 9), ("a", "c", 8))
    assert model.bias_reduced
    assert np.abs(model.strengths).max() < 5
    assert any("a won every comparison" in note and "a over b (9)" in note for note in model.notes)


def test_a_unanimous_pair_within_a_chain_of_wins_needs_no_penalty() -> None:
    table = pandas.DataFrame([("a", "b", 9, 0), ("a", "c", 5, 4), ("b", "c", 5, 4)], columns=["a", "b", "won", "lost"])
    assert not fit_strengths(counted(table), side=False).bias_reduced


def test_a_side_that_no_data_tell_is_refused() -> None:
    table = pandas.DataFrame([("a", "b", 9, 3)], columns=["a", "b", "won", "lost"])
    with pytest.raises(InputError, match="the effect of side cannot be told from the conditions"):
        fit_strengths(counted(table), side=True)


@pytest.fixture(scope="module")
def votes() -> pandas.DataFrame:
    """Twelve people, six scenes, four systems; the scenes differ in what is best."""
    rng = np.random.default_rng(3)
    strength, scene = np.array([0.8, 0.3, -0.3, -0.8]), rng.normal(0, 0.4, (6, 4))
    rows = []
    for person in range(12):
        for item in range(6):
            for _ in range(6):
                a, b = rng.choice(4, 2, replace=False)
                odds = strength[a] - strength[b] + scene[item, a] - scene[item, b]
                rows.append((f"P{person}", f"S{item}", f"c{a}", f"c{b}", int(rng.random() < 1 / (1 + np.exp(-odds)))))
    return pandas.DataFrame(rows, columns=["who", "scene", "a", "b", "first"])


def voted(table: pandas.DataFrame, **more):
    return comparisons_from_table(table, left="a", right="b", chosen="first", **more)


def test_intervals_are_wider_when_people_and_scenes_are_sampled(votes) -> None:
    def width(ranking):
        return np.mean([row.high - row.low for row in ranking.ranked])

    rng = np.random.default_rng
    answers = rank_conditions(voted(votes), rng=rng(1), draws=200)
    people = rank_conditions(voted(votes, participant="who"), rng=rng(1), draws=200)
    both = rank_conditions(voted(votes, participant="who", item="scene"), rng=rng(1), draws=200)
    assert (answers.sampled, people.sampled, both.sampled) == (
        ("answers",), ("participants",), ("participants", "items"),
    )  # fmt: skip
    assert width(both) > 1.5 * width(answers)
    assert width(both) > 1.3 * width(people)
    assert [row.condition for row in both.ranked] == ["c0", "c1", "c2", "c3"]


def test_same_stream_gives_the_same_intervals_whatever_people_are_called(votes) -> None:
    first = rank_conditions(voted(votes, participant="who", item="scene"), rng=np.random.default_rng(1), draws=100)
    renamed = votes.assign(who=votes["who"].str.replace("P", "person "))
    second = rank_conditions(voted(renamed, participant="who", item="scene"), rng=np.random.default_rng(1), draws=100)
    assert first.ranked == second.ranked


def test_leaving_one_person_out_is_a_fit_without_that_person(votes) -> None:
    comparisons = voted(votes, participant="who", item="scene")
    ranking = rank_conditions(comparisons, rng=np.random.default_rng(1), draws=100)
    without = fit_strengths(voted(votes[votes["who"] != comparisons.participants[4]]))
    assert ranking.without_participant[4] == pytest.approx(without.jod, abs=1e-6)
    assert ranking.without_item.shape == (6, 4)


def test_a_binomial_test_claims_more_than_people_and_scenes_support(votes) -> None:
    ranking = rank_conditions(voted(votes, participant="who", item="scene"), rng=np.random.default_rng(1), draws=200)
    claimed = sum(pair.binomial_p_holm < 0.05 for pair in ranking.pairs)
    assert claimed > sum(pair.p_holm < 0.05 for pair in ranking.pairs)


@pytest.mark.slow
def test_intervals_over_people_and_scenes_hold_what_they_promise() -> None:
    """Equal systems whose scenes differ: 95 % intervals of their differences hold 0 in about 95 of 100 studies."""
    rng = np.random.default_rng(12)
    held = []
    for _ in range(60):
        scene, person = rng.normal(0, 0.5, (6, 3)), rng.normal(0, 0.3, (12, 3))
        rows = []
        for who in range(12):
            for item in range(6):
                for a, b in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
                    both = scene[item] + person[who]
                    first = rng.random() < 1 / (1 + np.exp(both[b] - both[a]))
                    rows.append((f"P{who}", f"S{item}", f"c{a}", f"c{b}", int(first)))
        table = pandas.DataFrame(rows, columns=["who", "scene", "a", "b", "first"])
        ranking = rank_conditions(voted(table, participant="who", item="scene"), rng=rng, draws=200)
        held += [pair.low <= 0 <= pair.high for pair in ranking.pairs]
    assert 0.90 <= np.mean(held) <= 0.99
