"""What the worker does for priorities: they are worked out each night."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.core import clock
from app.core.actor import job_actor
from app.priority import service

blueprint = Blueprint()

PRIORITY = job_actor("places:priority")


@blueprint.periodic(cron="35 1 * * *")
@blueprint.task(name="priority", pass_context=True, queueing_lock="places:priority")
def work_out(context: JobContext, timestamp: int) -> None:
    """After labels have ended; in one transaction, so that a list never mixes two nights."""
    with context.additional_context["db"].begin(PRIORITY) as session:
        service.run(session, clock.today())
