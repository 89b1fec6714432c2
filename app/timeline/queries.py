"""What hangs on a place, each kind by the reader's own rights; row-level security decides."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from app.core.clock import LONDON
from app.incidents.models import Incident, IncidentPlace
from app.intelligence.models import IntelItem, IntelPlace
from app.places.models import Place
from app.reference import queries as reference
from app.reports.models import Report, ReportOriginal, ReportOutcome
from app.timeline.rules import MOST, Item, Kind

MOST_MOVABLE = 150


def items(session: Session, place: Place) -> list[Item]:
    """Newest first, of every kind the reader may see."""
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    found = [
        *reports(session, place.id, harms),
        *intelligence(session, place.id, harms),
        *incidents(session, place.id, harms),
    ]
    return sorted(found, key=lambda item: (item.at, item.ref), reverse=True)


def reports(session: Session, place_id: UUID, harms: Mapping[str, str]) -> list[Item]:
    """Those that were decided to be of this place; which, only the lead may see."""
    root = aliased(Report)
    found = session.execute(
        select(Report, root.ref)
        .outerjoin(ReportOriginal, ReportOriginal.report_id == Report.id)
        .outerjoin(root, root.id == ReportOriginal.duplicate_of_id)
        .where(Report.id.in_(_reports_of(place_id)), Report.deleted_at.is_(None))
        .order_by(Report.created_at.desc(), Report.ref)
        .limit(MOST)
    )
    return [
        Item(
            Kind.REPORT,
            "" if report.erased_at else report.ref,  # nothing is left to open
            report.created_at,
            report.agency_code,
            _labels(report.harm_codes, harms),
            repeats=repeated,
        )
        for report, repeated in found
    ]


def _reports_of(place_id: UUID) -> Select[UUID]:
    return select(ReportOutcome.report_id).where(
        ReportOutcome.place_id == place_id, ReportOutcome.undone_at.is_(None)
    )


def intelligence(session: Session, place_id: UUID, harms: Mapping[str, str]) -> list[Item]:
    """Released items that may lawfully be shared; those of code C are nowhere and never counted."""
    found = session.scalars(
        select(IntelItem)
        .join(IntelPlace, IntelPlace.intel_item_id == IntelItem.id)
        .where(
            IntelPlace.place_id == place_id,
            IntelPlace.removed_at.is_(None),
            IntelItem.deleted_at.is_(None),
            IntelItem.handling == "P",
            IntelItem.tier == "P",
            IntelItem.state == "RELEASED",
        )
        .order_by(IntelItem.valid_from_on.desc(), IntelItem.ref)
        .limit(MOST)
    )
    return [
        Item(
            Kind.INTELLIGENCE,
            item.ref,
            item.occurred_from or datetime.combine(item.valid_from_on, time.min, LONDON),
            item.agency_code,
            _labels(item.harm_codes, harms),
            grade=f"{item.source_eval}{item.info_assess}",
        )
        for item in found
    ]


def incidents(session: Session, place_id: UUID, harms: Mapping[str, str]) -> list[Item]:
    found = session.scalars(
        select(Incident)
        .join(IncidentPlace, IncidentPlace.incident_id == Incident.id)
        .where(
            IncidentPlace.place_id == place_id,
            Incident.deleted_at.is_(None),
            Incident.state != "WITHDRAWN",
        )
        .order_by(Incident.occurred_from.desc(), Incident.ref)
        .limit(MOST)
    )
    return [
        Item(
            Kind.INCIDENT,
            incident.ref,
            incident.occurred_from,
            incident.source_agency,
            _labels([incident.harm_code], harms),
        )
        for incident in found
    ]


def _labels(codes: list[str], harms: Mapping[str, str]) -> str:
    return ", ".join(harms.get(code, code) for code in codes)


def agencies(session: Session) -> dict[str, str]:
    return dict(reference.codes(session, "agency"))


class Movable(NamedTuple):
    """What may go to another place when this one is split."""

    key: UUID
    words: str
    at: datetime
    ref: str


def movable(session: Session, place: Place) -> list[Movable]:
    """Incidents, reports and intelligence in sight, newest first; what is out of sight stays."""
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    happened = session.execute(
        select(Incident.id, Incident.harm_code, Incident.occurred_from, Incident.ref)
        .join(IncidentPlace, IncidentPlace.incident_id == Incident.id)
        .where(IncidentPlace.place_id == place.id, Incident.deleted_at.is_(None))
        .distinct()  # an incident may be linked to a place in two ways
        .order_by(Incident.occurred_from.desc(), Incident.ref)
        .limit(MOST_MOVABLE)
    )
    told = session.execute(
        select(Report.id, Report.created_at, Report.ref)
        .where(Report.id.in_(_reports_of(place.id)), Report.deleted_at.is_(None))
        .order_by(Report.created_at.desc(), Report.ref)
        .limit(MOST_MOVABLE)
    )
    found = [
        Movable(key, f"Incident: {harms.get(code, code)}", at, ref)
        for key, code, at, ref in happened
    ]
    found += [Movable(key, "Report", at, ref) for key, at, ref in told]
    known = session.execute(
        select(IntelItem.id, IntelItem.created_at, IntelItem.ref)
        .join(IntelPlace, IntelPlace.intel_item_id == IntelItem.id)
        .where(IntelPlace.place_id == place.id, IntelPlace.removed_at.is_(None))
        .where(IntelItem.handling == "P", IntelItem.state == "RELEASED")
        .distinct()
        .limit(MOST_MOVABLE)
    )
    found += [Movable(key, "Intelligence", at, ref) for key, at, ref in known]
    return sorted(found, key=lambda each: (each.at, each.ref), reverse=True)
