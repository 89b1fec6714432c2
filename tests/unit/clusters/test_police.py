"""Months of published events as days."""

from datetime import date

import numpy as np

from app.clusters import police
from app.clusters.police import Counted
from app.clusters.rules import Settings, Source
from app.clusters.study import epoch_day

MONTHS = np.arange(0, 12 * 40)


def settings(eps_days):
    return Settings(
        source=Source.POLICE,
        eps_m=250.0,
        eps_days=eps_days,
        min_points=5,
        replicates=999,
        first_on=date(2020, 1, 1),
        last_on=date(2020, 12, 31),
        asked_dates=False,
        partners=(),
    )


def test_the_middle_of_a_month_is_its_15th_or_16th_day():
    days = police.midpoints(MONTHS).astype("datetime64[D]")

    of_month = (days - days.astype("datetime64[M]")).astype(int) + 1
    assert set(of_month.tolist()) == {15, 16}
    assert police.midpoints(np.array([240]))[0] == epoch_day(date(2020, 1, 16))


def test_neighbouring_months_are_more_than_28_and_at_most_31_days_apart():
    gaps = np.diff(police.midpoints(MONTHS))

    assert gaps.min() > 28
    assert gaps.max() <= 31


def test_without_a_limit_in_time_a_site_is_one_row():
    day = police.midpoints(np.array([239, 240, 242, 241]))
    site, n = np.array([0, 0, 0, 1]), np.array([9, 2, 3, 4])

    found = police._by_site(police._in_window(site, day, n, settings(None)))

    assert found.site.tolist() == [0, 1]
    assert found.n.tolist() == [5, 4]
    assert found.dates.tolist() == [2, 1]
    assert (found.first_day[0], found.last_day[0]) == (day[1], day[2])


def test_with_a_limit_in_time_a_site_has_a_row_a_month():
    day = police.midpoints(np.array([240, 242, 241]))

    found = police._in_window(np.array([1, 1, 0]), day, np.array([2, 3, 4]), settings(28))

    expected = Counted(np.array([0, 1, 1]), day[[2, 0, 1]], day[[2, 0, 1]], np.ones(3), [4, 2, 3])
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_arrays_of_months_are_read_as_postgresql_sends_them():
    def sent(*packed):
        head = np.array([1, 0, 23, len(packed), 1], dtype=">i4")
        body = np.array([[4, value] for value in packed], dtype=">i4").ravel()
        return head.tobytes() + body.tobytes()

    raw = sent(240 << 16 | 7, 241 << 16 | 65535) + sent(3 << 16 | 1)

    site, month, n = police._months(np.frombuffer(raw, dtype=np.uint8), np.array([2, 1]))

    assert site.tolist() == [0, 0, 1]
    assert month.tolist() == [240, 241, 3]
    assert n.tolist() == [7, 65535, 1]
