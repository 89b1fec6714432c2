"""What the worker does for packs: it builds and checks them, the daily one by itself."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.core import clock
from app.core.partnership import partnership
from app.packs import building

blueprint = Blueprint()


@blueprint.task(name="check", pass_context=True)
def check(context: JobContext, ref: str) -> None:
    given = context.additional_context
    building.check(given["db"], ref, partnership(given["settings"].partnership).names)


# Both hours at which it is half past seven in London; the one that is not builds nothing.
@blueprint.periodic(cron="30 6,7 * * *")
@blueprint.task(name="daily", pass_context=True, queueing_lock="packs:daily")
def daily(context: JobContext, timestamp: int) -> None:
    """Each working day at half past seven, once somebody has planned the first such meeting."""
    given = context.additional_context
    names = partnership(given["settings"].partnership).names
    building.daily(given["db"], clock.now(), names)
