"""Which open data is loaded: how much, from when to when, and how many months have none."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Loaded(NamedTuple):
    """One set of data. `months` have rows; between the first and the last lie `span`."""

    name: str
    rows: int
    first: date | None
    last: date | None
    months: int | None

    @property
    def gaps(self) -> int:
        if self.first is None or self.last is None or self.months is None:
            return 0
        span = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return span - self.months


SERIES = {
    "met_lsoa": "Recorded crime by LSOA (Metropolitan Police), counts",
    "met_ward": "Recorded crime by ward (Metropolitan Police), counts",
    "met_knife": "Knife crime by borough (Metropolitan Police), counts",
    "met_vawg": "Violence against women and girls by ward (Metropolitan Police), counts",
    "fixmystreet": "Residents' reports to FixMyStreet by LSOA, counts",
}
DATED = text("""
    select 'Street-level crime and anti-social behaviour', coalesce(sum(n), 0), min(month),
           max(month), count(distinct month)
    from reference.point_month
    union all
    select 'Stop and search', count(*), min(date_trunc('month', day))::date,
           max(date_trunc('month', day))::date, count(distinct date_trunc('month', day))
    from reference.police_search
    union all
    (select series, count(*), min(month), max(month), count(distinct month)
     from reference.area_count group by series order by series)
""")
NAMED = text("""
    select 'Streets by name', count(*) from reference.street
    union all select 'Stations, schools, parks, shops and other named places', count(*)
    from reference.site
    union all select 'Bus stops', count(*) from reference.stop
    union all select 'Bus routes and railways, lines', count(*) from reference.line
    union all select 'Stops of bus routes, in order', count(*) from reference.route_stop
""")


def loaded(session: Session) -> list[Loaded]:
    """What this reader may see of it; sets without a row are left out."""
    dated = [
        Loaded(SERIES.get(str(row[0]), str(row[0])), *row[1:]) for row in session.execute(DATED)
    ]
    named = [Loaded(name, rows, None, None, None) for name, rows in session.execute(NAMED)]
    return [each for each in dated + named if each.rows]
