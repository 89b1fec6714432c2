"""What the worker does for intelligence: items whose time is over wait for a person."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor

blueprint = Blueprint()

REVIEW = job_actor("intelligence:review")
REVIEWED = text("select app.intel_reviewed(:day)")


@blueprint.periodic(cron="20 2 * * *")
@blueprint.task(name="review", pass_context=True, queueing_lock="intelligence:review")
def review(context: JobContext, timestamp: int) -> None:
    """Due for review, or expired: read by analysts only until one of them decides."""
    with context.additional_context["db"].begin(REVIEW) as session:
        session.execute(REVIEWED, {"day": clock.today()})
