"""When the incidents within the filters of the map happened: hours of the week, after dark."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from app.core import charts
from app.maps import conditions, queries
from app.maps.rules import Filters
from geo import rhythms
from geo.crs import to_wgs84

MOST = 100_000  # read for one page


class Times(NamedTuple):
    """Of `n` incidents; the hour of `untimed` is not known, light or dark of `unknown`."""

    n: int
    untimed: int
    chart: charts.Week
    dark: int
    lit_or_dark: int
    unknown: int

    @property
    def finding(self) -> str:
        """What the chart shows, as its caption."""
        if self.n == self.untimed:
            return "The hour of no incident is known."
        return f"Most often: {self.chart.busiest}."


def read(session: Session, filters: Filters, partners: list[str]) -> Times | None:
    """None when there are too many to read at once."""
    given = conditions.values(filters, partners) | {"most": MOST + 1}
    found = session.execute(queries.asked("incident_times", filters), given).all()
    return None if len(found) > MOST else of_rows(found)


def of_rows(found: Sequence[Any]) -> Times:
    """Rows of first and last second, precision, easting and northing.

    >>> of_rows([]).finding
    'The hour of no incident is known.'
    """
    begin, end = (np.array([row[i] for row in found], dtype=np.int64) for i in (0, 1))
    precision = np.array([row[2] for row in found], dtype=str)
    xy_m = np.array([tuple(row[3:]) for row in found], dtype=np.float64).reshape(-1, 2)
    hours = rhythms.rhythm(begin, end, precision=precision)
    lonlat = np.full_like(xy_m, np.nan)
    placed = np.isfinite(xy_m).all(axis=1)
    lonlat[placed] = to_wgs84(xy_m[placed])
    dark = rhythms.dark_share(
        rhythms.after_dark(begin, end, lonlat[:, 0], lonlat[:, 1], precision=precision)
    )
    chart = charts.week([float(value) for value in np.asarray(hours.hours).ravel()])
    return Times(len(found), hours.untimed, chart, dark.k, dark.n, dark.unknown)
