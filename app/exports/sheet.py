"""Rows on their way out: what every format is written from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

import numpy as np
import shapely
from shapely import Geometry

from app.core.cells import Cell, safe
from app.core.clock import LONDON
from app.exports.rules import Stamp
from geo import crs

EXACT, APPROXIMATE, NONE = "exact", "approximate, within 400 m", "none"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a shape for each row (British National Grid, or None), in the list's order.

    `marks` says how each row is drawn, `legend` what that means; `brief` names the columns that a
    person reads first, the first of them as the row's name.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    shapes: Sequence[Geometry | None]
    marks: Sequence[str] = ()
    brief: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()
    ids: Sequence[UUID] = ()
    refs: Sequence[str] = ()
    filters: Sequence[tuple[str, str]] = field(default=())


def said(value: object) -> Cell:
    """A value of a row as a cell: days and moments as text that sorts, lists by semicolons.

    Formula-safe in every format, since whoever has one of them makes another of it.
    """
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, datetime):
        return value.astimezone(LONDON).isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return safe("; ".join(str(part) for part in value))
    raise TypeError(f"no cell is made of {type(value).__name__}")


def header(sheet: Sheet) -> list[str]:
    return [*sheet.columns, "longitude", "latitude", "marking"]


def lines(sheet: Sheet, stamp: Stamp) -> list[list[Cell]]:
    """The rows of a table file, with a point of each shape and the marking."""
    points = lonlat(sheet.shapes)
    return [
        [*row, *point, safe(stamp.marking)] for row, point in zip(sheet.rows, points, strict=True)
    ]


def marked(sheet: Sheet, stamp: Stamp) -> list[Cell]:
    """The first row: marking and watermark, as wide as the table."""
    return [safe(stamp.line), *[""] * (len(header(sheet)) - 1)]


def lonlat(shapes: Sequence[Geometry | None]) -> list[tuple[float | None, float | None]]:
    """A point of each shape in degrees to six decimals."""
    at = [None if shape is None else shapely.point_on_surface(shape) for shape in shapes]
    known = [point for point in at if point is not None]
    if not known:
        return [(None, None)] * len(shapes)
    degrees = iter(np.round(crs.to_wgs84([(point.x, point.y) for point in known]), 6).tolist())
    found: list[tuple[float | None, float | None]] = []
    for point in at:
        longitude, latitude = (None, None) if point is None else next(degrees)
        found.append((longitude, latitude))
    return found


def in_degrees(shape: Geometry) -> Geometry:
    """Longitude and latitude to six decimals, rings anticlockwise (RFC 7946)."""
    turned = shapely.transform(shape, lambda xy: np.round(crs.to_wgs84(xy), 6))
    return shapely.orient_polygons(turned) if shape.geom_type.endswith("Polygon") else turned
