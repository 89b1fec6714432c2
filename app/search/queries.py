"""Reads of the search. Row-level security has already limited them to what the actor may see.

Nothing is counted that the reader could not open: the count is of the same rows under the same
policies. The words are looked for in each row that the policies leave, without an index: an
operator on text may not run before a policy (it is not leakproof).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, String, cast, func, literal, or_, select, text
from sqlalchemy.orm import Session

from app.clusters.queries import standing_runs
from app.core.ids import read_reference
from app.incidents.models import Incident
from app.incidents.queries import HARM
from app.incidents.rules import State
from app.places.models import OnlineSpace, Place
from app.places.queries import TYPE, Filters
from app.reports.models import Report

PAGE_SIZE = 25
CLUSTERS = text("""
    with found as (
        select distinct on (lineage.id) lineage.ref, cluster.name, cluster.first_on,
               cluster.last_on
        from app.cluster as cluster
        join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
        where (cluster.run_id = any (cast(:runs as uuid[])) and cluster.reportable
               and strpos(lower(cluster.name), lower(:words)) > 0)
           or lineage.ref = :ref
        order by lineage.id, cluster.last_on desc
    )
    select ref, name, to_char(first_on, 'FMDD Mon YYYY') || ' to '
           || to_char(last_on, 'FMDD Mon YYYY') as about, count(*) over () as total
    from found order by name, ref limit :size offset :first
""")


class Hit(NamedTuple):
    """A row that has the words: its reference, what it is called, and what it says."""

    ref: str
    name: str
    about: str


class Found(NamedTuple):
    hits: Sequence[Hit]
    total: int


NOTHING = Found((), 0)


def places(session: Session, words: str, *, in_full: bool, number: int) -> Found:
    """By name, another name, reference, and the ends of a route; online spaces are a kind apart."""
    about = func.concat_ws(", ", TYPE.c.label, Place.route_line)
    route = or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (Place.route_line, Place.route_from, Place.route_to)
        )
    )
    named = Filters(words=words, in_full=in_full).conditions()
    found = select(Place.ref, Place.name, about).join(TYPE, TYPE.c.code == Place.type_code)
    found = found.where(named[0], or_(named[1], route))
    found = found.where(Place.id.notin_(select(OnlineSpace.place_id)))
    return _page(session, found, (Place.name, Place.ref), number)


def incidents(session: Session, words: str, *, number: int) -> Found:
    """By reference and in the summary; what was withdrawn is found by its reference only."""
    ref = Incident.ref == read_reference(words, "IC")
    said = Incident.summary.icontains(words, autoescape=True) & (Incident.state != State.WITHDRAWN)
    day = func.to_char(func.timezone("Europe/London", Incident.occurred_from), "FMDD Mon YYYY")
    name = func.concat(HARM.c.label, ", ", day)
    found = (
        select(Incident.ref, name, func.coalesce(Incident.summary, ""))
        .join(HARM, HARM.c.code == Incident.harm_code)
        .where(Incident.deleted_at.is_(None), or_(ref, said))
    )
    return _page(session, found, (Incident.occurred_from.desc(), Incident.ref), number)


def clusters(session: Session, words: str, *, number: int) -> Found:
    """By name among those of the newest runs, and by the reference of any."""
    runs: list[UUID] = standing_runs(session)
    given = {"runs": runs, "words": words, "ref": read_reference(words, "CL")}
    page = {"size": PAGE_SIZE, "first": (number - 1) * PAGE_SIZE}
    rows = session.execute(CLUSTERS, given | page).all()
    return Found([Hit(*row[:3]) for row in rows], rows[0].total if rows else 0)


def reports(session: Session, words: str) -> Found:
    """By reference: what was written is sealed, and searched by nobody."""
    ref = read_reference(words, "RP")
    if ref is None:
        return NOTHING
    found = select(Report.ref, literal("Report"), cast("", String)).where(
        Report.ref == ref, Report.deleted_at.is_(None)
    )
    return _page(session, found, (Report.ref,), 1)


def _page(
    session: Session, found: Select[Any, Any, Any], order: Sequence[Any], number: int
) -> Found:
    total = session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
    if not total:
        return NOTHING
    rows = session.execute(found.order_by(*order).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Found([Hit._make(row) for row in rows], total)
