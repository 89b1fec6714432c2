"""What an engine has to know of a model: what chance expects, and how to draw from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from geo.errors import GeoInputError
from geo.scan.likelihood import bernoulli_llr, expectation_llr, poisson_llr
from geo.scan.options import Array
from geo.scan.periods import Windows

DRAWN_AT_ONCE = 1_000_000_000  # numpy's limit for drawing without replacement


@dataclass(frozen=True, slots=True)
class Model:
    """A scan's null hypothesis.

    Attributes
    ----------
    name : str
        Of the stream of random numbers.
    base : ndarray of float64, shape (locations, 1 or windows)
        What a cylinder's share is made of; summed over its locations.
    factor : ndarray of float64, shape (windows,)
        base * factor, summed, is the measure q of a cylinder.
    rate : float
        Expected cases for one of q.
    most : float
        Cases that no cylinder of any replicate exceeds.
    llr : callable
        Log likelihood ratio of (cases, q); grows with cases and falls with q.
    draw : callable
        Cases (locations, segments) under chance alone, from a stream.
    """

    name: str
    base: Array
    factor: Array
    rate: float
    most: float
    llr: Callable[[Array, Array], Array]
    draw: Callable[[np.random.Generator], Array]


def poisson_model(cases: Array, people: Array, units: int, windows: Windows) -> Model:
    """Cases (locations, segments) among people (locations, 1 or units)."""
    total = int(cases.sum())
    constant = people.shape[1] == 1
    length = np.add.reduceat(np.ones(units), windows.cuts)
    segments = people * length if constant else windows.segments(people)
    share = segments.ravel() / max(float(segments.sum()), 1e-300)

    def draw(rng: np.random.Generator) -> Array:
        return rng.multinomial(total, share).reshape(segments.shape)

    every = float(segments.sum()) or 1.0
    base = people if constant else windows.sums(segments)
    lasted = windows.stop - windows.start if constant else np.ones(len(windows.start))
    factor = lasted * (total / every)
    return Model("scan.poisson", base, factor, 1.0, total, partial(poisson_llr, total=total), draw)


def bernoulli_model(cases: Array, people: Array, windows: Windows) -> Model:
    """Cases among cases and controls, both (locations, segments)."""
    total, everyone = int(cases.sum()), int(people.sum())
    if everyone >= DRAWN_AT_ONCE:
        raise GeoInputError("A billion cases and controls or more: use the Poisson model.")

    def draw(rng: np.random.Generator) -> Array:
        cells = people.ravel()
        drawn = rng.multivariate_hypergeometric(cells, total, method="marginals")
        return drawn.reshape(people.shape)

    base = windows.sums(people).astype(np.float64)
    rate = total / max(everyone, 1)
    llr = partial(bernoulli_llr, total=total, everyone=everyone)
    return Model("scan.bernoulli", base, np.ones(base.shape[1]), rate, total, llr, draw)


def expectation_model(baseline: Array, windows: Windows) -> Model:
    """A baseline (locations, segments) that is known."""
    if float(baseline.sum()) >= DRAWN_AT_ONCE:
        raise GeoInputError("A baseline of a billion cases or more is beyond what can be drawn.")

    def draw(rng: np.random.Generator) -> Array:
        return rng.poisson(baseline)

    base = windows.sums(baseline)
    return Model(
        "scan.expectation", base, np.ones(base.shape[1]), 1.0, np.inf, expectation_llr, draw
    )


def permutation_model(cases: Array, windows: Windows) -> Model:
    """Cases (locations, segments), their dates dealt out anew."""
    total = int(cases.sum())
    of_place, of_segment = cases.sum(axis=1), cases.sum(axis=0)
    of_window = windows.sums(of_segment[None, :])[0]
    return Model(
        "scan.permutation",
        of_place[:, None].astype(np.float64),
        of_window / max(total, 1),
        1.0,
        int(of_window.max(initial=0)),
        partial(poisson_llr, total=total),
        partial(_dealt, of_place=of_place, of_segment=of_segment),
    )


def _dealt(rng: np.random.Generator, of_place: Array, of_segment: Array) -> Array:
    """A table with the same sums of rows and columns.

    Few events are dealt one by one; many by one multivariate hypergeometric draw for each column,
    whose cost does not grow with their number. The largest column is what is left.
    """
    total, table = int(of_place.sum()), np.zeros((len(of_place), len(of_segment)), dtype=np.int64)
    last = int(of_segment.argmax())
    columns = [s for s in range(len(of_segment)) if s != last]
    if total <= 2 * table.size:
        few = of_segment[columns]
        chosen = rng.choice(np.repeat(np.arange(len(of_place)), of_place), few.sum(), replace=False)
        cell = chosen * len(of_segment) + np.repeat(np.array(columns, dtype=np.int64), few)
        table += np.bincount(cell, minlength=table.size).reshape(table.shape)
        table[:, last] = of_place - table.sum(axis=1)
        return table
    left = of_place.copy()
    for s in columns:
        table[:, s] = rng.multivariate_hypergeometric(left, of_segment[s], method="marginals")
        left -= table[:, s]
    table[:, last] = left
    return table
