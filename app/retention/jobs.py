"""Each night what is due is counted; what an auditor approved is erased within five minutes."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.core import clock
from app.retention import erasing

blueprint = Blueprint()


@blueprint.periodic(cron="23 3 * * *")
@blueprint.task(name="plan", pass_context=True, lock="retention:plan")
def plan(context: JobContext, timestamp: int) -> None:
    erasing.daily(context.additional_context["db"], clock.today())


@blueprint.periodic(cron="*/5 * * * *")
@blueprint.task(name="erase", pass_context=True, queueing_lock="retention:erase")
def erase(context: JobContext, timestamp: int) -> None:
    """One at a time, whoever else erases: `erasing` sees to that."""
    given = context.additional_context
    erasing.approved(given["db"], given["settings"])


@blueprint.periodic(cron="52 * * * *")
@blueprint.task(
    name="sweep", pass_context=True, lock="retention:sweep", queueing_lock="retention:sweep"
)
def sweep(context: JobContext, timestamp: int) -> None:
    """Each hour what nobody need approve: sessions, invitations, finished work and the like."""
    erasing.sweep(context.additional_context["db"], clock.now())
