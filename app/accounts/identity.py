"""Whose token this is: one question to the database before anything else of a request."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.accounts.permissions import ROLES
from app.core.actor import Actor
from app.core.db import Database
from app.core.lines import Statement

# With the version of the map: a tile that is kept needs both, and one question costs less than two.
# A replica knows of no lock of the primary: it cannot tell whether the version is one.
MAP = "case when not pg_is_in_recovery() then app.map_version() end"
ACTOR_OF = "select app.actor_of(%s) || jsonb_build_object('map', " + MAP + ")"
SOON = f"select app.actor_of($1)::text, {MAP}".encode()


@dataclass(frozen=True, slots=True)
class Identified:
    """A live session (`session_id`) or token (`token_scope`), and the reasons given in it."""

    actor: Actor
    session_id: UUID | None
    token_scope: str | None
    held: Mapping[str, str]
    map_version: str | None = None  # of what tiles show; None while somebody changes it
    said: bytes = b""  # all of it but the version, as the database said it


def token_hash(token: str) -> bytes:
    """Tokens have 256 random bits, so that a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).digest()


def identify(db: Database, token: str) -> Identified | None:
    """The person behind a cookie or bearer token; None when it is unknown, over or ended."""
    found = db.ask("cs_app", ACTOR_OF, (token_hash(token),))
    return None if found is None else _identified(found)


async def identify_soon(db: Database, token: bytes) -> Identified | None:
    """The same from the event loop, given the hash of the token."""
    asked = [Statement(SOON, [token], raw=True)]
    said, version = await db.soon_as("cs_app", lambda _: asked)
    return None if said is None else _understood(said, version)


@lru_cache(maxsize=256)
def _understood(said: bytes, version: bytes | None) -> Identified:
    """Asked anew each time, and said in the same words each time of the same session."""
    found = json.loads(said) | {"map": None if version is None else version.decode()}
    return replace(_identified(found), said=said)


def _identified(found: Mapping[str, Any]) -> Identified:
    role = ROLES[found["role"]]
    actor = Actor(
        id=UUID(found["user"]),
        role=role.name,
        label=f"{found['name']}, {role.label}",
        db_role=role.db_role,
        agency=found["agency"],
        boroughs=tuple(found["boroughs"]),
        all_boroughs=role.all_boroughs,
        tiers=role.tiers,
        named=_named(found["named"] or {}),
        stepped_at=_instant(found["stepped_at"]),
        emergency=found["emergency"],
        regime="PART3" if role.name == "police_analyst" else "UK_GDPR",
        map_version=found["map"],
    )
    session = found["session"]
    return Identified(
        actor, session and UUID(session), found["token_scope"], found["held"] or {}, found["map"]
    )


def _named(granted: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Records by object. What opens a child opens the links of this child."""
    named = {thing: tuple(ids) for thing, ids in granted.items()}
    if "child" in named:
        named["child_place_link"] = named["child"]
    return named


def _instant(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)
