"""What the worker does for briefings: it builds, checks and prints them."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.briefings import building, printing, queries
from app.briefings.asked import Known
from app.core import log
from app.core.errors import AppError
from app.core.partnership import partnership

blueprint = Blueprint()


@blueprint.task(name="check", pass_context=True)
def check(context: JobContext, ref: str) -> None:
    given = context.additional_context
    told = partnership(given["settings"].partnership)
    building.check(given["db"], ref, {one.code: one.name for one in told.borough}, Known.of(told))


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="print_missing", pass_context=True, queueing_lock="briefings:print_missing")
def print_missing(context: JobContext, timestamp: int) -> None:
    """What was frozen, tabled or recalled and is not printed as that yet."""
    db = context.additional_context["db"]
    with db.read(printing.PRINT) as session:
        refs = queries.unprinted(session)
    for ref in refs:
        try:
            printing.keep_pdf(db, ref)
        except AppError as refused:
            log.error("briefing.print_failed", ref=ref, error=refused)
