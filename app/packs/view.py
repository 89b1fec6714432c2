"""What a page of a pack shows: the snapshot as this reader may read it, and who signs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.errors import ForbiddenError, NotFoundError
from app.packs import queries, redaction, rules
from app.packs.content import Json
from app.packs.models import Pack
from app.packs.rules import Kind

NOT_A_TOKEN = "A token cannot be used for this. Sign in."  # noqa: S105 - words, no secret


@dataclass(frozen=True, slots=True)
class Shown:
    """One pack for one reader. `due` says who has still to sign, in words."""

    pack: Pack
    title: str
    made: Json | None
    is_chair: bool
    due: Sequence[str]

    @property
    def is_recalled(self) -> bool:
        return self.pack.state == rules.State.RECALLED


class OnePlace(NamedTuple):
    """One page about a place; `number` of `total` in the order of the panel."""

    item: Json
    number: int
    total: int
    before: Json | None
    after: Json | None


def purposeful(actor: Actor, kind: Kind, ref: str) -> Actor:
    """The same person, reading for the purpose of the panel and of this pack alone."""
    return replace(actor, purpose=rules.PURPOSES[kind], purpose_for=ref)


def refuse_program(session_id: object) -> None:
    """A pack is opened by a person, for a purpose."""
    if session_id is None:
        raise ForbiddenError(NOT_A_TOKEN)


def shown(session: Session, actor: Actor, ref: str, *, hide_children: bool = False) -> Shown:
    """Of a draft the partners of a panel see nothing: they get what its chairs have frozen."""
    pack = queries.find(session, ref)
    draft = pack.state in rules.OPEN
    if actor.role not in redaction.READERS or (draft and actor.role == redaction.PARTNER):
        raise NotFoundError(rules.ABSENT)
    made = None
    if pack.snapshot is not None:
        reader = _reader(actor, pack, hide_children=hide_children)
        made = redaction.seen(json.loads(pack.snapshot), reader)
    title = f"{rules.KINDS[Kind(pack.kind)]}, {_words(pack)}"
    return Shown(pack, title, made, queries.is_chair(session, pack, actor.id), _due(pack))


def section(shown_: Shown, code: str) -> Json:
    sections = shown_.made["sections"] if shown_.made else ()
    for one in sections:
        if one["code"] == code:
            found: Json = one
            return found
    raise NotFoundError(rules.ABSENT)


def place(shown_: Shown, key: str) -> OnePlace:
    """The page of a place that this reader may read; every other is not there."""
    sections = shown_.made["sections"] if shown_.made else ()
    pages = [item for one in sections for item in one["items"] if item.get("key")]
    keys = [item["key"] for item in pages]
    if key not in keys:
        raise NotFoundError(rules.ABSENT)
    at = keys.index(key)
    around = [None, *pages, None]
    return OnePlace(pages[at], at + 1, len(pages), around[at], around[at + 2])


def _reader(actor: Actor, pack: Pack, *, hide_children: bool) -> redaction.Reader:
    return redaction.Reader(
        str(actor.id),
        actor.role,
        actor.agency or "",
        frozenset(actor.boroughs),
        with_children=pack.with_children,
        with_homes=pack.with_homes,
        hide_children=hide_children,
    )


def _words(pack: Pack) -> str:
    return rules.Window(
        Kind(pack.kind), pack.period_code, pack.window_from, pack.window_to
    ).words  # fmt: skip


def _due(pack: Pack) -> list[str]:
    due = []
    if pack.signed_by is None:
        due.append("a chair of youth justice" if pack.kind == Kind.DAILY else "a chair")
    if pack.kind == Kind.DAILY and pack.police_by is None:
        due.append("a chair of the police")
    return due


def listed(session: Session, actor: Actor) -> list[tuple[Pack, str]]:
    """Those that the reader may open, newest first, with their titles."""
    hidden = rules.OPEN if actor.role == redaction.PARTNER else ()
    return [
        (one, f"{rules.KINDS[Kind(one.kind)]}, {_words(one)}")
        for one in queries.newest(session)
        if one.state not in hidden
    ]


def tonight(session: Session, actor: Actor) -> list[queries.Summary]:
    """Summaries of daily briefings that this person may read without being named."""
    return queries.summaries(session) if actor.role in redaction.READERS else []
