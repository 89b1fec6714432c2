"""Forms of incidents: boxes and ticks put together into what the service takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core import pages as html
from app.incidents import when
from app.incidents.schemas import IncidentChange, IncidentIn

TIMES = ("occurred_from", "occurred_to")
TICKS = ("time_about", "line_linked")
# A form leaves empty answers out: these are then emptied, the others kept as they are.
EMPTIED = {"summary": None, "uncertainty_m": None}
OTHER, REMOVE = "other_", "remove_"

# What is asked for when nothing was answered; the words of an empty field would not say which.
NEEDED = {
    "harm_code": "Choose what harm happened.",
    "occurred_from": "Enter when it began, at least the day.",
    "source_agency": "Choose who reported it.",
}

Errors = dict[str, str]


def new(sent: Mapping[str, str]) -> tuple[IncidentIn | None, Errors]:
    fields, wrong = _together(sent)
    wanted, errors = html.parse(IncidentIn, fields)
    errors |= {
        name: words for name, words in NEEDED.items() if name in errors and name not in fields
    }
    return (None if wrong else wanted), errors | wrong


def correction(sent: Mapping[str, str]) -> tuple[IncidentChange | None, Errors]:
    fields, wrong = _together(sent)
    removed = [name.removeprefix(REMOVE) for name in fields if name.startswith(REMOVE)]
    fields = {name: text for name, text in fields.items() if not name.startswith(REMOVE)}
    if removed:
        fields["remove_places"] = ",".join(removed)
    wanted, errors = html.parse(IncidentChange, EMPTIED | fields)
    if "reason" in errors:
        errors["reason"] = "Say what is corrected and why, in 3 to 300 characters."
    return (None if wrong else wanted), errors | wrong


def unchanged(fields: Sequence[str]) -> Errors:
    """A reason without a correction would be lost without a word."""
    return {} if fields else {"reason": "Nothing is changed yet. Change an answer first."}


def _together(sent: Mapping[str, str]) -> tuple[dict[str, Any], Errors]:
    fields, wrong = when.typed(sent, TIMES, ends=TIMES[1:])
    wrong |= when.needs_time(sent)
    others = [name.removeprefix(OTHER) for name in fields if _is_other(name)]
    fields = {name: text for name, text in fields.items() if not _is_other(name)}
    if others or "harms_shown" in fields:
        fields["other_harm_codes"] = others
    fields.pop("harms_shown", None)
    ticked = {name: fields.get(name) in {"yes", "true"} for name in TICKS}
    return fields | ticked, wrong


def _is_other(name: str) -> bool:
    return name.startswith(OTHER) and name != "other_harm_codes"
