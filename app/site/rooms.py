"""Room on the disk: of the data folder, and of a database server elsewhere, whichever has less.

What a server has left it does not tell. Whoever runs it says how much the database may take
(`CONTEXTMAP_DATABASE_GB`), and its size tells the rest.
"""

from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.core import disk
from app.core.db import Database
from app.core.errors import BusyError
from app.core.settings import Settings
from app.site.figures import LOOK, SIZE


def of_database(session: Session, settings: Settings) -> disk.Room | None:
    """None where nobody said how much it may take."""
    if not settings.database_gb:
        return None
    total = settings.database_gb * disk.GB
    return disk.Room(total, max(0, total - int(session.scalar(SIZE) or 0)))


def asked(db: Database, settings: Settings) -> disk.Room | None:
    """The same in a transaction of its own; None where the database does not answer."""
    if not settings.database_gb:
        return None
    try:
        with db.read(LOOK) as session:
            return of_database(session, settings)
    except BusyError:
        return None


def least(db: Database, settings: Settings) -> disk.Room:
    """Asks now."""
    return _less(disk.room(settings.data_dir), asked(db, settings))


def of(app: FastAPI) -> disk.Room:
    """For each request: the database's as it was looked at seconds ago (`site.presence`)."""
    return _less(disk.room(app.state.settings.data_dir), app.state.database_room)


def _less(here: disk.Room, there: disk.Room | None) -> disk.Room:
    """One that runs short goes first: a tenth of a large disk is more than all of a small one."""
    if there is None:
        return here
    return min(here, there, key=lambda room: (not room.short, room.free))
