"""The purpose page of children's references: asked before anything is shown, held half an hour."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts import reasons
from app.accounts.deps import for_record
from app.children import queries, service
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.reference import queries as reference

PERMISSION = "child.read"
LIST = "CHILDREN"  # what a reason for the list is held under: it opens no record of its own
AT = "AT "  # and one for those at a place, whose reference follows
ANY = "*"


def held(request: Request, key: str) -> str | None:
    """The purpose that was given in this session for the list, or for those at one place."""
    found: str | None = request.state.identified.held.get(key)
    return found


def for_list(actor: Actor, purpose: str) -> Actor:
    return for_record(actor, ANY, purpose)


def ask(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    about: str,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    **context: Any,  # noqa: ANN401 - what the page leads back to
) -> Response:
    """`about` says what the reason opens: list, child, place."""
    with db.read(actor) as session:
        return html.render(
            request,
            "children/why.html",
            page_title="Why do you need to see this?",
            about=about,
            purposes=purposes(session, actor),
            values=values or {},
            errors=errors or {},
            **context,
        )


def purposes(session: Session, actor: Actor) -> list[tuple[str, str]]:
    words = dict(reference.codes(session, "purpose"))
    return [(code, words.get(code, code)) for code in reasons.purposes(actor, PERMISSION)]


def problems(actor: Actor, sent: Mapping[str, str]) -> dict[str, str]:
    return reasons.problems(sent, reasons.purposes(actor, PERMISSION))


def hold(
    session: Session, request: Request, key: str, sent: Mapping[str, str], ref: str | None = None
) -> None:
    """`ref` where the reason is for one child, who must be there."""
    child = queries.find(session, ref) if ref is not None else None
    reasons.hold(session, reasons.session_of(request.state.identified), key, dict(sent))
    thing = "child_place_link" if key.startswith(AT) else "child"
    service.note_reason(session, child, thing=thing)
