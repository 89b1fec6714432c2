"""What may leave by the map: properties of each layer of a tile, and of each kind of item.

One table for all roles (disclosure.md 3, 10; test S4). `SHAPES` is what is left for partners. What
is not named here is in no tile and no answer of the map; rows are the business of the policies.
"""

from collections.abc import Mapping
from types import MappingProxyType

Names = frozenset[str]

TILES: Mapping[str, Names] = MappingProxyType(
    {
        "areas": frozenset({"code", "name", "kind", "partner"}),
        "area_lines": frozenset({"code", "partner"}),
        "area_names": frozenset({"name", "partner"}),
        "context": frozenset({"kind", "name"}),
        "places": frozenset({"ref", "name", "type_code", "group", "level", "geom_kind"}),
        "routes": frozenset({"ref", "name", "type_code", "level"}),
        "cells": frozenset({"n"}),
        "incidents": frozenset({"n"}),
        "partnership": frozenset({"n", "cell"}),
        "hotspots": frozenset({"cell", "class", "n"}),
        "clusters": frozenset(
            {"id", "lineage", "name", "n", "cross_borough", "boroughs", "from", "to"}
        ),
    }
)
# A shape and its name: no level, which says how much is known.
PARTNER_TILES: Mapping[str, Names] = MappingProxyType(
    {name: TILES[name] for name in ("areas", "area_lines", "area_names", "context")}
    | {name: TILES[name] - {"level"} for name in ("places", "routes")}
)
NO_TILES: Mapping[str, Names] = MappingProxyType({})
FULL = ("cs_lead", "police_analyst", "practitioner")


def tiles_of(role: str) -> Mapping[str, Names]:
    """Layers of tiles with their properties, by role; none for who reads no records."""
    if role in FULL:
        return TILES
    return PARTNER_TILES if role == "partner" else NO_TILES
