"""Simulated studies whose answer is known: how often the default analysis is right, and what naive ones would claim.

    python -m lipstudy.inference.truth --studies 2000 --workers 2 -o docs/truth.csv

rebuilds the table that docs/inference.md explains, as CSV and, beside it, in Markdown. A study that was simulated is
kept in the work file beside the table; the same command goes on where it was stopped.
"""

import argparse
import json
import math
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lipstudy.execution import Progress, run_each
from lipstudy.inference._curve import CurveModel, asymmetry, preferred_articulation
from lipstudy.inference._default import curve_formula
from lipstudy.inference._power import Assumptions, simulate_choices
from lipstudy.inference._proportion import proportion
from lipstudy.inference._reduction import fit_reduced, last_rung
from lipstudy.randomness import named_stream
from lipstudy.records import write_text

__all__ = ["ANALYSES", "SCENARIOS", "Study", "as_markdown", "simulated_studies", "study_of", "summary"]

ALPHA = 0.05
SEED = 2023

# Distances from the original match in doublings, so that the naive tests have a true null hypothesis, too.
_STUDY = Assumptions(
    participants=24, sentences=16, articulations=(0.5, 0.75, 4 / 3, 2.0), bend=-1.0,
    sd_participant=0.4, sd_slope=0.5, sd_sentence=0.3, sd_sentence_slope=0.3,
)  # fmt: skip

SCENARIOS: Mapping[str, Assumptions] = {
    "no asymmetry": replace(_STUDY, effect=0.0),
    "no asymmetry, people and sentences differ more": replace(
        _STUDY, effect=0.0, sd_participant=0.8, sd_slope=1.0, sd_sentence=0.6, sd_sentence_slope=0.6
    ),
    "preferred at 1.19": replace(_STUDY, effect=0.5),
    "no asymmetry, 24 people, 6 sentences": replace(_STUDY, effect=0.0, sentences=6),
    "no asymmetry, 8 people, 6 sentences": replace(_STUDY, effect=0.0, participants=8, sentences=6),
}
"""Name -> what is true. Without asymmetry the preferred articulation is 1; else 2^(0.5 / 2)."""
_EVERY = (1, 4, 4, 4, 4)
"""Of each scenario every so many studies are made: the first is what the claim of 5 % rests on."""

ANALYSES = {
    "default": "crossed mixed logit, largest random slopes that are not singular, t distribution (Satterthwaite)",
    "wald z": "the same model, normal distribution",
    "logistic regression": "answers taken as independent: chosen ~ x + x2 + side",
    "binomial": "two proportions, over- against under-articulation, answers taken as independent",
    "by person t": "t test over people of their share over less their share under",
    "by item t": "t test over sentences of the same",
}
"""Name -> what it does with a study, each for over- against under-articulation at 5 %."""


@dataclass(frozen=True, slots=True)
class Study:
    """What the analyses made of one simulated study."""

    scenario: str
    number: int
    p: dict[str, float | None]
    """Analysis -> p-value, None if it gives none."""
    slope: float
    """Estimate of x; NaN if the model was refused."""
    preferred: float | None
    """Estimate of the preferred articulation, None without a peak."""
    low: float | None
    """Lower end of Fieller's 95 % interval; None if it is unbounded."""
    high: float | None
    reduced: bool
    """Whether random effects were taken out."""


def study_of(scenario: str, number: int, *, seed: int = SEED) -> Study:
    """Simulate and analyse study `number` of a scenario, from the stream ("truth", scenario, number)."""
    table = simulate_choices(SCENARIOS[scenario], named_stream(seed, "truth", scenario, number))
    articulations = SCENARIOS[scenario].articulations
    tested = (min(articulations), max(articulations))
    formula = curve_formula(table)
    mixed, steps = fit_reduced(formula, table, check=False)
    fit: CurveModel = last_rung(mixed, formula, table) or mixed
    p: dict[str, float | None] = dict.fromkeys(ANALYSES)
    p |= _naive(table)
    slope, preferred, between = math.nan, None, None
    if fit.ok:
        contrast = asymmetry(fit, tested=tested)
        p |= {"default": contrast.p if contrast else None, "wald z": mixed["x"].p}
        slope = float(fit.beta[fit.terms.index("x")])
        peak = preferred_articulation(fit, tested=tested)
        preferred, between = peak.articulation, peak.fieller
    low, high = between or (None, None)
    return Study(scenario, number, p, slope, preferred, low, high, bool(steps))


def _naive(table: Any) -> dict[str, float | None]:
    import statsmodels.api as sm
    from scipy.stats import ttest_1samp
    from statsmodels.stats.proportion import proportions_ztest

    over = table["x"] > 0
    design = sm.add_constant(table[["x", "x2", "side"]].to_numpy(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logistic = sm.GLM(table["chosen"].to_numpy(float), design, family=sm.families.Binomial()).fit()
    won = [int(table["chosen"][side].sum()) for side in (over, ~over)]
    found: dict[str, float | None] = {
        "logistic regression": float(logistic.pvalues[1]),
        "binomial": float(proportions_ztest(won, [int(over.sum()), int((~over).sum())])[1]),
    }
    for name, group in (("by person t", "participant"), ("by item t", "item")):
        shares = table["chosen"].groupby([table[group], over]).mean().unstack()
        found[name] = float(ttest_1samp(shares[True] - shares[False], 0).pvalue)
    return found


def simulated_studies(
    studies: int,
    *,
    work: Path | None = None,
    seed: int = SEED,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Study]:
    """Return the studies of every scenario, those in the work file and the ones that are missing there.

    Parameters
    ----------
    studies : int >= 1
        Of the first scenario; a quarter as many of the others.
    work : Path, optional
        A file to which every study is added as soon as it is analysed, and from which it is read the next time.
    seed : int >= 0
    workers : int >= 1
    progress : Progress, optional
    """
    wanted = [
        (scenario, number)
        for number in range(studies)
        for scenario, every in zip(SCENARIOS, _EVERY, strict=True)
        if number % every == 0
    ]
    known = {(study.scenario, study.number): study for study in _kept(work, seed)}
    missing = [key for key in wanted if key not in known]
    analyse: Any = partial(_study_of_key, seed)
    for done, (_, study) in enumerate(run_each(analyse, missing, workers=workers), start=1):
        known[study.scenario, study.number] = study
        if work is not None:
            with work.open("a", encoding="utf-8") as file:
                file.write(json.dumps([seed, *(getattr(study, name) for name in Study.__slots__)]) + "\n")
        if progress is not None:
            progress(len(wanted) - len(missing) + done, len(wanted))
    return [known[key] for key in wanted]


def _study_of_key(seed: int, key: tuple[str, int]) -> Study:
    return study_of(*key, seed=seed)


def _kept(work: Path | None, seed: int) -> Iterator[Study]:
    if work is None or not work.exists():
        return
    for line in work.read_text(encoding="utf-8").splitlines():
        try:
            of_seed, *values = json.loads(line)
        except json.JSONDecodeError:  # the line that was being written when the process was killed
            continue
        if of_seed == seed:
            yield Study(*values)


def summary(studies: Iterable[Study]) -> list[dict[str, Any]]:
    """Return one row for each scenario and analysis: rejections at 5 %, and for the default coverage and bias."""
    by_scenario: dict[str, list[Study]] = {}
    for study in studies:
        by_scenario.setdefault(study.scenario, []).append(study)
    rows: list[dict[str, Any]] = []
    for scenario, group in by_scenario.items():
        truth = SCENARIOS[scenario]
        preferred = 2.0 ** (-truth.effect / (2 * truth.bend))
        for analysis in ANALYSES:
            rejected = sum(p is not None and p < ALPHA for p in (study.p[analysis] for study in group))
            share = proportion(rejected, len(group))
            row: dict[str, Any] = {
                "scenario": scenario, "analysis": analysis, "studies": len(group),
                "rejected_percent": _percent(share.share), "low_percent": _percent(share.low),
                "high_percent": _percent(share.high), "refused": sum(study.p[analysis] is None for study in group),
                "reduced_percent": None, "covered_percent": None, "unbounded_percent": None,
                "bias_of_preferred_percent": None, "bias_of_slope": None,
            }  # fmt: skip
            if analysis == "default":
                covered = [study.low is None or study.high is None or study.low <= preferred <= study.high
                           for study in group]  # fmt: skip
                peaks = [study.preferred for study in group if study.preferred is not None]
                slopes = [study.slope for study in group if math.isfinite(study.slope)]
                row |= {
                    "reduced_percent": _percent(np.mean([study.reduced for study in group])),
                    "covered_percent": _percent(np.mean(covered)),
                    "unbounded_percent": _percent(np.mean([study.low is None for study in group])),
                    "bias_of_preferred_percent": _percent(np.mean(peaks) / preferred - 1),
                    "bias_of_slope": round(float(np.mean(slopes) - truth.effect), 4),
                }
            rows.append(row)
    return rows


def as_markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the table for a reader: percent of studies, with the interval that their number leaves."""
    lines = [
        "| what is true | analysis | studies | claims a difference, % | 95 % interval holds the preferred scale, % |"
        " bias of the preferred scale, % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        claims = f"{row['rejected_percent']:.1f} ({row['low_percent']:.1f} to {row['high_percent']:.1f})"
        covered, bias = (
            "" if row[key] is None else f"{row[key]:.1f}" for key in ("covered_percent", "bias_of_preferred_percent")
        )
        lines.append(f"| {row['scenario']} | {row['analysis']} | {row['studies']} | {claims} | {covered} | {bias} |")
    return "\n".join(lines) + "\n"


def _percent(share: Any) -> float:
    return round(100 * float(share), 2)


def main() -> None:
    """Rebuild the table."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--studies", type=int, default=2000, help="of the first scenario; fewer of the others (default: 2000)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/truth.csv"), help="the table")
    asked = parser.parse_args()
    work = asked.output.with_suffix(".work.jsonl")
    with tqdm(desc="simulating", unit="study", file=sys.stderr) as bar:

        def shown(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        found = simulated_studies(asked.studies, work=work, workers=asked.workers, progress=shown)
    rows = summary(found)
    lines: list[list[Any]] = [list(rows[0]), *(list(row.values()) for row in rows)]
    text = [",".join("" if cell is None else _cell(cell) for cell in line) for line in lines]
    write_text(asked.output, "\n".join(text) + "\n")
    write_text(asked.output.with_suffix(".md"), as_markdown(rows))
    print(as_markdown(rows), end="")


def _cell(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if "," in text else text


if __name__ == "__main__":
    main()
