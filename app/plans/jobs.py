"""Owners are reminded of what is due, on working days, each person by one letter a day."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.audit import service as audit
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.mail import Mail, mailer_of, send_all
from app.plans import actions, finding, letters, lists
from app.plans.letters import Due
from app.plans.models import Action

blueprint = Blueprint()

ACTIONS = job_actor("plans:remind")
# Addresses of people are read by the jobs of accounts and by no other.
FAR = timedelta(days=40)  # in it are ten working days, with all holidays
PEOPLE = job_actor("accounts:tidy")


@blueprint.periodic(cron="5 7 * * 1-5")
@blueprint.task(name="remind", pass_context=True, queueing_lock="plans:remind")
def remind(context: JobContext, timestamp: int) -> None:
    """A letter holds numbers and one link, nothing of a place; told once they are sent."""
    given = context.additional_context
    settings, today = given["settings"], clock.today()
    due = waiting(given["db"], today)
    send_all(mailer_of(settings), written(given["db"], due, settings.base_url))
    told(given["db"], due, today)


def waiting(db: Database, today: date) -> list[Due]:
    """What owners are told of today, also for days on which nothing was sent."""
    with db.read(ACTIONS) as session:
        return list(_due(lists.due_between(session, today - FAR, today + FAR), today))


def written(db: Database, due: Sequence[Due], base_url: str) -> list[Mail]:
    """The letters of a day."""
    if not due:
        return []
    with db.read(PEOPLE) as session:
        people = finding.addresses(session)
    return letters.of_day(due, people, base_url)


def told(db: Database, due: Sequence[Due], today: date) -> None:
    """Nobody is told of the same moment twice."""
    if due:
        with db.begin(ACTIONS) as session:
            lists.note_told(session, [one.action for one in due if one.action], today)
            audit.record(session, "action.remind", "action", None, rows=len(due))


def _due(found: Iterable[Action], today: date) -> Iterable[Due]:
    for action in found:
        begun = clock.london(action.created_at).date() - timedelta(days=1)
        days = actions.reminder(action.state, action.due_on, today, action.reminded_on or begun)
        if days is not None:
            yield Due(action.owner_user_id, action.owner_agency, days, action.id)
