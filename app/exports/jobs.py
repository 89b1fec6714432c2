"""What the worker does for exports. Arguments are ids only."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.exports import making

blueprint = Blueprint()


@blueprint.task(name="make", pass_context=True)
def make(context: JobContext, export: str) -> None:
    """Queued in the commit that asks for the file."""
    shared = context.additional_context
    making.make(shared["db"], shared["settings"], UUID(export))


@blueprint.periodic(cron="* * * * *")
@blueprint.task(
    name="sweep", pass_context=True, lock="exports:sweep", queueing_lock="exports:sweep"
)
def sweep(context: JobContext, timestamp: int) -> None:
    """Files that wait and that no job is coming for."""
    shared = context.additional_context
    for export in making.sweep(shared["db"]):
        making.make(shared["db"], shared["settings"], export)


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="tidy", pass_context=True, queueing_lock="exports:tidy")
def tidy(context: JobContext, timestamp: int) -> None:
    """Files of yesterday."""
    shared = context.additional_context
    making.tidy(shared["db"], shared["settings"])
