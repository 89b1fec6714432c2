"""Where an assessment begins and ends: the place as it is drawn, a ring around it, or corners."""

import re
from collections.abc import Mapping

from geoalchemy2.shape import from_shape, to_shape
from shapely import Geometry, LinearRing, Polygon, buffer, get_parts
from sqlalchemy.orm import Session

from app.assessments.models import Assessment
from app.core.db import BNG
from app.places import queries as places
from app.places import rules
from app.places.models import Place
from app.places.schemas import WhereIn

KEEP, AS_PLACE, AROUND, TYPED = "KEEP", "PLACE", "AROUND", "TYPED"
RADIUS_M = (10, 2000)
CORNER = re.compile(r"^\s*(\d+(?:\.\d+)?)[\s,]+(\d+(?:\.\d+)?)\s*$")
ONE_AREA = "Draw one area."
THREE = "Enter at least three corners."


def choices(assessment: Assessment | None, shape: Geometry | None) -> list[tuple[str, str]]:
    """What may be chosen: of a spot there is no outline yet, of an area there is."""
    found = []
    if assessment is not None and assessment.boundary is not None:
        found.append((KEEP, "As it is saved now"))
    if shape is not None and shape.geom_type == "Polygon":
        found.append((AS_PLACE, "The outline of the place itself"))
    if shape is not None:
        found.append((AROUND, "Everything within so many metres of the place"))
    return [*found, (TYPED, "Corners, typed or pasted")]


def read(
    session: Session, place: Place, sent: Mapping[str, str], partners: tuple[str, ...]
) -> tuple[Polygon | None, dict[str, str]]:
    """The polygon that was chosen, in British National Grid metres; None where none was."""
    how, shape = sent.get("bounds"), places.shape_of(place)
    if how == AS_PLACE and shape is not None and isinstance(shape, Polygon):
        return shape, {}
    if how == AROUND and shape is not None:
        return _around(shape, sent.get("radius_m", ""))
    if how == TYPED or (how is None and sent.get("corners")):
        return _typed(session, sent.get("corners", ""), partners)
    return None, {}


def _around(shape: Geometry, radius: str) -> tuple[Polygon | None, dict[str, str]]:
    low, high = RADIUS_M
    if not radius.isascii() or not radius.isdecimal() or not low <= int(radius) <= high:
        return None, {"radius_m": f"Enter a number of metres from {low} to {high:,}."}
    ring = rules.rounded(buffer(shape, float(radius), quad_segs=8))
    if not isinstance(ring, Polygon):
        return None, {"radius_m": ONE_AREA}
    return ring, {}


def _typed(
    session: Session, text: str, partners: tuple[str, ...]
) -> tuple[Polygon | None, dict[str, str]]:
    try:
        shape = _corners(text) or WhereIn(shape=text).drawn()
    except ValueError as problem:
        return None, {"corners": str(problem)}
    parts = get_parts(shape) if shape is not None else []
    one = parts[0] if len(parts) == 1 else shape
    problem_ = rules.shape_problem(one, "A", places.reach(session, partners))
    if problem_ is not None or not isinstance(one, Polygon):
        return None, {"corners": problem_ or ONE_AREA}
    return one, {}


def _corners(text: str) -> Polygon | None:
    """One corner on a line, easting and northing in metres; None where it is something else."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = [CORNER.match(line) for line in lines]
    points = [(float(one[1]), float(one[2])) for one in found if one is not None]
    if not lines or len(points) != len(lines):
        return None
    if len(points) < 3:
        raise ValueError(THREE)
    return Polygon(LinearRing(points))


def lines(assessment: Assessment | None) -> str:
    """The corners of what is saved, as they are typed."""
    if assessment is None or assessment.boundary is None:
        return ""
    ring = to_shape(assessment.boundary).exterior.coords[:-1]
    return "\n".join(f"{x:.1f} {y:.1f}" for x, y in ring)


def stored(shape: Polygon) -> object:
    return from_shape(shape, srid=BNG)
