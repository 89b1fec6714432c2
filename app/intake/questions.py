"""What each page asks, and what is wrong with an answer, in the words of the report itself."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.core.pages import parse
from app.intake.schemas import Answers
from app.reference.personal import found
from app.reports import rules
from app.reports.schemas import ReportIn

Form = Mapping[str, Sequence[str]]
Wrong = dict[str, str]

CHOICES: dict[str, tuple[str, Mapping[str, str], str]] = {
    "now": ("danger_answer", rules.DANGER, "Select if anyone is in danger right now."),
    "kind": ("where_kind", rules.WHERE_KINDS, "Select what you want to tell us about."),
}
# As data/lookups/lists/platform.csv has them; the form's database role reads no list.
PLATFORMS = {
    "VIDEO": "Video platform",
    "SOCIAL": "Social network",
    "MESSAGING": "Messaging app",
    "GAME": "Game",
    "SITE": "Website",
    "OTHER": "Other",
}
# The other questions, answered so that only the one that is asked can be wrong.
OTHERS: dict[str, Any] = {
    "danger_answer": "NO",
    "where_kind": "DESCRIBED",
    "where_text": "-",
    "what_harms": ["OTHER"],
    "when_kind": "NOT_SURE",
}
# A page sent empty says so, and not that a field is absent.
EMPTY: dict[str, dict[str, Any]] = {"what": {"what_harms": []}, "when": {"when_kind": ""}}


class Question(NamedTuple):
    """`words` are searched for what may identify somebody."""

    title: str
    texts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return self.texts + self.lists


WHERE = "Where is it?"
QUESTIONS = {
    "now": Question("Is anyone in danger right now?", ("danger_answer",)),
    "kind": Question("What do you want to tell us about?", ("where_kind",)),
    "what": Question(
        "What worries you about it?",
        ("groups_text", "notice_text", "how_known", "child_count_band", "helps_text"),
        ("what_harms",),
        ("groups_text", "notice_text", "helps_text"),
    ),
    "when": Question("When does it happen?", ("when_kind",), ("day_parts",)),
    "you": Question(
        "Do you want to tell us about yourself?",
        ("reporter_kind", "contact", "email", "phone", "safe_times"),
    ),
}
OF_WHERE = {
    "PLACE": Question(WHERE, ("where_q",)),
    "ROUTE": Question(WHERE, ("mode", "line", "from_text", "to_text")),
    "ONLINE": Question(WHERE, ("platform", "online_raw", "audience")),
    "DESCRIBED": Question(WHERE, ("where_text",), words=("where_text",)),
}
CHOOSE = Question("Which one do you mean?", ("match", "where_text"), words=("where_text",))
OF_PLACE = (*CHOOSE.fields, *(name for question in OF_WHERE.values() for name in question.fields))


def of(step: str, answers: Answers) -> Question:
    if step == "where":
        return OF_WHERE[str(answers.get("where_kind", "DESCRIBED"))]
    return QUESTIONS[step]


def typed(question: Question, form: Form) -> dict[str, str | list[str]]:
    """As it was sent, to be shown again; cut where nobody types on, so that a draft stays small."""
    found: dict[str, str | list[str]] = {
        name: form[name][-1].replace("\r\n", "\n")[:1000]
        for name in question.texts
        if form.get(name, [""])[-1].strip()
    }
    found |= {
        name: [value[:40] for value in form[name][:20]] for name in question.lists if name in form
    }
    return found


def checked(step: str, said: Answers, kind: str) -> tuple[dict[str, Any], Wrong]:
    """The answers as they are kept, or one message a field."""
    if step in CHOICES:
        name, known, words = CHOICES[step]
        return ({name: said[name]}, {}) if said.get(name) in known else ({}, {name: words})
    if step == "you":
        return _about_you(said)
    if said.get("platform", "OTHER") not in PLATFORMS:
        return {}, {"platform": "Select one of the list."}
    fields = of(step, {"where_kind": kind}).fields
    empty = {"where_kind": kind, "where_text": None} if step == "where" else EMPTY[step]
    report, wrong = parse(ReportIn, OTHERS | empty | dict(said))
    if report is None:
        return {}, _of(fields, wrong)
    kept = {name: getattr(report, name) for name in fields if getattr(report, name)}
    if "GROUPS" not in report.what_harms:
        kept.pop("groups_text", None)
    return kept, _of(fields, report.problems())


def _of(fields: tuple[str, ...], wrong: Wrong) -> Wrong:
    return {name: words for name, words in wrong.items() if name in fields}


def _about_you(said: Answers) -> tuple[dict[str, Any], Wrong]:
    wants = said.get("contact") == "YES"
    contact = {name: said[name] for name in ("email", "phone", "safe_times") if name in said}
    kind = said.get("reporter_kind") or "NOT_SAID"
    given = OTHERS | {"reporter_kind": kind, "contact": contact if wants else None}
    report, wrong = parse(ReportIn, given)
    if report is None:
        return {}, {name.removeprefix("contact."): words for name, words in wrong.items()}
    kept = report.contact.model_dump(exclude_none=True) if report.contact else {}
    return {"reporter_kind": kind, "contact": "YES" if wants else "NO"} | kept, report.problems()


def identifying(question: Question, said: Answers, accepted: Sequence[str]) -> list[str]:
    """Words that may identify somebody and that the reporter has not yet chosen to keep."""
    texts = [str(said.get(name, "")) for name in question.words]
    extracts = dict.fromkeys(span.extract for text in texts for span in found(text))
    return [extract for extract in extracts if extract not in accepted]
