"""What callers hand in: words, gaps, dates with zones, planes of any size."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from geo import nearrepeat as nr
from geo import weights
from geo.errors import GeoInputError
from geo.numbers import decimals, floats, times

LATTICE = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
SIZES = (1e-6, 0.001, 0.1, 3.0, 1000.0)


@pytest.mark.parametrize("size", SIZES)
def test_neighbours_are_the_same_in_a_plane_of_any_size(size: float) -> None:
    xy = LATTICE * size
    assert weights.band(xy, size).sum() == 360
    assert weights.band(xy, size * np.sqrt(2)).sum() == 684
    same = weights.knn(xy, 4).toarray() == weights.knn(LATTICE * 1000, 4).toarray()
    assert same.all()
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    assert (weights.within(apart, size).toarray() == weights.band(xy, size).toarray()).all()


@pytest.mark.parametrize("size", SIZES)
def test_interaction_is_the_same_in_planes_and_times_of_any_size(size: float) -> None:
    day = np.arange(100.0) % 7 * size
    found = nr.knox(LATTICE * size, day, size, size, permutations=9)
    told = nr.knox(LATTICE, np.arange(100) % 7, 1, 1, permutations=9)
    assert (found.n, found.space_pairs, found.time_pairs) == (
        told.n, told.space_pairs, told.time_pairs,
    )  # fmt: skip


def test_a_band_is_closed_at_a_limit_that_is_no_whole_millimetre() -> None:
    xy = [(0, 0), (0, 29.9996), (900, 0)]
    assert weights.band(xy, 29.9996).sum() == 2


def test_a_limit_may_be_infinite_but_no_way_is_no_neighbour() -> None:
    xy = [(0, 0), (0, 9), (5000, 1)]
    assert weights.band(xy, np.inf).sum() == 6
    found = nr.knox(xy, [0, 5, 9], np.inf, np.inf, permutations=9)
    assert (found.space_pairs, found.time_pairs, found.n) == (3, 3, 3)
    assert nr.knox([], [], np.inf, 1, permutations=0).n == 0
    assert weights.within([[0, np.inf], [np.inf, 0]], np.inf).nnz == 0


def test_dates_count_in_days_whoever_made_them() -> None:
    xy = [(0, 0), (0, 9), (0, 5)]
    plain = [np.datetime64("2024-03-01"), np.datetime64("2024-03-03"), np.datetime64("2024-03-09")]
    kinds = [
        [1, 3, 9],
        np.array([1, 3, 9], dtype=object),
        pd.Series([1, 3, 9], dtype="Int64"),
        np.array(plain),
        [date(2024, 3, 1), date(2024, 3, 3), date(2024, 3, 9)],
        pd.Series(pd.to_datetime(["2024-03-01", "2024-03-03", "2024-03-09"])),
        pd.Series(pd.to_datetime(["2024-03-01", "2024-03-03", "2024-03-09"])).dt.tz_localize("UTC"),
    ]
    assert [nr.knox(xy, day, 9, 2, permutations=0).n for day in kinds] == [1] * 7


def test_a_time_with_a_zone_is_an_instant() -> None:
    summer = pd.Series(pd.to_datetime(["2024-07-01T12:00"])).dt.tz_localize("Europe/London")
    assert times(summer).astype(str).tolist() == ["2024-07-01T11:00:00"]
    assert times([datetime(2024, 7, 1, tzinfo=UTC)]).dtype == "datetime64[s]"


def test_missing_times_are_missing() -> None:
    assert np.isnat(times([pd.NaT, date(2024, 1, 1)])).tolist() == [True, False]
    assert np.isnan(times([None, 3])).tolist() == [True, False]
    with pytest.raises(GeoInputError, match="Row 1 has no time"):
        nr.knox([(0, 0), (0, 1)], pd.Series([1, None], dtype="Int64"), 1, 1)


@pytest.mark.parametrize("bad", [["noon"], [True], [[1], [2, 3]], np.array([{}]), [object()]])
def test_what_is_no_time_is_refused(bad: object) -> None:
    with pytest.raises(GeoInputError, match="Times are numbers or dates"):
        times(bad)  # type: ignore[arg-type]


def test_times_too_far_apart_for_their_grain_are_refused() -> None:
    with pytest.raises(GeoInputError, match="too far apart"):
        nr.knox([(0, 0), (0, 1), (0, 2)], [0.5, 0, 1e18], 1, 1)


@pytest.mark.parametrize("bad", [[("a", "b")], [[1], [2, 3]], [1, 2, 3], [(1, 2, 3)]])
def test_what_is_no_place_is_refused_in_words(bad: object) -> None:
    with pytest.raises(GeoInputError, match="A place is a row of two numbers"):
        weights.knn(bad, 1)  # type: ignore[arg-type]
    with pytest.raises(GeoInputError, match="A place is a row of two numbers"):
        nr.knox(bad, [1], 1, 1)  # type: ignore[arg-type]


def test_tables_of_words_are_refused() -> None:
    with pytest.raises(GeoInputError, match="table of numbers"):
        nr.knox(None, [1], 1, 1, distances=[["far"]])
    with pytest.raises(GeoInputError, match="holds numbers"):
        weights.within([["far"]], 1)  # type: ignore[list-item]
    with pytest.raises(GeoInputError, match="are 1 rows of 1"):
        nr.mantel_of_tables(1, 2)


@pytest.mark.parametrize("k", [0, 1.5, np.nan])
def test_the_number_of_neighbours_is_whole(k: float) -> None:
    with pytest.raises(GeoInputError, match="whole number"):
        weights.knn(LATTICE, k)  # type: ignore[arg-type]
    with pytest.raises(GeoInputError, match="whole number"):
        nr.jacquez(LATTICE, np.arange(100), k)  # type: ignore[arg-type]


def test_what_is_handed_in_may_be_read_only_strided_or_a_frame() -> None:
    xy = np.arange(24.0).reshape(6, 4)[:, ::2]
    frame = pd.DataFrame(xy)
    still = xy.copy()
    still.flags.writeable = False
    found = [weights.knn(one, 2).toarray().tolist() for one in (xy, frame, still, xy.tolist())]
    assert found[1:] == found[:-1]


def test_decimals_follow_the_width_of_a_small_plane() -> None:
    widths = (0.0, 1e-6, 0.5, 99.0, 100.0, 5e5)
    assert [decimals(np.array([0.0, w])) for w in widths] == [3, 15, 10, 8, 3, 3]
    assert decimals(np.zeros((0, 2))) == 3
    assert floats([[1, 2]], "no").shape == (1, 2)
