"""A table of comparisons to a ranking: its page, its tables, its numbers."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference import Comparisons, Link, Ties, comparisons_from_table, is_trial_table, read_table
from lipstudy.records import provenance, write_text
from lipstudy.report._figures_of_people import people_figure, ranking_figure
from lipstudy.report._ranking import ranking_results
from lipstudy.report._tables import Column, Table, write_tables
from lipstudy.report._templates import rendered
from lipstudy.report._words import p_value, percent, quantity
from lipstudy.report._words_of_rankings import ranking_headline, ranking_methods, what_it_hangs_on

__all__ = ["PairColumns", "RankingReport", "ranking_tables", "write_ranking"]


@dataclass(frozen=True, slots=True)
class PairColumns:
    """Where a table keeps its comparisons; None: as in our trial table."""

    left: str | None = None
    right: str | None = None
    chosen: str | None = None
    wins: tuple[str, str] | None = None
    ties: str | None = None
    participant: str | None = None
    item: str | None = None
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RankingReport:
    """What `write_ranking` made."""

    page: Path
    results_path: Path
    tables: tuple[Path, ...]
    """CSV and LaTeX."""
    results: dict[str, Any]


def write_ranking(
    path: str | Path,
    output: str | Path | None = None,
    *,
    columns: PairColumns,
    seed: int,
    link: Link = "logit",
    side: bool | None = None,
    ties: Ties = "davidson",
    bias_reduced: bool = False,
    reference: str | None = None,
    draws: int = 1000,
    title: str = "Ranking",
    progress: Progress | None = None,
    page_name: str | None = None,
    results_name: str | None = None,
    tables_name: str | None = None,
) -> RankingReport:
    """Rank the conditions of a table of comparisons and write page, numbers and tables.

    Parameters
    ----------
    path : str or Path
        Any CSV table, or our trial table.
    output : str or Path, optional
        Folder for the results; that of the table if not given. Files are named after the table:
        ``votes.ranking.html``, ``votes.ranking.json``, and the tables in ``votes.ranking/``.
    columns : PairColumns
    seed, link, side, ties, bias_reduced, reference, draws, progress
        As for `ranking_results`. Without `side` the left may have an advantage if each row is an answer; in a table of
        counts the order of names mostly means nothing, and it has none.
    title : str
    page_name, results_name, tables_name : str, optional
        Other names for the page, the results and the folder of tables.

    Raises
    ------
    InputError
        If the table cannot be read or ranked.
    OutputError
        If the results cannot be written.
    """
    path = Path(path)
    table = read_table(path)
    comparisons, simulated = _comparisons(table, columns)
    if side is None and columns.wins is not None:
        side = False
    results: dict[str, Any] = {
        "title": title,
        "simulated": simulated,
        "item_word": columns.item or "sentence",
        **ranking_results(
            comparisons, seed=seed, link=link, side=side, ties=ties, bias_reduced=bias_reduced, reference=reference,
            draws=draws, progress=progress,
        ),
    }  # fmt: skip
    arguments = {**asdict(columns), "link": link, "ties": ties, "draws": draws, "side": side}
    results["provenance"] = provenance(stage="rank", arguments=arguments, inputs=[path], seed=seed)
    results["hangs_on"] = what_it_hangs_on(results)
    results["headline"] = ranking_headline(results)
    results["methods"], results["references"] = ranking_methods(results)
    results = json.loads(json.dumps(results, allow_nan=False))
    name = f"{path.stem}.ranking"
    tables_name = tables_name or name
    folder = Path(output) if output is not None else path.parent
    page, results_path = folder / (page_name or f"{name}.html"), folder / (results_name or f"{name}.json")
    tables = ranking_tables(results)
    figures = {"ranking": ranking_figure(
        results["ranking"], results["drop_one"], simulated=simulated, item=results["item_word"]
    )}  # fmt: skip
    figures["people"] = people_figure(results["people"], simulated=simulated) if results["people"] else ""
    html = rendered(
        "ranking.html", results, figures=_markup(figures), tables={table.name: table for table in tables},
        results_name=results_path.name, tables_name=f"{tables_name}/",
    )  # fmt: skip
    write_text(results_path, json.dumps(results, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
    written = write_tables(folder / tables_name, tables, simulated=simulated)
    for key, svg in figures.items():
        if svg:
            write_text(folder / tables_name / f"{key}.svg", svg)
    write_text(page, html)
    return RankingReport(page, results_path, tuple(written), results)


def _markup(figures: dict[str, str]) -> dict[str, Any]:
    from markupsafe import Markup

    return {name: Markup(svg) for name, svg in figures.items()}


def _comparisons(table: Any, columns: PairColumns) -> tuple[Comparisons, bool]:
    chosen, ours = columns.chosen, columns
    simulated = "simulated" in table.columns and bool(table["simulated"].astype(str).str.lower().eq("true").any())
    if is_trial_table(table):
        counted = table[table["valid"].astype(str).str.lower().eq("true") & table["kind"].eq("2afc")]
        systems = {"system_left", "system_right"} <= set(table.columns) and table["system_left"].notna().any()
        what = "system" if systems else "articulation"
        ours = PairColumns(
            columns.left or f"{what}_left", columns.right or f"{what}_right", columns.chosen or "response",
            None, None, columns.participant or "participant", columns.item or "sentence", columns.covariates,
        )  # fmt: skip
        table, chosen = counted, ours.chosen
        if counted.empty:
            raise InputError("no valid trial of kind 2afc is in the trial table: there is nothing to rank")
    if ours.left is None or ours.right is None or (chosen is None and ours.wins is None):
        raise InputError(
            "name the columns of this table: --left and --right for the two that were compared, --chosen for the answer"
            f" (or --wins for two columns of counts); it has {', '.join(map(str, table.columns))}"
        )
    made = comparisons_from_table(
        table, left=ours.left, right=ours.right, chosen=chosen, wins=ours.wins, ties=ours.ties,
        participant=ours.participant, item=ours.item, covariates=ours.covariates,
    )  # fmt: skip
    return made, simulated


def ranking_tables(results: dict[str, Any]) -> tuple[Table, ...]:
    """Return the tables of a ranking: ranking, pairs, people, drop_one, model, fit."""
    level = percent(results["level"])
    two, three, one = quantity, partial(quantity, digits=3), partial(quantity, digits=1)
    names = [row["condition"] for row in results["ranking"]]
    model = results["model"]
    terms = [{"term": name, **values, "quasi_se": None} for name, values in model["terms"].items()]
    strengths = [{"term": name, **values} for name, values in model["strengths"].items()]
    return (
        Table(
            "ranking",
            f"Strengths, best first, with {level} intervals",
            (
                Column("condition", "condition", text=True), Column("jod", "JOD", two), Column("low", "from", two),
                Column("high", "to", two), Column("preferred", "preferred", one), Column("answers", "of"),
            ),
            results["ranking"],
        ),
        Table(
            "pairs",
            f"Differences of strength in JOD, with {level} intervals; all p adjusted by Holm",
            (
                Column("first", "condition", text=True), Column("second", "over", text=True), Column("jod", "JOD", two),
                Column("low", "from", two), Column("high", "to", two), Column("p", "p", p_value, in_csv_only=True),
                Column("p_holm", "p", p_value), Column("preferred", "preferred", one), Column("answers", "of"),
                Column("binomial_p", "binomial p", p_value, in_csv_only=True),
                Column("binomial_p_holm", "binomial p", p_value),
            ),
            results["pairs"],
        ),
        people_table(results["people"]),
        Table(
            "drop_one",
            "Strengths in JOD without each person and each item",
            (
                Column("without", "without", text=True), *(Column(f"jod_{name}", name, two) for name in names),
                Column("largest_move_jod", "largest move", two), Column("first", "first", text=True),
            ),
            [
                row | {f"jod_{name}": value for name, value in row["jod"].items()}
                for key in ("participants", "items")
                for row in results["drop_one"][key]
            ],
        ),
        Table(
            "model",
            f"Estimates on the scale of the {model['link']} link, {model['reference']} being 0; standard errors take"
            " answers as independent",
            (
                Column("term", "term", text=True), Column("estimate", "estimate", partial(quantity, digits=4)),
                Column("se", "standard error", partial(quantity, digits=4)),
                Column("quasi_se", "quasi standard error", partial(quantity, digits=4)),
            ),
            [*strengths, *terms],
        ),
        Table(
            "fit",
            "Fit",
            (
                Column("name", "model", text=True), Column("answers", "answers"),
                Column("loglik", "log-likelihood", three), Column("deviance", "deviance", three),
                Column("df_residual", "residual df"), Column("aic", "AIC", three),
            ),
            [{**model, "answers": results["data"]["answers"]}],
        ),
    )  # fmt: skip


def people_table(people: Sequence[dict[str, Any]]) -> Table:
    """Return the table of each person's consistency, the least like the others first."""
    share: Callable[[Any], str] = partial(quantity, digits=2)
    return Table(
        "people",
        "Each person against a model of the others, the least like them first",
        (
            Column("participant", "person", text=True), Column("answers", "answers"),
            Column("agreement", "agree with the likelier", share),
            Column("loglik", "mean log-likelihood", partial(quantity, digits=3)), Column("z", "z", share),
            Column("left", "left", share), Column("left_expected", "left expected", share),
            Column("odd", "stands out", lambda odd: "; ".join(odd), text=True),
        ),
        sorted(people, key=lambda row: float(row["loglik"])),
    )  # fmt: skip
