"""Mixed models against lme4 in the same run, and how long the bootstrap of a large study takes."""

import time
import warnings

import numpy as np
import pytest

from lipstudy.inference import Assumptions, curve_formula, parametric_bootstrap, simulate_choices
from lipstudy.inference._design import build_design
from lipstudy.inference._engine_glmm import fit_with_glmm
from lipstudy.inference._engine_laplace import fit_with_laplace
from lipstudy.inference._engine_mixedlm import fit_with_mixedlm
from lipstudy.inference._formula import parse_formula
from lipstudy.randomness import named_stream

SLOPE = "r2 ~ Anger + Gender + btype + situ + (1 + situ | id) + (1 | item)"


def best_cpu_s(work, times=2) -> float:
    durations = []
    for _ in range(times):
        began = time.process_time()
        work()
        durations.append(time.process_time() - began)
    return min(durations)


@pytest.mark.benchmark
@pytest.mark.needs_r
def test_random_slope_of_verbagg_takes_less_than_lme4_by_all_engines_together(record_property, run_r) -> None:
    import mixedlm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        design = build_design(parse_formula(SLOPE), mixedlm.load_verbagg())
    ours_s = {fit.__name__: best_cpu_s(lambda fit=fit: fit(design)) for fit in (fit_with_glmm, fit_with_mixedlm)}
    lme4_s = float(
        run_r(f"suppressMessages(library(lme4)); cat(system.time(glmer({SLOPE}, VerbAgg, binomial))[['user.self']])")
    )
    record_property("ratio", sum(ours_s.values()) / lme4_s)
    assert sum(ours_s.values()) < lme4_s


@pytest.mark.benchmark
def test_two_refits_of_a_large_study_cost_less_than_a_quarter_of_a_fit_by_glmm(record_property) -> None:
    # A hundred people, 120 choices each. Each draw is fitted with and without what is tested.
    study = simulate_choices(Assumptions(participants=100, sentences=30), named_stream(1, "benchmark"))
    formula = curve_formula(study)
    design = build_design(parse_formula(formula), study)
    glmm_s = best_cpu_s(lambda: fit_with_glmm(design), times=1)
    refits = 20
    bootstrap_s = best_cpu_s(lambda: parametric_bootstrap(formula, study, simulations=refits, seed=1), times=1)
    first_s = best_cpu_s(lambda: fit_with_laplace(design))
    record_property("ratio", (bootstrap_s - first_s) / refits / glmm_s)
    assert np.isfinite(bootstrap_s)
    assert (bootstrap_s - first_s) / refits < 0.25 * glmm_s
