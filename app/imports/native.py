"""Columns of data.police.uk, and what becomes of each. Pure, and without the libraries that read.

Nothing about the person searched is read, shown or stored, though the publisher gives it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from app.reading.schemas import Found

# Of the publisher's API and of files made of its answers.
NATIVE_NAMES = {
    "persistent_id": "Crime ID",
    "month": "Month",
    "lon": "Longitude",
    "lat": "Latitude",
    "street": "Location",
    "lsoa11cd": "LSOA code",
    "category": "Crime type",
    "outcome": "Last outcome category",
    "context": "Context",
}
API_ONLY = frozenset({"id", "street_id", "location_type"})
MOVED = "Kept. Approximate: moved by the publisher"
KEPT = "Kept"
NOT_KEPT = "Not stored"
NEVER = "Never stored or shown: about the person"


class Layout(NamedTuple):
    """A kind of file: columns it must have, and what is said of those that are known."""

    needed: Sequence[str]
    uses: Mapping[str, str]
    passed: frozenset[str]  # to what stores the rows; the others are dropped before
    identity: str | None = None

    def native(self, name: str) -> str:
        return name if name in self.uses else NATIVE_NAMES.get(name, name)


STREET = Layout(
    ("Month", "Longitude", "Latitude", "Location"),
    {
        "Crime ID": "Kept, to know the row again in a later file",
        "Month": "Kept. The day is not published",
        "Reported by": KEPT,
        "Falls within": KEPT,
        "Longitude": MOVED,
        "Latitude": MOVED,
        "Location": KEPT,
        "LSOA code": KEPT,
        "LSOA name": "Not stored: the code says it",
        "Crime type": KEPT,
        "Last outcome category": "Kept, and brought up to date by later files",
        "Context": KEPT,
    },
    frozenset(
        {
            "Crime ID",
            "Month",
            "Reported by",
            "Falls within",
            "Longitude",
            "Latitude",
            "Location",
            "LSOA code",
            "Crime type",
            "Last outcome category",
            "Context",
            *NATIVE_NAMES,
            *API_ONLY,
        }
    ),
    "Crime ID",
)
SEARCHES = Layout(
    ("Type", "Date", "Latitude", "Longitude", "Object of search"),
    {
        "Type": KEPT,
        "Date": "The day is kept. The time tells rows apart and is not stored",
        "Latitude": MOVED,
        "Longitude": MOVED,
        "Legislation": "Tells rows apart and is not stored",
        "Object of search": KEPT,
        "Gender": NEVER,
        "Age range": NEVER,
        "Self-defined ethnicity": NEVER,
        "Officer-defined ethnicity": NEVER,
        "Outcome": NEVER,
        "Outcome linked to object of search": NEVER,
        "Removal of more than just outer clothing": NEVER,
    },
    frozenset({"Type", "Date", "Latitude", "Longitude", "Legislation", "Object of search"}),
)
LAYOUTS = {"police-street": STREET, "stop-search": SEARCHES}


def missing(kind: str, names: Sequence[str]) -> str | None:
    """Why a file is not of that kind, in a sentence; None when it may be, or of other kinds."""
    layout = LAYOUTS.get(kind)
    if layout is None:
        return None
    is_of_api = {"month", "lon", "lat", "street"} <= set(names)
    there = {layout.native(name) for name in names} if is_of_api else set(names)
    absent = [name for name in layout.needed if name not in there]
    if not absent:
        return None
    return f"This file has no column {absent[0]}. Choose the file as data.police.uk publishes it."


def uses(kind: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Of each column of a file, what becomes of it."""
    layout = LAYOUTS[kind]
    return [(name, layout.uses.get(layout.native(name), NOT_KEPT)) for name in names]


def about_a_person(names: Sequence[str]) -> frozenset[str]:
    """Columns of which not even the first values are kept, whatever the file is said to be."""
    if not set(SEARCHES.needed) <= set(names):
        return frozenset()
    return frozenset(name for name in names if name not in SEARCHES.passed)


def kept_of(found: Found) -> dict[str, Any]:
    """Without the first values of columns about a person who was searched."""
    kept, about = asdict(found), about_a_person([column.name for column in found.columns])
    kept["columns"] = [(c.name, () if c.name in about else c.values) for c in found.columns]
    return kept
