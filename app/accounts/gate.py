"""Who asks, once for all requests of one session that wait for the same answer.

A view of the map is a dozen requests at once. Each is answered by what the database said after the
request came: who comes while a question is on its way waits for the next one, and shares that with
whoever comes meanwhile. So a revocation acts on the next request, as if each had asked alone.
"""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from app.accounts.identity import Identified, identify_soon
from app.core.db import Database


@dataclass(eq=False, slots=True)
class _Question:
    """One question to the database, and the one after it when somebody waits for that."""

    answered: asyncio.Event = field(default_factory=asyncio.Event)
    next: "_Question | None" = None
    found: Identified | None = None
    wrong: BaseException | None = None


@dataclass(eq=False, slots=True)
class _Asked:
    """The newest question of a token that is on its way, and the task that asks it."""

    question: _Question
    task: asyncio.Task[None] | None = None


_Open = dict[bytes, _Asked]


@dataclass(eq=False, slots=True)
class Gate:
    """Of one application. A question belongs to the event loop of its requests."""

    db: Database
    _open: WeakKeyDictionary[asyncio.AbstractEventLoop, _Open] = field(
        default_factory=WeakKeyDictionary
    )

    async def identified(self, token: bytes) -> Identified | None:
        """The person behind the hash of a token; None when it is unknown, over or ended."""
        loop = asyncio.get_running_loop()
        open_here = self._open.setdefault(loop, {})
        asked = open_here.get(token)
        if asked is None:
            question = _Question()
            asked = open_here[token] = _Asked(question)
            # A task of its own: whoever goes away while they wait takes nothing from the others.
            asked.task = loop.create_task(self._ask(token, asked, open_here))
        elif asked.question.next is None:
            question = asked.question.next = _Question()
        else:
            question = asked.question.next
        await question.answered.wait()
        if question.wrong is not None:
            raise question.wrong
        return question.found

    async def _ask(self, token: bytes, asked: _Asked, open_here: _Open) -> None:
        """One question after the other, for as long as somebody waits for one."""
        question: _Question | None = asked.question
        while question is not None:
            asked.question = question
            try:
                question.found = await identify_soon(self.db, token)
            except BaseException as wrong:  # told to each who waits
                question.wrong = wrong
            question.answered.set()
            question = question.next
        del open_here[token]
