"""Receive a report: one statement, one commit, one answer, whatever is known of the place."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.errors import InvalidError
from app.core.ids import new_reference, random_id
from app.core.lines import LostError
from app.core.together import Asks
from app.reports.receipts import mailbox_of, receipt_hmac, receipt_of
from app.reports.schemas import Received, ReportIn
from app.reports.sealing import Keys, seal

SUBMIT = text("""
    select intake.submit(:by_key, :body, cast(:facts as jsonb), :sealed, :receipt, :mailbox_key,
                         :contact, :draft_id, :done)
""")
BECAUSE = text("select set_config('cs.reason', :why, true)")
SENT_BEFORE = "This form was already sent."


@dataclass(frozen=True, slots=True)
class Sending:
    """One act of sending. `key` is the idempotency key; `body` what must be equal to be the same.

    `draft_id` and `done` (receipt to what the form shows then, encrypted) are of the public form.
    """

    key: bytes
    body: bytes
    channel: str = "WEB"
    quarantine: Sequence[str] = ()
    out_of_area_lad: str | None = None
    borough_codes: Sequence[str] = ()
    draft_id: bytes | None = None
    done: Callable[[str], bytes] | None = None
    about: str | None = None  # an earlier report of the same organisation
    is_synthetic: bool = False
    came_at: datetime | None = None  # of demonstration reports only: the database asks who says so


def receive(asks: Asks, keys: Keys, report: ReportIn, sending: Sending) -> Received:
    """Seal and keep it. Works as anybody: the form's role, a signed-in person, a job.

    Raises
    ------
    InvalidError
        The key was used for something else before, or `report.problems()` holds.
    AuditFailedError
        Its trace, which the same statement writes, could not be written: nothing is kept.
    BusyError
        Its own key could not be written: nothing is kept.
    """
    if wrong := report.problems():
        raise InvalidError("Change the fields named below.", wrong)
    receipt = receipt_of(keys.sendings, sending.key)
    made, ref = random_id(), new_reference("RP")
    try:
        given = _sealed(keys, report, sending, receipt, made)
        facts = orjson.dumps(_facts(report, sending, made, ref)).decode()
        said = audit.written_by(asks, SUBMIT, given | {"facts": facts})
    except LostError:  # it may have been kept, and then its key must be there
        raise
    except Exception:
        keys.forget(made)
        raise
    if said != "new":
        keys.forget(made)
    if said == "other":
        raise InvalidError(SENT_BEFORE, {"form": SENT_BEFORE})
    return Received(receipt, ref, again=said == "again")


def _sealed(
    keys: Keys, report: ReportIn, sending: Sending, receipt: str, made: UUID
) -> dict[str, Any]:
    """What nobody reads without a key: the words, and marks of the sending and its receipt."""
    words = report.words() | ({"about_ref": sending.about} if sending.about else {})
    return {
        "by_key": _mark(keys.sendings, sending.key),
        "body": _mark(keys.sendings, sending.body),
        "sealed": seal(words, keys.triage.public_key(), report=made, use="words"),
        "receipt": receipt_hmac(keys.receipts, receipt),
        "mailbox_key": mailbox_of(receipt).public_key().public_bytes_raw(),
        "contact": _contact(keys, report, made),
        "draft_id": sending.draft_id,
        "done": sending.done and sending.done(receipt),
    }


def because(session: Session, why: str) -> None:
    """Why the next change of state is made: the database keeps it beside the change."""
    session.flush()
    session.execute(BECAUSE, {"why": why})


def _facts(report: ReportIn, sending: Sending, made: UUID, ref: str) -> dict[str, Any]:
    """What the database may read: codes, days, and the pin. No words."""
    point = report.point()
    return {
        "id": str(made),
        "ref": ref,
        "channel": sending.channel,
        "easting": None if point is None else point.x,
        "northing": None if point is None else point.y,
        "out_of_area_lad": sending.out_of_area_lad,
        "platform_code": report.platform if report.where_kind == "ONLINE" else None,
        "mode_code": report.mode if report.where_kind == "ROUTE" else None,
        "what_ticks": list(dict.fromkeys(report.what_harms)),
        "day_parts": list(dict.fromkeys(report.day_parts)),
        "quarantine": list(sending.quarantine),
        "borough_codes": list(sending.borough_codes),
        "is_synthetic": sending.is_synthetic,
        "came_at": sending.came_at and sending.came_at.isoformat(),
        **report.model_dump(
            include={"danger_answer", "where_kind", "pin_accuracy_m", "audience", "how_known"}
            | {"child_count_band", "when_kind", "reporter_kind"}
        ),
    }


def _contact(keys: Keys, report: ReportIn, made: UUID) -> bytes | None:
    if report.contact is None:
        return None
    said = report.contact.model_dump(exclude_none=True)
    return seal(said, keys.contact.public_key(), report=made, use="contact")


def _mark(key: bytes, value: bytes) -> bytes:
    return hmac.new(key, value, hashlib.sha256).digest()
