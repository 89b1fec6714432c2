"""What the worker does for reports: screen what came in, and end what is over."""

from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.blueprints import Blueprint
from sqlalchemy import text

from app.core import clock, log
from app.core.actor import job_actor
from app.reports import ending, screening

blueprint = Blueprint()

SCREEN = job_actor("reports:screen")
CLOSE = job_actor("reports:close")
AGAIN = RetryStrategy(max_attempts=5, exponential_wait=3)


@blueprint.task(name="screen", pass_context=True, retry=AGAIN)
def screen(context: JobContext, report: str) -> None:
    """Queued by `intake.submit` in the commit that keeps the report."""
    _screened(context, UUID(report))


@blueprint.periodic(cron="* * * * *")
@blueprint.task(
    name="sweep", pass_context=True, lock="reports:sweep", queueing_lock="reports:sweep"
)
def sweep(context: JobContext, timestamp: int) -> None:
    """Reports whose own job was lost: five minutes from coming in to the inbox is the target."""
    with context.additional_context["db"].read(SCREEN) as session:
        waiting = ending.unscreened(session, now=clock.now())
    for report in waiting:
        try:
            _screened(context, report)
        except Exception as error:
            log.error("unscreened", error=error)


@blueprint.periodic(cron="*/5 * * * *")
@blueprint.task(name="tidy", pass_context=True, queueing_lock="reports:tidy")
def tidy(context: JobContext, timestamp: int) -> None:
    """Answers of forms that nobody finished, and counters of earlier hours."""
    with context.additional_context["db"].begin(SCREEN) as session:
        session.execute(text("select intake.tidied()"))


@blueprint.periodic(cron="35 2 * * *")
@blueprint.task(name="close", pass_context=True, queueing_lock="reports:close")
def close(context: JobContext, timestamp: int) -> None:
    """Decided a month ago: closed. Closed a month ago: how to reach the reporter is forgotten."""
    with context.additional_context["db"].begin(CLOSE) as session:
        ending.end(session, now=clock.now())


def _screened(context: JobContext, report: UUID) -> None:
    shared = context.additional_context
    with shared["db"].begin(SCREEN) as session:
        screening.screen(session, shared["keys"], report)
