"""Who reads what of a pack: one pure function from the snapshot and the reader.

The table of the design, as code: a partner reads the own boroughs, no home, no reference of a
child, numbers by the number rule, nothing with conditions. A practitioner reads the own boroughs in
full; homes and references of children where a chair switched them on; an item with conditions when
named in it. The police read every borough, homes, and conditional items of the own force. A lead
reads every borough, homes and references; conditional items only when named. Nobody else reads any.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.packs.content import Json
from geo.disclosure import bands

PARTNER, PRACTITIONER, POLICE, LEAD = "partner", "practitioner", "police_analyst", "cs_lead"
READERS = frozenset({PARTNER, PRACTITIONER, POLICE, LEAD})
EVERYWHERE = frozenset({POLICE, LEAD})
TIERS = frozenset({"H0", "H1", "P"})
PICTURED = ("part", "key", "drawn")  # where an item stands on a page about a place


@dataclass(frozen=True, slots=True)
class Reader:
    """Who opens it, and what the chairs of its meeting switched on."""

    id: str
    role: str
    agency: str = ""
    boroughs: frozenset[str] = frozenset()
    with_children: bool = False
    with_homes: bool = False
    hide_children: bool = False  # on a projector

    @property
    def reads_homes(self) -> bool:
        return self.role in EVERYWHERE or (self.role == PRACTITIONER and self.with_homes)

    @property
    def reads_children(self) -> bool:
        if self.hide_children or self.role == PARTNER:
            return False
        return self.role == LEAD or self.with_children


def seen(made: Json, reader: Reader) -> Json:
    """The snapshot as this reader may read it; sections that hold nothing for them say so."""
    if reader.role not in READERS:
        return made | {"sections": []}
    return made | {
        "sections": [
            section | {"items": list(_items(section["items"], reader))}
            for section in made["sections"]
            if not (section["statutory"] and reader.role == PARTNER)
        ]
    }


def _items(items: list[Json], reader: Reader) -> Iterator[Json]:
    for item in items:
        if may_read(item, reader):
            yield _shown(item, reader)


def may_read(item: Json, reader: Reader) -> bool:
    """Whether this item is there at all for this reader.

    >>> may_read({"tier": "H1", "home": True, "boroughs": [], "statutory": False,
    ...           "conditional": None}, Reader("", "partner"))
    False
    """
    if reader.role not in READERS or item["tier"] not in TIERS:
        return False
    if reader.role == PARTNER and (item["statutory"] or item["conditional"]):
        return False
    if item["home"] and not reader.reads_homes:
        return False
    if item.get("of_child") and not reader.reads_children:
        return False
    if item["conditional"] and not _is_recipient(item["conditional"], reader):
        return False
    here = set(item["boroughs"])
    return not here or reader.role in EVERYWHERE or bool(here & reader.boroughs)


def _is_recipient(conditional: Json, reader: Reader) -> bool:
    own_force = reader.role == POLICE and conditional["agency"] == reader.agency
    return own_force or reader.id in conditional["recipients"]


def _shown(item: Json, reader: Reader) -> Json:
    """An item without what this reader may not read of it; its numbers are words."""
    kept = {key: item[key] for key in ("kind", "href", *PICTURED) if key in item}
    kept["body"] = _with_counts(item["body"], item["counts"], reader)
    kept["children"] = item["children"] if reader.reads_children else []
    kept["conditions"] = item["conditional"]["conditions"] if item["conditional"] else ""
    if reader.role != PARTNER:
        kept["body"] += item["inner"]
    else:
        kept["href"] = ""
    if item["kind"] == "table":
        kept["columns"] = item["columns"]
        kept["rows"] = [[_cell(one, reader) for one in row] for row in item["rows"]]
    elif item["kind"] == "week":
        kept |= {"concern": item["concern"], "guardians": item["guardians"]}
    elif item["kind"] == "page":
        kept["parts"] = list(_items(item["parts"], reader))
    return kept


def _with_counts(body: str, counts: Mapping[str, int], reader: Reader) -> str:
    for name, n in counts.items():
        body = body.replace("{" + name + "}", number(n, reader))
    return body


def _cell(one: str | int, reader: Reader) -> str:
    return number(one, reader) if isinstance(one, int) else one


def number(n: int, reader: Reader) -> str:
    """A partner gets the number rule; who works on records gets the number."""
    return bands.show(n).text if reader.role == PARTNER else str(n)
