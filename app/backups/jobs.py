"""Each hour: is the backup of today there? A machine that was off at night makes it by day."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.backups import service
from app.core import log

blueprint = Blueprint()


@blueprint.periodic(cron="17 * * * *")
@blueprint.task(name="daily", pass_context=True)
def daily(context: JobContext, timestamp: int) -> None:
    given = context.additional_context
    try:
        service.daily(given["db"], given["settings"])
    except service.EXPECTED as error:
        log.error("backup.failed", error=error)  # noted already, and tried again in an hour
