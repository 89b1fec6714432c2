"""The comparison that was registered before runs on its date; whoever leads the place is told."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.blueprints import Blueprint

from app.core import clock, log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.mail import Mail, mailer_of, send_all
from app.outcomes import comparing, dated
from app.places.models import Place
from app.plans import finding
from app.plans.models import Measure

blueprint = Blueprint()

COMPARING = job_actor("outcomes:compare")
# Addresses of people are read by the jobs of accounts and by no other.
PEOPLE = job_actor("accounts:tidy")
AGAIN = RetryStrategy(max_attempts=4, wait=15 * 60)
SUBJECT = "A comparison was made on its date"
SIGN_IN = "Sign in to read what they say, and say whether incidents were recorded in the same way:"


class NotComparedError(Exception):
    """Some could not be compared: the queue tries again, and so does the next morning."""


class Done(NamedTuple):
    """Whom to tell of the comparisons of a morning, once for each; and how many failed."""

    tell: Sequence[UUID]
    failed: int


@blueprint.periodic(cron="25 5 * * *")
@blueprint.task(name="compare", pass_context=True, queueing_lock="outcomes:compare", retry=AGAIN)
def compare(context: JobContext, timestamp: int) -> None:
    """Those that are due, each in a transaction of its own: one that fails stops no other."""
    given = context.additional_context
    settings = given["settings"]
    done = run(given["db"], clock.today())
    send_all(mailer_of(settings), written(given["db"], done.tell, settings.base_url))
    if done.failed:
        raise NotComparedError


def run(db: Database, today: date) -> Done:
    with db.read(COMPARING) as session:
        keys = [(one.measure.id, one.place.id, _owner(one)) for one in dated.due(session, today)]
    tell, failed = [], 0
    for measure, place, owner in keys:
        try:
            _compare(db, measure, place)
        except Exception as wrong:
            log.error("outcomes.not-compared", job="outcomes:compare", error=wrong)
            failed += 1
        else:
            tell.append(owner)
    return Done(tell, failed)


def _owner(one: dated.Dated) -> UUID:
    """Who leads the place; else who wrote the plan."""
    return one.place.lead_user_id or one.plan.created_by


def _compare(db: Database, measure: UUID, place: UUID) -> None:
    with db.begin(COMPARING) as session:
        one = session.get_one(Measure, measure)
        comparing.run_by_itself(session, COMPARING, session.get_one(Place, place), one)


def written(db: Database, tell: Sequence[UUID], base_url: str) -> list[Mail]:
    """One letter to each: a number and one link, nothing of a place."""
    if not tell:
        return []
    with db.read(PEOPLE) as session:
        people = finding.addresses(session)
    counts = Counter(tell)
    link = f"{base_url.rstrip('/')}/outcomes"
    return [
        Mail(one.email, SUBJECT, "\n".join([_words(counts[one.id]), "", SIGN_IN, link, "", END]))
        for one in people
        if one.id in counts
    ]


END = "Contextmap\n"


def _words(n: int) -> str:
    """In one sentence.

    >>> _words(2)
    'The counts of 2 plans were compared on the date that was fixed for them.'
    """
    if n == 1:
        return "The counts of 1 plan were compared on the date that was fixed for it."
    return f"The counts of {n} plans were compared on the date that was fixed for them."
