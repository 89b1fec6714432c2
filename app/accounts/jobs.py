"""What the worker does for accounts: nobody has to remember who has left, or what has ended."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.accounts import endings, service
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


@blueprint.periodic(cron="*/5 * * * *")
@blueprint.task(name="endings", pass_context=True, queueing_lock="accounts:endings")
def note_endings(context: JobContext, timestamp: int) -> None:
    """Sessions, tokens, second factors, grants and access to packs that ended by themselves."""
    endings.note(context.additional_context["db"], clock.now())
