"""The worker's entry. Arguments are ids only."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.clusters import service

blueprint = Blueprint()


@blueprint.task(name="recompute", pass_context=True)
def recompute(context: JobContext, run_id: str) -> None:
    """Carry out a run that waits; started again by the sweep when a worker was killed."""
    service.recompute(context.additional_context["db"], UUID(run_id))
