"""Choices to estimates."""

from lipstudy.inference._agreement import Agreement, krippendorff_alpha
from lipstudy.inference._asymmetry import compare_without_asymmetry
from lipstudy.inference._basis import Scale
from lipstudy.inference._bootstrap import Bootstrap, ModelComparison, compare_models, parametric_bootstrap
from lipstudy.inference._choices import Choices, choices_from_trials
from lipstudy.inference._claims import Equivalence, equivalence, holm
from lipstudy.inference._comparisons import Comparisons, comparisons_from_table
from lipstudy.inference._consistency import PersonConsistency, consistency, consistency_of_comparisons
from lipstudy.inference._curve import (
    Asymmetry,
    CurveModel,
    CurvePoint,
    PreferredArticulation,
    asymmetry,
    preference_curve,
    preferred_articulation,
)
from lipstudy.inference._default import curve_formula, curve_knots
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate
from lipstudy.inference._levels import refuse_lone_levels
from lipstudy.inference._mixed import FixedEffect, MixedFit, fit_mixed_logit
from lipstudy.inference._pair_design import unanimous_pairs
from lipstudy.inference._pair_likelihood import Link
from lipstudy.inference._penalised import PenalisedEffect, PenalisedFit, fit_penalised
from lipstudy.inference._population import PopulationEffect, PopulationFit, population_average
from lipstudy.inference._power import Assumptions, Power, simulate_choices, simulated_power
from lipstudy.inference._proportion import Proportion, proportion
from lipstudy.inference._ranking import PairDifference, Ranked, Ranking, rank_conditions
from lipstudy.inference._reduction import fit_reduced, last_rung
from lipstudy.inference._sensitivity import CurveSensitivity, OddSentence, curve_sensitivity
from lipstudy.inference._strengths import PairedModel, PairTerm, Ties, fit_strengths, jod_unit
from lipstudy.inference._tables import is_trial_table, read_table, with_factors

__all__ = [
    "Agreement",
    "Assumptions",
    "Asymmetry",
    "Bootstrap",
    "Choices",
    "Comparisons",
    "CurveModel",
    "CurvePoint",
    "CurveSensitivity",
    "EngineFit",
    "Equivalence",
    "FixedEffect",
    "Link",
    "MixedFit",
    "ModelComparison",
    "OddSentence",
    "PairDifference",
    "PairTerm",
    "PairedModel",
    "PenalisedEffect",
    "PenalisedFit",
    "PersonConsistency",
    "PopulationEffect",
    "PopulationFit",
    "Power",
    "PreferredArticulation",
    "Proportion",
    "RandomEstimate",
    "Ranked",
    "Ranking",
    "Scale",
    "Ties",
    "asymmetry",
    "choices_from_trials",
    "compare_models",
    "compare_without_asymmetry",
    "comparisons_from_table",
    "consistency",
    "consistency_of_comparisons",
    "curve_formula",
    "curve_knots",
    "curve_sensitivity",
    "equivalence",
    "fit_mixed_logit",
    "fit_penalised",
    "fit_reduced",
    "fit_strengths",
    "holm",
    "is_trial_table",
    "jod_unit",
    "krippendorff_alpha",
    "last_rung",
    "parametric_bootstrap",
    "population_average",
    "preference_curve",
    "preferred_articulation",
    "proportion",
    "rank_conditions",
    "read_table",
    "refuse_lone_levels",
    "simulate_choices",
    "simulated_power",
    "unanimous_pairs",
    "with_factors",
]
