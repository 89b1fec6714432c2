"""Every address of the service, who may use it and which guide explains it: docs/addresses.md."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from fastapi.routing import APIRoute

from app.accounts.permissions import OPEN_ROUTES, PERMISSIONS, ROLES
from app.main import ROUTERS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "addresses.md"
WORDS = ROOT / "docs" / "addresses.yaml"
GUIDE = ROOT / "docs" / "api.md"
FOR_PROGRAMS = ("/api/", "/ogc/", "/tiles/", "/basemap/", "/healthz", "/readyz", "/metrics")
OPEN_WORDS = {"public": "everybody", "signed_in": "everybody who is signed in"}
HEAD = """# Addresses

Made by `.venv/bin/python -m tests.documents` from the routes, their words and the permission
file; a test compares. Do not edit this page. An address that is not yours, or a record out of
your scope, answers as one that does not exist.
"""


class Address(NamedTuple):
    """One method of one route."""

    method: str
    path: str
    words: str
    permission: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_for_programs(self) -> bool:
        return self.path.startswith(FOR_PROGRAMS)


def addresses() -> list[Address]:
    """All of them, by path."""
    found = [
        Address(method, route.path, _words(route), PERMISSIONS.routes[f"{method} {route.path}"])
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]
    return sorted(found, key=lambda one: (one.path, one.method))


def _words(route: APIRoute) -> str:
    said = inspect.getdoc(route.endpoint) or ""
    return said.split("\n\n")[0].replace("\n", " ")


def beginning(path: str, told: dict[str, list[str]]) -> str | None:
    """The longest beginning that `path` has, whole parts only."""
    parts = path.rstrip("/").split("/")
    tried = ("/".join(parts[:n]) for n in range(len(parts), 1, -1))
    return next((each for each in tried if each in told), "/" if path == "/" else None)


def words() -> dict[str, list[str]]:
    """What the beginnings are about."""
    told: dict[str, list[str]] = yaml.safe_load(WORDS.read_text())
    return told


def undocumented(found: list[Address], told: dict[str, list[str]], guide: str) -> list[str]:
    """Addresses without a guide, and those for programs that docs/api.md does not name."""
    programs = [one for one in found if one.is_for_programs]
    return [
        *(f"{one.name}: no beginning in docs/addresses.yaml" for one in found
          if beginning(one.path, told) is None),
        *(f"{one.name}: docs/api.md does not name it" for one in programs
          if f"`{one.name}`" not in guide),
    ]  # fmt: skip


def unused(found: list[Address], told: dict[str, list[str]]) -> list[str]:
    """Beginnings of no address."""
    return sorted(told.keys() - {beginning(one.path, told) for one in found})


def page(found: list[Address], told: dict[str, list[str]]) -> str:
    """The whole document."""
    parts = [HEAD]
    for each in sorted(told):
        title, guide = told[each]
        inside = [one for one in found if beginning(one.path, told) == each]
        parts += [f"## {each}\n", f"{title}: [the guide]({guide}).\n", *_table(inside), ""]
    return "\n".join(parts).rstrip() + "\n"


def _table(inside: list[Address]) -> Iterator[str]:
    yield "| address | who may | what it does |"
    yield "|---|---|---|"
    for one in inside:
        said = one.words.replace("|", "\\|")
        yield f"| `{one.name}` | {_who(one.permission)} | {said} |"


def _who(permission: str) -> str:
    if permission in OPEN_ROUTES:
        return OPEN_WORDS[permission]
    return ", ".join(
        role.label for name, role in ROLES.items() if PERMISSIONS.rule(name, permission)
    )
