"""Random numbers that can be had again, p values from simulations, and what many tests cost."""

from geo.significance.corrections import bh, bonferroni, by, holm
from geo.significance.montecarlo import band, gumbel, monte_carlo_p, sequential
from geo.significance.streams import stream
from geo.significance.tails import poisson_binomial_sf, poisson_sf, wilson

__all__ = [
    "band",
    "bh",
    "bonferroni",
    "by",
    "gumbel",
    "holm",
    "monte_carlo_p",
    "poisson_binomial_sf",
    "poisson_sf",
    "sequential",
    "stream",
    "wilson",
]
