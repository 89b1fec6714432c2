"""Answers of yesterday are deleted."""

from procrastinate import JobContext
from procrastinate.blueprints import Blueprint

from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.settings import Settings
from app.subjects import service

blueprint = Blueprint()

TIDY = job_actor("subjects:tidy")


@blueprint.periodic(cron="*/10 * * * *")
@blueprint.task(name="tidy", pass_context=True, queueing_lock="subjects:tidy")
def tidy(context: JobContext, timestamp: int) -> None:
    """The file, its key, and whatever a transaction that failed left on the disk."""
    given = context.additional_context
    delete_old(given["db"], given["settings"])


def delete_old(db: Database, settings: Settings) -> None:
    shelf = service.shelf(settings)
    with db.begin(TIDY) as session:
        service.tidied(session, shelf)
    shelf.sweep(clock.now())
