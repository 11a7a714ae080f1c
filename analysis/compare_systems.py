"""Which of several systems do viewers prefer? Edit this script; 'lipstudy rank' runs the same functions.

Run it in the study's folder:  python analysis/compare_systems.py experiments/systems.data/trials.csv
For a table of others, name its columns below.
"""

import sys

from lipstudy import LipstudyError
from lipstudy.inference import comparisons_from_table, consistency_of_comparisons, rank_conditions, read_table
from lipstudy.randomness import named_stream

COLUMNS = {
    "left": "system_left",
    "right": "system_right",
    "chosen": "response",  # a system's name, left or right, 1 or 0, no preference; empty is no answer
    "participant": "participant",
    "item": "sentence",
}
LINK = "logit"  # Bradley-Terry; "probit" is Thurstone's case V
SEED = 1  # of people and sentences drawn again


def main(path: str) -> None:
    """Rank, and print what was found."""
    table = read_table(path)
    if {"kind", "valid"} <= set(table.columns):  # our trial table: no catch trials, no trials that do not count
        table = table[(table["kind"] == "2afc") & table["valid"]]
    comparisons = comparisons_from_table(table, **COLUMNS)
    for note in comparisons.notes:
        print(note)

    ranking = rank_conditions(comparisons, rng=named_stream(SEED, "bootstrap"), link=LINK)
    print(f"{'system':24} {'JOD':>6} {'from':>6} {'to':>6}  preferred")
    for row in ranking.ranked:
        print(f"{row.condition:24} {row.jod:6.2f} {row.low:6.2f} {row.high:6.2f}  {row.preferred:g} of {row.answers}")
    for term in ranking.model.terms:
        print(f"{term.term}: {term.estimate:.3f} (se {term.se:.3f})")
    for note in ranking.model.notes:
        print(note)

    told_apart = [pair for pair in ranking.pairs if pair.p_holm < 0.05]
    claimed = [pair for pair in ranking.pairs if pair.binomial_p_holm is not None and pair.binomial_p_holm < 0.05]
    print(
        f"\n{len(told_apart)} of {len(ranking.pairs)} pairs are told apart (Holm); binomial tests claim {len(claimed)}"
    )
    for pair in told_apart:
        print(f"  {pair.first} over {pair.second}: {pair.jod:.2f} JOD ({pair.low:.2f} to {pair.high:.2f})")
    for person in consistency_of_comparisons(comparisons):
        if person.odd:
            print(f"{person.participant} stands out: {'; '.join(person.odd)}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or ["experiments/systems.data/trials.csv"])
    except LipstudyError as error:
        sys.exit(f"Error: {error}")
