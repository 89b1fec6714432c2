"""Did the context change? Counts before and after, here and elsewhere."""

from geo.evaluation.areas import Site, area_of, ring_of
from geo.evaluation.controls import Candidate, Choice, Refusal, Refused, Rules, choose
from geo.evaluation.designs import Area, Design, Windows, design_of, windows
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
from geo.evaluation.shares import ShareChange, share_change
from geo.evaluation.verdicts import Said, Verdict, displacement, planning_words, verdict

__all__ = [
    "Accuracy",
    "Area",
    "Candidate",
    "Choice",
    "Design",
    "Difference",
    "Ratio",
    "Refusal",
    "Refused",
    "Rules",
    "Said",
    "Series",
    "ShareChange",
    "Site",
    "Verdict",
    "Wdd",
    "Windows",
    "accuracy",
    "area_of",
    "choose",
    "design_of",
    "difference_in_differences",
    "dispersion",
    "displacement",
    "e_test",
    "interrupted",
    "planning_words",
    "power",
    "ring_of",
    "share_change",
    "smallest_detectable_change",
    "verdict",
    "wdd",
    "wdd_harm",
    "wdq",
    "windows",
]
