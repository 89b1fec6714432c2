"""The daily risk briefing of the demonstration: of the last working day, signed by its chairs."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from app.accounts.models import User
from app.accounts.requesters import requester
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.partnership import partnership
from app.core.settings import Settings
from app.core.working_days import is_working_day
from app.packs import building, queries, rules, service
from app.packs.rules import State

CHAIRS = ("demo-practitioner", "demo-police")
MAY = "meeting_pack.approve"


class Chairs(NamedTuple):
    """One of each side."""

    practitioner: UUID
    police: UUID


def go_on(db: Database, settings: Settings) -> str | None:
    """Its reference, when it was built and signed now; a second run finds it there."""
    chairs, names = _chairs(db), partnership(settings.partnership).names
    now = clock.now()
    today = clock.london(now).date()
    day = today if is_working_day(today) and now >= rules.built_at(today) else None
    morning = rules.built_at(day or rules.working_day_before(today))
    ref = building.daily(db, morning, names) if chairs else None
    if ref is not None and chairs is not None:
        for chair in chairs:
            _sign(db, chair, ref)
    return ref


def _sign(db: Database, chair: UUID, ref: str) -> None:
    actor = requester(db, chair, MAY)
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        if pack.state == State.CHECKED and queries.is_chair(session, pack, actor.id):
            service.sign(session, actor, pack)


def _chairs(db: Database) -> Chairs | None:
    with db.read(job_actor("accounts:admin")) as session:
        rows = session.execute(
            select(User.username, User.id).where(
                User.username.in_(CHAIRS), User.is_synthetic, User.state == "ACTIVE"
            )
        ).all()
    known = {row.username: row.id for row in rows}
    return Chairs(*(known[name] for name in CHAIRS)) if len(known) == len(CHAIRS) else None
