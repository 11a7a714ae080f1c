"""Which articulation do viewers prefer? Edit this script; 'lipstudy analyze' runs the same functions.

Run it in the study's folder:  python analysis/articulation.py experiments/articulation.data/trials.csv
"""

import sys

from lipstudy import LipstudyError
from lipstudy.inference import (
    asymmetry,
    choices_from_trials,
    curve_formula,
    curve_sensitivity,
    fit_reduced,
    preference_curve,
    preferred_articulation,
)
from lipstudy.randomness import named_stream
from lipstudy.records import read_trials

SCALE = "log2"  # x is log2 of the articulation scale: one unit is a doubling
SEED = 1  # of people and sentences drawn again


def main(path: str) -> None:
    """Fit, and print what was found."""
    choices = choices_from_trials(read_trials(path), scale=SCALE)
    table = choices.table
    print(f"{len(table)} choices of {table['participant'].nunique()} participants; left out: {choices.left_out}")
    if table["simulated"].any():
        print("SIMULATED viewers: no person took part")

    formula = curve_formula(table)  # or write your own, before you see the data
    fit, steps = fit_reduced(formula, table)
    print(f"\n{fit.formula}\nverdict: {fit.verdict}")
    for step in steps:
        print(f"  {step}")
    for effect in fit.fixed:
        print(f"  {effect.term:12} {effect.estimate:8.3f} (se {effect.se:.3f}, df {effect.df:.1f}), p = {effect.p_t}")
    if not fit.ok:
        return

    tested = (min(1.0, table["articulation"].min()), max(1.0, table["articulation"].max()))
    print("\npreferred to the original:")
    for point in preference_curve(fit, [0.5, 0.75, 1.0, 1.25, 1.5], scale=SCALE):
        print(f"  a = {point.articulation:<5} {point.probability:.2f} ({point.low:.2f} to {point.high:.2f})")
    print("peak:", preferred_articulation(fit, tested=tested, scale=SCALE))
    print("over against under:", asymmetry(fit, tested=tested, scale=SCALE))

    moved = curve_sensitivity(table, rng=named_stream(SEED, "sensitivity"), tested=tested, scale=SCALE)
    if moved is not None:
        print(f"\npeople and sentences drawn again: difference {moved.low:.3f} to {moved.high:.3f}")
        for sentence in moved.odd_sentences:
            print(f"  {sentence.sentence} differs: slope {sentence.slope:.2f} against {sentence.others:.2f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or ["experiments/articulation.data/trials.csv"])
    except LipstudyError as error:
        sys.exit(f"Error: {error}")
