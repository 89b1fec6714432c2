"""Questions to a collection, read from the address; problems are told by parameter."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np

from app.core.errors import InvalidError
from app.core.types import clean_text
from app.ogc.rules import (
    COMMON,
    CRS84,
    DEFAULT_LIMIT,
    GRID,
    LONGEST,
    MOST,
    SRIDS,
    Collection,
)
from app.places.schemas import ALWAYS, Box, Period, box_of, period_of
from geo import crs as transformation

CHECK = "Check the parameters of this address."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader wants of a collection. `after` is the key of the last feature shown."""

    filters: Mapping[str, str]
    box: Box | None = None
    period: Period = ALWAYS
    limit: int = DEFAULT_LIMIT
    after: str | None = None
    crs: str = CRS84
    in_full: bool = True  # of places: partners are told their shape and stage alone

    @property
    def srid(self) -> int:
        return SRIDS[self.crs]


def asked_of(collection: Collection, said: Mapping[str, str]) -> Asked:
    """The question; whatever the standard does not know is refused, not left out.

    Raises
    ------
    InvalidError
        With the name of each parameter that cannot be used; `query` for one that is not known.
    """
    must_be_known(said, *COMMON, *collection.filters)
    filters = {name: _text(name, said[name]) for name in collection.filters if said.get(name)}
    return Asked(
        filters=filters,
        box=_box(said.get("bbox"), _crs("bbox-crs", said, tuple(SRIDS))),
        period=period_of(said.get("datetime")),
        limit=_limit(said.get("limit")),
        after=_text("after", said["after"]) if said.get("after") else None,
        crs=_crs("crs", said, collection.crs),
    )


def must_be_known(said: Mapping[str, str], *names: str) -> None:
    """A name that is not ours is input, and not repeated."""
    if not set(said) <= set(names):
        raise InvalidError(CHECK, {"query": "One of the parameters is not known here."})


def _text(name: str, said: str) -> str:
    try:
        text = clean_text(said)
    except ValueError as problem:
        raise InvalidError(CHECK, {name: str(problem)}) from problem
    if len(text) > LONGEST:
        raise InvalidError(CHECK, {name: f"Use at most {LONGEST} characters."})
    return text


def _limit(said: str | None) -> int:
    """More than the most is the most, as the standard wants it."""
    if said is None:
        return DEFAULT_LIMIT
    if not (said.isascii() and said.isdigit()) or int(said[:9]) < 1:
        raise InvalidError(CHECK, {"limit": f"Give a number from 1 to {MOST}."})
    return min(int(said[:9]), MOST)


def _crs(name: str, said: Mapping[str, str], known: tuple[str, ...]) -> str:
    wanted = said.get(name) or CRS84
    if wanted not in known:
        raise InvalidError(CHECK, {name: f"Give one of {', '.join(known)}."})
    return wanted


def _box(said: str | None, crs: str) -> Box | None:
    """In degrees, whatever it was given in; heights are left out."""
    if not said:
        return None
    parts = said.split(",")
    if len(parts) == 6:
        parts = [*parts[:2], *parts[3:5]]
    if crs == GRID:
        parts = _degrees(parts)
    return box_of(",".join(parts))


def _degrees(parts: list[str]) -> list[str]:
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError as wrong:
        raise InvalidError(CHECK, {"bbox": "Give west,south,east,north."}) from wrong
    corners = np.array([[west, south], [west, north], [east, south], [east, north]])
    if not np.isfinite(corners).all() or np.abs(corners).max() > 2_000_000:
        raise InvalidError(CHECK, {"bbox": "Give metres of the British National Grid."})
    lonlat_deg = transformation.to_wgs84(corners)
    edges = (*lonlat_deg.min(axis=0), *lonlat_deg.max(axis=0))
    return [repr(float(edge)) for edge in edges]


def with_query(url: str, said: Mapping[str, str], **more: str) -> str:
    found = urlencode(dict(said) | more)
    return f"{url}?{found}" if found else url
