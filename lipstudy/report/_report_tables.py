"""The tables of an articulation report, from its results alone."""

from functools import partial
from typing import Any

from lipstudy.report._ranking_page import people_table, ranking_tables
from lipstudy.report._tables import Column, Table
from lipstudy.report._words import p_value, percent, quantity

__all__ = ["report_tables"]

_three = partial(quantity, digits=3)
_points = partial(quantity, digits=1)


def report_tables(results: dict[str, Any]) -> list[Table]:
    """Return every table of the page; those of parts that the results lack are left out."""
    tables = [_data(results), _side_bias(results)]
    for analysis in results["analyses"]:
        tables += [_observed(results, analysis), _curve(results, analysis)]
        tables += [*_model(analysis["name"], analysis["model"]), *_checks(results, analysis)]
    for factor, entry in results["moderators"].items():
        tables += _model(f"moderator_{factor}", entry["model"])
    tables += _tests(results) + _around(results)
    return [table for table in tables if table.rows]


def _data(results: dict[str, Any]) -> Table:
    data = results["data"]
    rows = [
        ("participants analysed", data["participants"]),
        ("participants with any trial", data["participants_with_any_trial"]),
        ("sentences", data["sentences"]),
        ("speakers", data["speakers"]),
        ("trials", data["trials"]),
        *([("of these, simulated", data["simulated_trials"])] if data["simulated_trials"] else []),
        *((f"left out: {reason}", count) for reason, count in data["left_out"].items()),
        ("choices analysed", data["analysed"]),
    ]
    columns = (Column("what", "what", text=True), Column("count", "count"))
    rows_made = [{"what": what, "count": count} for what, count in rows]
    return Table("data", "What was collected and what was analysed", columns, rows_made)


def _interval(results: dict[str, Any]) -> tuple[Column, Column]:
    level = percent(results["level"])
    return Column("low", f"{level} from", _three), Column("high", "to", _three)


def _side_bias(results: dict[str, Any]) -> Table:
    named = (("the same clip on both sides", "identical_clips"), ("all valid answers", "all"))
    rows = [
        {"answers": name, **results["side_bias"][key]} for name, key in named if results["side_bias"][key] is not None
    ]
    columns = (
        Column("answers", "answers", text=True), Column("count", "left"), Column("total", "of"),
        Column("share", "share", _three), *_interval(results),
    )  # fmt: skip
    return Table("side_bias", "Side bias: how often the left clip was chosen", columns, rows)


def _observed(results: dict[str, Any], analysis: dict[str, Any]) -> Table:
    columns = (
        Column("articulation", "articulation", quantity), Column("count", "preferred"), Column("total", "answers"),
        Column("share", "share", _three), *_interval(results),
    )  # fmt: skip
    return Table(f"observed_{analysis['name']}", "Observed choices against the original", columns, analysis["observed"])


def _curve(results: dict[str, Any], analysis: dict[str, Any]) -> Table:
    columns = (
        Column("articulation", "articulation", quantity), Column("probability", "preferred to the original", _three),
        *_interval(results),
    )  # fmt: skip
    return Table(f"curve_{analysis['name']}", "The model's preference curve", columns, analysis["curve"])


def _model(name: str, model: dict[str, Any] | None) -> list[Table]:
    if model is None:
        return []
    fixed = [{"term": term, **effect} for term, effect in model["fixed"].items()]
    random = [
        {
            "group": group,
            "levels": entry["levels"],
            "effect": effect,
            "sd": sd,
            "correlations": "; ".join(f"{pair}: {quantity(r)}" for pair, r in entry["correlation"].items())
            if place == 0
            else "",
        }
        for group, entry in model["random"].items()
        for place, (effect, sd) in enumerate(entry["sd"].items())
    ]
    engines = [
        {"engine": engine, "nobs": model["nobs"], **fit, "converged": "yes" if fit["converged"] else "no"}
        for engine, fit in model["engines"].items()
    ]
    return [
        Table(
            f"fixed_{name}",
            "Fixed effects, log odds; p on Student's t with Satterthwaite's degrees of freedom",
            (
                Column("term", "term", text=True), Column("estimate", "estimate", _three),
                Column("se", "standard error", _three), Column("z", "t", quantity), Column("df", "df", _df),
                Column("p_t", "p", p_value), Column("p", "p by the normal", p_value, in_csv_only=True),
            ),
            fixed,
        ),
        Table(
            f"random_{name}",
            "Random effects, log odds",
            (
                Column("group", "group", text=True), Column("levels", "levels"), Column("effect", "effect", text=True),
                Column("sd", "standard deviation", _three), Column("correlations", "correlations", text=True),
            ),
            random,
        ),
        Table(
            f"engines_{name}",
            "Engines",
            (
                Column("engine", "engine", text=True), Column("version", "version"),
                Column("loglik", "log-likelihood", partial(quantity, digits=4)), Column("nobs", "observations"),
                Column("converged", "converged"),
            ),
            engines,
        ),
    ]  # fmt: skip


def _checks(results: dict[str, Any], analysis: dict[str, Any]) -> list[Table]:
    penalised = analysis["penalised"]
    return [
        Table(
            f"penalised_{analysis['name']}",
            "Penalised estimates, log odds, because maximum likelihood has none",
            (
                Column("term", "term", text=True), Column("estimate", "estimate", _three),
                Column("se", "standard error", _three), *_interval(results), Column("prior_sd", "prior sd", _three),
            ),
            penalised["effects"] if penalised else [],
        ),
        Table(
            f"population_{analysis['name']}",
            "A check without random effects: population-average log odds, errors robust to people and sentences",
            (
                Column("term", "term", text=True), Column("estimate", "estimate", _three),
                Column("se_two_way", "two-way error", _three), Column("p_two_way", "p", p_value),
                Column("gee_estimate", "GEE estimate", _three), Column("gee_se", "GEE error", _three),
                Column("gee_p", "GEE p", p_value),
            ),
            analysis["population"] or [],
        ),
    ]  # fmt: skip


def _df(df: float | None) -> str:
    return "\N{INFINITY}" if df is None or df > 9999 else quantity(df, 1)


def _tests(results: dict[str, Any]) -> list[Table]:
    moderators = [
        {"factor": factor, **entry["test"]} for factor, entry in results["moderators"].items() if entry["test"]
    ]
    family = results["family"]["rows"] if results["family"] else []
    return [
        Table(
            "moderators",
            "Does a factor moderate the curve? Likelihood ratio with and without its products with the curve's terms",
            (
                Column("factor", "factor", text=True), Column("statistic", "chi squared", quantity), Column("df", "df"),
                Column("p", "p", p_value),
            ),
            moderators,
        ),
        Table(
            "family",
            "The tests declared before data were seen, adjusted by Holm",
            (Column("test", "test", text=True), Column("p", "p", p_value), Column("p_holm", "p (Holm)", p_value)),
            family,
        ),
    ]  # fmt: skip


def _around(results: dict[str, Any]) -> list[Table]:
    tables = []
    if results["exclusions"]:
        rows = [
            {**row, **{key: None if row[key] is None else 100 * row[key] for key in ("difference", "low", "high")}}
            for row in results["exclusions"]["rows"]
        ]
        tables.append(
            Table(
                "exclusions",
                "Over- less under-articulation, points, with and without excluded people",
                (
                    Column("people", "people", text=True), Column("participants", "participants"),
                    Column("choices", "choices"), Column("difference", "difference", _points),
                    Column("low", "from", _points), Column("high", "to", _points), Column("p", "p", p_value),
                    Column("peak", "peak", quantity),
                ),
                rows,
            )
        )  # fmt: skip
    if results["sensitivity"]:
        rows = [
            {"what": what, "without": row["without"],
             "difference": None if row["estimate"] is None else 100 * row["estimate"]}
            for what, key in (("person", "participants"), ("sentence", "items"))
            for row in results["sensitivity"][key]
        ]  # fmt: skip
        tables.append(
            Table(
                "drop_one",
                "Over- less under-articulation, points, without each person and each sentence",
                (
                    Column("what", "left out", text=True), Column("without", "name", text=True),
                    Column("difference", "difference", _points),
                ),
                rows,
            )
        )  # fmt: skip
    if results["strengths"]:
        ranked = {table.name: table for table in ranking_tables(results["strengths"])}
        strengths = ranked["ranking"]
        tables += [
            Table("strengths", strengths.caption, strengths.columns, strengths.rows), ranked["pairs"],
            people_table(results["strengths"]["people"]),
        ]  # fmt: skip
    return tables
