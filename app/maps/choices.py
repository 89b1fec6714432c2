"""What the filter form of the map offers, and the filters in force as tags."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.maps.lists import LABELS, LISTS
from app.maps.rules import DEFAULTS, PARTNER_STAGES, Filters
from app.reference import queries as reference

Pairs = Iterable[tuple[str, str]]


class Choice(NamedTuple):
    value: str
    label: str
    chosen: bool


class Field(NamedTuple):
    """A list to choose from, or with no choices a line to write in."""

    key: str
    label: str
    value: str
    choices: list[Choice]


class Group(NamedTuple):
    legend: str
    fields: list[Field]


class Form(NamedTuple):
    groups: list[Group]
    more: list[Group]  # seldom used: open when one of them is in force
    more_open: bool


class Tag(NamedTuple):
    """A filter in force, and the address without it."""

    label: str
    remove_url: str
    words: str = ""
    without: Filters | None = None


GROUPS = {
    "What": ("type", "harm"),
    "Where": ("borough", "q"),
    "When": ("period",),
    "Work": ("stage", "level"),
}
OWN_DATES = ("from", "to")
MORE = {
    "Own dates": OWN_DATES,
    "Time": ("part", "dark", "day"),
    "Source": ("agency", "grade", "source"),
    "Children": ("children",),
}
FOR_PARTNERS = {"What": ("type", "harm"), "Where": ("q",), "Work": ("stage",)}


def form(session: Session, filters: Filters) -> Form:
    """For partners what they may ask, and nothing that tells of more."""
    said, listed = filters.said(), _listed(session, filters)

    def group(legend: str, keys: Iterable[str]) -> Group:
        return Group(legend, [_field(key, said[key], listed.get(key, ())) for key in keys])

    if not filters.in_full:
        return Form([group(*one) for one in FOR_PARTNERS.items()], [], more_open=False)
    rare = [key for keys in MORE.values() for key in keys]
    return Form(
        [group(*one) for one in GROUPS.items()],
        [group(*one) for one in MORE.items()],
        more_open=filters.period == "own" or bool(filters.sets(rare)),
    )


def _field(key: str, value: str, pairs: Pairs) -> Field:
    return Field(key, LABELS[key], value, [Choice(v, words, v == value) for v, words in pairs])


def _listed(session: Session, filters: Filters) -> dict[str, Pairs]:
    """Groups before what is in them; of harms partners choose a group."""
    types, harms = reference.place_types(session), reference.harms(session)
    groups = [(c.code, c.label) for c in reference.codes(session, "harm_group")]
    all_harms = [("all", "All harms")]
    for code, label in groups:
        all_harms.append((code, label))
        if filters.in_full:
            all_harms += [(h.code, f"- {h.label}") for h in harms if h.group_code == code]
    all_types = [("all", "All types")]
    for group in reference.codes(session, "place_group"):
        all_types.append((group.code, group.label))
        all_types += [(t.code, f"- {t.label}") for t in types if t.group_code == group.code]
    all_types += [(t.code, t.label) for t in types if not t.group_code]
    boroughs = [("both", "All boroughs")]
    boroughs += sorted(((b.code, b.name) for b in reference.boroughs(session)), key=lambda b: b[1])
    boroughs.append(("outside", "Outside the partnership"))
    agencies = [("all", "All agencies")]
    agencies += [(a.code, a.label) for a in reference.codes(session, "agency")]
    stages = [(k, v) for k, v in LISTS["stage"].items() if filters.in_full or k in PARTNER_STAGES]
    own: dict[str, Pairs] = {
        "type": all_types,
        "harm": all_harms,
        "borough": boroughs,
        "agency": agencies,
        "stage": stages,
    }
    return {key: listed.items() for key, listed in LISTS.items()} | own


def tags(filters: Filters, offered: Form) -> list[Tag]:
    """Each filter that is in force, in the order of the form."""
    found = []
    for field in [f for group in (*offered.groups, *offered.more) for f in group.fields]:
        changed = {field.key: ""} | (dict.fromkeys(OWN_DATES, "") if field.key == "period" else {})
        without = filters.query(**changed)
        if field.key not in OWN_DATES and without != filters.query():
            words = own_dates(filters) if field.value == "own" else _words(field)
            other = all_dates(filters) if field.key == "period" else _without(filters, field.key)
            found.append(Tag(f"{field.label}: {words}", f"/map?{without}", words, other))
    if filters.compare != "no":
        words = LISTS["compare"][filters.compare].lower()
        found.append(Tag(f"Compared with {words}", f"/map?{filters.query(compare='')}"))
    if filters.run is not None:
        found.append(Tag("One calculation", f"/map?{filters.query(run='')}"))
    return found


def _without(filters: Filters, key: str) -> Filters:
    plain: Any = {key: DEFAULTS[key]}  # each of these is a text
    return replace(filters, **plain)


def all_dates(filters: Filters) -> Filters:
    return replace(filters, period="all", from_on=None, to_on=None)


def _words(field: Field) -> str:
    chosen = next((c.label for c in field.choices if c.chosen), field.value)
    return chosen.removeprefix("- ")


def own_dates(filters: Filters) -> str:
    first = filters.from_on.strftime("%-d %B %Y") if filters.from_on else "the beginning"
    last = filters.to_on - timedelta(days=1) if filters.to_on else None
    return f"from {first} to {last.strftime('%-d %B %Y') if last else 'today'}"


def names(session: Session, filters: Filters) -> list[tuple[str, str]]:
    """Each filter in force in words, beside its label: for a file that leaves."""
    offered = form(session, filters)
    return [
        (f.label, own_dates(filters) if f.value == "own" else _words(f))
        for group in (*offered.groups, *offered.more)
        for f in group.fields
        if f.value != DEFAULTS[f.key] and f.key not in OWN_DATES
    ]
