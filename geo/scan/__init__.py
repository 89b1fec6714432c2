"""Scan statistics: circles, and circles with a window of time, that hold too many cases.

Every zone of every centre and every window is looked at, the one with the largest log likelihood
ratio is the most likely cluster, and its p is the share of sets drawn under chance alone whose
own largest ratio is as large: having looked everywhere is paid for. Four models answer four
questions (`poisson`, `bernoulli`, `space_time_permutation`, `expectation_poisson`); `Settings`
lists what each can be told. Coordinates are of any plane, in any unit; distances can be given.
"""

from geo.scan.circles import Zones, zones
from geo.scan.likelihood import bernoulli_llr, expectation_llr, poisson_llr
from geo.scan.options import Options, Settings
from geo.scan.periods import Windows, cases_by_unit, unit_starts, windows
from geo.scan.results import Cluster, Scan
from geo.scan.scans import bernoulli, expectation_poisson, poisson, space_time_permutation

__all__ = [
    "Cluster",
    "Options",
    "Scan",
    "Settings",
    "Windows",
    "Zones",
    "bernoulli",
    "bernoulli_llr",
    "cases_by_unit",
    "expectation_llr",
    "expectation_poisson",
    "poisson",
    "poisson_llr",
    "space_time_permutation",
    "unit_starts",
    "windows",
    "zones",
]
