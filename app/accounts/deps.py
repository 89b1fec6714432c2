"""What a route names in its signature: the database, and the permission its caller needs."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request

from app.accounts.demo import DEMO_LEAD
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import ForbiddenError


async def database(request: Request) -> Database:
    # async, although nothing waits: FastAPI sends a plain function to a thread, 0.1 ms each time.
    found = request.app.state.db
    if not isinstance(found, Database):
        raise TypeError("create_app was given no database")
    return found


Db = Annotated[Database, Depends(database)]


@dataclass(frozen=True, slots=True)
class May:
    """`Annotated[Actor, Depends(May("place.read"))]`: who may call, as a type."""

    permission: str

    async def __call__(self, request: Request) -> Actor:
        if not _on_this_machine(request):
            words = "There are no accounts yet. This service answers only on its own machine."
            raise ForbiddenError(words)
        return DEMO_LEAD


def _on_this_machine(request: Request) -> bool:
    return request.client is not None and _is_loopback(request.client.host)


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "testclient"
