"""Where the tasks of a run are done: in this process, or by the workers of a Dask scheduler."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from app.core.errors import InvalidError, RuleBrokenError
from app.scale.checkpoints import Checkpoints, fingerprint
from app.scale.tasks import OtherVersionError, checked, code_version

NO_DASK = (
    "Dask is not installed. It is the optional extra `scale`: "
    ".venv/bin/python -m uv pip install --require-hashes -r scripts/scale.lock.txt"
)
OTHER_VERSION = (
    "A worker runs another version of this program. Update it, start it again, and run this "
    "command once more: what is finished is kept."
)
ADDRESS = re.compile(r"dask://((?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):[0-9]{1,5})/?")
WHAT = "Enter local, or dask://HOST:PORT of a scheduler."

Progress = Callable[[int, int, str], None]
Task = Callable[[Any], Any]
Numbered = Iterable[tuple[int, Any]]


class Engine(Protocol):
    """Does tasks in any order, and says which."""

    def run(self, task: Task, given: Numbered) -> Iterator[tuple[int, Any]]: ...


class Local:
    """One task after the other, in this process."""

    def run(self, task: Task, given: Numbered) -> Iterator[tuple[int, Any]]:
        for k, item in given:
            yield k, task(item)


class Checked:
    """Workers that run the same code as we do; also those that join later."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def run(self, task: Task, given: Numbered) -> Iterator[tuple[int, Any]]:
        try:
            yield from self.engine.run(partial(checked, code_version(), task), given)
        except OtherVersionError as refused:
            raise RuleBrokenError(OTHER_VERSION) from refused


def address(engine: str) -> str | None:
    """HOST:PORT of a scheduler; None for this process."""
    if engine == "local":
        return None
    found = ADDRESS.fullmatch(engine)
    if found is None:
        raise InvalidError("Nothing was run.", {"--engine": WHAT})
    return found[1]


@contextmanager
def opened(engine: str) -> Iterator[Engine]:
    """An engine for as long as the block runs."""
    scheduler = address(engine)
    if scheduler is None:
        yield Local()
        return
    try:
        from geo import distributed
    except ImportError as missing:
        raise RuleBrokenError(NO_DASK) from missing
    try:
        with distributed.Workers(scheduler) as workers:
            if set(workers.ask(code_version)) != {code_version()}:
                raise RuleBrokenError(OTHER_VERSION)
            yield Checked(workers)
    except distributed.EngineError as refused:
        raise RuleBrokenError(str(refused)) from refused


class Work:
    """Tasks of a run: what is kept is not done again, what is done is kept."""

    def __init__(self, engine: Engine, kept: Checkpoints, tell: Progress) -> None:
        self.engine, self.kept, self.tell = engine, kept, tell
        self.done = self.resumed = 0

    def run(
        self, task: Task, kind: type[tuple[Any, ...]], given: Iterable[Any], total: int, words: str
    ) -> Iterator[tuple[int, Any]]:
        """Number and result of each, in any order; `kind` is what the task gives."""
        names: dict[int, str] = {}
        ready: list[tuple[int, Any]] = []

        def missing() -> Iterator[tuple[int, Any]]:
            for k, item in enumerate(given):
                names[k] = fingerprint(task.__name__, item)
                found = self.kept.get(names[k], kind)
                if found is None:
                    yield k, item
                else:
                    ready.append((k, found))

        self.tell(0, total, words)
        for done, (k, found) in enumerate(self.engine.run(task, missing()), 1):
            self.kept.put(names[k], found)
            self.done += 1
            self.tell(done + len(ready), total, words)
            yield k, found
        self.resumed += len(ready)
        if ready:
            self.tell(total, total, words)
        yield from ready
