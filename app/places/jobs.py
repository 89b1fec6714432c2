"""What the worker does for places: labels end by themselves, and homes get their stand-ins."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.core import clock
from app.core.actor import job_actor
from app.places import labels, masks

blueprint = Blueprint()

LABELS = job_actor("places:labels")


# One of these hours is midnight in London, when a label ends; the others are for a worker that
# was away then.
@blueprint.periodic(cron="0 * * * *")
@blueprint.task(name="labels", pass_context=True, queueing_lock="places:labels")
def end_labels(context: JobContext, timestamp: int) -> None:
    """Each hour, in batches, so that a long list holds no locks for long."""
    db = context.additional_context["db"]
    while True:
        with db.begin(LABELS) as session:
            ended = labels.end(session, clock.now())
        if ended.dormant < labels.BATCH and ended.closed < labels.BATCH:
            break


@blueprint.periodic(cron="37 * * * *")
@blueprint.task(name="mask", pass_context=True, lock="places:mask", queueing_lock="places:mask")
def draw_masks(context: JobContext, timestamp: int) -> None:
    """Each hour: a home that is new, or whose address was corrected."""
    given = context.additional_context
    masks.draw(given["db"], given["settings"].key_for("masks"))
