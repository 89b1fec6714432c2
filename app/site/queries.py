"""What the home page and the monitors ask."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, cast, func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Grant, User
from app.accounts.queries import unused_since
from app.accounts.rules import BREAK_GLASS
from app.admin.queries import in_state, to_confirm
from app.admin.rules import GrantState
from app.core.actor import Actor
from app.places import queries as places
from app.places.models import Place
from app.reports.models import Report

HERE = Place.deleted_at.is_(None)


class Totals(NamedTuple):
    places: int
    incidents: int
    clusters: int
    cross_borough: int
    police_events: int
    police_from: str | None
    police_to: str | None


class Waiting(NamedTuple):
    """How many wait, and the day that says how urgent that is."""

    n: int
    at: datetime | None


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
    Source(
        "Stop and search (data.police.uk), when loaded",
        "Day, point and what was looked for: where police looked, beside what was found. Nothing "
        "about the person searched is kept. About a quarter have no point",
        "Open Government Licence v3.0",
    ),
    Source(
        "Counts by area and month (Metropolitan Police, FixMyStreet), when loaded",
        "Published counts, never turned into single incidents",
        "Open Government Licence v2.0 (Metropolitan Police Service, London Datastore). FixMyStreet "
        "Geographic Data by mySociety, ODC-BY 1.0.",
    ),
    Source(
        "Named places, bus routes and railways, when loaded",
        "Names to find and lines to draw along: open data that everybody may know, never places "
        "of concern",
        "Map data © OpenStreetMap contributors, Open Database License. Powered by TfL Open Data. "
        "Open Government Licence v3.0 (GLA, DfE, Ofsted, Food Standards Agency, RB Kingston upon "
        "Thames, LB Wandsworth). Contains OS data © Crown copyright and database rights 2016, "
        "2025 and Geomni UK Map data © and database rights.",
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


def accounts_to_confirm(session: Session) -> Waiting:
    """With the day of the oldest."""
    return _counted(session, func.min(User.created_at), to_confirm())


def accounts_unused(session: Session, before: datetime) -> Waiting:
    return Waiting(len(unused_since(session, before)), None)


def grants_to_approve(session: Session, now: datetime) -> Waiting:
    """With the day on which the oldest was asked for."""
    return _counted(session, func.min(Grant.created_at), in_state(GrantState.ASKED, now))


def grants_ending(session: Session, now: datetime) -> Waiting:
    """With the last day of the next: a grant ends at the midnight after it."""
    last = func.min(Grant.until_at) - timedelta(seconds=1)
    return _counted(session, last, in_state(GrantState.ENDING, now))


def emergencies(session: Session, since: datetime) -> Waiting:
    """With the day of the newest."""
    used = (Grant.kind == BREAK_GLASS, Grant.from_at >= since)
    return _counted(session, func.max(Grant.from_at), *used)


def own_reports(session: Session, actor: Actor) -> Waiting:
    """Of the organisation, with the day of the newest."""
    own = Report.agency_code == actor.agency
    return _counted(session, func.max(Report.created_at), own)


def labels_ending(session: Session, now: datetime) -> Waiting:
    """Of places, with the day on which the next ends."""
    return _counted(session, _first(Place.label_expires_on), places.ending(now), HERE)


def dormant(session: Session) -> Waiting:
    """Places for a lead to review, with the day since when the oldest sleeps."""
    return _counted(session, _first(Place.dormant_at), Place.state == "DORMANT", HERE)


def urgent(session: Session) -> Waiting:
    """Places that cannot wait, with the oldest of them."""
    return _counted(session, _first(Place.urgent_since), Place.urgent_since.is_not(None), HERE)


def _first(day: Any) -> ColumnElement[datetime]:  # noqa: ANN401 - a column of days or moments
    return func.min(cast(day, DateTime(timezone=True)))


def _counted(session: Session, at: ColumnElement[datetime], *which: ColumnElement[bool]) -> Waiting:
    return Waiting._make(session.execute(select(func.count(), at).where(*which)).one())
