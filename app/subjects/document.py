"""What is handed over: one pure function from what is held to what may be told.

It leaves out other people and whatever the police told or hold. What it says of that is the same
for everybody, so that the answer itself tells nothing about whether there is any.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

POLICE_AGENCIES = frozenset({"MPS_SWBCU", "BTP", "MOPAC"})
# Of an incident that is gone itself nobody knows any more who told it: it may have been the police.
NOT_KNOWN = "NOT_KNOWN"
LEFT_TO_POLICE = POLICE_AGENCIES | {NOT_KNOWN}
POLICE = (
    "Ask the police controller. What the police hold, or told us, is theirs to answer for. We say "
    "this to everybody who asks, and it does not mean that there is anything."
)
LEFT_OUT = {
    "OTHER_CHILDREN": (
        "References of other children, and how many there are",
        "They are of somebody else (Data Protection Act 2018, Schedule 2, paragraph 16)",
    ),
    "REPORTERS": (
        "Who told us, and reports that other people sent",
        "They are of somebody else, who was promised not to be named",
    ),
    "STAFF": (
        "Names of people who work with this record; their organisation is said",
        "They are of somebody else, and the organisation answers for them",
    ),
    "HOMES": (
        "Names and addresses of homes",
        "They may be the home of somebody else",
    ),
    "CONTACT_OF_OTHERS": (
        "Telephone numbers, e-mail and web addresses in what other people wrote",
        "They are of somebody else",
    ),
    "IDENTITY": (
        "The surname, given names and date of birth that a reference stands for",
        "They are held apart. Ask for a meeting with the custodian of identities",
    ),
    "CONSIDERATIONS": (
        "What was thought and decided about a place after a report",
        "It is about a place and about other people",
    ),
}
OF_ABOUT = {
    "child": ("OTHER_CHILDREN", "REPORTERS", "STAFF", "HOMES", "CONTACT_OF_OTHERS", "IDENTITY"),
    "report": ("OTHER_CHILDREN", "REPORTERS", "STAFF", "HOMES", "CONSIDERATIONS"),
}
REFERENCE = re.compile(r"\b([A-Z]{2})-[0-9A-Z]{3}-[0-9A-Z]{4}\b", re.IGNORECASE)
OTHERS = {"CH": "[another child]", "RP": "[a report]", "IN": "[left out]", "US": "[a person]"}
REACH = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?|hxxps?)://\S+|\bwww\.\S+"
    r"|(?<![\w-])\+?\d(?:[ ()-]?\d){8,13}(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote. `own`: the person who asks now wrote it."""

    label: str
    said: str
    by: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One record as it is held. `source` is the organisation that told it, as a code.

    None: the service itself.
    """

    section: str
    title: str
    on: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    words: tuple[Words, ...] = ()
    source: str | None = None
    home: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """Everything that is held of one person, with what is not theirs to see."""

    about: str
    ref: str
    items: tuple[Item, ...]
    staff: frozenset[str] = frozenset()
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    said: str
    by: str = ""  # whose words these are, where they are not plain facts


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    on: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class LeftOut:
    code: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """What is handed over."""

    about: str
    ref: str
    sections: list[Section]
    left_out: list[LeftOut]
    police: str
    synthetic: bool

    def told(self) -> dict[str, Any]:
        """As the JSON file has it."""
        return asdict(self)


def released(held: Holding) -> Document:
    """The one way from what is held to what is handed over."""
    sections: dict[str, list[Entry]] = {}
    for item in held.items:
        if item.source not in LEFT_TO_POLICE:
            sections.setdefault(item.section, []).append(_entry(held, item))
    return Document(
        about=held.about,
        ref=held.ref if held.about == "child" else "",
        sections=[Section(title, entries) for title, entries in sections.items()],
        left_out=[LeftOut(code, *LEFT_OUT[code]) for code in OF_ABOUT[held.about]],
        police=POLICE,
        synthetic=held.synthetic,
    )


def _entry(held: Holding, item: Item) -> Entry:
    title = "A home" if item.home else item.title
    lines = [Line(label, said) for label, said in item.facts.items() if said]
    lines += [_line(held, words) for words in item.words if words.said]
    return Entry(title, f"{item.on:%-d %B %Y}" if item.on else "", lines)


def _line(held: Holding, words: Words) -> Line:
    """One's own words stay as they are; those of others lose whom they name."""
    said = words.said if words.own else masked(words.said, held.ref, held.staff)
    return Line(words.label, said, words.by)


def masked(said: str, own: str, staff: Iterable[str]) -> str:
    """Without references of others, names of staff, or how to reach anybody.

    >>> masked("Ann Test saw CH-2F6-0AB9, call 020 8000 0000", "CH-111-1111", ["Ann Test"])
    '[a person] saw [another child], call [a contact]'
    """
    for name in sorted(filter(None, staff), key=len, reverse=True):
        said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[a person]", said, flags=re.IGNORECASE)
    said = REFERENCE.sub(lambda found: _reference(found, own), said)
    return REACH.sub("[a contact]", said)


def _reference(found: re.Match[str], own: str) -> str:
    if found[0].upper() == own.upper():
        return own
    return OTHERS.get(found[1].upper(), found[0])
