"""What the reporter reads: templates with a slot, sealed twice, and never a fact of a place."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.ids import new_id
from app.core.types import clean_text
from app.places import queries as places
from app.places.rules import lint, stops
from app.reference import personal
from app.reports import queries, triage
from app.reports.models import Report, ReportMessage
from app.reports.rules import State
from app.reports.sealing import Keys, SealBrokenError, opened, public_key, seal

FILE = Path(__file__).resolve().parents[2] / "data" / "lookups" / "reply_templates.csv"
QUESTION, FEEDBACK = "QUESTION", "FEEDBACK"
SLOT = 300


@dataclass(frozen=True, slots=True)
class Template:
    """One reply. `slot` is the question to the lead for what goes into `{slot}`."""

    code: str
    label: str
    use: str
    slot: str
    text: str

    def said(self, typed: str, front_door: str) -> str:
        """As the reporter reads it. Braces in what was typed stay as they are."""
        words = self.text.replace("{front_door}", front_door)
        return words.replace("{slot}", typed)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out, or what is wrong with it by field."""

    template: Template | None
    body: str
    errors: Mapping[str, str]


@cache
def templates() -> Mapping[str, Template]:
    with FILE.open(newline="", encoding="utf-8") as lines:
        return {row["code"]: Template(**row) for row in csv.DictReader(lines)}


def offered(report: Report) -> list[Template]:
    """Questions while it is in triage, feedback once it is decided, else none."""
    use = {State.IN_TRIAGE: QUESTION, State.DECIDED: FEEDBACK}.get(State(report.state))
    return [template for template in templates().values() if template.use == use]


def written(session: Session, report: Report, sent: Mapping[str, str], front_door: str) -> Reply:
    """The reply as it would be read, checked as it is typed."""
    template = next((t for t in offered(report) if t.code == sent.get("template")), None)
    if template is None:
        return Reply(None, "", {"template": "Choose a reply."})
    if not template.slot:
        return Reply(template, template.said("", front_door), {})
    try:
        typed = clean_text(sent.get("slot", ""))
    except ValueError as problem:
        return Reply(template, "", {"slot": str(problem)})
    if wrong := _slot_problem(session, typed):
        return Reply(template, "", {"slot": wrong})
    return Reply(template, template.said(typed, front_door), {})


def _slot_problem(session: Session, typed: str) -> str | None:
    if not typed:
        return "Enter your question."
    if len(typed) > SLOT:
        return f"Use at most {SLOT} characters."
    if found := personal.found(typed):
        return f"Leave out what may identify someone: {found[0].extract}."
    return stops(lint(typed, places.language(session)))


def send(session: Session, keys: Keys, actor: Actor, report: Report, reply: Reply) -> None:
    """Into the mailbox of this report; feedback also to those that were merged into it."""
    template = reply.template
    if template is None:
        return
    asks = template.use == QUESTION
    to = State.NEEDS_INFO if asks else State.FEEDBACK_SENT
    told = [report] if asks else [report, *_merged(session, report)]
    for each in told:
        _write(session, keys, actor, each, reply.body, template.code)
        triage.touch(each)
        action = "report.ask" if asks else "report.feedback"
        triage.move(session, each, to, action, why=None, template=template.code)


def merged_too(session: Session, report: Report) -> Sequence[Report]:
    """Who else would be told."""
    return _merged(session, report) if report.state == State.DECIDED else ()


def _merged(session: Session, report: Report) -> list[Report]:
    """Merged reports whose reporters were not told yet."""
    return [e for e in queries.merged_into(session, report) if e.state == State.DECIDED]


def _write(
    session: Session, keys: Keys, actor: Actor, report: Report, body: str, code: str
) -> None:
    """One copy for the team, one for whoever has the receipt."""
    mailbox = public_key(queries.original(session, report).mailbox_key)
    content = {"body": body}
    session.add(
        ReportMessage(
            id=new_id(),
            report_id=report.id,
            direction="OUT",
            template_code=code,
            sealed=seal(content, keys.triage.public_key(), report=report.id, use="message"),
            sealed_for_reporter=seal(content, mailbox, report=report.id, use="message"),
            at=clock.now(),
            by=actor.id,
        )
    )


def messages(session: Session, keys: Keys, report: Report) -> list[tuple[ReportMessage, str, bool]]:
    """Each with its words, and whether it is new; opened now, it is new no longer."""
    found, now = [], clock.now()
    for message in queries.messages(session, report):
        try:
            body = str(opened(message.sealed, keys.triage, report=report.id, use="message")["body"])
        except SealBrokenError:
            body = "This message cannot be opened with the keys of this service."
        new = message.direction == "IN" and message.read_at is None
        if new:
            message.read_at = now
        found.append((message, body, new))
    return found
