"""What a spot of the map is near, in the names of the gazetteer: never in those of places."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.maps.boxes import Box, around
from geo import crs

NAMES = text((Path(__file__).parent / "names.sql").read_text())
STREETS = text((Path(__file__).parent / "street_names.sql").read_text())
WRITTEN = 40  # names that a map has room for
REACH_M = 3000.0
WIDEST_DEG = 3.0  # wider views are around no one thing
STREET_ZOOM = 15
DIRECTIONS = ("east", "north-east", "north", "north-west", "west", "south-west", "south")
EIGHTHS = (*DIRECTIONS, "south-east")


class Name(NamedTuple):
    kind: str  # BOROUGH | TOWN | STATION | PARK
    name: str
    easting_m: float
    northing_m: float
    lon: float
    lat: float


class Names(NamedTuple):
    """Those in and around a view; `streets` asks for the nearest street of a point instead."""

    known: Sequence[Name]
    box: Box
    zoom: int

    def written(self) -> list[dict[str, Any]]:
        """Those that the map itself may write on its ground."""
        west, south, east, north = self.box
        return [
            {"kind": n.kind, "name": n.name, "lon": round(n.lon, 4), "lat": round(n.lat, 4)}
            for n in self.known
            if west <= n.lon <= east
            and south <= n.lat <= north
            and (n.kind != "STATION" or self.zoom >= 13)
        ][:WRITTEN]

    def near(self, at_m: NDArray[np.float64]) -> list[tuple[str, str]]:
        """Of each row of metres the nearest name and in which direction from it the row is."""
        own = [name for name in self.known if name.kind != "BOROUGH"] or list(self.known)
        if not own or not len(at_m):
            return [("", "")] * len(at_m)
        names_m = np.array([(name.easting_m, name.northing_m) for name in own])
        away = at_m[:, None, :] - names_m[None, :, :]
        far = np.hypot(away[..., 0], away[..., 1])
        first = far.argmin(axis=1)
        told = []
        for row, nearest in enumerate(first):
            if own[nearest].kind != "BOROUGH" and far[row, nearest] > REACH_M:
                told.append(self._in_borough(at_m[row]))
                continue
            x, y = away[row, nearest]
            told.append((own[nearest].name, EIGHTHS[round(np.arctan2(y, x) / np.pi * 4) % 8]))
        return told

    def _in_borough(self, at_m: NDArray[np.float64]) -> tuple[str, str]:
        """Beyond the towns that are known, the nearest borough."""
        own = [name for name in self.known if name.kind == "BOROUGH"]
        if not own:
            return "", ""
        far = [np.hypot(n.easting_m - at_m[0], n.northing_m - at_m[1]) for n in own]
        return own[int(np.argmin(far))].name, ""


def names(session: Session, box: Box, zoom: int) -> Names:
    """Of a view of the map, and of three kilometres around it."""
    given = around(box)
    for key, sign in (("min_x", -1), ("min_y", -1), ("max_x", 1), ("max_y", 1)):
        given[key] += sign * REACH_M
    asked = {key: given[key] for key in ("min_x", "min_y", "max_x", "max_y")} | {"zoom": zoom}
    return Names([Name._make(row) for row in session.execute(NAMES, asked)], box, zoom)


def ground(session: Session, known: Names) -> dict[str, Any]:
    """What the middle of a view is near, and the names that the map writes."""
    return {"around": around_words(session, known), "names": known.written()}


def around_words(session: Session, known: Names) -> str:
    """`Kingston station`: what the middle of the view is near; nothing where nothing is known."""
    west, south, east, north = known.box
    if east - west > WIDEST_DEG:
        return ""
    middle = metres([((west + east) / 2, (south + north) / 2)])
    if known.zoom >= STREET_ZOOM and (street := _streets(session, middle)[0]):
        return street
    return known.near(middle)[0][0]


def told(session: Session, known: Names, points: Sequence[tuple[float, float]]) -> list[str]:
    """`near Kingston station` for each point in degrees, no two alike."""
    if not points:
        return []
    at_m = metres(points)
    nearest = known.near(at_m)
    streets = _streets(session, at_m) if known.zoom >= STREET_ZOOM else [""] * len(points)
    taken: set[str] = set()
    words = []
    for (name, direction), street in zip(nearest, streets, strict=True):
        choices = [f"near {street}"] * bool(street) + [f"near {name}"] * bool(name)
        choices += [f"{direction} of {name}"] * bool(name and direction)
        spot = choices[-1] if choices else "on the map"
        free = (choice for choice in choices if choice not in taken)
        chosen = next(free, None) or _numbered(spot, taken)
        taken.add(chosen)
        words.append(chosen)
    return words


def _numbered(spot: str, taken: set[str]) -> str:
    number = 2
    while f"{spot} ({number})" in taken:
        number += 1
    return f"{spot} ({number})"


def metres(points: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    return np.asarray(crs.to_bng(list(points)), dtype=np.float64)


def _streets(session: Session, at_m: NDArray[np.float64]) -> list[str]:
    given = {"eastings": at_m[:, 0].tolist(), "northings": at_m[:, 1].tolist()}
    if not np.isfinite(at_m).all():
        return [""] * len(at_m)
    return list(session.scalars(STREETS, given))
