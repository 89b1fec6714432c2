"""What the home page and the monitors ask."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Grant, User
from app.accounts.queries import unused
from app.admin.queries import in_state, to_confirm, used_in_emergency
from app.admin.rules import GrantState
from app.core.actor import Actor
from app.core.migrate import VERSION
from app.reports.models import Report


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


class Failure(NamedTuple):
    """One job that failed. What it was given is a key, and is not shown."""

    task: str
    asked_at: datetime | None
    failed_at: datetime | None
    tries: int


class Source(NamedTuple):
    name: str
    what: str
    licence: str


PUBLISHERS = "GLA, DfE, Ofsted, Food Standards Agency"
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
        "34,864 live postcodes of south-west London, which come with the service",
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
        f"Open Government Licence v3.0 ({PUBLISHERS}). Contains OS data © Crown copyright and "
        "database rights 2016, 2025 and Geomni UK Map data © and database rights.",
    ),
]


def sources(open_data_of: Sequence[str]) -> list[Source]:
    """With the publishers that this partnership imported from beside those of all."""
    publishers = ", ".join((PUBLISHERS, *open_data_of))
    return [one._replace(licence=one.licence.replace(PUBLISHERS, publishers)) for one in SOURCES]


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

FAILED = text("""
    select count(*), min(event.at)
    from queue.procrastinate_jobs as job
    left join lateral (select max(at) as at from queue.procrastinate_events
                       where job_id = job.id) as event on true
    where job.status = 'failed'
""")
FAILURES = text("""
    select job.task_name, job.scheduled_at, event.at, job.attempts
    from queue.procrastinate_jobs as job
    left join lateral (select max(at) as at from queue.procrastinate_events
                       where job_id = job.id) as event on true
    where job.status = 'failed'
    order by event.at desc nulls last, job.id desc limit 100
""")


def totals(session: Session) -> Totals:
    return Totals._make(session.execute(TOTALS).one())


def schema_version(session: Session) -> str | None:
    found = session.scalar(text(VERSION))
    return None if found is None else str(found)


def accounts_to_confirm(session: Session) -> Waiting:
    """With the day of the oldest."""
    return _counted(session, func.min(User.created_at), to_confirm())


def accounts_unused(session: Session, before: datetime) -> Waiting:
    """Without a day: some of them nobody ever signed in to."""
    n = session.scalar(select(func.count()).select_from(User).where(unused(before)))
    return Waiting(n or 0, None)


def grants_to_approve(session: Session, now: datetime) -> Waiting:
    """With the day on which the oldest was asked for."""
    return _counted(session, func.min(Grant.created_at), in_state(GrantState.ASKED, now))


def grants_ending(session: Session, now: datetime) -> Waiting:
    """With the last day of the next: a grant ends at the midnight after it."""
    last = func.min(Grant.until_at) - timedelta(seconds=1)
    return _counted(session, last, in_state(GrantState.ENDING, now))


def emergencies(session: Session, now: datetime) -> Waiting:
    """With the day of the newest."""
    return _counted(session, func.max(Grant.from_at), used_in_emergency(now))


def own_reports(session: Session, actor: Actor) -> Waiting:
    """Of the organisation, with the day of the newest."""
    own = Report.agency_code == actor.agency
    return _counted(session, func.max(Report.created_at), own, Report.deleted_at.is_(None))


def failed_jobs(session: Session) -> Waiting:
    """Work of the background that ended with an error, with the oldest."""
    return Waiting._make(session.execute(FAILED).one())


def failures(session: Session) -> list[Failure]:
    return [Failure._make(row) for row in session.execute(FAILURES)]


def _counted(session: Session, at: ColumnElement[datetime], *which: ColumnElement[bool]) -> Waiting:
    return Waiting._make(session.execute(select(func.count(), at).where(*which)).one())
