"""Search over everything that a reader may open, kind by kind, each by its own right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.accounts.deps import can
from app.core.actor import Actor
from app.core.ids import read_reference
from app.intelligence import queries as items
from app.intelligence import service as intelligence
from app.places import online, shown
from app.reference import gazetteer
from app.search import queries, rules
from app.search.queries import NOTHING, PAGE_SIZE, Found, Hit
from app.search.rules import Piece
from geo import crs

ZOOM = 16
LEAST = f"Enter at least {rules.SHORTEST} characters."


class Kind(NamedTuple):
    """What is searched, who may, and where a hit leads."""

    one: str
    many: str
    permission: str
    path: str


KINDS: Mapping[str, Kind] = {
    "places": Kind("place", "places", "place.read", "/places/"),
    "online": Kind("online space", "online spaces", "online_space.read", "/places/"),
    "incidents": Kind("incident", "incidents", "incident.read", "/incidents/"),
    # Whoever may be named in an item reads the list of them; partners read theirs in a pack.
    "intelligence": Kind(
        "item of intelligence", "items of intelligence", "intelligence_c.read", "/intelligence/"
    ),
    "clusters": Kind("cluster", "clusters", "cluster.read", "/clusters/"),
    "reports": Kind("report", "reports", "report.approve", "/reports/"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One answer, its words in stretches."""

    url: str
    ref: str
    name: Sequence[Piece]
    about: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Group:
    """Answers of one kind on one page, and how many there are of it."""

    key: str
    title: str
    total: int
    lines: Sequence[Line]

    @property
    def more(self) -> bool:
        return self.total > len(self.lines)


def search(
    session: Session, actor: Actor, words: str, *, kind: str | None = None, number: int = 1
) -> list[Group]:
    """Every kind with an answer, or one of them at this page. Kinds without any are not there."""
    asked = [kind] if kind else list(KINDS)
    made = [
        _group(key, FINDERS[key](session, actor, words, number), words)
        for key in asked
        if can(actor, KINDS[key].permission)
    ]
    return [group for group in made if group.total]


def _group(key: str, found: Found, words: str) -> Group:
    kind = KINDS[key]
    lines = [
        Line(
            f"{kind.path}{hit.ref}",
            hit.ref,
            rules.marked(hit.name, words),
            rules.marked(rules.excerpt(hit.about, words), words),
        )
        for hit in found.hits
    ]
    named = kind.one if found.total == 1 else kind.many
    return Group(key, f"{found.total:,} {named}", found.total, lines)


def child(actor: Actor, words: str) -> str | None:
    """The page of a child's reference, which asks why first. Whether there is one is not looked up.

    Never by a name: there are none.
    """
    ref = read_reference(words, "CH")
    return f"/children/{ref}" if ref and can(actor, "child.read") else None


def on_map(session: Session, words: str, partners: Sequence[str]) -> list[tuple[str, str, str]]:
    """Postcodes, streets, stations, parks, which all may know: name, kind, address of the map."""
    found = gazetteer.find(session, words, partners)
    made = []
    for named in found:
        ((lon, lat),) = crs.to_wgs84([(named.easting_m, named.northing_m)])
        where = f"{named.what}, {named.borough}" if named.borough else named.what
        made.append((named.label, where, f"/map#{ZOOM}/{lat:.5f}/{lon:.5f}"))
    return made


def _places(session: Session, actor: Actor, words: str, number: int) -> Found:
    return queries.places(session, words, in_full=shown.in_full(actor), number=number)


def _online(session: Session, actor: Actor, words: str, number: int) -> Found:
    asked = online.Filters(words, in_full=shown.in_full(actor))
    page = online.listed(session, asked, number=number)
    return Found([Hit(row.ref, row.name, row.url_defanged) for row in page.rows], page.total)


def _incidents(session: Session, _actor: Actor, words: str, number: int) -> Found:
    return queries.incidents(session, words, number=number)


def _intelligence(session: Session, _actor: Actor, words: str, number: int) -> Found:
    """The sanitised text; which items were shown is kept, as of the list."""
    page = intelligence.listed(session, items.Filters(words=words), number=number)
    hits = [Hit(row.ref, f"Intelligence {row.ref}", row.body) for row in page.rows]
    return Found(hits, page.total)


def _clusters(session: Session, _actor: Actor, words: str, number: int) -> Found:
    return queries.clusters(session, words, number=number)


def _reports(session: Session, _actor: Actor, words: str, number: int) -> Found:
    return queries.reports(session, words) if number == 1 else NOTHING


FINDERS: Mapping[str, Callable[[Session, Actor, str, int], Found]] = {
    "places": _places,
    "online": _online,
    "incidents": _incidents,
    "intelligence": _intelligence,
    "clusters": _clusters,
    "reports": _reports,
}
SIZE = PAGE_SIZE
