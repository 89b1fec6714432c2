"""The worker's entry. Arguments are ids only."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor
from app.imports import applying, pyramid, service
from app.imports.applying import Bench

blueprint = Blueprint()

TIDY = job_actor("imports:tidy")


def _bench(context: JobContext) -> Bench:
    given = context.additional_context
    return Bench.of(given["db"], given["settings"])


@blueprint.task(name="dry_run", pass_context=True)
def dry_run(context: JobContext, batch_id: str) -> None:
    """Compare a file with what is there."""
    applying.dry_run(_bench(context), UUID(batch_id))


@blueprint.task(name="apply", pass_context=True)
def apply(context: JobContext, batch_id: str) -> None:
    """Bring a file in that was tried out and confirmed: whole or not at all, and once."""
    applying.apply(_bench(context), UUID(batch_id))


@blueprint.task(name="undo", pass_context=True)
def undo(context: JobContext, batch_id: str) -> None:
    applying.undo(_bench(context), UUID(batch_id))


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="count_months", pass_context=True)
def count_months(context: JobContext, timestamp: int) -> None:
    """After an undo, new boundaries or a restore; imports do it themselves."""
    with context.additional_context["db"].cursor(service.JOB) as cursor:
        pyramid.fill(cursor)


@blueprint.periodic(cron="41 * * * *")
@blueprint.task(name="tidy", pass_context=True)
def tidy(context: JobContext, timestamp: int) -> None:
    """Files of yesterday, and what was read of them, are deleted."""
    given = context.additional_context
    with given["db"].begin(TIDY) as session:
        session.execute(text("select app.imports_tidied()"))
    applying.shelf_of(given["settings"]).sweep(clock.now())
