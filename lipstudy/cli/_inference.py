"""Verbs about estimates: fit, analyze, power."""

import math
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lipstudy.cli._output import Output, output_options, seed_option
from lipstudy.cli._several import SeveralCommand
from lipstudy.execution import Progress

if TYPE_CHECKING:
    from lipstudy.inference import MixedFit, Power, Scale
    from lipstudy.report import Curve

__all__ = ["analyze", "fit", "power"]

_scale_option = click.option(
    "--scale",
    type=click.Choice(["log2", "linear"]),
    default="log2",
    show_default=True,
    help="How articulation a enters as x: log2(a), or a - 1. Choose before you see the data.",
)


@click.command(
    cls=SeveralCommand,
    epilog="\b\nExample:\n"
    '  lipstudy fit "chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)" trials.csv\n'
    '  lipstudy fit "cbind(incidence, size - incidence) ~ period + (1 | herd)" cbpp.csv --factor period --json',
)
@click.argument("formula")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--factor", "factors", multiple=True, help="Columns of numbers whose levels are to be compared.")
@_scale_option
@click.option(
    "--nagq", type=click.IntRange(min=1), default=1, show_default=True,
    help="Points of adaptive Gauss-Hermite quadrature, for one random intercept; 1 is Laplace's approximation.",
)  # fmt: skip
@click.option("--against", help="A formula with fewer fixed terms: is what it lacks needed? A likelihood ratio test.")
@click.option(
    "--bootstrap", type=click.IntRange(min=0), default=0, show_default=True,
    help="With --against: tables drawn from the smaller model, for a p-value that is right for few people.",
)  # fmt: skip
@click.option("--penalised", is_flag=True, help="Also estimates under weak priors, which exist for separated answers.")
@click.option("--population", is_flag=True, help="Also population averages, robust to clusters: two-way, and GEE.")
@seed_option
@output_options
def fit(
    formula: str,
    table: Path,
    factors: tuple[str, ...],
    scale: "Scale",
    nagq: int,
    against: str | None,
    bootstrap: int,
    penalised: bool,
    population: bool,
    seed: int,
    output: Output,
) -> None:
    """Fit a mixed logit model to a table, with engines that must agree.

    FORMULA is in lme4's language; TABLE is any CSV file. A trial table of lipstudy gets the columns chosen (1 if the
    changed clip was preferred), x (its articulation, 0 at the original), x2, side (+0.5 if it was on the left, -0.5 on
    the right) and item (the sentence). No p-value is given if the answers are separated, a fit is singular or has not
    converged, or the engines disagree: the verdict says which. Printed are Wald's p as lme4 prints it, and the p of the
    t distribution (df by Satterthwaite), which is the one to report when people or sentences are few.
    """
    from dataclasses import asdict

    from lipstudy.inference import (
        choices_from_trials,
        compare_models,
        fit_mixed_logit,
        fit_penalised,
        is_trial_table,
        population_average,
        read_table,
        refuse_lone_levels,
        with_factors,
    )
    from lipstudy.records import read_trials

    rows = read_table(table)
    if is_trial_table(rows):
        choices = choices_from_trials(read_trials(table), scale=scale)
        rows = choices.table
        refuse_lone_levels(rows)
        for reason, count in choices.left_out.items():
            output.tell(f"left out: {count} trials, {reason}")
    rows = with_factors(rows, factors)
    fitted = fit_mixed_logit(formula, rows, nagq=nagq)
    for note in fitted.notes:
        output.tell(note)
    value, text = fitted.as_json(), [_fit_text(fitted)]
    if penalised:
        weak = fit_penalised(formula, rows)
        value["penalised"] = {"what": weak.named, "fixed": {e.term: asdict(e) for e in weak.effects}}
        text += [
            "",
            f"{weak.named}: estimate, standard error, interval",
            *(_line(e.term, e.estimate, e.se, e.low, e.high) for e in weak.effects),
        ]
    if population:
        average = population_average(formula, rows)
        value["population"] = {effect.term: asdict(effect) for effect in average.effects}
        text += ["", "population average: estimate, two-way cluster-robust se and p; the same by GEE"]
        text += [
            _line(e.term, e.estimate, e.se_two_way, e.p_two_way, e.gee_estimate, e.gee_se, e.gee_p)
            for e in average.effects
        ]
    if against is not None:
        with output.progress("bootstrap", "table") if bootstrap else nullcontext() as progress:
            test = compare_models(formula, against, rows, simulations=bootstrap, seed=seed, progress=progress)
        value["comparison"] = asdict(test)
        drawn = (
            "" if test.p_bootstrap is None else f"; by {test.simulations} simulated tables p = {test.p_bootstrap:.3g}"
        )
        text += [
            "",
            f"against {test.smaller}: chi-squared {test.statistic:.4f} with {test.df} df, p = {test.p:.3g}{drawn}",
        ]
    output.result(value, "\n".join(text))


def _line(term: str, *numbers: float) -> str:
    return f"{term:<24}" + "".join(f"{number:>10.4f}" for number in numbers)


def _fit_text(fitted: "MixedFit") -> str:
    result = fitted.as_json()
    width = max(len(term) for term in ("term", *result["fixed"]))
    lines = [
        fitted.formula,
        "",
        f"{'term':<{width}}  {'estimate':>10}  {'se':>9}  {'z':>7}  {'p':>9}  {'df':>6}  {'p (t)':>9}",
    ]
    for term, effect in result["fixed"].items():
        p, p_t = ("-" if effect[key] is None else f"{effect[key]:.2g}" for key in ("p", "p_t"))
        lines.append(
            f"{term:<{width}}  {_number(effect['estimate'], 4):>10}  {_number(effect['se'], 4):>9}"
            f"  {_number(effect['z'], 2):>7}  {p:>9}  {_number(effect['df'], 1):>6}  {p_t:>9}"
        )
    lines.append("")
    for group, entry in result["random"].items():
        sds = ", ".join(f"{name} {_number(sd, 4)}" for name, sd in entry["sd"].items())
        correlations = "".join(f"; correlation {pair} {_number(r, 2)}" for pair, r in entry["correlation"].items())
        lines.append(f"{group} ({entry['levels']} levels): sd {sds}{correlations}")
    engines = ", ".join(f"{name} {engine['version']}" for name, engine in result["engines"].items()) or "not fitted"
    without = f" ({result['loglik_lme4']:.4f} as lme4 prints it)" if fitted.nagq > 1 and fitted.ok else ""
    lines += [
        f"log-likelihood {_number(result['loglik'], 4)}{without}, {result['nobs']} rows; engines: {engines}",
        f"verdict: {result['verdict']}",
    ]
    return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


@click.command(
    cls=SeveralCommand,
    epilog="\b\nExample:\n  lipstudy analyze experiments/articulation.data --clips stimuli/articulation/clips.csv",
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--clips", type=click.Path(path_type=Path), help="The clip manifest: the page then plays clips.")
@click.option(
    "--clip-sentence", "clip_sentences", multiple=True, help="Take only these sentences' clips into the page."
)
@click.option(
    "--clip-mb", type=click.FloatRange(min=0, min_open=True), default=10.0, show_default=True,
    help="Most megabytes of clips to take into the page.",
)  # fmt: skip
@click.option("--title", default="Preferred articulation", show_default=True, help="Heading of the page.")
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path),
    help="The page, or the folder for report.html (default: beside the trial table).",
)  # fmt: skip
@click.option(
    "--scale",
    type=click.Choice(["log2", "linear"]),
    help="How articulation a enters as x, log2(a) or a - 1 (default: what the study declared, else log2).",
)
@click.option(
    "--curve",
    type=click.Choice(["quadratic", "spline"]),
    help="Shape of the curve (default: what the study declared, else quadratic).",
)
@click.option(
    "--equivalence",
    type=click.FloatRange(min=0, min_open=True),
    help="Test that over- and under-articulation differ by less than this, log odds; 0.4 is 10 points near one half."
    " (default: what the study declared).",
)
@click.option(
    "--simulations", type=click.IntRange(min=0), default=0, show_default=True,
    help="Tables drawn from the model, for a test and an interval of the peak that few people or sentences allow.",
)  # fmt: skip
@click.option("--draws", type=click.IntRange(min=100), default=1000, show_default=True, help="Of each bootstrap.")
@click.option(
    "--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that fit a large study."
)
@seed_option
@output_options
def analyze(
    data: Path,
    clips: Path | None,
    clip_sentences: tuple[str, ...],
    clip_mb: float,
    title: str,
    path: Path | None,
    scale: "Scale | None",
    curve: "Curve | None",
    equivalence: float | None,
    simulations: int,
    draws: int,
    workers: int,
    seed: int,
    output: Output,
) -> None:
    """Turn a trial table into results.json and a report page.

    DATA is trials.csv or the folder that holds it; participants.csv (who is used) and study.lock.json (what was fixed
    beforehand) are read if they stand there too. The page is one file that opens from disk: the preference curve, over-
    against under-articulation, the preferred articulation, clips side by side, what it hangs on (exclusions, people,
    sentences), strengths in JOD, moderators, the models, the methods paragraph. Every number in it is in results.json;
    its tables and figures stand in tables/ as CSV, LaTeX and SVG. Systems compared in pairs are ranked instead.
    """
    from lipstudy.report import write_report

    with ExitStack() as bars:
        show: Progress | None = None

        def progress(done: int, total: int) -> None:
            # The bar begins with the bootstrap, after the lines about the models.
            nonlocal show
            show = show or bars.enter_context(output.progress("bootstrap", "draw"))
            show(done, total)

        report = write_report(
            data,
            path or (data if data.is_dir() else data.parent),
            clips=clips,
            clip_sentences=clip_sentences or None,
            most_clip_mb=clip_mb,
            scale=scale,
            curve=curve,
            equivalence_log_odds=equivalence,
            simulations=simulations,
            title=title,
            seed=seed,
            draws=draws,
            workers=workers,
            tell=output.tell,
            progress=progress,
        )
    output.result(
        {
            "report": str(report.page),
            "results": str(report.results_path),
            "headline": report.results["headline"],
            "simulated": report.results["simulated"],
        },
        f"{report.results['headline']}\n{report.page}, {report.results_path}",
    )


@click.command(
    cls=SeveralCommand, epilog="\b\nExample:\n  lipstudy power --participants 24 --sentences 8 --effect 0.6 --seed 1"
)
@click.option("--participants", type=int, default=24, show_default=True)
@click.option("--sentences", type=int, default=8, show_default=True)
@click.option(
    "--articulation", "articulations", type=float, multiple=True, default=(0.5, 0.75, 1.25, 1.5), show_default=True,
    help="Articulation scales, each compared with the original.",
)  # fmt: skip
@click.option("--repetitions", type=int, default=1, show_default=True, help="Times a participant sees each pair.")
@click.option("--effect", type=float, default=0.5, show_default=True, help="Slope of x, log odds; 0: false positives.")
@click.option("--bend", type=float, default=-1.0, show_default=True, help="Slope of x2, log odds.")
@click.option("--offset", type=float, default=0.0, show_default=True, help="Intercept, log odds.")
@click.option("--side", type=float, default=0.1, show_default=True, help="Side bias, log odds; positive: left.")
@click.option("--sd-participant", type=float, default=0.4, show_default=True, help="Spread between participants.")
@click.option("--sd-slope", type=float, default=0.5, show_default=True, help="Spread of x between participants.")
@click.option("--sd-sentence", type=float, default=0.3, show_default=True, help="Spread between sentences.")
@click.option("--sd-sentence-slope", type=float, default=0.2, show_default=True, help="Spread of x between sentences.")
@_scale_option
@click.option("--simulations", type=click.IntRange(min=1), default=200, show_default=True, help="Simulated studies.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@seed_option
@output_options
def power(simulations: int, workers: int, seed: int, output: Output, **assumed: Any) -> None:
    """Say how many participants and sentences a study needs, by simulation.

    Draws studies from the model's own assumptions and counts how many find that over- and under-articulation differ.
    Everything here is simulated: the answer is as good as the assumptions.
    """
    from dataclasses import asdict

    from lipstudy.inference import Assumptions, simulated_power

    assumptions = Assumptions(**assumed)
    with output.progress("simulating", "study") as progress:
        found = simulated_power(assumptions, simulations=simulations, seed=seed, workers=workers, progress=progress)
    value = {"simulated": True, **asdict(found)}
    if math.isnan(found.mean_estimate):
        value["mean_estimate"] = None
    output.result(value, _power_text(found))


def _power_text(found: "Power") -> str:
    a, share = found.assumptions, found.found
    what = "find over- against under-articulation" if a.effect else "find a difference that is not there"
    lines = [
        f"simulated: {a.participants} participants, {a.sentences} sentences, effect {a.effect:g} log odds",
        f"{100 * share.share:.1f} % of {share.total} simulated studies {what} at {found.alpha:g}"
        f" (Monte Carlo interval {100 * share.low:.1f} to {100 * share.high:.1f} %)",
        f"{found.refused} gave no p-value and count as not found; {found.reduced} needed fewer random effects;"
        f" seed {found.seed}",
    ]
    return "\n".join(lines)
