"""What must hold before anybody is served, what is watched besides, and what to do about each."""

import time
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts import catalogue
from app.backups import leftovers
from app.backups import service as backups
from app.core import pgconf
from app.core.db import Database
from app.core.errors import BusyError
from app.core.migrate import head, is_newer
from app.core.settings import Settings
from app.reading.sandbox import wall
from app.site import figures, queries, rooms

PROTECTIONS_S = 30
MIGRATE = "Run `scripts/contextmap db migrate`"
# What an operator does about a check that failed.
NEEDED = {
    "database": "Start the database, or look at its address.",
    "migrations": f"{MIGRATE}.",
    "row_level_security": f"{MIGRATE}: tables are without policies.",
    "views": f"{MIGRATE}, and drop the views that were added by hand: they go around policies.",
    "functions": f"{MIGRATE}, and drop functions added by hand: everybody may run them.",
    "definers": f"{MIGRATE}, and drop functions added by hand that run as their owner.",
    "roles": "Take from the logins cs_* what was added by hand (superuser, bypassrls and such).",
    "grants": "Take back rights on tables that were given by hand to everybody.",
    "statistics": "Let a superuser run migrations/bootstrap.sql: statistics of tables show values.",
    "public": "Take back what cs_public may read or write itself: it runs functions only.",
    "login": "Let the service log in as its own roles, never as an owner or superuser.",
    "leakproof": "Let a superuser run migrations/bootstrap.sql in this database: without the "
    "LEAKPROOF mark, which no dump carries, each map query reads whole tables.",
    "permission_file": f"{MIGRATE}: the permission file is another than the installed one.",
    "policies": f"{MIGRATE}: policies were changed by hand.",
}
# Watched, and no reason to send people away: the form and reading work without.
WATCHED = {
    "worker": "Start the worker: reports are not screened and letters do not go out.",
    "replica": "Look at the replica: it is away, too far behind, or was promoted.",
    "primary": "Start the primary or promote the replica (docs/operator/scaling.md): "
    "nothing can be changed.",
    "disk": "Make room on the disk of the data folder: less than a tenth is left.",
    "copies": "A restore or a check of a backup was killed and left a readable copy: run "
    "`scripts/contextmap backup clear`.",
}
NO_BACKUPS = (
    "No backups are made: set CONTEXTMAP_BACKUP_RECIPIENT and CONTEXTMAP_BACKUP_DIR "
    "(docs/operator/backups.md)."
)
NEWER = (
    "The database is of a newer release than this process, which serves on. Start it again with "
    "the newer release (docs/operator/upgrades.md)."
)
LOUD = (
    "The log of the database may hold values of records: set {settings} there "
    "(docs/operator/runtime.md)."
)
SAID = text("select current_setting(:name)")
# Said, and no reason either: files are read well or not at all.
WALLS = {
    "walls": "Files are read behind the second wall only: let bubblewrap make namespaces here "
    "(docs/operator/imports-sandbox.md).",
    "none": "Files of people are not read: neither bubblewrap nor Landlock can be used here "
    "(docs/operator/imports-sandbox.md).",
}


@dataclass(slots=True)
class Readiness:
    """By name, whether it holds."""

    checks: dict[str, bool] = field(default_factory=dict)
    watched: dict[str, bool] = field(default_factory=dict)
    schema: str | None = None
    loud: list[str] = field(default_factory=list)
    makes_backups: bool = True

    @property
    def ready(self) -> bool:
        return all(self.checks.values())

    def told(self) -> dict[str, object]:
        """With the sentences for an operator."""
        wrong = [NEEDED[name] for name, holds in self.checks.items() if not holds]
        wrong += [WATCHED[name] for name, holds in self.watched.items() if not holds]
        wrong += [LOUD.format(settings=", ".join(self.loud))] if self.loud else []
        wrong += [NEWER] if is_newer(self.schema) else []
        wrong += [] if self.makes_backups else [NO_BACKUPS]
        wrong += [words for which, words in WALLS.items() if which == wall()]
        return {"checks": self.checks, "watched": self.watched, "needed": wrong}


@dataclass(slots=True)
class Protections:
    """The catalogue takes 20 ms and changes with a migration: asked twice a minute at most."""

    found: dict[str, bool] = field(default_factory=dict)
    until: float = 0.0

    def now(self, db: Database) -> dict[str, bool]:
        if time.monotonic() >= self.until:
            wrong = catalogue.found(db, "cs_app")
            self.found = {name: not those for name, those in wrong.items()}
            self.until = time.monotonic() + PROTECTIONS_S
        return self.found


def look(db: Database, settings: Settings, protections: Protections) -> Readiness:
    """Database, migrations, and everything of the catalogue of protections."""
    found = Readiness(
        watched={"disk": not rooms.least(db, settings).short},
        makes_backups=settings.demo or backups.are_made(settings),
    )
    if db.replica is not None:
        found.watched |= {"replica": db.replica.answers, "primary": db.replica.primary_up}
    try:
        found.checks.update(protections.now(db))
        with db.read(figures.LOOK) as session:
            found.schema = queries.schema_version(session)
            current = found.schema == head() or is_newer(found.schema)
            found.checks["migrations"] = current
            found.checks["database"] = session.scalar(text("select true")) is True
            found.watched["worker"] = figures.workers(session).alive > 0
            found.loud = _loud(session)
            found.watched["copies"] = not leftovers.are_there(settings, session)
    except BusyError:
        found.checks["database"] = False
    return found


def _loud(session: Session) -> list[str]:
    """What a server of somebody else writes down, and ours does not."""
    return [
        f"{name} = {value}"
        for name, value in pgconf.QUIET.items()
        if session.scalar(SAID, {"name": name}) != value
    ]
