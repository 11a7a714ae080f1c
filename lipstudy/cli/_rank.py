"""The verb rank."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lipstudy.cli._output import Output, output_options, seed_option
from lipstudy.cli._several import SeveralCommand

if TYPE_CHECKING:
    from lipstudy.inference import Ties

__all__ = ["rank"]


@click.command(
    cls=SeveralCommand,
    epilog="\b\nExample:\n"
    "  lipstudy rank trials.csv\n"
    "  lipstudy rank votes.csv --left condition_A --right condition_B --chosen is_A_selected"
    " --participant observer --item scene\n"
    "  lipstudy rank games.csv --left home --right away --wins home_wins away_wins --side",
)
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--left", help="Column with what stood on the left, or was named first.")
@click.option("--right", help="Column with what stood on the right.")
@click.option("--chosen", help="Column with the answer: a name, left or right, 1 or 0, a tie; empty is no answer.")
@click.option("--wins", nargs=2, help="Instead of --chosen: columns that count answers for the left and for the right.")
@click.option("--ties", help="With --wins: column that counts answers for neither.")
@click.option("--participant", help="Column with the person; intervals then hold for other people.")
@click.option("--item", help="Column with the sentence or scene; intervals then hold for others, too.")
@click.option(
    "--covariate", "covariates", multiple=True,
    help="Column of numbers, left less right, or the name before _left and _right.",
)  # fmt: skip
@click.option(
    "--model", type=click.Choice(["bradley-terry", "thurstone"]), default="bradley-terry", show_default=True,
    help="Logit, or probit (Thurstone's case V).",
)  # fmt: skip
@click.option(
    "--side/--no-side", default=None,
    help="Whether the left has an advantage (side bias, playing at home) [default: yes, but not with --wins].",
)  # fmt: skip
@click.option("--half-ties", is_flag=True, help="Let a tie count half for each side, not as Davidson's third answer.")
@click.option("--penalised", is_flag=True, help="Firth's estimates; they are used anyway where others are infinite.")
@click.option("--reference", help="The condition that is 0 in the model's estimates (default: the first by name).")
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Bootstrap draws.")
@click.option("--title", default="Ranking", show_default=True, help="Heading of the page.")
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder of the results (default: the table's)."
)
@seed_option
@output_options
def rank(
    table: Path,
    model: str,
    half_ties: bool,
    penalised: bool,
    side: bool | None,
    reference: str | None,
    draws: int,
    title: str,
    folder: Path | None,
    seed: int,
    output: Output,
    **columns: Any,
) -> None:
    """Rank what was compared in pairs: strengths in JOD, with intervals.

    TABLE is our trial table or any CSV file whose columns are named here. People and items are both drawn again for the
    intervals. Beside them stands what a binomial test would have claimed, who answers unlike the others, and the
    strengths without each person and item. One JOD is the distance at which the better is preferred in 75 %.
    """
    from lipstudy.report import PairColumns, write_ranking

    ties: Ties = "half" if half_ties else "davidson"
    with output.progress("bootstrap", "draw") as progress:
        report = write_ranking(
            table,
            folder,
            columns=PairColumns(**{**columns, "covariates": tuple(columns["covariates"])}),
            seed=seed,
            link="logit" if model == "bradley-terry" else "probit",
            side=side,
            ties=ties,
            bias_reduced=penalised,
            reference=reference,
            draws=draws,
            title=title,
            progress=progress,
        )
    results = report.results
    for note in results["notes"]:
        output.tell(note)
    output.result(
        {"page": str(report.page), "results": str(report.results_path), **results}, _text(results, report.page)
    )


def _text(results: dict[str, Any], page: Path) -> str:
    width = max(len("condition"), *(len(row["condition"]) for row in results["ranking"]))
    lines = [f"{'condition':<{width}}  {'JOD':>6}  {'from':>6}  {'to':>6}  preferred"]
    lines += [
        f"{row['condition']:<{width}}  {row['jod']:>6.2f}  {row['low']:>6.2f}  {row['high']:>6.2f}"
        f"  {row['preferred']:g} of {row['answers']}"
        for row in results["ranking"]
    ]
    terms = results["model"]["terms"].items()
    lines += ["", *(f"{name}: {term['estimate']:.4f} (se {term['se']:.4f})" for name, term in terms)]
    return "\n".join([*lines, *results["hangs_on"], "", results["headline"], str(page)])
