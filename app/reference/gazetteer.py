"""Where a named place is, and what a point is near: for anybody, without a table of their own.

Only open data is searched: postcodes, streets, stations, parks. Never the places of concern, so no
answer tells what is known. Works in a session of any actor, the public's included.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import isfinite
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.together import Asked, Row
from app.reference.rules import EAST_MAX_M, KIND_WORDS, NORTH_MAX_M


class Named(NamedTuple):
    """One answer to a name. `exact`: what was typed is its whole name, or its whole postcode."""

    kind: str
    label: str
    borough: str | None
    lad_code: str | None
    easting_m: float
    northing_m: float
    exact: bool

    @property
    def what(self) -> str:
        """The kind in words."""
        return KIND_WORDS.get(self.kind, "Place")


class Near(NamedTuple):
    """What a point is near; no label where nothing known is within a kilometre."""

    label: str | None
    distance_m: float | None
    lad_code: str | None
    borough: str | None


class Verdict(StrEnum):
    INSIDE = "inside"
    OUTSIDE = "outside"  # up to 10 km from the partnership
    TOO_FAR = "too_far"


class Reach(NamedTuple):
    verdict: Verdict
    lad_code: str | None
    borough: str | None


class Drawn(NamedTuple):
    """Something that a picture of the map shows; `shape` is WKB of a borough within the box."""

    kind: str
    code: str
    label: str
    easting_m: float | None
    northing_m: float | None
    shape: bytes | None


TOO_FAR = Reach(Verdict.TOO_FAR, None, None)
NOWHERE = Near(None, None, None, None)
FIND = text("select * from reference.find_named(:typed, :partners)")
NEAR = text("select * from reference.nearest_named(:easting, :northing)")
NEAR_EACH = text("""
    select at.id, near.* from unnest(cast(:ids as uuid[]), cast(:eastings as float8[]),
                                     cast(:northings as float8[])) as at (id, easting, northing)
    cross join lateral reference.nearest_named(at.easting, at.northing) as near
""")
POSTCODE = text("""
    select label, easting, northing from reference.find_named(:typed, array[]::text[])
    where kind = 'POSTCODE' and exact limit 1
""")
REACH = text("select * from reference.reach(:easting, :northing, :partners)")

DRAWN = text("select * from reference.drawn(:west, :south, :east, :north, :zoom)")


def find(session: Session, typed: str, partners: Sequence[str] = ()) -> list[Named]:
    """At most 8 places of that name, those in the boroughs `partners` first.

    A full postcode gives its one match. NUL would be refused by the database.
    """
    given = {"typed": typed.replace("\0", " "), "partners": list(partners)}
    return [Named._make(row) for row in session.execute(FIND, given)]


def near(session: Session, easting_m: float, northing_m: float) -> Near:
    """The nearest street or postcode, and the borough (nearest within 250 m of the river)."""
    if not on_grid(easting_m, northing_m):
        return NOWHERE
    at = {"easting": float(easting_m), "northing": float(northing_m)}
    return Near._make(session.execute(NEAR, at).one())


def near_each(session: Session, pins: Mapping[UUID, tuple[float, float]]) -> dict[UUID, Near]:
    """Of many points (easting, northing in metres) at once: a list asks one question."""
    known = {key: pin for key, pin in pins.items() if on_grid(*pin)}
    asked = {
        "ids": list(known),
        "eastings": [float(easting_m) for easting_m, _ in known.values()],
        "northings": [float(northing_m) for _, northing_m in known.values()],
    }
    found = session.execute(NEAR_EACH, asked) if known else ()
    return {row[0]: Near._make(row[1:]) for row in found}


def reach(session: Session, easting_m: float, northing_m: float, partners: Sequence[str]) -> Reach:
    """Whether a point is the partnership's, a neighbour's, or further than 10 km away."""
    if not on_grid(easting_m, northing_m):
        return TOO_FAR
    asked = reaching(easting_m, northing_m, partners)
    return reached(tuple(session.execute(*asked).one()))


def reaching(easting_m: float, northing_m: float, partners: Sequence[str]) -> Asked:
    """The same question of a point on the grid, for whoever asks more than this at once."""
    at = {"easting": float(easting_m), "northing": float(northing_m), "partners": list(partners)}
    return Asked(REACH, at)


def reached(row: Row) -> Reach:
    """Its answer."""
    verdict, lad_code, borough = row
    return Reach(Verdict(str(verdict)), lad_code, borough)


def coded(typed: str) -> Asked:
    """What a whole postcode is found by: its label, easting and northing, or no row."""
    return Asked(POSTCODE, {"typed": typed.replace("\0", " ")})


def drawn(session: Session, box: tuple[float, float, float, float], zoom: int) -> list[Drawn]:
    """Borders and names within west, south, east, north in metres; more of them when close."""
    sides = dict(zip(("west", "south", "east", "north"), box, strict=True))
    return [Drawn._make(row) for row in session.execute(DRAWN, sides | {"zoom": zoom})]


def on_grid(easting_m: float, northing_m: float) -> bool:
    return (
        isfinite(easting_m)
        and isfinite(northing_m)
        and 0 <= easting_m <= EAST_MAX_M
        and 0 <= northing_m <= NORTH_MAX_M
    )
