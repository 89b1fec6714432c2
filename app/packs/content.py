"""What a pack is made of, and how a kind of pack is added. Pure: no records are read here.

A kind is one function in `KINDS` of app/packs/building.py:

    def build(session: Session, asked: Asked) -> list[Json]: ...

`session` is that of the job `packs:build` (rights in app/accounts/permissions.yaml; it reads no
intelligence with conditions). `asked` holds the window, the boroughs by code, what members typed,
and the sections. It returns sections, made with `section(...)` of items, made with `line(...)`,
`table(...)`, `week(...)` and `page(...)`. Everything is text, numbers and lists of them: it becomes
canonical JSON, so it must hold no clock and come in a fixed order; ages are counted to
`asked.window.end_at`.

Each item carries what decides who reads it (`app/packs/redaction.py` is the one place that does):

- `boroughs`: codes; a partner or practitioner reads what meets the own ones; none means everybody;
- `tier`: H0, H1 or P;
- `home`: about a home: say "Address PL-..." in its words, never a street or an area;
- `children`: references, printed after the words for who may read them; never put one in `body`;
- `counts`: numbers for `{names}` in `body`; a number of records never stands in `body` itself, for
  partners get the number rule. Integers in the rows of a table are treated the same way;
- `statutory`: not for partners at all; `inner`: words after the body that partners do not read;
- `conditional`: recipients (user ids), agency and conditions of an item with conditions.

The parts of a page are items, and are read by whoever reads the page and the part. A page with a
`key` (the reference of its place) has an address of its own; its parts say under which heading they
stand (`part`), and may hold what is drawn of them (`drawn`). An item `of_child` is not there for
whoever may not read references of children.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack
from uuid import UUID

from app.packs.rules import Window

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that a member typed."""

    section: str
    kind: str
    body: str
    agency: str = ""
    n: int | None = None
    owner: str | None = None
    due: str | None = None
    boroughs: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    conditions: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a builder is asked for."""

    window: Window
    boroughs: Mapping[str, str]
    entries: Sequence[Entry] = ()
    agencies: Mapping[str, str] | None = None
    meeting_id: UUID | None = None


def section(
    code: str,
    title: str,
    items: Sequence[Json],
    *,
    empty: str = "Nothing.",
    statutory: bool = False,
    most: int | None = None,
    note: str = "",
) -> Json:
    """`most`: so many items stand on the page; the others open on one of their own."""
    return {"code": code, "title": title, "items": list(items), "empty": empty,
            "statutory": statutory, "most": most, "note": note}  # fmt: skip


class About(TypedDict, total=False):
    """What decides who reads an item; see above."""

    boroughs: Sequence[str]
    tier: str
    home: bool
    children: Sequence[str]
    counts: Mapping[str, int]
    statutory: bool
    conditional: Json | None
    inner: str
    href: str


def line(body: str, **about: Unpack[About]) -> Json:
    """One sentence."""
    return {
        "kind": "line",
        "body": body,
        "boroughs": sorted(about.get("boroughs", ())),
        "tier": about.get("tier", "H1"),
        "home": about.get("home", False),
        "children": list(about.get("children", ())),
        "counts": dict(about.get("counts", {})),
        "statutory": about.get("statutory", False),
        "conditional": about.get("conditional"),
        "inner": about.get("inner", ""),
        "href": about.get("href", ""),
    }


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | int]],
    **about: Unpack[About],
) -> Json:
    """The first column names the row. Integers are counts of records."""
    made = line(title, **about)
    return made | {"kind": "table", "columns": list(columns), "rows": [list(row) for row in rows]}


def week(title: str, concern: str, guardians: str, **about: Unpack[About]) -> Json:
    """Hours of the week as the database holds them: 168 bits each."""
    return line(title, **about) | {"kind": "week", "concern": concern, "guardians": guardians}


def page(title: str, parts: Sequence[Json], **about: Unpack[About]) -> Json:
    """Several items about one place, together."""
    return line(title, **about) | {"kind": "page", "parts": list(parts)}


def conditional(entry: Entry) -> Json:
    """An item with conditions: its recipients, its force, and what they accepted."""
    return {"recipients": sorted(entry.recipients), "agency": entry.agency,
            "conditions": entry.conditions or ""}  # fmt: skip
