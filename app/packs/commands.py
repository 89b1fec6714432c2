"""`contextmap briefing build --kind daily --period 2026-11-23`: at once, in this process.

A pack is read by the people of its meeting on its page: no file of it is written.
"""

import argparse
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app.core import clock
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.partnership import partnership
from app.meetings.models import Meeting
from app.packs import building, queries, rules, service
from app.packs.rules import Kind

NO_FILE = "A pack is read on its page: no file of it is written."
AHEAD = timedelta(days=35)  # a panel that is planned, and waits for its pack


def build(arguments: argparse.Namespace, context: Context) -> Result:
    """What was frozen stays; what is a draft is built anew."""
    kind = Kind(arguments.kind.upper())
    if kind not in building.KINDS:
        raise InvalidError(rules.NO_CONTENT)
    if arguments.out is not None or arguments.format is not None:
        raise InvalidError(NO_FILE)
    names = partnership(context.settings.partnership).names
    with context.db.begin(building.BUILD) as session:
        pack = queries.standing(session, kind, arguments.period)
        if pack is None:
            meeting = _meeting(session, kind, arguments.period)
            pack = service.begin(session, building.BUILD, kind, arguments.period, meeting)
        ref = pack.ref
    building.check(context.db, ref, names)
    with context.db.read(building.BUILD) as session:
        pack = queries.find(session, ref)
        told = {"briefing": ref, "state": pack.state, "sha256": pack.snapshot_sha256}
        return told | {"files": 0, "lines": [one["words"] for one in pack.checks]}


def _meeting(session: Session, kind: Kind, period: str) -> Meeting | None:
    """The newest of the kind; of a daily briefing that of its day, with the people of the last."""
    if kind is not Kind.DAILY:
        return queries.last_meeting(session, kind, clock.now() + AHEAD)
    try:
        day = date.fromisoformat(period)
    except ValueError:
        raise InvalidError(rules.PERIODS[kind], {"period": rules.PERIODS[kind]}) from None
    held_at = datetime.combine(day, rules.LINES_UNTIL, clock.LONDON)
    return service.daily_meeting(session, building.BUILD, held_at)
