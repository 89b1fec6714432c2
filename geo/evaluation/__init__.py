"""Did the context change? Counts before and after, here and elsewhere."""

from geo.evaluation.difference import (
    Difference,
    Wdd,
    dispersion,
    power,
    smallest_detectable_change,
    wdd,
    wdd_harm,
    wdq,
)
from geo.evaluation.etest import e_test
from geo.evaluation.maps import Accuracy, accuracy
from geo.evaluation.verdicts import Said, Verdict, displacement, planning_words, verdict

__all__ = [
    "Accuracy",
    "Difference",
    "Said",
    "Verdict",
    "Wdd",
    "accuracy",
    "dispersion",
    "displacement",
    "e_test",
    "planning_words",
    "power",
    "smallest_detectable_change",
    "verdict",
    "wdd",
    "wdd_harm",
    "wdq",
]
