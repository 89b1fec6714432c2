"""The safety scale of a review: each party is asked again in the same words."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.accounts.permissions import PERMISSIONS
from app.assessments.models import Scale
from app.assessments.rules import PARTIES
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, NotFoundError, RuleBrokenError
from app.outcomes import gathering, reviewing, service, sides
from app.outcomes.models import Review
from app.outcomes.schemas import ScoreIn
from app.outcomes.sides import Board, Score
from app.places import queries as places
from app.places import recording, rules
from app.places.models import Place
from app.plans.models import Plan

ABSENT = "There is no such score in this review."
LEADS_REMOVE = "Only a contextual safeguarding lead takes away what somebody has said."
MEANWHILE = "{} It says {} of 10 now, from {} people. Save again to put your answers in its place."
FIELDS = ("party", "n_people", "score", "why", "one_point", "on_date")


def board(session: Session, plan: Plan, review: Review | None) -> Board:
    """What was said in the assessment that the plan rests on, and in this review."""
    before: Sequence[Score] = []
    if plan.assessment_id is not None:
        before = _said(session, Scale.assessment_id == plan.assessment_id)
    now = [] if review is None else _said(session, Scale.review_id == review.id)
    return sides.board(before, now)


def _said(session: Session, of: ColumnElement[bool]) -> list[Score]:
    rows = session.scalars(
        select(Scale).where(of, Scale.deleted_at.is_(None)).order_by(Scale.on_date, Scale.id)
    )
    return [
        Score(
            one.id,
            one.party,
            one.n_people,
            one.score,
            one.on_date,
            one.why or "",
            one.one_point or "",
        )
        for one in rows
    ]


def find(session: Session, review: Review, key: UUID, *, lock: bool = False) -> Scale:
    wanted = select(Scale).where(
        Scale.id == key, Scale.review_id == review.id, Scale.deleted_at.is_(None)
    )
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def save(
    session: Session, actor: Actor, where: tuple[Place, Review], row: Scale | None, wanted: ScoreIn
) -> Scale:
    """A new score, or a change of one that stands as was seen; nothing once it is decided."""
    place, review = where
    must_be_open(review)
    if row is not None:
        must_be_as_seen(row, wanted.version)
    if errors := _errors(session, place, wanted):
        raise InvalidError(service.WRONG, errors)
    if row is None:
        row = Scale(**recording.part(actor), review_id=review.id, version=0)
        session.add(row)
    for name in FIELDS:
        setattr(row, name, getattr(wanted, name))
    recording.touch(row, actor)
    session.flush()
    audit.record(session, "review.scale", "review", review.ref, party=row.party)
    return row


def must_be_as_seen(row: Scale, version: int) -> None:
    """Two people at one score: the second is told what the first wrote, and loses nothing."""
    if row.version != version:
        at = clock.london(row.updated_at)
        when = f"Somebody else changed this score at {at:%H:%M on %-d %B}."
        raise RuleBrokenError(MEANWHILE.format(when, row.score, row.n_people))


def remove(session: Session, actor: Actor, review: Review, row: Scale) -> None:
    must_be_open(review)
    if not may_remove(actor):
        raise ForbiddenError(LEADS_REMOVE)
    row.deleted_at = func.now()
    recording.touch(row, actor)
    audit.record(session, "review.scale-remove", "review", review.ref, party=row.party)


def may_remove(actor: Actor) -> bool:
    return PERMISSIONS.rule(actor.role, "assessment.delete") is not None


def must_be_open(review: Review) -> None:
    if review.decided_by is not None:
        raise RuleBrokenError(reviewing.DECIDED)


def _errors(session: Session, place: Place, wanted: ScoreIn) -> dict[str, str]:
    plan = gathering.plan(session, place)
    began = None if plan is None else plan.active_on
    errors = {}
    if wanted.party not in PARTIES:
        errors["party"] = "Choose who was asked."
    if wanted.on_date > clock.today():
        errors["on_date"] = "This day has not come yet."
    elif began is not None and wanted.on_date < began:
        errors["on_date"] = f"Enter a day on which the plan was active: from {began:%-d %B %Y} on."
    words = places.language(session)
    for name in ("why", "one_point"):
        if stopped := rules.stops(rules.lint(getattr(wanted, name) or "", words)):
            errors[name] = f"Change the words. {stopped}"
    return errors
