"""The routes that an address can meet, found by its first words instead of by trying each."""

from collections.abc import Iterable
from copy import copy
from itertools import takewhile

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from app.core.asgi import Receive, Scope, Send

DEPTH = 3  # words looked at: /api/v1/places


class Addresses:
    """Tries the routes whose fixed first words an address has, in the order of the whole list.

    The framework tries each router in turn and each route in it: a millisecond for a late one of
    five hundred. What becomes of those that are left (another method, a stroke too many, none at
    all) is still its own work. The routes are those there at the first request.
    """

    def __init__(self, router: APIRouter) -> None:
        self.router = router
        found = [
            (_fixed(c.path or ""), c.original_route) for c in iter_route_contexts(router.routes)
        ]
        self.lists = {
            words: _only(router, (route for fixed, route in found if words[: len(fixed)] == fixed))
            for words in {(), *(fixed for fixed, _ in found)}
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.router.app(scope, receive, send)
            return
        scope.setdefault("router", self.router)
        await self.of(scope["path"]).app(scope, receive, send)

    def of(self, path: str) -> APIRouter:
        """What answers for an address: as many of its first words as any route has fixed."""
        words = tuple(path.replace("\n", "").split("/")[1 : DEPTH + 1])
        while words not in self.lists:
            words = words[:-1]
        return self.lists[words]


def _fixed(path: str) -> tuple[str, ...]:
    """The first words of a route that are the same for each of its addresses.

    >>> _fixed("/api/v1/places/{ref}"), _fixed("/places/{ref}/plan"), _fixed("/")
    (('api', 'v1', 'places'), ('places',), ())
    """
    words = path.split("/")[1 : DEPTH + 1]
    return tuple(takewhile(lambda word: word and "{" not in word, words))


def _only(router: APIRouter, routes: Iterable[BaseRoute]) -> APIRouter:
    less = copy(router)
    less.routes = list(routes)
    return less
