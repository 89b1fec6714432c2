"""A small map and the first rows of a dry run, drawn on the server: content, gone with the file."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.imports.kinds import Kind
from app.imports.sorts import ERROR, IGNORED
from app.imports.trial import Trial

WIDTH, MOST_POINTS, MOST_ROWS = 640, 600, 10
OUTLINES = text("""
    select ST_AsSVG(ST_SimplifyPreserveTopology(geom, 60), 0, 0) as path,
           ST_XMin(geom) as west, ST_YMin(geom) as south, ST_XMax(geom) as east,
           ST_YMax(geom) as north
    from (select distinct on (code) geom, code from reference.area
          where kind = 'borough' order by code, vintage desc, id desc) as borough
""")


def of(session: Session, found: Trial, kind: Kind) -> dict[str, Any]:
    """Points inside the picture, those beside it counted, and rows as they would come in."""
    points = [
        (round(made.point[0]), round(made.point[1]))
        for made in found.rows
        if made.verdict not in (ERROR, IGNORED) and made.point is not None
    ]
    outlines = session.execute(OUTLINES).all()
    box = _box(outlines, points)
    inside = [p for p in points if box[0] <= p[0] <= box[2] and box[1] <= p[1] <= box[3]]
    step = max(1, len(inside) // MOST_POINTS)
    return {
        "box": box,
        "paths": [outline.path for outline in outlines],
        "points": [[x, -y] for x, y in inside[::step]],
        "n_points": len(inside),
        "n_beside": len(points) - len(inside),
        "outside": found.outside,
        "unknown": {name: dict(counts) for name, counts in found.unknown.items()},
        "columns": [q.label for q in kind.questions if _said(found, q.name)],
        "rows": [
            {
                "row": made.number,
                "verdict": made.verdict,
                "cells": [
                    made.answers.get(q.name, "") for q in kind.questions if _said(found, q.name)
                ],
            }
            for made in found.rows[:MOST_ROWS]
        ],
    }


def _said(found: Trial, name: str) -> bool:
    return any(name in made.answers for made in found.rows[:MOST_ROWS])


def _box(outlines: Any, points: list[tuple[int, int]]) -> tuple[int, int, int, int]:  # noqa: ANN401 - rows
    """The boroughs and two kilometres around them."""
    if not outlines:
        xs, ys = [p[0] for p in points] or [0], [p[1] for p in points] or [0]
        return min(xs), min(ys), max(xs) + 1, max(ys) + 1
    west, south = min(o.west for o in outlines), min(o.south for o in outlines)
    east, north = max(o.east for o in outlines), max(o.north for o in outlines)
    return int(west) - 2000, int(south) - 2000, int(east) + 2000, int(north) + 2000
