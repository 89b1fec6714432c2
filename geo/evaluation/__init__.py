"""Did the context change? Counts before and after, here and elsewhere."""

from geo.evaluation.difference import (
    Difference,
    Wdd,
    power,
    wdd,
    wdd_harm,
    wdq,
)
from geo.evaluation.etest import e_test
from geo.evaluation.maps import Accuracy, accuracy
from geo.evaluation.noise import dispersion, smallest_detectable_change
from geo.evaluation.series import Ratio, Series, difference_in_differences, interrupted
from geo.evaluation.verdicts import Said, Verdict, displacement, planning_words, verdict

__all__ = [
    "Accuracy",
    "Difference",
    "Ratio",
    "Said",
    "Series",
    "Verdict",
    "Wdd",
    "accuracy",
    "difference_in_differences",
    "dispersion",
    "displacement",
    "e_test",
    "interrupted",
    "planning_words",
    "power",
    "smallest_detectable_change",
    "verdict",
    "wdd",
    "wdd_harm",
    "wdq",
]
