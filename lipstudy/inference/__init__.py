"""Choices to estimates."""

from lipstudy.inference._choices import Choices, Scale, choices_from_trials
from lipstudy.inference._curve import (
    Asymmetry,
    CurvePoint,
    PreferredArticulation,
    asymmetry,
    preference_curve,
    preferred_articulation,
)
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate
from lipstudy.inference._levels import refuse_lone_levels
from lipstudy.inference._mixed import FixedEffect, MixedFit, fit_mixed_logit
from lipstudy.inference._power import Assumptions, Power, simulate_choices, simulated_power
from lipstudy.inference._proportion import Proportion, proportion
from lipstudy.inference._reduction import fit_reduced
from lipstudy.inference._tables import is_trial_table, read_table, with_factors

__all__ = [
    "Assumptions",
    "Asymmetry",
    "Choices",
    "CurvePoint",
    "EngineFit",
    "FixedEffect",
    "MixedFit",
    "Power",
    "PreferredArticulation",
    "Proportion",
    "RandomEstimate",
    "Scale",
    "asymmetry",
    "choices_from_trials",
    "fit_mixed_logit",
    "fit_reduced",
    "is_trial_table",
    "preference_curve",
    "preferred_articulation",
    "proportion",
    "read_table",
    "refuse_lone_levels",
    "simulate_choices",
    "simulated_power",
    "with_factors",
]
