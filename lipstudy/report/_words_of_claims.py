"""How the main result was come by, and what more was asked of it, in plain sentences."""

from typing import Any

from lipstudy.report._words import p_relation, percent, quantity

__all__ = ["what_more_was_asked"]


def what_more_was_asked(results: dict[str, Any]) -> list[str]:
    """Return sentences about departures, the model without random effects, few units, drawn tables, equivalence."""
    return [
        *(f"{sentence[0].upper()}{sentence[1:]}: it is exploratory." for sentence in results["choice"]["departures"]),
        *_instead(results),
        *_few(results),
        *_drawn(results),
        *_equivalent(results),
    ]


def _instead(results: dict[str, Any]) -> list[str]:
    found = results["analyses"][0]["population_instead"]
    if found is None:
        return []
    return [
        "No difference between people or sentences could be told from chance (every random effect was estimated as"
        " zero), so curve, peak and test of all answers are those of the population-average logit model: its standard"
        " errors are at least those robust to clusters of people and of sentences, with one degree of freedom less than"
        f" there are clusters of the fewer, {found['clusters']}."
    ]


_TRIED = {"participants": 8, "sentences": 6}
"""The fewest of the table of simulated truth."""


def _few(results: dict[str, Any]) -> list[str]:
    main, few, drawn = results["analyses"][0], results["few"], results["simulated_tables"]
    by_tables = drawn is not None and drawn["p"] is not None
    if not few or main["asymmetry"] is None or main["population_instead"] is not None or by_tables:
        return []
    names = {"participants": "people", "sentences": "sentence" if few.get("sentences") == 1 else "sentences"}
    told = " and ".join(f"{count} {names[unit]}" for unit, count in few.items())
    test = f"With {told} the test is Student's t with Satterthwaite's degrees of freedom"
    if all(results["data"][unit] >= least for unit, least in _TRIED.items()):
        return [
            f"{test}: in simulated studies of as few as {_TRIED['participants']} people and {_TRIED['sentences']}"
            " sentences it claimed differences that are not there about as rarely as it should (docs/truth.md)."
        ]
    return [
        f"{test}, which was not tried with fewer than {_TRIED['participants']} people or {_TRIED['sentences']}"
        " sentences: take its p-value with caution, and test by drawn tables too (lipstudy analyze --simulations)."
    ]


def _drawn(results: dict[str, Any]) -> list[str]:
    drawn = results["simulated_tables"]
    if drawn is None:
        return []
    if drawn["refused"] is not None:
        return [f"No tables could be drawn from the model: {drawn['refused']}."]
    said = [
        f"The likelihood ratio of the models with and without a difference is {quantity(drawn['statistic'])}; by"
        f" {drawn['simulations']} tables drawn from the model without one p {p_relation(drawn['p'])} (parametric"
        f" bootstrap; by the chi-squared distribution p {p_relation(drawn['p_likelihood_ratio'])})."
    ]
    if drawn["peak"] is not None:
        said.append(
            f"In tables drawn from the model the curve peaks between {quantity(drawn['peak'][0])} and"
            f" {quantity(drawn['peak'][1])} ({percent(results['level'])} interval by parametric bootstrap)."
        )
    elif drawn["without_peak"] is not None:
        said.append(
            "In tables drawn from the model the peak of the curve has no bounds:"
            f" {percent(drawn['without_peak'])} of the curves have none."
        )
    return said


def _equivalent(results: dict[str, Any]) -> list[str]:
    found = results["equivalence"]
    if found is None:
        return []
    numbers = (
        f"(two one-sided tests against {quantity(found['bound'])} log odds, p {p_relation(found['p'])};"
        f" {percent(found['level'])} interval {quantity(found['low'])} to {quantity(found['high'])})"
    )
    if found["equivalent"]:
        return [f"Over- and under-articulation were preferred alike, within the bound that was set {numbers}."]
    return [f"That over- and under-articulation are preferred alike within the bound was not shown {numbers}."]
