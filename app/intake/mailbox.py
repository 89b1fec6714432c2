"""Coming back with the code: what became of a report, and messages, for a quarter of an hour.

What is opened lives where open forms do: in a row that only the cookie opens. The code is in it,
because messages open with nothing else; the row is gone on leaving, and after the quarter.
"""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.ids import random_id
from app.core.types import clean_text
from app.core.working_days import due_on
from app.intake.drafts import NONCE_BYTES, READ, WRITE, Lock
from app.reports.receipts import LENGTH, folded, is_whole, mailbox_of, receipt_hmac
from app.reports.rules import PUBLIC_WORD
from app.reports.sealing import Keys, SealBrokenError, opened, public_key, seal

STATUS = text("select intake.status(:mark)")
REPLY = text("select intake.reply(:mark, :id, :sealed, :copy)")
LASTS_S = 15 * 60
OPEN_AFTER_CLOSING = timedelta(days=30)
LONGEST = 1000

WRONG_LENGTH = f"Check your code. It has {LENGTH} letters and numbers."
WRONG_SYMBOL = "Check your code. One letter or number is not right."
NOT_FOUND = "We could not find that code. Check it and try again."
NO_WORDS = "Enter your message."
TOO_LONG = "Your message is too long. Use 1,000 characters or fewer."
NO_MORE = "You have sent as many messages as we can take here. Tell us in a new report."
UNREADABLE = "We cannot show this message."


class Visit(BaseModel):
    """What the row holds: the code once it was right, or what was typed and why it was not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["mailbox"] = "mailbox"
    receipt: str | None = None
    until_s: float = 0.0
    message_id: UUID
    typed: str = ""
    error: str = ""
    sent: bool = False

    def but(self, **changed: Any) -> "Visit":  # noqa: ANN401 - fields of this model
        return self.model_copy(update=changed)

    @property
    def is_open(self) -> bool:
        return self.receipt is not None and clock.now().timestamp() < self.until_s


class Message(NamedTuple):
    """One line of the mailbox."""

    ours: bool
    on: date
    body: str


class Shown(NamedTuple):
    """All that a reporter is told: a word, days, messages."""

    word: str
    words: str
    received_on: date
    until: date | None
    messages: list[Message]


def typed_wrong(typed: str) -> str | None:
    """What is wrong with a code before anybody looks for it."""
    code = folded(typed)
    if len(code) != LENGTH:
        return WRONG_LENGTH
    return None if is_whole(code) else WRONG_SYMBOL


def begin(session: Session, keys: Keys, typed: str) -> Visit:
    """Open, when there is such a report; else with the one sentence for all that are not."""
    error = typed_wrong(typed)
    if error is None:
        receipt = folded(typed)
        if _status(session, keys, receipt) is not None:
            until_s = clock.now().timestamp() + LASTS_S
            return Visit(receipt=receipt, until_s=until_s, message_id=random_id())
        error = NOT_FOUND
    return Visit(message_id=random_id(), typed=typed[:80], error=error)


def shown(session: Session, keys: Keys, receipt: str) -> Shown | None:
    """None when it is over: closed a month ago, or deleted."""
    status = _status(session, keys, receipt)
    if status is None:
        return None
    word = PUBLIC_WORD[status["state"]]
    closed = status["closed_on"]
    return Shown(
        word=word,
        words=_words(word, datetime.fromisoformat(status["received_at"])),
        received_on=date.fromisoformat(status["received_on"]),
        until=None if closed is None else date.fromisoformat(closed) + OPEN_AFTER_CLOSING,
        messages=[_message(status["report"], receipt, each) for each in status["messages"]],
    )


def reply(session: Session, keys: Keys, visit: Visit, typed: str) -> Visit:
    """Keep a message, once however often it is sent; the visit afterwards."""
    receipt = visit.receipt or ""
    body, error = _taken(typed)
    status = _status(session, keys, receipt) if error is None else None
    if error is None and status is None:
        error = NOT_FOUND
    if error is None and status is not None:
        of: dict[str, Any] = {"report": UUID(status["report"]), "use": "message"}
        own = public_key(bytes.fromhex(status["mailbox_key"]))
        given = {
            "mark": receipt_hmac(keys.receipts, receipt),
            "id": visit.message_id,
            "sealed": seal({"body": body}, keys.triage.public_key(), **of),
            "copy": seal({"body": body}, own, **of),
        }
        error = None if audit.written_by(session, REPLY, given) else NO_MORE
    if error is not None:
        return visit.but(typed=typed[: 2 * LONGEST], error=error, sent=False)
    until_s = clock.now().timestamp() + LASTS_S
    return Visit(receipt=receipt, until_s=until_s, message_id=random_id(), sent=True)


def read(session: Session, lock: Lock) -> Visit | None:
    """None for an open form, and for what is an hour old."""
    cipher = session.scalar(READ, {"id": lock.id})
    if cipher is None:
        return None
    box = bytes(cipher)
    try:
        plain = AESGCM(lock.key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _bound(lock))
        return Visit.model_validate_json(plain)
    except (InvalidTag, ValidationError):
        return None


def write(session: Session, lock: Lock, visit: Visit) -> None:
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = visit.model_dump_json().encode()
    cipher = nonce + AESGCM(lock.key).encrypt(nonce, plain, _bound(lock))
    session.execute(WRITE, {"id": lock.id, "cipher": cipher})


def _bound(lock: Lock) -> bytes:
    return b"mailbox " + lock.id


def _status(session: Session, keys: Keys, receipt: str) -> Mapping[str, Any] | None:
    given = {"mark": receipt_hmac(keys.receipts, receipt)}
    found: Mapping[str, Any] | None = session.scalar(STATUS, given)
    return found


def _words(word: str, received: datetime) -> str:
    if word == "Being considered":
        return "A person has read it and is deciding what should happen."
    if word == "Closed":
        return "We have finished looking at this. We cannot tell you what other services did."
    due = due_on(received)
    if due < clock.today():
        return "We have your report. We are later than we said. A person will read it soon."
    return f"We have your report. A person will read it by {due.day} {due:%B %Y}."


def _message(report: str, receipt: str, kept: Mapping[str, Any]) -> Message:
    try:
        box, key = bytes.fromhex(kept["sealed"]), mailbox_of(receipt)
        body = str(opened(box, key, report=UUID(report), use="message")["body"])
    except SealBrokenError:
        body = UNREADABLE
    return Message(kept["direction"] == "OUT", date.fromisoformat(kept["on"]), body)


def _taken(typed: str) -> tuple[str, str | None]:
    try:
        body = clean_text(typed.replace("\r\n", "\n"))
    except ValueError as wrong:
        return "", str(wrong)
    if not body:
        return "", NO_WORDS
    return body, TOO_LONG if len(body) > LONGEST else None
