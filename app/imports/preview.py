"""A small map and the first rows of a dry run, drawn on the server: content, gone with the file."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.imports.kinds import Kind
from app.imports.mapping import LONDON_GRID
from app.imports.sorts import ERROR, IGNORED
from app.imports.trial import Trial

MOST_POINTS, MOST_ROWS = 600, 10
MIDDLE = [517_500, 171_000]
OUTLINES = text("""
    select ST_AsSVG(ST_SimplifyPreserveTopology(geom, 40), 0, 0) as path
    from (select distinct on (code) geom, code from reference.area
          where kind in ('borough', 'district') order by code, vintage desc, id desc) as borough
""")


def of(session: Session, found: Trial, kind: Kind) -> dict[str, Any]:
    """Points inside the picture, those beside it counted, and rows as they would come in."""
    points = [
        (round(made.point[0]), round(made.point[1]))
        for made in found.rows
        if made.verdict not in (ERROR, IGNORED) and made.point is not None
    ]
    return picture(session, points) | {
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


def picture(session: Session, points: list[tuple[int, int]]) -> dict[str, Any]:
    """The boroughs and some of the points, in metres."""
    box = _box(points)
    inside = [p for p in points if box[0] <= p[0] <= box[2] and box[1] <= p[1] <= box[3]]
    step = max(1, len(inside) // MOST_POINTS)
    return {
        "box": box,
        "paths": [outline.path for outline in session.execute(OUTLINES).all()],
        "points": [[x, -y] for x, y in inside[::step]],
        "n_points": len(inside),
        "n_beside": len(points) - len(inside),
    }


def _said(found: Trial, name: str) -> bool:
    return any(name in made.answers for made in found.rows[:MOST_ROWS])


def _box(points: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """Around what lies in Greater London, never less than 16 kilometres wide and high."""
    west, south, east, north = LONDON_GRID
    inside = [p for p in points if west <= p[0] <= east and south <= p[1] <= north]
    xs, ys = [x for x, _ in inside] or MIDDLE[:1], [y for _, y in inside] or MIDDLE[1:]
    across, up = (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2
    half = max(max(xs) - min(xs), max(ys) - min(ys), 12_000) // 2 + 2_000
    return across - half, up - half, across + half, up + half
