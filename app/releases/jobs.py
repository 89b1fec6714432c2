"""What the worker does for releases: it counts and checks, publishes, and tidies the ledger."""

from datetime import timedelta

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor
from app.places.queries import partner_codes
from app.releases import building, queries

blueprint = Blueprint()

TIDY = job_actor("releases:tidy")
KEEP = timedelta(days=90)


@blueprint.task(name="build", pass_context=True)
def build(context: JobContext, code: str) -> None:
    given = context.additional_context
    building.build(given["db"], code, partner_codes(given["settings"].partnership))


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="publish", pass_context=True, queueing_lock="releases:publish")
def publish(context: JobContext, timestamp: int) -> None:
    """What two people signed within the last minute."""
    given = context.additional_context
    with given["db"].read(building.BUILD) as session:
        codes = queries.signed(session)
    for code in codes:
        building.publish(given["db"], code, partner_codes(given["settings"].partnership))


@blueprint.periodic(cron="47 3 * * *")
@blueprint.task(name="tidy", pass_context=True)
def tidy(context: JobContext, timestamp: int) -> None:
    """Who read which numbers is kept for 90 days."""
    with context.additional_context["db"].begin(TIDY) as session:
        gone = text("delete from app.release_read where at < :before")
        session.execute(gone, {"before": clock.now() - KEEP})
