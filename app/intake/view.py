"""What the pages of the form show: titles, choices, and the list of all answers before sending."""

from typing import Any, NamedTuple

from app.core.partnership import Partnership
from app.intake import questions
from app.intake import rules as order
from app.intake.schemas import Draft, Spot
from app.reports import rules
from app.reports.receipts import spelled

CHOICES = {
    "danger_answer": rules.DANGER,
    "where_kind": rules.WHERE_KINDS,
    "mode": rules.TRAVEL_MODES,
    "platform": questions.PLATFORMS,
    "audience": rules.AUDIENCES,
    "what_harms": rules.WORRIES,
    "how_known": rules.HOW_KNOWN,
    "child_count_band": rules.CHILD_COUNTS,
    "when_kind": rules.WHEN_KINDS,
    "day_parts": rules.DAY_PARTS,
    "reporter_kind": rules.REPORTER_KINDS,
}
HELPED = frozenset({"YOUNG_PERSON", "PARENT_CARER"})
CHECK_TITLE = "Check what you have told us"
DONE_TITLE = "We have received it"
EMERGENCY_TITLE = "Call 999 now"


class Row(NamedTuple):
    """A line of the check page. `of` says which answer the link changes, to who hears it alone."""

    label: str
    value: str
    step: str
    of: str


def question(draft: Draft, step: str, house: Partnership) -> dict[str, Any]:
    """What the template of a question needs."""
    partner = draft.sender is not None
    return _typed(draft, step) | {
        "page_title": questions.of(step, draft.answers).title,
        "here": f"/report/{step}",
        "back": _address(order.before(step, partner)),
        "progress": _progress(draft, step),
        "kind": draft.answer("where_kind"),
        "not_sure": draft.answer("danger_answer") == "NOT_SURE",
        "notice": notice(draft, house) if step == "what" else None,
        "choices": CHOICES,
    }


def choose(draft: Draft) -> dict[str, Any]:
    """What was found; the one match of a whole postcode is chosen already."""
    shown = _typed(draft, "choose")
    if len(draft.matches) == 1 and draft.matches[0].exact and "match" not in shown["values"]:
        shown["values"] = {**shown["values"], "match": "0"}
    return shown | {
        "page_title": questions.CHOOSE.title,
        "here": "/report/where/choose",
        "back": "/report/where",
        "progress": _progress(draft, "where"),
        "matches": draft.matches,
    }


def on_map(draft: Draft) -> dict[str, Any]:
    """Around the small map itself."""
    return _typed(draft, "map") | {
        "page_title": questions.WHERE,
        "here": "/report/where/map",
        "back": "/report/where",
        "progress": _progress(draft, "where"),
    }


def _typed(draft: Draft, step: str) -> dict[str, Any]:
    """What was typed and not taken, or what was answered before."""
    pending = draft.pending if draft.pending and draft.pending.step == step else None
    return {
        "step": step,
        "values": pending.typed if pending else draft.answers,
        "errors": pending.errors if pending else {},
        "found": pending.found if pending else (),
        "missed": pending.missed if pending else "",
    }


def _progress(draft: Draft, step: str) -> str:
    asked = order.steps(draft.sender is not None)
    return f"Question {asked.index(step) + 1} of {len(asked)}"


def template(draft: Draft, step: str) -> str:
    """By kind for the question where it is; the question about words while there is one."""
    if draft.pending and draft.pending.step == step and draft.pending.found:
        return "report/identifies.html"
    if step == "choose":
        return "report/where-choose.html"
    kind = draft.answer("where_kind").lower()
    return f"report/where-{kind}.html" if step == "where" else f"report/{step}.html"


def _address(step: str | None) -> str:
    return f"/report/{step}" if step else "/report"


def notice(draft: Draft, house: Partnership) -> str | None:
    """What becomes of a place that is not the partnership's."""
    spot = draft.spot if draft.answer("where_kind") == "PLACE" else None
    if spot is None or spot.verdict == "inside":
        return None
    if spot.verdict == "too_far":
        return (
            f"This is more than 10 kilometres from {house.name}. We keep your words, "
            "but not the spot on the map."
        )
    where = spot.borough or "another council's area"
    return f"This is in {where}. We will pass it on to the council there."


def spot_words(spot: Spot) -> str:
    return ", ".join(part for part in (spot.label, spot.borough) if part)


def check(draft: Draft, house: Partnership) -> dict[str, Any]:
    """All answers, what becomes of a place elsewhere, and who can help meanwhile."""
    return {
        "page_title": CHECK_TITLE,
        "here": "/report/send",
        "rows": rows(draft),
        "notice": notice(draft, house),
        "help_lines": draft.answer("reporter_kind") in HELPED,
        "key": draft.key,
        "back": _address(order.before(order.CHECK, draft.sender is not None)),
    }


def rows(draft: Draft) -> list[Row]:
    """Every answer that was given, in the order of the questions."""
    found = [
        _one(draft, "now", "Is anyone in danger?", "danger_answer"),
        _one(draft, "kind", "What it is about", "where_kind"),
        *_where(draft),
        _many(draft, "what", "What worries you", "what_harms"),
        _text(draft, "what", "What harm, and to whom", "groups_text"),
        _text(draft, "what", "What you have noticed", "notice_text"),
        _one(draft, "what", "How you know", "how_known"),
        _one(draft, "what", "How many children", "child_count_band"),
        _text(draft, "what", "What helps people feel safer", "helps_text"),
        _one(draft, "when", "When it happens", "when_kind"),
        _many(draft, "when", "Time of day", "day_parts"),
        *([] if draft.sender else _you(draft)),
    ]
    return [row for row in found if row.value]


def _where(draft: Draft) -> list[Row]:
    spot = draft.spot if draft.answer("where_kind") == "PLACE" else None
    beside = "Where exactly" if spot else "Where it is"
    return [
        Row("Where it is", spot_words(spot) if spot else "", "where", "where it is"),
        _text(draft, "where", beside, "where_text"),
        _one(draft, "where", "How people travel", "mode"),
        _text(draft, "where", "Route or line", "line"),
        _text(draft, "where", "From", "from_text"),
        _text(draft, "where", "To", "to_text"),
        _one(draft, "where", "What kind of service", "platform"),
        _text(draft, "where", "Address, account or group", "online_raw"),
        _one(draft, "where", "Who can see it", "audience"),
    ]


def _you(draft: Draft) -> list[Row]:
    contact = {"YES": "Yes", "NO": "No"}.get(draft.answer("contact"), "")
    return [
        _one(draft, "you", "About you", "reporter_kind"),
        Row("May we contact you?", contact, "you", "whether we may contact you"),
        _text(draft, "you", "Email address", "email"),
        _text(draft, "you", "Phone number", "phone"),
        _text(draft, "you", "When and how it is safe", "safe_times"),
    ]


def _text(draft: Draft, step: str, label: str, name: str) -> Row:
    return Row(label, draft.answer(name), step, label.lower())


def _one(draft: Draft, step: str, label: str, name: str) -> Row:
    return Row(label, CHOICES[name].get(draft.answer(name), ""), step, label.lower().rstrip("?"))


def _many(draft: Draft, step: str, label: str, name: str) -> Row:
    words = [CHOICES[name][code] for code in draft.answer_list(name)]
    return Row(label, "\n".join(words), step, label.lower())


def done(draft: Draft) -> dict[str, Any]:
    """The receipt, once."""
    if draft.done is None:
        raise ValueError("nothing was sent")
    return {
        "page_title": DONE_TITLE,
        "code": spelled(draft.done.receipt),
        "due_on": draft.done.due_on,
        "help_lines": draft.done.help_lines,
        "partner": draft.sender is not None,
    }
