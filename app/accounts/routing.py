"""The routes that there are and the permission file, compared before anybody is served."""

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.accounts.deps import May
from app.accounts.permissions import PERMISSIONS, PermissionFileError


def methods() -> dict[str, frozenset[str]]:
    """What each address does, by its template."""
    found: dict[str, frozenset[str]] = {}
    for route in PERMISSIONS.routes:
        method, _, path = route.partition(" ")
        found[path] = found.get(path, frozenset()) | {method}
    return found


def check_routes(routers: Iterable[APIRouter]) -> None:
    """Every route is in the permission file with the permission it asks for, and the reverse.

    Raises
    ------
    PermissionFileError
        With every difference, so that the service does not start.
    """
    asked = {
        f"{method} {route.path}": _permission(route)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    known = PERMISSIONS.routes
    wrong = [f"{route} is not in the permission file." for route in asked.keys() - known.keys()]
    wrong += [f"{route} is in the file only." for route in known.keys() - asked.keys()]
    wrong += [
        f"{route} asks for {asked[route]}; the file says {known[route]}."
        for route in asked.keys() & known.keys()
        if asked[route] != known[route]
    ]
    if wrong:
        raise PermissionFileError("\n".join(sorted(wrong)))


def _permission(route: APIRoute) -> str:
    asked = [d.call.permission for d in route.dependant.dependencies if isinstance(d.call, May)]
    return asked[0] if len(asked) == 1 else "public"
