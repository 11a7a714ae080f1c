"""Separation: a combination of the fixed terms that predicts the answers without error."""

import numpy as np

from lipstudy.inference._design import INTERCEPT, Design

__all__ = ["separation"]


def separation(design: Design) -> str | None:
    """Return why the answers are separated, as one sentence, or None if they are not.

    On separated data the likelihood grows without end: no finite estimate exists, and a search that stops somewhere
    reports nonsense. Found by linear programming before anything is fitted: maximise the summed margin of a direction
    that puts no answer on the wrong side.

    Source: Konis 2007, Linear programming algorithms for detecting separated data in binary logistic regression models.
    """
    from scipy.optimize import linprog

    share = design.proportions
    if (share == 1).all() or (share == 0).all():
        return f"separated: every answer is {int(share[0])}, so no effect can be estimated"
    scaled = design.fixed / np.abs(design.fixed).max(axis=0)
    successes = np.unique(scaled[share > 0], axis=0)
    failures = np.unique(scaled[share < 1], axis=0)
    margins = np.vstack([successes, -failures])
    found = linprog(
        -margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(margins)), bounds=(-1.0, 1.0), method="highs"
    )
    if found.status != 0 or -found.fun < 1e-6:
        return None
    terms = [name for name, weight in zip(design.names, found.x, strict=True) if abs(weight) > 1e-6]
    named = [name for name in terms if name != INTERCEPT] or terms
    certain = np.abs(scaled @ found.x) > 1e-6
    told = f"{' and '.join(named)} {'predict' if len(named) > 1 else 'predicts'}"
    places = [design.names.index(name) for name in named]
    if INTERCEPT in terms and len(named) > 1 and (design.fixed[certain][:, places] == 0).all():
        # Treatment contrasts: what every named level is compared with is the level that is certain.
        told = f"the level with which {' and '.join(named)} are compared predicts"
    return (
        f"separated: {told} some answers without error ({certain.sum()} of {design.nobs} rows), so no finite estimate"
        " exists; a penalised fit has one"
    )
