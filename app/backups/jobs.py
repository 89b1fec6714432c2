"""Each hour: is the backup of today there? A machine that was off at night makes it by day."""

from threading import Lock, Thread

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.backups import service
from app.core import clock, log
from app.core.db import Database
from app.core.settings import Settings

LONGEST_S = 3 * 3600
blueprint = Blueprint()
_at_work = Lock()
DAILY = "backups:daily"
FAILED = "It failed. The log of the worker says where (backup.failed)."
HANGS = "It did not end within three hours: look at the disk of the backups."


@blueprint.periodic(cron="17 * * * *")
@blueprint.task(name="daily", pass_context=True, lock=DAILY, queueing_lock=DAILY)
def daily(context: JobContext, timestamp: int) -> None:
    """A write into a folder that hangs cannot be ended: it is left behind, and other jobs go on."""
    given = context.additional_context
    began = clock.now()
    making = Thread(target=_make, args=(given["db"], given["settings"]), daemon=True)
    making.start()
    making.join(LONGEST_S)
    if making.is_alive():
        log.error("backup.hangs")
        service.note_failure(given["db"], began, HANGS)


def _make(db: Database, settings: Settings) -> None:
    if not _at_work.acquire(blocking=False):
        log.error("backup.hangs")  # one of an hour ago: another would hang as well
        return
    began = clock.now()
    try:
        service.daily(db, settings)
    except service.EXPECTED as error:
        log.error("backup.failed", error=error)  # noted already, and tried again in an hour
    except Exception as error:
        log.error("backup.failed", error=error)
        service.note_failure(db, began, FAILED)
    finally:
        _at_work.release()
