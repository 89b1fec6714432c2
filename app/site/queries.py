"""What the home page and the monitors ask."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Totals(NamedTuple):
    places: int
    incidents: int
    clusters: int
    cross_borough: int
    police_events: int
    police_from: str | None
    police_to: str | None


class Source(NamedTuple):
    name: str
    what: str
    licence: str


SOURCES = [
    Source(
        "Borough boundaries (2012)",
        "32 boroughs and the City, clipped to mean high water: the tidal Thames is outside",
        "Open Government Licence v3.0. Contains National Statistics data © Crown copyright and "
        "database right 2012. Contains Ordnance Survey data © Crown copyright and database right "
        "2012.",
    ),
    Source(
        "Postcodes (Code-Point Open, May 2025)",
        "34,864 live postcodes of the two boroughs and their seven neighbours",
        "Open Government Licence v3.0. Contains OS data © Crown copyright and database right 2025. "
        "Contains Royal Mail data © Royal Mail copyright and database right 2025. Contains "
        "National Statistics data © Crown copyright and database right 2025.",
    ),
    Source(
        "Street-level crime and anti-social behaviour (data.police.uk), when loaded",
        "Month only; each point was moved to a nearby street or place by the publisher",
        "Open Government Licence v3.0",
    ),
]

TOTALS = text("""
    with newest as (
        select distinct on (source) id from app.cluster_run
        where state = 'DONE' order by source, finished_at desc
    )
    select (select count(*) from app.place where deleted_at is null),
           (select count(*) from app.incident where deleted_at is null),
           (select count(*) from app.cluster where run_id in (select id from newest)),
           (select count(*) from app.cluster where run_id in (select id from newest)
                and cross_borough),
           (select coalesce(sum(n_events), 0) from reference.place_point),
           (select to_char(min(month), 'FMMonth YYYY') from reference.point_month),
           (select to_char(max(month), 'FMMonth YYYY') from reference.point_month)
""")


def totals(session: Session) -> Totals:
    return Totals._make(session.execute(TOTALS).one())


def schema_version(session: Session) -> str | None:
    found = session.scalar(text("select version_num from reference.schema_version"))
    return None if found is None else str(found)
