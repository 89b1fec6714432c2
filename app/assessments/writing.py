"""Several people at one assessment: what each saves, and the steps, inside one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.permissions import ROLES
from app.assessments import forms, locking, queries, reading, rules, service, words
from app.assessments.locking import Clash, Said
from app.assessments.models import Assessment
from app.assessments.reading import Whole
from app.assessments.rules import OPEN, Held, Known, State
from app.assessments.scoring import Score, scores
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, RuleBrokenError, StaleError
from app.places.models import Place


@dataclass(frozen=True, slots=True)
class Desk:
    """One person at one assessment, inside one transaction."""

    session: Session
    actor: Actor
    whole: Whole

    @property
    def assessment(self) -> Assessment:
        return self.whole.assessment


UNDER_WAY = "An assessment of this place is under way already: {}. Work on that one."
READS_ONLY = "Your role reads assessments and does not change them."
OVER = "An approved assessment is not changed. Begin a new one."


def begin(session: Session, actor: Actor, place: Place, columns: Mapping[str, Any]) -> Assessment:
    """A draft; its assessor is whoever was named when the place was to be assessed."""
    for other in queries.of_place(session, place):
        if other.state in OPEN:
            raise RuleBrokenError(UNDER_WAY.format(other.ref))
    harms, hours = list(place.harm_codes), place.week_grid
    given = {"harm_codes": harms, "hours_of_concern": hours, "provenance": {}, **columns}
    assessment = service.create(session, actor, place, assessor=place.lead_user_id, **given)
    touch(assessment, actor, "begin")
    session.flush()
    return assessment


def open_to_change(session: Session, actor: Actor, ref: str) -> Desk:
    """Locked, with all that was written in it."""
    if actor.view != "full":
        queries.find(session, ref)
        raise ForbiddenError(READS_ONLY)
    assessment = queries.find(session, ref, lock=True)
    if assessment.state not in OPEN:
        raise RuleBrokenError(OVER)
    return Desk(session, actor, reading.read(session, assessment))


def touch(assessment: Assessment, actor: Actor, section: str) -> None:
    """Who wrote in which section last, and as what: contributors are told each other's role."""
    before: Mapping[str, Any] = assessment.provenance or {}
    people = {**before.get("people", {}), str(actor.id): actor.role}
    at = {"by": str(actor.id), "at": clock.now().isoformat()}
    saved = {**before.get("saved", {}), section: at}
    assessment.provenance = {**before, "people": people, "saved": saved}


def save_section(
    desk: Desk, section: str, *, columns: Mapping[str, Any], wanted: Said, form: Said
) -> Clash | None:
    """The answers of one section of the record, unless somebody else changed them meanwhile."""
    assessment = desk.assessment
    now = forms.said(assessment, forms.SECTIONS[section])
    last = (assessment.provenance or {}).get("saved", {}).get(section)
    clash = Clash(
        f"section:{section}",
        TITLES[section],
        now,
        wanted,
        UUID(last["by"]) if last else assessment.created_by,
        datetime.fromisoformat(last["at"]) if last else assessment.created_at,
    )
    if met(desk, clash, form):
        return clash
    for name, value in columns.items():
        setattr(assessment, name, value)
    assessment.version += 1
    saved(desk, section)
    return None


TITLES = {
    "basics": "Basics",
    "methods": "Methods",
    "voice": "Voice",
    "signs": "Signs of Safety",
    "scale": "How safe it is, 0 to 10",
}


def met(desk: Desk, clash: Clash, form: Said) -> bool:
    """Whether two people wrote the same at once; then the first is told, whatever is decided.

    `over` in the form: its sender has seen both versions and saves all the same.
    """
    if not locking.stale(form.get("seen"), clash.now, clash.wanted):
        if form.get("over") and clash.by != desk.actor.id and clash.fields:
            _tell(desk, clash, kept="SECOND")
        return False
    _tell(desk, clash, kept="FIRST")
    touch(desk.assessment, desk.actor, "clash")
    ref = desk.assessment.ref
    audit.record(desk.session, "assessment.clash", "assessment", ref, what=clash.what)
    return True


def _tell(desk: Desk, clash: Clash, *, kept: str) -> None:
    before = desk.assessment.provenance or {}
    desk.assessment.provenance = locking.told(
        before, clash, by=desk.actor.id, at=clock.now(), kept=kept
    )


def read_notice(desk: Desk, number: str) -> None:
    """Somebody has seen what another wrote at the same time."""
    before = desk.assessment.provenance or {}
    me = str(desk.actor.id)
    notices = before.get("clashes", [])
    rest = [one for n, one in enumerate(notices) if str(n) != number or one["to"] != me]
    desk.assessment.provenance = {**before, "clashes": rest}
    saved(desk, "seen")


def saved(desk: Desk, section: str) -> None:
    touch(desk.assessment, desk.actor, section)
    desk.session.flush()
    ref = desk.assessment.ref
    audit.record(desk.session, "assessment.update", "assessment", ref, section=section)


def role_of(assessment: Assessment, person: UUID | str) -> str:
    """What somebody who wrote in it is, in words."""
    code = (assessment.provenance or {}).get("people", {}).get(str(person), "")
    return ROLES[code].label if code in ROLES else "somebody else"


def known(session: Session, actor: Actor, whole: Whole) -> Known:
    """What the next step may ask."""
    stops = len(words.stops(session, whole))
    return queries.known(session, actor, whole.assessment, lint_stops=stops)


def held(whole: Whole) -> list[Held]:
    return [
        Held(one.method_code, one.held_on, one.day_part, one.after_dark, one.n_children or 0)
        for one in whole.methods
    ]


def settled(whole: Whole) -> dict[str, int | None]:
    return {one.indicator_code: one.rating for one in whole.answers if one.view == "SETTLED"}


def scored(whole: Whole) -> list[Score]:
    by_children = {
        one.indicator_code
        for one in whole.answers
        if one.view == "CHILDREN" and one.rating is not None
    }
    sure = {one.indicator_code: one.confidence for one in whole.answers if one.view == "SETTLED"}
    return scores(settled(whole), sure, by_children)


def move_on(desk: Desk, *, was: str) -> Assessment:
    """The next step of the work; the last one, approval, is another person's."""
    assessment = desk.assessment
    _must_be_as_looked_at(assessment, was)
    to = rules.MOVES[assessment.state][0]
    if to is State.APPROVED:
        raise RuleBrokenError(rules.NOT_THE_AUTHOR)
    rules.must_be_open(assessment.state, to, known(desk.session, desk.actor, desk.whole))
    return _become(desk, to, "assessment.move")


def approve(desk: Desk, *, was: str) -> Assessment:
    """Signed by another lead; the approved one of before is superseded by the database."""
    assessment, session = desk.assessment, desk.session
    _must_be_as_looked_at(assessment, was)
    known_now = known(session, desk.actor, desk.whole)
    rules.must_be_open(assessment.state, State.APPROVED, known_now)
    all_of = queries.of_place(session, desk.whole.place)
    before = [one for one in all_of if one.state == State.APPROVED]
    assessment.supersedes_id = before[0].id if before else None
    session.flush()
    assessment.approved_by, assessment.approved_at = desk.actor.id, clock.now()
    return _become(desk, State.APPROVED, "assessment.approve")


def _must_be_as_looked_at(assessment: Assessment, was: str) -> None:
    if assessment.state != was:
        at = clock.london(assessment.updated_at)
        who = role_of(assessment, assessment.updated_by)
        raise StaleError(f"Changed by {who} at {at:%H:%M}. Look at it again.")


def _become(desk: Desk, to: State, action: str) -> Assessment:
    assessment, session = desk.assessment, desk.session
    was, found = assessment.state, scored(desk.whole)
    assessment.state = to
    assessment.d1, assessment.d2, assessment.d3 = (one.value for one in found)
    assessment.d1_known, assessment.d2_known, assessment.d3_known = (one.known for one in found)
    assessment.version += 1
    touch(assessment, desk.actor, "state")
    session.flush()
    audit.record(session, action, "assessment", assessment.ref, was=was, to=to)
    session.refresh(assessment)
    return assessment
