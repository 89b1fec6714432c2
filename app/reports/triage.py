"""Take a report, open it, say which words stay. Every function runs in the caller's transaction."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import StaleError
from app.core.states import moved
from app.reference import personal
from app.reports import queries, screening
from app.reports.models import Report, ReportOriginal
from app.reports.rules import MOVES, UNDECIDED, State
from app.reports.schemas import APART
from app.reports.sealing import Content, Keys, SealBrokenError, opened, seal
from app.reports.service import because

REMOVED = "[removed]"
MOST_EXTRACTS = 15  # of one answer: a form has so many fields, and a person so much patience
# In the order of the form. An online address is for the lead alone.
LABELS = {
    "where_text": "Where exactly",
    "line": "Route",
    "from_text": "From",
    "to_text": "To",
    "online_raw": "Online address, account or group",
    "groups_text": "What harm, and to whom",
    "notice_text": "What they noticed",
    "helps_text": "What helps people feel safer",
    "mail_subject": "Subject of the e-mail",
    "mail_text": "The e-mail",
    "mail_sent": "When it was sent",
    "mail_attachments": "Attachments",
}
KINDS = {
    "NAME": "A name",
    "PHONE": "A telephone number",
    "EMAIL": "An e-mail address",
    "NHS": "An NHS number",
    "PUPIL": "A school or year with initials",
}


@dataclass(frozen=True, slots=True)
class Extract:
    """Words that may identify somebody. `n` counts from 0 in the order of the form."""

    n: int
    name: str
    start: int
    end: int
    kind: str
    text: str

    @property
    def label(self) -> str:
        return f"{KINDS.get(self.kind, 'Words')} in '{LABELS.get(self.name, self.name)}'"


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of each extract: REDACT, or KEEP with a reason; `also`: more words to remove."""

    choices: Mapping[int, str] = field(default_factory=dict)
    whys: Mapping[int, str] = field(default_factory=dict)
    also: Sequence[str] = ()

    def open(self, extracts: Sequence[Extract]) -> list[Extract]:
        """Those without a decision."""
        return [
            each
            for each in extracts
            if self.choices.get(each.n) not in {"REDACT", "KEEP"}
            or (self.choices[each.n] == "KEEP" and not self.whys.get(each.n))
        ]

    def kept(self) -> Content:
        return {
            "choices": {str(n): said for n, said in self.choices.items()},
            "whys": {str(n): said for n, said in self.whys.items()},
            "also": list(self.also),
        }


@dataclass(frozen=True, slots=True)
class Opened:
    """A report with its words, for the lead. `readable` is False when no key opens them."""

    report: Report
    original: ReportOriginal
    said: Content
    extracts: Sequence[Extract]
    readable: bool = True


def take(session: Session, keys: Keys, actor: Actor, report: Report) -> None:
    """It is this person's now. Whoever is quicker than the screening job screens it so."""
    must_be(report, UNDECIDED, State.IN_TRIAGE)
    original = queries.original(session, report)
    if report.state in {State.RECEIVED, State.QUARANTINED}:
        screening.screen(session, keys, report.id)
        session.flush()
        release(session, report)
    if report.state != State.IN_TRIAGE:
        move(session, report, State.IN_TRIAGE, "report.take", why=None)
    else:
        audit.record(session, "report.take", "report", report.ref)
    original.assigned_to = actor.id
    touch(report)


def release(session: Session, report: Report) -> None:
    """A person looked: it waits like any other."""
    if report.state == State.QUARANTINED:
        move(session, report, State.SCREENED, "report.release", why="Released by a person")
        touch(report)


def move(
    session: Session,
    report: Report,
    to: State,
    action: str,
    *,
    why: str | None,
    **told: Any,  # noqa: ANN401 - codes and counts
) -> None:
    """One move, with its reason beside it, and one event."""
    because(session, why or "")
    before = report.state
    report.state = moved("report", report.state, to, MOVES)
    audit.record(session, action, "report", report.ref, was=before, to=to, **told)


def must_be(report: Report, states: Collection[str], to: State) -> None:
    """For moves that have an address of their own: undo is not reopening.

    Raises
    ------
    RuleBrokenError
        The report is in another state.
    """
    allowed: dict[str, Collection[str]] = {state: {to} for state in states}
    moved("report", report.state, to, allowed)


def touch(report: Report) -> None:
    report.version += 1


def must_be_current(session: Session, actor: Actor, report: Report, version: int) -> None:
    """What was looked at is still so.

    Raises
    ------
    StaleError
        Somebody changed it since, with who and when.
    """
    if report.version != version:
        mine = report.updated_by == actor.id
        who = "you" if mine else queries.name_of(session, report.updated_by) or "somebody else"
        at = report.updated_at.astimezone(clock.LONDON)
        raise StaleError(f"Changed by {who} at {at:%H:%M}. Compare and save again.")


def opened_by(session: Session, keys: Keys, report: Report) -> Opened:
    """Decrypt it. Whoever shows it records that it was read."""
    original = queries.original(session, report)
    try:
        said = opened(original.sealed, keys.triage, report=report.id, use="words")
    except SealBrokenError:
        return Opened(report, original, {}, (), readable=False)
    told = {name: said[name] for name in (*LABELS, "about_ref") if name in said}
    return Opened(report, original, told, extracts_of(told))


def extracts_of(said: Content) -> list[Extract]:
    """Each needs a decision; of more than anybody decides one by one, the whole stretch is one."""
    found = screening.flagged(said)
    many = {name for name, n in Counter(name for name, _ in found).items() if n > MOST_EXTRACTS}
    spans = [(name, span) for name, span in found if name not in many]
    for name in said:
        if name in many:
            of_name = [span for each, span in found if each == name]
            start, end = of_name[0].start, of_name[-1].end
            spans.append((name, personal.Span(of_name[0].kind, start, end, said[name][start:end])))
    order = {name: n for n, name in enumerate(said)}
    spans.sort(key=lambda one: (order[one[0]], one[1].start))
    return [
        Extract(n, name, span.start, span.end, span.kind.value, span.extract)
        for n, (name, span) in enumerate(spans)
    ]


def cut_before(keys: Keys, report: Report) -> Cut:
    """What was decided of the extracts the last time, where it was."""
    told = redacted(keys, report)
    return Cut(
        {int(n): said for n, said in told.get("choices", {}).items()},
        {int(n): said for n, said in told.get("whys", {}).items()},
        told.get("also", []),
    )


def redacted(keys: Keys, report: Report) -> dict[str, Any]:
    """What practitioners and police may read, when there is such a text."""
    if report.redacted is None:
        return {}
    try:
        return opened(report.redacted, keys.triage, report=report.id, use="redacted")
    except SealBrokenError:
        return {}


def redact(keys: Keys, found: Opened, cut: Cut) -> dict[str, int]:
    """Write the text for others, without what was cut and the online address; say how much."""
    report = found.report
    words = {
        name: shortened(name, text, found.extracts, cut)
        for name, text in found.said.items()
        if name not in APART
    }
    content = {"words": words} | cut.kept()
    key = keys.triage.public_key()
    report.redacted = seal(content, key, report=report.id, use="redacted")
    report.redaction = "DONE" if found.extracts or cut.also else "NONE"
    said = list(cut.choices.values())
    return {"removed": said.count("REDACT") + len(cut.also), "kept": said.count("KEEP")}


def shortened(name: str, text: str, extracts: Sequence[Extract], cut: Cut) -> str:
    """Without the extracts that go, from the last to the first so that positions hold."""
    for each in sorted(extracts, key=lambda each: -each.start):
        if each.name == name and cut.choices.get(each.n) == "REDACT":
            text = text[: each.start] + REMOVED + text[each.end :]
    for words in cut.also:
        text = text.replace(words, REMOVED)
    return text
