"""Circles: the nearest locations of each centre, one by one, up to a limit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.scan.options import Array, Tie

TIE = 1e-9
CHUNK = 512
MOST_ENTRIES = 50_000_000


@dataclass(frozen=True, slots=True)
class Zones:
    """Nested zones of all centres.

    Attributes
    ----------
    start : ndarray of int64, shape (centres + 1,)
        Centre i has the entries start[i] to start[i + 1].
    member : ndarray of int32, shape (entries,)
        Locations, nearest first.
    distance : ndarray of float64, shape (entries,)
    closes : ndarray of bool, shape (entries,)
        Whether the locations so far are a zone; not in the middle of equal distances.
    """

    start: Array
    member: Array
    distance: Array
    closes: Array


def zones(  # noqa: PLR0913 - as the options of a scan
    xy: ArrayLike | None,
    *,
    size: ArrayLike | None = None,
    max_fraction: float | None = 0.5,
    max_radius: float | None = None,
    max_k: int | None = None,
    tie: Tie = "group",
    distances: ArrayLike | None = None,
    centres: ArrayLike | None = None,
) -> Zones:
    """Zones of a circular scan.

    Parameters
    ----------
    xy : array_like, shape (n, dimensions), or None where distances are given
        Locations in any plane.
    size : array_like, shape (n,), optional
        What `max_fraction` is a share of: population, cases and controls, or cases.
    max_fraction, max_radius, max_k, tie, distances, centres
        As in `Settings`. Every limit is closed: a zone that just reaches it counts.

    Returns
    -------
    Zones

    Raises
    ------
    GeoInputError
        A location without coordinates, distances that are none, or more than memory holds.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26(6), 1481-1496.

    Examples
    --------
    >>> found = zones([[0, 0], [1, 0], [-1, 0], [5, 0]], max_fraction=None, max_radius=1)
    >>> found.member[:3].tolist(), found.closes[:3].tolist()
    ([0, 1, 2], [True, False, True])
    """
    place, near = _places(xy, distances, centres)
    n = near.shape[1] if distances is not None else len(place)
    weight = np.ones(n) if size is None else np.asarray(size, dtype=np.float64)
    room = np.inf if max_fraction is None else max_fraction * float(weight.sum())
    room *= 1 + TIE
    entries = 0
    member: list[Array] = []
    distance: list[Array] = []
    closes: list[Array] = []
    for at, apart in _within(place, near, distances is None, max_radius, max_k):
        by, group = _ranked(at, apart, place if tie == "satscan" else None)
        held = int(np.searchsorted(np.cumsum(weight[by]), room, side="right"))
        held = min(held, len(by) if max_k is None else max_k)
        ends = np.ones(len(by), dtype=bool)
        if tie == "group":
            ends[:-1] = group[1:] != group[:-1]
        whole = np.flatnonzero(ends[:held])
        held = int(whole[-1]) + 1 if len(whole) else 0
        entries += held
        if entries > MOST_ENTRIES:
            raise GeoInputError(
                f"The zones hold more than {MOST_ENTRIES:,} locations in all. "
                "Limit them with max_radius or max_k."
            )
        member.append(by[:held].astype(np.int32))
        distance.append(np.sort(apart)[:held])
        closes.append(ends[:held])
    start = np.concatenate([[0], np.cumsum([len(m) for m in member], dtype=np.int64)])
    return Zones(
        start.astype(np.int64),
        np.concatenate([np.empty(0, np.int32), *member]),
        np.concatenate([np.empty(0), *distance]),
        np.concatenate([np.empty(0, bool), *closes]),
    )


def everywhere(n: int) -> Zones:
    """One zone of all n locations, for scans in time alone.

    Examples
    --------
    >>> everywhere(3).closes.tolist()
    [False, False, True]
    """
    held = np.arange(n, dtype=np.int32)
    return Zones(np.array([0, n]), held, np.zeros(n), held == n - 1)


def _places(
    xy: ArrayLike | None, distances: ArrayLike | None, centres: ArrayLike | None
) -> tuple[Array, Array]:
    """Coordinates of locations, and of centres or their distances."""
    place = np.empty((0, 2)) if xy is None else located(xy)
    if distances is None:
        if xy is None:
            raise GeoInputError("A scan needs coordinates, or distances from centre to location.")
        return place, place if centres is None else located(centres)
    near = np.asarray(distances, dtype=np.float64)
    if near.ndim != 2 or (xy is not None and near.shape[1] != len(place)):
        raise GeoInputError("Distances are a table: a row for each centre, a column a location.")
    if np.isnan(near).any() or (near < 0).any():
        raise GeoInputError("A distance is missing or below 0; write infinity for out of reach.")
    return place, near


def located(xy: ArrayLike) -> Array:
    """Coordinates as float64, or a refusal that names the row without.

    Examples
    --------
    >>> located([[0, 1], [2, float("nan")]])
    Traceback (most recent call last):
    geo.errors.GeoInputError: Row 1 has no coordinates.
    """
    place = np.asarray(xy, dtype=np.float64)
    if place.ndim != 2:
        raise GeoInputError("Coordinates are a table: a row for each location.")
    missing = ~np.isfinite(place).all(axis=1)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no coordinates.")
    return place


def _within(
    place: Array, near: Array, plane: bool, max_radius: float | None, max_k: int | None
) -> Iterator[tuple[Array, Array]]:
    """Locations that can be in a zone of each centre, and how far they are."""
    reach = np.full(len(near), np.inf if max_radius is None else max_radius)
    if not plane:
        for row, most in zip(near, reach, strict=True):
            at = np.flatnonzero((row <= most * (1 + TIE) + _slack(most)) & np.isfinite(row))
            yield at, row[at]
        return
    if not len(place):
        for _ in near:
            yield np.empty(0, np.int64), np.empty(0)
        return
    from scipy.spatial import cKDTree

    tree = cKDTree(place)
    if max_k is not None and max_k < len(place):
        furthest = tree.query(near, [max_k])[0][:, 0] if len(near) else reach
        reach = np.minimum(reach, furthest)
    every = np.arange(len(place))
    for a in range(0, len(near), CHUNK):
        some, most = near[a : a + CHUNK], reach[a : a + CHUNK]
        bounded = np.isfinite(most).all()
        found = (
            tree.query_ball_point(some, most * (1 + TIE) + _slack(most), return_sorted=True)
            if bounded
            else [every] * len(some)
        )
        for centre, some_at in zip(some, found, strict=True):
            at = np.asarray(some_at, dtype=np.int64)
            yield at, np.sqrt(((place[at] - centre) ** 2).sum(axis=1))


def _slack(extent: Array | float) -> Array:
    """What rounding may do to distances; in a plane of less than a unit less than a billionth."""
    return np.asarray(TIE * np.minimum(1.0, extent))


def _ranked(at: Array, apart: Array, place: Array | None) -> tuple[Array, Array]:
    """Locations nearest first, and the group of equal distance that each belongs to."""
    by = np.argsort(apart, kind="stable")
    far = apart[by]
    step = np.diff(far, prepend=far[:1]) > np.maximum(_slack(far[-1:].sum()), TIE * far)
    group = np.cumsum(step)
    ranked = at[by]
    keys = [ranked] if place is None or not len(place) else list(place[ranked].T[::-1])
    return ranked[np.lexsort([*keys, group])], group
