"""Changes to requests, inside the caller's transaction: an auditor opens, a lead decides."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children import queries as children
from app.children import service as references
from app.children.rules import trace
from app.core import clock
from app.core.actor import Actor
from app.core.errors import GoneError, InvalidError, NotFoundError, RuleBrokenError
from app.core.files import KEEP, Shelf
from app.core.ids import new_reference, read_reference
from app.core.settings import Settings
from app.reports import receipts
from app.reports.sealing import Keys
from app.retention import queries as retention
from app.subjects import document, gathering, queries, rules
from app.subjects.document import LEFT_OUT, Document, Entry, LeftOut, Line, Section
from app.subjects.models import SubjectFile, SubjectRequest
from app.subjects.rules import Decision, Kind, State
from app.subjects.schemas import RequestIn

WRONG = "Change the fields named below."
THING = "subject_request"
ERASE = text("select app.approve_subject_erasure(:request)")
GONE = "This answer was deleted after 24 hours. Put it together again."


def shelf(settings: Settings) -> Shelf:
    """Where answers lie while they are kept."""
    return Shelf(settings.data_dir / "subjects")


def open_request(session: Session, actor: Actor, keys: Keys, wanted: RequestIn) -> SubjectRequest:
    """By an auditor, who sees no more of the record than that there is one."""
    today = clock.today()
    if problem := rules.received_problem(wanted.received_on, today):
        raise InvalidError(WRONG, {"received_on": problem})
    about, subject_id = _subject(session, keys, wanted.record)
    made = SubjectRequest(
        ref=new_reference("SR"),
        about=about,
        subject_id=subject_id,
        due_on=rules.due_on(wanted.received_on),
        agency_code=actor.agency or "OTHER",
        created_by=actor.id,
        **wanted.model_dump(exclude={"record"}),
    )
    session.add(made)
    audit.record(session, "subject_request.create", THING, made.ref, kind=made.kind, about=about)
    return made


def _subject(session: Session, keys: Keys, typed: str) -> tuple[str, UUID]:
    """A child by its reference, a report by the code that its reporter keeps."""
    if read_reference(typed, "CH") is not None:
        found = children.id_of(session, typed)
        about = "child"
    else:
        folded = receipts.folded(typed)
        whole = receipts.is_whole(folded)
        mark = receipts.receipt_hmac(keys.receipts, folded)
        found, about = (queries.report_of(session, mark) if whole else None), "report"
    if found is None:
        raise InvalidError(WRONG, {"record": rules.NO_RECORD})
    return about, found


def extend(session: Session, asked: SubjectRequest, why: str) -> None:
    today = clock.today()
    if not rules.may_extend(asked.state, asked.extended_on, asked.due_on, today):
        raise RuleBrokenError(rules.EXTENDED)
    asked.extended_on, asked.extension = today, why
    asked.due_on = rules.extended_to(asked.received_on)
    audit.record(session, "subject_request.extend", THING, asked.ref, why=why)


def close(session: Session, asked: SubjectRequest) -> None:
    """The person was told, or has withdrawn the request before anything was decided."""
    if asked.state == State.ERASING:
        raise RuleBrokenError(rules.NOT_YET)
    moves = {State.DECIDED: State.ANSWERED, State.OPEN: State.WITHDRAWN}
    if asked.state not in moves:
        raise RuleBrokenError(rules.NOT_DECIDED)
    asked.state = moves[State(asked.state)]
    asked.closed_at = clock.now()
    audit.record(session, "subject_request.close", THING, asked.ref, state=asked.state)


def decide(
    session: Session,
    actor: Actor,
    asked: SubjectRequest,
    decision: str,
    refusal: Collection[str],
    note: str,
) -> None:
    """Everything but to erase, by a lead who did not open it."""
    if asked.state != State.OPEN or asked.created_by == actor.id:
        raise RuleBrokenError(rules.NOT_OPEN)
    kind = Kind(asked.kind)
    if wrong := rules.decision_problems(kind, decision, refusal, note):
        raise InvalidError(WRONG, wrong)
    if decision == Decision.ERASED:
        _erase(session, asked)
        return
    if decision == Decision.GIVEN:
        asked.left_out = list(document.OF_ABOUT[asked.about])
    asked.state, asked.decision, asked.note = State.DECIDED, decision, note or None
    asked.refusal = list(refusal) if decision == Decision.REFUSED else []
    asked.decided_at, asked.decided_by = clock.now(), actor.id
    audit.record(
        session,
        "subject_request.decide",
        THING,
        asked.ref,
        decision=decision,
        refusal=asked.refusal,
    )


def _erase(session: Session, asked: SubjectRequest) -> None:
    """A run of retention with this one record in it, erased by the same job as every other."""
    session.flush()
    said = session.scalar(ERASE, {"request": asked.id})
    if said == "held":
        raise InvalidError(WRONG, {"decision": rules.HELD})
    if said != "approved":
        raise RuleBrokenError(rules.NOT_OPEN)
    audit.record(session, "subject_request.decide", THING, asked.ref, decision=Decision.ERASED)


def put_together(
    session: Session, actor: Actor, keys: Keys, asked: SubjectRequest, shelf: Shelf
) -> SubjectFile:
    """The answer as a sealed file, for this person, for a day."""
    if asked.subject_id is None or asked.decision != Decision.GIVEN:
        raise NotFoundError(queries.ABSENT)
    held = _held(session, keys, asked)
    made = document.released(held)
    kept = shelf.keep(written(made, asked.ref))
    file = SubjectFile(
        request_id=asked.id,
        created_by=actor.id,
        expires_at=clock.now() + KEEP,
        file_name=kept.name,
        file_key=kept.key,
        file_size=kept.size,
    )
    session.add(file)
    known = trace(asked.subject_id) if asked.about == "child" else held.ref
    rows = sum(len(section.entries) for section in made.sections)
    audit.record(
        session, "subject_file.create", asked.about, known, rows=rows, request=asked.ref,
        left_out=[one.code for one in made.left_out],
    )  # fmt: skip
    return file


def _held(session: Session, keys: Keys, asked: SubjectRequest) -> document.Holding:
    """Read in the transaction of the event that tells of it."""
    if asked.subject_id is None:
        raise NotFoundError(queries.ABSENT)
    if asked.about == "report":
        return gathering.of_report(session, keys, asked.subject_id)
    child = gathering.child_by_id(session, asked.subject_id)
    references.note_decoy(session, child)
    return gathering.of_child(session, child)


def fetch(session: Session, asked: SubjectRequest, shelf: Shelf, form: str) -> Document:
    """What was put together, while it is kept; each look is told to the audit.

    Raises
    ------
    GoneError
        A day has passed, or somebody else made it.
    """
    file = queries.file_of(session, asked, clock.now())
    if file is None:
        raise GoneError(GONE)
    found = _document(orjson.loads(shelf.open(file.file_name, file.file_key)))
    rows = sum(len(section.entries) for section in found.sections)
    audit.record(session, "subject_file.download", THING, asked.ref, rows=rows, form=form)
    return found


def written(made: Document, ref: str) -> bytes:
    """As a file of its own, in an order that stays."""
    return orjson.dumps({"request": ref} | made.told(), option=orjson.OPT_INDENT_2)


def _document(body: dict[str, Any]) -> Document:
    sections = [
        Section(
            section["title"],
            [
                Entry(one["title"], one["on"], [Line(**line) for line in one["lines"]])
                for one in section["entries"]
            ],
        )
        for section in body["sections"]
    ]
    left = [LeftOut(**one) for one in body["left_out"]]
    rest = {name: body[name] for name in ("about", "ref", "police", "synthetic")}
    return Document(sections=sections, left_out=left, **rest)


def left_out(asked: SubjectRequest) -> list[LeftOut]:
    """What an answer of this kind never holds, and why."""
    return [LeftOut(code, *LEFT_OUT[code]) for code in asked.left_out]


def erased(session: Session, asked: SubjectRequest) -> dict[str, int]:
    """What a run of retention has erased of it, by kind."""
    run = retention.run_by_id(session, asked.run_id) if asked.run_id else None
    return dict(run.erased or {}) if run is not None else {}


def tidied(session: Session, shelf: Shelf) -> int:
    """Answers of yesterday, the file and the key that opens it; and requests closed long ago."""
    now = clock.now()
    over = queries.files_over(session, now)
    for file, ref in over:
        shelf.drop(file.file_name)
        session.delete(file)
        audit.record(session, "subject_file.expire", THING, ref)
    if forgotten := queries.forget(session, now):
        audit.record(session, "subject_request.expire", THING, None, rows=forgotten)
    return len(over)
