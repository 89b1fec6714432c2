"""Times of the week at which a place has more incidents than other places would make one expect."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.numbers import floats
from geo.rhythms.aoristic import DAY_H, WEEK_H, Rhythm
from geo.rhythms.clock import Array
from geo.rhythms.words import in_words
from geo.significance import bh, stream
from geo.significance.montecarlo import TIE

BLOCKS, BLOCK_H = 56, 3
FEW = 20
FEW_ELSEWHERE = 100
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Unusual:
    """56 blocks of 3 hours, Monday 00:00 first.

    `observed` and `expected` incidents; `p` of the draws, `tail` the exact p that it estimates, `q`
    corrected for 56 blocks; `unusual` blocks have q and p of at most 0.05.
    """

    status: Literal["ok", "not enough data"]
    reason: str
    n: float
    observed: Array
    expected: Array
    p: Array
    tail: Array
    q: Array
    unusual: Array

    @property
    def words(self) -> tuple[str, ...]:
        return in_words(np.repeat(self.unusual, BLOCK_H))


@dataclass(frozen=True, slots=True)
class Wheel:
    """What a drawing of the week needs: (7, 24) incidents, Monday first, and its peaks in words.

    `peaks` are blocks beyond chance against `compared`; empty under 20 timed incidents, with the
    `reason`. Exact counts: not for those who read released tables only.
    """

    counts: Array
    timed: float
    untimed: int
    peaks: tuple[str, ...]
    peak_hours: Array
    compared: Literal["other places", "an even week"]
    status: Literal["ok", "not enough data"]
    reason: str


def unusual_times(
    hours: ArrayLike, others: ArrayLike, *, key: str, replicates: int = 999
) -> Unusual:
    """Blocks of 3 hours with more incidents than the profile of other places explains.

    Parameters
    ----------
    hours : array_like of float, shape (168,)
        Incidents of the place by hour of the week, from `hour_of_week`.
    others : array_like of float, shape (168,)
        Of all other places together.
    key : str
        Of the random numbers, see `geo.significance.stream`.
    replicates : int
        Draws of as many incidents from the profile.

    Returns
    -------
    Unusual
        "not enough data" with fewer than 20 timed incidents here, or 100 elsewhere.

    Raises
    ------
    GeoInputError
        Not 168 numbers of 0 or more.

    Notes
    -----
    Half an incident is added to each block of the profile, so that a block in which nothing
    happened elsewhere is rare and not impossible. With 999 draws p cannot fall below 0.001 and one
    block alone could never pass a correction for 56: the correction is made on the exact binomial
    tail, and the drawn p must agree.

    Examples
    --------
    >>> place, others = np.full(168, 0.2), np.full(168, 5.0)
    >>> place[4 * 24 + 15 : 4 * 24 + 18] = 6
    >>> unusual_times(place, others, key="k").words
    ('Fridays 15:00 to 18:00',)
    """
    observed, elsewhere = _blocks(hours), _blocks(others)
    profile = (elsewhere + 0.5) / (elsewhere.sum() + BLOCKS / 2)
    reason = _too_few(float(observed.sum()))
    if not reason and elsewhere.sum() < FEW_ELSEWHERE:
        reason = f"Fewer than {FEW_ELSEWHERE} timed incidents elsewhere to compare with."
    return _against(observed, profile, key, replicates, reason)


def wheel(
    found: Rhythm, others: ArrayLike | None = None, *, key: str, replicates: int = 999
) -> Wheel:
    """Counts for the drawing of a week, and its peaks in words.

    Parameters
    ----------
    found : Rhythm
        Of the place or cluster, from `rhythm`.
    others : array_like of float, shape (168,), optional
        Hours of all other places together; left out: peaks against a week with all hours alike.
    key : str
        Of the random numbers, see `geo.significance.stream`.
    replicates : int

    Returns
    -------
    Wheel

    Examples
    --------
    >>> hours = np.zeros(168)
    >>> hours[4 * 24 + 15 : 4 * 24 + 18] = 7
    >>> drawn = wheel(Rhythm(hours, untimed=2), key="k")
    >>> drawn.counts.shape, drawn.timed, drawn.untimed, drawn.peaks
    ((7, 24), 21.0, 2, ('Fridays 15:00 to 18:00',))
    """
    if others is None:
        observed = _blocks(found.hours)
        reason = _too_few(float(observed.sum()))
        blocks = _against(observed, np.full(BLOCKS, 1 / BLOCKS), key, replicates, reason)
    else:
        blocks = unusual_times(found.hours, others, key=key, replicates=replicates)
    return Wheel(
        counts=found.hours.reshape(7, DAY_H).copy(),
        timed=found.timed,
        untimed=found.untimed,
        peaks=blocks.words,
        peak_hours=np.repeat(blocks.unusual, BLOCK_H).reshape(7, DAY_H),
        compared="an even week" if others is None else "other places",
        status=blocks.status,
        reason=blocks.reason,
    )


def _against(observed: Array, profile: Array, key: str, replicates: int, reason: str) -> Unusual:
    from scipy.stats import binom

    n = round(float(observed.sum()))
    expected = float(observed.sum()) * profile
    none = np.ones(BLOCKS)
    if reason:
        return Unusual(
            "not enough data", reason, float(observed.sum()), observed, expected,
            none, none.copy(), none.copy(), np.zeros(BLOCKS, dtype=bool),
        )  # fmt: skip
    if replicates < 1:
        raise GeoInputError("A simulation needs at least one draw.")
    least = observed - TIE * np.maximum(1.0, observed)
    as_many = np.zeros(BLOCKS, dtype=np.int64)
    for rep in range(replicates):
        as_many += stream(key, "unusual times", rep).multinomial(n, profile) >= least
    p = (as_many + 1) / (replicates + 1)
    tail = np.asarray(binom.sf(np.ceil(least) - 1, n, profile))
    q = bh(tail)
    return Unusual(
        "ok", "", float(observed.sum()), observed, expected,
        p, tail, q, (q <= ALPHA) & (p <= ALPHA),
    )  # fmt: skip


def _too_few(n: float) -> str:
    return f"Fewer than {FEW} incidents with a time." if n < FEW - TIE * FEW else ""


def _blocks(hours: ArrayLike) -> Array:
    week = floats(hours, "A week has 168 hours, each with 0 or more incidents.")
    if week.shape != (WEEK_H,) or not np.isfinite(week).all() or (week < 0).any():
        raise GeoInputError("A week has 168 hours, each with 0 or more incidents.")
    found: Array = week.reshape(BLOCKS, BLOCK_H).sum(axis=1)
    return found
