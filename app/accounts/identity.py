"""Whose token this is: one question to the database before anything else of a request."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.accounts.permissions import ROLES
from app.core.actor import Actor
from app.core.db import Database

ACTOR_OF = "select app.actor_of(%s)"


@dataclass(frozen=True, slots=True)
class Identified:
    """A live session (`session_id`) or token (`token_scope`), and the reasons given in it."""

    actor: Actor
    session_id: UUID | None
    token_scope: str | None
    held: Mapping[str, str]


def token_hash(token: str) -> bytes:
    """Tokens have 256 random bits, so that a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).digest()


def identify(db: Database, token: str) -> Identified | None:
    """The person behind a cookie or bearer token; None when it is unknown, over or ended."""
    found = db.ask("cs_app", ACTOR_OF, (token_hash(token),))
    return None if found is None else _identified(found)


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
    )
    session = found["session"]
    return Identified(actor, session and UUID(session), found["token_scope"], found["held"] or {})


def _named(granted: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Records by object. What opens a child opens the links of this child."""
    named = {thing: tuple(ids) for thing, ids in granted.items()}
    if "child" in named:
        named["child_place_link"] = named["child"]
    return named


def _instant(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)
