"""The portable map: one HTML file that needs no network. Drawn by geo.portable."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import shapely
from shapely import Geometry

from app.core.cells import Cell
from app.exports.rules import Stamp
from app.exports.sheet import Sheet, in_degrees, lonlat
from geo import portable

ROOT = Path(__file__).resolve().parents[2]
LEAFLET = ROOT / "frontend" / "static" / "vendor" / "leaflet@1.9.4"
BOUNDARIES = ROOT / "data" / "boundaries" / "london_boroughs.geojson"
CODED = frozenset({"state", "confidence", "time_precision"})
OUTLINE_DEG = 0.0004  # about 30 m: as fine as a line on a screen


def html(sheet: Sheet, stamp: Stamp) -> bytes:
    """Rows without a position are in its table all the same."""
    points = lonlat(sheet.shapes)
    features = [
        portable.Feature(
            values=tuple(_brief(sheet, row)),
            mark=mark,
            point=None if longitude is None or latitude is None else (longitude, latitude),
            shape=_drawn(shape),
        )
        for row, mark, shape, (longitude, latitude) in zip(
            sheet.rows, sheet.marks, sheet.shapes, points, strict=True
        )
    ]
    shown = {feature.mark for feature in features if feature.point}
    return portable.page(
        portable.Words(
            title=sheet.title,
            marking=stamp.marking,
            synthetic=stamp.synthetic,
            facts=_facts(sheet, stamp),
            columns=tuple(words(name) for name in sheet.brief),
            legend=tuple(pair for pair in sheet.legend if pair[0] in shown),
            attribution="Borough boundaries: Office for National Statistics, Open Government "
            "Licence v3.0. Contains OS data © Crown copyright and database right.",
        ),
        features,
        outlines(),
        portable.Assets(
            (LEAFLET / "leaflet.js").read_text(), (LEAFLET / "leaflet.css").read_text()
        ),
    ).encode()


def words(column: str) -> str:
    """The name of a column as a heading."""
    return {"ref": "Reference"}.get(column, column.replace("_", " ").capitalize())


@cache
def outlines() -> list[portable.Outline]:
    """Boroughs as shapes of a few dozen corners."""
    found = json.loads(BOUNDARIES.read_text())["features"]
    shapes = [shapely.geometry.shape(each["geometry"]) for each in found]
    # Together, so that neighbours keep one border.
    simple = shapely.coverage_simplify(shapes, OUTLINE_DEG)
    return [
        portable.Outline(each["properties"]["name"], shape)
        for each, shape in zip(found, simple, strict=True)
    ]


def _brief(sheet: Sheet, row: Sequence[Cell]) -> list[str]:
    """What a person reads of it; codes of states as words."""
    known = dict(zip(sheet.columns, row, strict=True))
    found = {name: "" if known[name] is None else str(known[name]) for name in sheet.brief}
    coded = {name: said.replace("_", " ").capitalize() for name, said in found.items()}
    return [coded[name] if name in CODED else found[name] for name in sheet.brief]


def _drawn(shape: Geometry | None) -> Geometry | None:
    """Lines and areas; a point is its marker."""
    return None if shape is None or shape.geom_type == "Point" else in_degrees(shape)


def _facts(sheet: Sheet, stamp: Stamp) -> tuple[tuple[str, str], ...]:
    filters = "; ".join(f"{label}: {said}" for label, said in sheet.filters)
    return (
        ("Filters", filters or "None: the whole list"),
        ("Purpose", stamp.purpose),
        ("For", stamp.recipient),
        ("Made by", f"{stamp.person}, {stamp.made_at}"),
        ("Export", f"{stamp.ref}; the service deletes its own copy on {stamp.deleted_at}"),
    )
