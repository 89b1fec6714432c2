"""The worker's entry. Arguments are ids only."""

from uuid import UUID

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.clusters import renewal, service
from app.places.queries import partner_codes

blueprint = Blueprint()


@blueprint.task(name="recompute", pass_context=True)
def recompute(context: JobContext, run_id: str) -> None:
    """Carry out a run that waits; started again by the sweep when a worker was killed."""
    given = context.additional_context
    service.recompute(given["db"], UUID(run_id), known=given.get("clusters"))


@blueprint.periodic(cron="50 1 * * *")
@blueprint.task(
    name="nightly", pass_context=True, queueing_lock="clusters:nightly", lock="clusters"
)
def nightly(context: JobContext, timestamp: int) -> None:
    given = context.additional_context
    renewal.nightly(
        given["db"], partner_codes(given["settings"].partnership), given.get("clusters")
    )


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(
    name="changed", pass_context=True, queueing_lock="clusters:changed", lock="clusters"
)
def changed(context: JobContext, timestamp: int) -> None:
    given = context.additional_context
    partners = partner_codes(given["settings"].partnership)
    renewal.after_changes(given["db"], partners, given.get("clusters"))
