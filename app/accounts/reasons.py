"""Why somebody needs to see a record: said once, held for that record and this session."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts.identity import Identified
from app.accounts.permissions import PERMISSIONS
from app.core.actor import Actor
from app.core.errors import ForbiddenError
from app.core.types import clean_text

NOTE_LENGTH = 200
HOLD = text("select app.hold_purpose(:session, :ref, :purpose, :note)")


def purposes(actor: Actor, permission: str) -> tuple[str, ...]:
    """Those that this role may give; none where none is asked."""
    rule = PERMISSIONS.rule(actor.role, permission)
    return rule.purposes if rule else ()


def problems(sent: Mapping[str, str], allowed: Collection[str]) -> dict[str, str]:
    """What is wrong with the page that asks why, by field."""
    wrong = {}
    if sent.get("purpose") not in allowed:
        wrong["purpose"] = "Select why you need to see this."
    if problem := text_problem(sent.get("note", ""), NOTE_LENGTH):
        wrong["note"] = problem
    return wrong


def text_problem(typed: str, most: int) -> str | None:
    """Of a short text that goes to the database as it was typed."""
    try:
        said = clean_text(typed)
    except ValueError as problem:
        return str(problem)
    return f"Use at most {most} characters." if len(said) > most else None


def session_of(known: Identified) -> UUID:
    """The session that holds a reason.

    Raises
    ------
    ForbiddenError
        A token has none: it never opens what asks for a reason.
    """
    if known.session_id is None:
        raise ForbiddenError("A token cannot be used for this. Sign in and give the reason.")
    return known.session_id


def hold(session: Session, session_id: UUID, ref: str, sent: Mapping[str, str]) -> None:
    """For half an hour; `sent` has no `problems`. The caller records it."""
    given = {"session": session_id, "ref": ref, "purpose": sent["purpose"]}
    session.execute(HOLD, given | {"note": sent.get("note")})
