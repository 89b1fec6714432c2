"""What the worker does for accounts, each hour: nobody has to remember who has left."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.accounts import service
from app.core import clock
from app.core.actor import job_actor

blueprint = Blueprint()

JOB = job_actor("accounts:tidy")


@blueprint.periodic(cron="17 * * * *")
@blueprint.task(name="tidy", pass_context=True)
def tidy(context: JobContext, timestamp: int) -> None:
    """Accounts that are over or unused are disabled; counted tries of yesterday are forgotten."""
    with context.additional_context["db"].begin(JOB) as session:
        service.tidy(session, now=clock.now())
