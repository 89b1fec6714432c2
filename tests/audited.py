"""Which routes can leave a trace: the functions they reach, read from their source.

Nothing is listed by hand: a route of tomorrow is found by what its functions call.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from types import FunctionType
from typing import Any

import yaml
from fastapi.routing import APIRoute

from app import main
from app.accounts.permissions import FILE, PERMISSIONS
from app.audit import service

SAFE = {"GET", "HEAD"}
# No record is shown by them.
EMPTY_FORMS = {"GET /children/new", "GET /children/known", "GET /places/{ref}/objection"}
EMPTY_FORMS |= {"GET /meetings/new", "GET /subject-requests/new"}
TRACES = (service.record, service.written_by)  # here, or by a function of the database


def routes() -> dict[str, APIRoute]:
    """By `METHOD /path`."""
    return {
        f"{method} {route.path}": route
        for router in main.ROUTERS
        for route in router.routes
        for method in route.methods
    }


def permission_of(name: str) -> str:
    said = PERMISSIONS.routes[name]
    return PERMISSIONS.aliases.get(said, said)


def audited_by_the_file() -> dict[str, str]:
    """Routes whose permission is of an object with `audit_reads`, or one of its `audit_actions`."""
    objects = yaml.safe_load(FILE.read_text())["objects"]
    found = {}
    for name in routes().keys() - EMPTY_FORMS:
        thing, _, action = permission_of(name).partition(".")
        facts = objects.get(thing, {})
        if facts.get("audit_reads") or action in facts.get("audit_actions", ()):
            found[name] = thing
    return found


def changing() -> set[str]:
    return {name for name in routes() if name.split()[0] not in SAFE}


def leaves_a_trace(name: str) -> bool:
    """Whether what the route calls, however far away, records an event."""
    seen: set[int] = set()
    open_ends = [routes()[name].endpoint]
    while open_ends:
        function = open_ends.pop()
        if function in TRACES:
            return True
        if id(function) not in seen:
            seen.add(id(function))
            open_ends += named_in(function)
    return False


@cache
def named_in(function: Callable[..., Any]) -> tuple[FunctionType, ...]:
    """Functions of ours that the body of one names."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ()
    known = dict(function.__globals__)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):  # imported where it is used
            module = __import__(node.module or "", fromlist=["*"])
            known |= {a.asname or a.name: getattr(module, a.name, None) for a in node.names}
    return tuple(_functions(tree, known))


def _functions(tree: ast.AST, known: dict[str, Any]) -> Iterator[FunctionType]:
    for node in ast.walk(tree):
        found = _resolved(node, known)
        if inspect.isclass(found) and found.__module__.startswith("app."):
            yield from (member for member in vars(found).values() if inspect.isfunction(member))
        if inspect.isfunction(found):
            plain = inspect.unwrap(found)
            if plain.__module__.startswith("app."):
                yield plain


def _resolved(node: ast.AST, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(_resolved(node.value, known), node.attr, None)
    return None
