"""The mailbox of before becomes reports of the same inbox: each mail once, its words sealed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.types import Text
from app.imports import mbox, queries
from app.imports.files import Refusal, Refusals
from app.imports.mbox import Mail, UnusableMailError
from app.imports.service import Options, Tally, arrival_of, refuse_nothing
from app.reports.schemas import ContactIn, ReportIn
from app.reports.sealing import Content, Keys
from app.reports.service import Sending, receive

JOB = job_actor("imports:mailbox")
AT_ONCE = 200  # in one transaction: what is interrupted goes on where it was
WHERE, WORDS = 200, 500
NO_SUBJECT = "Described in an e-mail"
Progress = Callable[[int, int, str], None]


class SenderIn(ContactIn):
    """The address that an answer would go to, and the name beside it."""

    name: Annotated[Text, Field(max_length=100)] | None = None

    def problems(self) -> dict[str, str]:
        """None: an odd address of an old mail is kept as it came."""
        return {}


class MailIn(ReportIn):
    """A mail as a report: nobody was asked anything, so nothing is known but its words."""

    mail: dict[str, str]

    def words(self) -> Content:
        return super().words() | self.mail


@dataclass(slots=True)
class _Import:
    """One file on its way in."""

    keys: Keys
    tally: Tally = field(default_factory=Tally)
    rejected: list[tuple[Refusal, list[str]]] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)  # a dry run keeps nothing that would tell

    def take(self, session: Session, number: int, raw: bytes | None) -> None:
        self.tally.rows += 1
        try:
            mail = mbox.read(raw)
        except UnusableMailError as wrong:
            self.tally.rejected += 1
            self.rejected.append((Refusal(number, str(wrong)), []))
            return
        sending = Sending(b"mail " + mail.key, mail.key, channel="EMAIL_IMPORT")
        known = mail.key in self.seen
        known = known or receive(session, self.keys, report_of(mail), sending).again
        self.seen.add(mail.key)
        self.tally.already_known += known
        self.tally.imported += not known


def bring_in(
    db: Database, keys: Keys, path: Path, options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Bring in every message of the file that is not known; the batch and the tally.

    Raises
    ------
    InvalidError
        Not a mailbox, or nothing in it can be used.
    """
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name} there.")
    arrival, refusals = arrival_of("mailbox", [path], JOB), Refusals(options.errors)
    arriving = _Import(keys)
    begin = db.read if options.dry_run else db.begin
    total, incoming = sum(1 for _ in _numbered(path)), _numbered(path)
    while some := list(islice(incoming, AT_ONCE)):
        with begin(JOB) as session:
            for number, raw in some:
                arriving.take(session, number, raw)
        progress(arriving.tally.rows, total, f"Reading {path.name}")
    refusals.add(path.name, arriving.rejected)
    refuse_nothing(arriving.tally, refusals, [path])
    with db.cursor(JOB, keep=not options.dry_run) as cursor:
        queries.insert_batch(cursor, arrival, arriving.tally.numbers(), dry_run=options.dry_run)
    return arrival.ref, arriving.tally


def _numbered(path: Path) -> Iterator[tuple[int, bytes | None]]:
    try:
        yield from zip(count(1), mbox.messages(path), strict=False)
    except UnusableMailError as wrong:
        raise InvalidError(str(wrong)) from wrong


def report_of(mail: Mail) -> MailIn:
    """Words that are too long for a field are kept whole beside it."""
    where = mail.subject if 0 < len(mail.subject) <= WHERE else NO_SUBJECT
    short = 0 < len(mail.text) <= WORDS
    beside = {
        "mail_subject": mail.subject if where == NO_SUBJECT else "",
        "mail_text": "" if short else mail.text,
        "mail_sent": mail.sent,
        "mail_attachments": _attachments(mail.attachments),
    }
    return MailIn(
        danger_answer="NOT_SURE",
        where_kind="DESCRIBED",
        where_text=where,
        what_harms=["OTHER"],
        when_kind="NOT_SURE",
        notice_text=mail.text if short else None,
        contact=SenderIn(email=mail.email, name=mail.name) if mail.email else None,
        mail={name: said for name, said in beside.items() if said},
    )


def _attachments(n: int) -> str:
    if not n:
        return ""
    files = "1 file was" if n == 1 else f"{n} files were"
    return f"{files} attached and not taken over. See the mailbox."
