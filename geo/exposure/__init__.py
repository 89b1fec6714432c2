"""Incidents for each child who lives there, or each hour that a place is open.

A rate of a place with few residents says more about who is counted than about harm: too small
a denominator is refused in words. Denominators are published numbers, never those of a cluster.
"""

from geo.exposure.intervals import byar_interval, poisson_interval
from geo.exposure.rates import (
    Rate,
    deprivation_quintile,
    rate,
    rate_per_open_hour,
    rates_by_quintile,
)
from geo.exposure.standard import Standardised, standardised

__all__ = [
    "Rate",
    "Standardised",
    "byar_interval",
    "deprivation_quintile",
    "poisson_interval",
    "rate",
    "rate_per_open_hour",
    "rates_by_quintile",
    "standardised",
]
