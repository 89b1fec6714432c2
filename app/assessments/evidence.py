"""What an answer may rest on: items about the place that the writer may see, and methods held.

No words of a report or an item are shown: what kind it is, when it came, and its reference.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assessments.models import Method
from app.assessments.reading import Whole
from app.assessments.rules import METHODS
from app.audit import service as audit
from app.core.clock import london
from app.incidents.models import Incident, IncidentPlace
from app.intelligence.models import IntelItem, IntelPlace
from app.places.models import Place
from app.reference import queries as reference
from app.reports.models import Report, ReportOutcome

MOST = 40  # of each kind, the newest


class Evidence(NamedTuple):
    """One thing to link."""

    id: UUID
    kind: str
    on: date
    words: str
    ref: str = ""
    url: str = ""


def linkable(session: Session, whole: Whole) -> list[Evidence]:
    """Methods that were held, then the items about the place."""
    return [*of_methods(whole.methods), *of_place(session, whole.place)]


def of_place(session: Session, place: Place) -> list[Evidence]:
    """Incidents, reports and intelligence in sight, newest first; reading them is kept."""
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    found = [
        *_incidents(session, place, harms),
        *_reports(session, place, harms),
        *_intelligence(session, place, harms),
    ]
    watched = sum(one.kind != "Incident" for one in found)
    if watched:
        audit.record(session, "place.evidence", "place", place.ref, rows=watched)
    return sorted(found, key=lambda one: (one.on, one.ref), reverse=True)


def _incidents(session: Session, place: Place, harms: dict[str, str]) -> list[Evidence]:
    found = session.scalars(
        select(Incident)
        .join(IncidentPlace, IncidentPlace.incident_id == Incident.id)
        .where(
            IncidentPlace.place_id == place.id,
            Incident.deleted_at.is_(None),
            Incident.state != "WITHDRAWN",
        )
        .order_by(Incident.occurred_from.desc(), Incident.ref)
        .limit(MOST)
    )
    once = {one.id: one for one in found}  # an incident may be linked to a place in two ways
    return [
        Evidence(
            one.id,
            "Incident",
            london(one.occurred_from).date(),
            harms.get(one.harm_code, one.harm_code),
            one.ref,
            f"/incidents/{one.ref}",
        )
        for one in once.values()
    ]


def _reports(session: Session, place: Place, harms: dict[str, str]) -> list[Evidence]:
    of_it = select(ReportOutcome.report_id).where(
        ReportOutcome.place_id == place.id, ReportOutcome.undone_at.is_(None)
    )
    found = session.scalars(
        select(Report)
        .where(Report.id.in_(of_it), Report.deleted_at.is_(None))
        .order_by(Report.created_at.desc(), Report.ref)
        .limit(MOST)
    )
    return [
        Evidence(
            one.id,
            "Report",
            london(one.created_at).date(),
            ", ".join(harms.get(code, code) for code in one.harm_codes),
            one.ref,
            f"/reports/{one.ref}",
        )
        for one in found
    ]


def _intelligence(session: Session, place: Place, harms: dict[str, str]) -> list[Evidence]:
    found = session.scalars(
        select(IntelItem)
        .join(IntelPlace, IntelPlace.intel_item_id == IntelItem.id)
        .where(
            IntelPlace.place_id == place.id,
            IntelPlace.removed_at.is_(None),
            IntelItem.deleted_at.is_(None),
            IntelItem.handling == "P",
            IntelItem.tier == "P",
            IntelItem.state == "RELEASED",
        )
        .order_by(IntelItem.valid_from_on.desc(), IntelItem.ref)
        .limit(MOST)
    )
    once = {one.id: one for one in found}
    return [
        Evidence(
            one.id,
            "Intelligence",
            one.valid_from_on,
            ", ".join(harms.get(code, code) for code in one.harm_codes),
            one.ref,
            f"/intelligence/{one.ref}",
        )
        for one in once.values()
    ]


def of_methods(methods: Iterable[Method]) -> list[Evidence]:
    """Methods that were held: looking and asking are evidence, too."""
    return [
        Evidence(one.id, "Method", one.held_on, METHODS[one.method_code])
        for one in methods
        if one.held_on is not None
    ]


def kept(before: Sequence[UUID], shown: frozenset[str], ticked: Iterable[str]) -> list[UUID]:
    """What is linked from now on: a writer neither adds nor takes away what is out of sight."""
    unseen = [one for one in before if str(one) not in shown]
    chosen = [UUID(one) for one in sorted(set(ticked)) if one in shown]
    return sorted([*unseen, *chosen], key=str)
