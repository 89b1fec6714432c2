"""Changes to exports: asked for, decided, fetched. Each runs in the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import GoneError, NotFoundError, RuleBrokenError
from app.core.files import Shelf
from app.core.ids import new_reference, read_reference
from app.core.jobs import enqueue
from app.exports import queries, rights, rules
from app.exports.models import Export
from app.exports.rules import Format, State
from app.exports.schemas import ExportIn
from app.exports.source import Query, Source
from app.exports.sources import source

DECIDE = text("select app.decide_export(:ref, :agreed)")
REASON_CHARS = range(20, 201)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person looks at before asking: the rows, and how many of them may leave."""

    source: Source
    filters: Any
    query: Query
    rows: int
    kept_back: int

    def barrier(self, able: rights.Rights, *, with_another: bool) -> str | None:
        """Why this person cannot have these rows, in words."""
        if self.rows == 0:
            return rules.NO_ROWS
        if self.rows > rules.MOST_ROWS:
            return f"Export at most {rules.MOST_ROWS:,} rows. Narrow the filters."
        if self.rows > able.alone and not with_another:
            return f"You can export at most {able.alone} rows. Narrow the filters."
        return None


def problems(
    wanted: ExportIn, asked: Asked, able: rights.Rights, agencies: Mapping[str, str]
) -> dict[str, str]:
    """One sentence for each answer that cannot be used."""
    too_many = asked.rows > rules.MOST_ON_MAP and wanted.format == Format.MAP
    found = {
        "format": None if wanted.format in list(Format) else rules.NO_FORMAT,
        "purpose": None if wanted.purpose in able.purposes else rules.NO_PURPOSE,
        "recipient_agency": None if wanted.recipient_agency in agencies else rules.NO_AGENCY,
        "recipient": None if wanted.recipient else rules.NO_RECIPIENT,
        "reason": None if len(wanted.reason) in REASON_CHARS else rules.NO_REASON,
    }
    if too_many:
        found["format"] = f"A map file holds at most {rules.MOST_ON_MAP:,} rows."
    return {name: words for name, words in found.items() if words}


def ask(session: Session, actor: Actor, wanted: ExportIn, asked: Asked, *, alone: int) -> Export:
    """Have the file made, or ask somebody else first."""
    waits = asked.rows > alone
    export = Export(
        ref=new_reference("EX"),
        created_by=actor.id,
        agency_code=actor.agency or "",
        dataset=asked.source.name,
        filters=asked.source.lasting(asked.query, asked.filters),
        rows_asked=asked.rows,
        state=State.REQUESTED if waits else State.QUEUED,
        **wanted.model_dump(),
    )
    session.add(export)
    action = "export.request" if waits else "export.create"
    audit.record(session, action, "export", export.ref, **facts(export))
    if not waits:
        enqueue(session, "exports:make", export=str(export.id))
    return export


def facts(export: Export) -> dict[str, Any]:
    """What the audit keeps of a disclosure: organisations and numbers, no names, no words."""
    return {
        "dataset": export.dataset,
        "format": export.format,
        "asked": export.rows_asked,
        "why": export.purpose,
        "recipient": export.recipient_agency,
    }


def decide(session: Session, actor: Actor, ref: str, *, agreed: bool) -> None:
    """Let it be made, or not. The database refuses one's own, too."""
    known = read_reference(ref, "EX")
    export = session.scalar(DECIDE, {"ref": known, "agreed": agreed})
    if export is None:
        raise RuleBrokenError(rules.DECIDED)
    outcome = "approved" if agreed else "refused"
    audit.record(session, "export.approve", "export", known, outcome=outcome)
    if agreed and actor.db_role == "cs_app":  # after an auditor the sweep finds it
        enqueue(session, "exports:make", export=str(export))


def fetch(
    session: Session, actor: Actor, ref: str, shelf: Shelf, now: datetime
) -> tuple[Export, bytes]:
    """The file, while it is there and every row in it may still leave with this person.

    Raises
    ------
    GoneError
        A day has passed.
    NotFoundError
        It is not one's own, not made, not on the disk, or a right to one of its rows is lost.
    """
    export = queries.find(session, ref)
    if rules.is_over(export.state, export.expires_at, now):
        raise GoneError(rules.GONE)
    if export.state != State.READY or export.file_name is None or export.file_key is None:
        raise NotFoundError(rules.NOT_READY)
    able = rights.of(actor.role)
    kept = source(export.dataset, able).still(session, export.row_ids, able)
    if kept != len(export.row_ids):
        raise NotFoundError(rules.LOST_RIGHT)
    audit.record(
        session, "export.download", "export", export.ref, rows=len(export.row_ids), **facts(export)
    )
    return export, shelf.open(export.file_name, export.file_key)
