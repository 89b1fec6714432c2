"""Lanes: the public form, staff, and files each have places of their own, and a queue that ends.

A flood in one lane fills that lane. The others keep their threads (`threads_for`) and, by the roles
they log in with, their database connections. Whoever comes when the queue is full is told so at
once, before memory is spent. Pure ASGI.
"""

import asyncio
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from starlette.exceptions import HTTPException

from app.core import metrics
from app.core.asgi import App, Message, Receive, Scope, Send
from app.core.settings import Settings

EXIT = "/exit"
FORM = ("/report", EXIT)
API = "/api/v1/reports"
FILES = ("/static/", "/basemap/")
DRAWN = "/basemap/outline/"  # not a file: each takes a processor, and anybody may ask for it
FREE = frozenset({"/healthz"})  # takes no thread
FILE_THREADS = 4
STAFF_WAITING, STAFF_PATIENCE_S = 40, 15.0  # in a queue: so many for each place
PUBLIC_WAITING, PUBLIC_PATIENCE_S = 20, 5.0
# A refusal of the form comes a little later: who sends the next one when the last is answered is
# slowed down by it, and the processor is left to others. Beyond so many at once they come at once.
REFUSED_AFTER_S, MOST_HELD_BACK = 1.0, 500


class LaneFullError(HTTPException):
    """No place came free in time, or too many wait already."""

    def __init__(self) -> None:
        super().__init__(503)


@dataclass(slots=True)
class Lane:
    """So many at once, so many more in the queue, each for so long."""

    name: str
    at_once: int
    most_waiting: int
    patience_s: float
    _places: asyncio.Semaphore
    _waiting: int = 0

    @classmethod
    def of(cls, name: str, at_once: int, waiting: int, patience_s: float) -> "Lane":
        return cls(name, at_once, at_once * waiting, patience_s, asyncio.Semaphore(at_once))

    async def enter(self) -> None:
        """Waits for a place.

        Raises
        ------
        LaneFullError
            There will be none soon enough.
        """
        if not self._places.locked():
            await self._places.acquire()
            return
        if self._waiting >= self.most_waiting:
            raise LaneFullError
        self._waiting += 1
        began = time.monotonic()
        waiting = metrics.WAITING.labels(self.name)
        waiting.inc()
        try:
            async with asyncio.timeout(self.patience_s):
                await self._places.acquire()
        except TimeoutError:
            raise LaneFullError from None
        finally:
            self._waiting -= 1
            waiting.dec()
            metrics.WAITED.labels(self.name).observe(time.monotonic() - began)

    def leave(self) -> None:
        self._places.release()


class LanesMiddleware:
    """Lets a request pass when its lane has a place. `full` answers for the others."""

    def __init__(self, app: App, settings: Settings, full: App) -> None:
        self.app, self.settings, self.full = app, settings, full
        # Of each event loop, as the threads are: a server has one.
        self._held = 0
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lanes] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in FREE:
            await self.app(scope, receive, send)
            return
        turn = _Turn(self._lane(scope), receive, send)
        try:
            await turn.take()
        except LaneFullError:
            metrics.TURNED_AWAY.labels(turn.lane.name).inc()
            await self._hold_back(scope)
            await self.full(scope, receive, send)
            return
        try:
            await self.app(scope, turn.read, turn.answer)
        finally:
            turn.give()

    async def _hold_back(self, scope: Scope) -> None:
        path = scope["path"]
        if path == EXIT or not is_public(path, scope["method"]) or self._held >= MOST_HELD_BACK:
            return
        self._held += 1
        try:
            await asyncio.sleep(REFUSED_AFTER_S)
        finally:
            self._held -= 1

    def _lane(self, scope: Scope) -> Lane:
        loop = asyncio.get_running_loop()
        lanes = self._lanes.get(loop)
        if lanes is None:
            lanes = self._lanes[loop] = _Lanes.of(self.settings)
        if is_public(scope["path"], scope["method"]) or scope["path"].startswith(DRAWN):
            return lanes.public
        return lanes.files if scope["path"].startswith(FILES) else lanes.staff


@dataclass(frozen=True, slots=True)
class _Lanes:
    public: Lane
    staff: Lane
    files: Lane

    @classmethod
    def of(cls, settings: Settings) -> "_Lanes":
        return cls(
            Lane.of("public", settings.public_pool_size, PUBLIC_WAITING, PUBLIC_PATIENCE_S),
            Lane.of("staff", settings.web_threads, STAFF_WAITING, STAFF_PATIENCE_S),
            Lane.of("files", FILE_THREADS, STAFF_WAITING, STAFF_PATIENCE_S),
        )


class _Turn:
    """One request's place: nobody holds one while the network is slow, before or after."""

    def __init__(self, lane: Lane, receive: Receive, send: Send) -> None:
        self.lane, self.receive, self.send = lane, receive, send
        self.held = self.answered = False

    async def take(self) -> None:
        await self.lane.enter()
        self.held = True

    def give(self) -> None:
        if self.held:
            self.held = False
            self.lane.leave()

    async def read(self) -> Message:
        if self.answered:
            return await self.receive()
        self.give()
        message = await self.receive()
        await self.take()
        return message

    async def answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.answered = True
            self.give()
        await self.send(message)


def is_public(path: str, method: str) -> bool:
    """What anybody may ask without an account, and what must not be in the way of staff."""
    if path == API:
        return method == "POST"
    return any(path == form or path.startswith(f"{form}/") for form in FORM)


def threads_for(settings: Settings) -> int:
    """As many as all lanes have places."""
    return settings.web_threads + settings.public_pool_size + FILE_THREADS
