"""Answers as a form sends them, of what is stored and of what is wanted, to be compared. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from geoalchemy2 import WKBElement
from geoalchemy2.shape import to_shape

from app.assessments.locking import Said, tidy
from app.assessments.models import Answer, Assessment, Method, Scale, Sign
from app.assessments.rules import COLUMNS, METHODS, PARTIES, VIEWS
from app.places import weeks

PROMPTS = {
    "REPORT": "A report",
    "INTEL": "Intelligence",
    "CLUSTER": "A cluster on the map",
    "PANEL": "A panel or meeting",
    "REVIEW": "A review of the place",
}
BANDS = {
    "NOT_KNOWN": "Not known",
    "NONE": "None",
    "B1_2": "1 or 2",
    "B3_7": "3 to 7",
    "B8_19": "8 to 19",
    "B20_PLUS": "20 or more",
}
DAY_PARTS = {
    "MORNING": "Before school",
    "SCHOOL_RUN": "On the way to school",
    "DAYTIME": "In school hours",
    "AFTER_SCHOOL": "After school",
    "EVENING": "In the evening",
    "LATE": "Late at night",
}
RATINGS = {
    "0": "0 Strong protection",
    "1": "1 Mostly protective",
    "2": "2 Mixed",
    "3": "3 Concern",
    "4": "4 Serious concern",
    "NK": "Not known",
}
SURENESS = {"L": "Low", "M": "Medium", "H": "High"}
YES_NO = {"yes": "Yes", "no": "No"}

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "basics": (
        *("prompted_by", "prompted_text", "boundary", "boundary_reason", "scope", "managed_by"),
        *("hours_of_concern", "harm_codes", "child_count_band", "previous_responses"),
        *("what_works", "policing_history", "consents", "limits", "started_on", "due_on"),
    ),
    "methods": ("slots_reason",),
    "voice": ("no_voice_reason", "voice_due_on"),
}
PARTS: Mapping[str, tuple[str, ...]] = {
    "methods": ("method_code", "held_on", "day_part", "after_dark", "n_children", "n_adults",
                "note"),
    "signs": ("column_code", "body", "view", "evidence"),
    "scale": ("party", "n_people", "score", "on_date", "why", "one_point"),
}  # fmt: skip
LABELS = {
    "prompted_by": "What prompted it",
    "prompted_text": "In words",
    "boundary": "Boundary",
    "boundary_reason": "Why the boundary is there",
    "scope": "What it covers",
    "managed_by": "Who manages it",
    "hours_of_concern": "Hours of concern",
    "harm_codes": "Harms",
    "child_count_band": "How many children",
    "previous_responses": "What was tried, and what it did",
    "what_works": "What works already",
    "policing_history": "History of policing",
    "consents": "Consents",
    "limits": "Limits of this assessment",
    "started_on": "Begun on",
    "due_on": "Due on",
    "slots_reason": "Why it was not observed at other times",
    "no_voice_reason": "Why children were not heard yet",
    "voice_due_on": "When they will be heard",
    "method_code": "Method",
    "held_on": "Held on",
    "day_part": "Part of the day",
    "after_dark": "After dark",
    "n_children": "Children",
    "n_adults": "Adults",
    "note": "Note",
    "column_code": "Column",
    "body": "Sentence",
    "view": "Whose view",
    "evidence": "Evidence",
    "party": "Who was asked",
    "n_people": "How many people",
    "score": "Score, 0 to 10",
    "on_date": "Asked on",
    "why": "Why",
    "one_point": "What would make it one point safer",
    "rating": "Rating",
    "confidence": "Confidence",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "prompted_by": PROMPTS,
    "child_count_band": BANDS,
    "method_code": METHODS,
    "day_part": DAY_PARTS,
    "after_dark": YES_NO,
    "column_code": COLUMNS,
    "view": VIEWS,
    "party": PARTIES,
    "rating": RATINGS,
    "confidence": SURENESS,
}


def text_of(name: str, value: Any) -> str:  # noqa: ANN401 - of any column
    """One stored value as its form sends it."""
    if value is None or value == []:
        return ""
    if isinstance(value, WKBElement):
        return str(to_shape(value).wkt)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(str(one) for one in value)
    return tidy(str(value))


def said(record: Assessment | Method | Sign | Scale, names: Iterable[str]) -> Said:
    """What is stored, as a form sends it."""
    columns = {"evidence": "evidence_ids"}
    return {name: text_of(name, getattr(record, columns.get(name, name))) for name in names}


def answer_said(answer: Answer | None, shown: frozenset[str] | None = None) -> dict[str, str]:
    """An answer as its form sends it; without a row nobody was asked.

    `shown` are the evidence that the reader may see: the form holds no other.
    """
    if answer is None:
        return {"rating": "", "confidence": "M", "note": ""}
    ids = sorted(str(one) for one in answer.evidence_ids)
    found = {
        "rating": "NK" if answer.rating is None else str(answer.rating),
        "confidence": answer.confidence,
        "note": tidy(answer.note),
    }
    if shown is not None and (kept := [one for one in ids if one in shown]):
        found["evidence"] = ",".join(kept)
    return found


def in_words(name: str, value: str) -> str:
    """One answer for people to compare."""
    if name == "hours_of_concern":
        return "; ".join(weeks.in_words(weeks.hours(value)))
    if name == "boundary":
        return f"An outline of {value.count(',')} sides" if value else ""
    if name == "evidence":
        n = len(value.split(",")) if value else 0
        return f"{n} linked" if n else ""
    return WORDS.get(name, {}).get(value, value)
