"""The sections of the task list: which answers each holds, and how a form sends them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WHERE = ("shape", "longitude", "latitude", "easting", "northing", "postcode", "grid_reference")
# A box comes as one field each: harm_KNIFE=yes.
BOXES = {
    "harm_": "harm_codes",
    "part_": "day_parts",
    "daytype_": "day_types",
    "action_": "action_codes",
    "agency_": "agencies",
    "to_": "recipients",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the form."""

    name: str
    title: str
    fields: tuple[str, ...]


SECTIONS = (
    Section("kind", "Kind", ("kind",)),
    Section(
        "where",
        "Where",
        (
            *("where", "place", "new_type", "new_name", *WHERE, "geometry", "radius_m"),
            *("accuracy", "online_address", "platform_code", "borough"),
        ),
    ),
    Section(
        "when",
        "When",
        (
            *("when", "from_on", "from_time", "to_on", "to_time", "day_parts", "day_types"),
            *("valid_from_on", "valid_to_on"),
        ),
    ),
    Section(
        "information",
        "Information",
        ("body", "second_person", "provenance_id", "mopi_group", "discovered_by"),
    ),
    Section(
        "grading",
        "Grading",
        (
            *("source_eval", "info_assess", "handling", "conditions", "action_codes"),
            *("agencies", "recipients"),
        ),
    ),
    Section("harm", "Harm and children", ("harm_codes", "children")),
)
BY_NAME: Mapping[str, Section] = {section.name: section for section in SECTIONS}
OF_FIELD: Mapping[str, str] = {
    name: section.name for section in SECTIONS for name in section.fields
}


def collected(sent: Mapping[str, str]) -> dict[str, Any]:
    """Answers of a form: boxes gathered into lists."""
    found: dict[str, Any] = {}
    for name, value in sent.items():
        prefix = next((p for p in BOXES if name.startswith(p) and name not in OF_FIELD), None)
        if prefix is None:
            found[name] = value
        else:
            found.setdefault(BOXES[prefix], []).append(name.removeprefix(prefix))
    return found


def ticked(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The same the other way, for a form to show."""
    boxes = {
        f"{prefix}{code}": "yes" for prefix, name in BOXES.items() for code in answers.get(name, ())
    }
    return {**answers, **boxes}


def of_section(section: Section, answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answers.items() if name in section.fields}


def wrong_in(section: Section, errors: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the answers of one section."""
    return {name: words for name, words in errors.items() if name.split(".")[0] in section.fields}


def unsaved(saved: Iterable[str]) -> list[Section]:
    known = set(saved)
    return [section for section in SECTIONS if section.name not in known]
