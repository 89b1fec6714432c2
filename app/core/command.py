"""What a command of `contextmap` works with: settings, a progress bar, a database on demand."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.progress import Progress
from app.core.settings import Settings

Result = dict[str, Any]


@dataclass(slots=True)
class Context:
    """The database is started, if it is ours and not running, when a command first asks for it.

    `prepare` then brings the schema up to date and `ready` loads what every command may rely on;
    `replay` erases again in a restored database: core knows neither permissions nor records.
    """

    settings: Settings
    stack: ExitStack
    prepare: Callable[[Settings], bool]
    progress: Progress = field(default_factory=Progress)
    ready: Callable[[Database], object] = lambda _: None
    replay: Callable[[Database, Settings], int] = lambda *_: 0
    _db: Database | None = None

    @property
    def db(self) -> Database:
        if self._db is None:
            self.stack.enter_context(serving(self.settings))
            self.prepare(self.settings)
            self._db = Database(self.settings, self.settings.claims_key(), pool_size=8)
            self.stack.callback(self._db.dispose)
            self.ready(self._db)
        return self._db


def serving(settings: Settings) -> ExitStack:
    """The private cluster for the duration of a command; nothing to do with DATABASE_URL."""
    stack = ExitStack()
    if settings.database_url is None:
        stack.enter_context(PrivateCluster(settings.data_dir).borrowed())
    return stack
