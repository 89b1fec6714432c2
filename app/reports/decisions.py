"""Decide what happens to a report, take it back, open it again, close it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geoalchemy2.shape import to_shape
from pydantic import ValidationError
from shapely import Point
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.ids import new_id
from app.places import queries as places
from app.places import service as place_service
from app.places.drafts import Draft
from app.places.models import Place
from app.places.rules import Purpose
from app.places.schemas import PlaceIn
from app.reference import queries as reference
from app.reports import answers, homes, queries, rules, triage
from app.reports.answers import LINK, NEW, Answers
from app.reports.models import Report, ReportOriginal, ReportOutcome
from app.reports.rules import State
from app.reports.sealing import Keys
from app.reports.triage import Opened

ROUND_A_PIN_M = 25
NO_REFERENCE = "{} is not a valid reference. Check each character."
# Of a new place: its answers in the form of triage, by those of the form of places.
NEW_FIELDS = {"type_code": "new_type", "name": "new_name", "borough": "new_borough"}


@dataclass(slots=True)
class Wanted:
    """A decision, looked up and checked; `errors` says what stops it, by field of the form."""

    answers: Answers
    errors: dict[str, str] = field(default_factory=dict)
    place: Place | None = None
    new: PlaceIn | None = None
    draft: Draft | None = None
    other: Report | None = None


def check(session: Session, found: Opened, given: Answers, partners: Sequence[str]) -> Wanted:
    """Everything that is wrong at once, in the order of the page."""
    wanted = Wanted(given)
    wanted.errors = answers.of_extracts(given.cut, found.extracts, found.said)
    wanted.errors |= answers.of_sections(given)
    if given.place == LINK and "place" not in wanted.errors:
        _look_up_place(session, wanted)
    elif given.place == NEW:
        _draft_place(session, found, wanted, partners)
    if "DUPLICATE" in given.chosen:
        _look_up_other(session, found.report, wanted)
    if "OUT_OF_AREA_SENT" in given.chosen and given.sent_to not in others(session, partners):
        wanted.errors["sent_to"] = "Choose the borough it goes to."
    wanted.errors = answers.in_order(wanted.errors)
    return wanted


def others(session: Session, partners: Sequence[str]) -> dict[str, str]:
    """Boroughs and districts that are not the partnership's, by code."""
    return {
        found.code: found.name
        for found in sorted(reference.boroughs(session), key=lambda found: found.name)
        if found.code not in partners
    }


def decide(session: Session, keys: Keys, actor: Actor, found: Opened, wanted: Wanted) -> None:
    """Save what `check` found right; the report is locked and as it was looked at."""
    report, original, given = found.report, found.original, wanted.answers
    place = wanted.place
    if wanted.new is not None and wanted.draft is not None:
        place = place_service.propose(session, actor, wanted.new, wanted.draft)
    elif place is not None:
        place.last_information_at = max(
            filter(None, (place.last_information_at, report.created_at))
        )
    cuts = triage.redact(keys, found, given.cut)
    _facts(session, report, given)
    original.working = None
    original.duplicate_of_id = wanted.other.id if wanted.other else None
    _undo_outcomes(session, report)
    _keep_outcomes(session, actor, report, wanted, place)
    if place is not None and homes.is_home(place):
        homes.move_all(session, keys, found, place)
    report.decided_at = clock.now()
    triage.touch(report)
    codes = {"outcomes": given.outcomes, "reason": report.reason_code}
    of = {"place": place.ref if place else None}
    triage.move(session, report, State.DECIDED, "report.decide", why=None, **codes, **of, **cuts)


def undo(session: Session, report: Report, original: ReportOriginal, why: str) -> None:
    """Back to triage as if nothing had been decided. A place that was proposed stays proposed."""
    triage.must_be(report, {State.DECIDED}, State.IN_TRIAGE)
    triage.move(session, report, State.IN_TRIAGE, "report.undo", why=why)
    _undo_outcomes(session, report)
    original.duplicate_of_id = None
    report.outcome_codes, report.reason_code, report.routed_police = [], None, False
    report.decided_at = None
    triage.touch(report)


def reopen(session: Session, actor: Actor, report: Report, why: str) -> None:
    """New evidence after closing; what was decided before stands until it is decided anew."""
    triage.must_be(report, {State.CLOSED}, State.IN_TRIAGE)
    triage.move(session, report, State.IN_TRIAGE, "report.reopen", why=f"Reopened: {why}")
    report.closed_at = None
    queries.original(session, report).assigned_to = actor.id
    triage.touch(report)


def close(session: Session, report: Report) -> None:
    report.closed_at = clock.now()
    triage.touch(report)
    triage.move(session, report, State.CLOSED, "report.close", why=None)


def _facts(session: Session, report: Report, given: Answers) -> None:
    known = {harm.code for harm in reference.harms(session)}
    found = {code.code for code in reference.codes(session, "discovered_by")}
    partner = report.agency_code != "PUBLIC"
    report.harm_codes = [code for code in given.harms if code in known]
    report.discovered_by = (
        given.discovered_by
        if given.discovered_by in found
        else ("PARTNER_REPORT" if partner else "PUBLIC_REPORT")
    )
    _keep_as_sent(report)
    report.how_known = given.how_known if given.how_known in rules.HOW_KNOWN else None
    report.day_parts = [*given.day_parts]
    report.tone = given.tone
    report.outcome_codes = given.outcomes
    report.reason_code = given.reason if "NFA" in given.outcomes else None
    report.routed_police = "REFERRED_POLICE" in given.outcomes
    if "OUT_OF_AREA_SENT" in given.outcomes:
        report.out_of_area_lad = given.sent_to


def _keep_as_sent(report: Report) -> None:
    """What the reporter ticked stays beside what triage made of it, from the first change on."""
    if "sent" not in (report.provenance or {}):
        sent = {"day_parts": [*report.day_parts], "how_known": report.how_known}
        report.provenance = {**(report.provenance or {}), "sent": sent}


def _undo_outcomes(session: Session, report: Report) -> None:
    session.execute(
        update(ReportOutcome)
        .where(ReportOutcome.report_id == report.id, ReportOutcome.undone_at.is_(None))
        .values(undone_at=clock.now())
    )


def _keep_outcomes(
    session: Session, actor: Actor, report: Report, wanted: Wanted, place: Place | None
) -> None:
    given = wanted.answers
    for n, code in enumerate(given.outcomes):
        of_place = code in {"LINKED_PLACE", "NEW_PLACE"} and place is not None
        session.add(
            ReportOutcome(
                id=new_id(),
                report_id=report.id,
                code=code,
                place_id=place.id if of_place and place else None,
                other_report_id=wanted.other.id if code == "DUPLICATE" and wanted.other else None,
                reason_code=given.reason if code == "NFA" else None,
                note=(given.note or None) if n == 0 else None,
                created_by=actor.id,
            )
        )


def _look_up_place(session: Session, wanted: Wanted) -> None:
    try:
        wanted.place = places.lock(session, wanted.answers.place_ref)
    except NotFoundError:
        wanted.errors["place"] = NO_REFERENCE.format(wanted.answers.place_ref[:20])
        return
    if wanted.place.state == "CLOSED":
        wanted.errors["place"] = "This place is closed. Choose another, or propose a new one."


def _look_up_other(session: Session, report: Report, wanted: Wanted) -> None:
    words = "Choose the report that this one repeats."
    try:
        other = queries.find(session, wanted.answers.other_ref)
    except NotFoundError:
        typed = wanted.answers.other_ref[:20]
        wanted.errors["other"] = NO_REFERENCE.format(typed) if typed else words
        return
    if other.id == report.id or queries.original(session, other).duplicate_of_id is not None:
        wanted.errors["other"] = words
        return
    home = homes.of_report(session, other)
    if home is not None and (wanted.place is None or wanted.place.id != home.id):
        wanted.errors["place"] = f"The other report is of a home: choose {home.ref} here, too."
    wanted.other = other


def _draft_place(session: Session, found: Opened, wanted: Wanted, partners: Sequence[str]) -> None:
    given = wanted.answers.new
    told = {"type_code": given.get("type", ""), "name": given.get("name", "")}
    told |= _where(session, found, given)
    try:
        wanted.new = PlaceIn.model_validate(
            told | {"harm_codes": list(wanted.answers.harms), "purpose": Purpose.TRIAGE}
        )
    except ValidationError:
        wanted.errors["new_shape"] = "Check the type, name and shape of the new place."
        return
    wanted.draft = place_service.draft(session, wanted.new, partners)
    wanted.errors |= {
        NEW_FIELDS.get(name, "new_shape"): words for name, words in wanted.draft.errors.items()
    }


def _where(session: Session, found: Opened, given: Mapping[str, str]) -> dict[str, Any]:
    """What was drawn; else the pin, and a little around it where the type is an area."""
    report = found.report
    kind = places.place_type(session, given.get("type", ""))
    if kind is not None and kind.is_online:
        borough = given.get("borough") or next(iter(report.borough_codes), None)
        return {
            "address": found.said.get("online_raw", ""),
            "platform_code": report.platform_code,
            "borough": borough,
        }
    if given.get("shape"):
        return {"shape": given["shape"]}
    if report.geom is None:
        return {}
    pin = to_shape(report.geom)
    if not isinstance(pin, Point):
        return {}
    if kind is not None and "P" not in kind.kinds and "A" in kind.kinds:
        return {"shape": pin.buffer(ROUND_A_PIN_M, quad_segs=6).wkt}
    return {"easting": pin.x, "northing": pin.y}
