"""What the worker does for briefings: it builds, checks and prints them, and tells readers."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.briefings import building, notices, printing, queries
from app.briefings.asked import Known
from app.core import log
from app.core.errors import AppError
from app.core.mail import post_of
from app.core.partnership import partnership

blueprint = Blueprint()

TELL = "briefings:tell"  # one after the other: no letter is sent by two at once


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


@blueprint.periodic(cron="* * * * *")
@blueprint.task(name="tell", pass_context=True, lock=TELL, queueing_lock=TELL)
def tell(context: JobContext, timestamp: int) -> None:
    """What two people signed, or somebody recalled, within the last minute."""
    given = context.additional_context
    notices.note(given["db"])
    post = post_of(given["settings"])
    if post is not None:
        notices.send_waiting(given["db"], post, given["settings"].base_url)
