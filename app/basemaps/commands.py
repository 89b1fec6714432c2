"""`contextmap basemap build SOURCE... --out FILE.pmtiles`."""

import argparse
from pathlib import Path
from typing import Any

from app.basemaps import service, sources
from app.basemaps.rules import MAX_ZOOM, MIN_ZOOM, MOST_ZOOM, Zooms
from app.basemaps.sources import Box
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.partnership import partnership


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    whole = subparsers.add_parser("basemap", help="the street map under everything")
    build = whole.add_subparsers(required=True, metavar="WHAT").add_parser(
        "build", help="make the file for CONTEXTMAP_BASEMAP from map data"
    )
    build.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="OpenStreetMap .pbf, OS Open Zoomstack .gpkg, GeoJSON named after its layer or "
        "LAYER=FILE, or a folder of them",
    )
    build.add_argument("--out", type=Path, required=True, metavar="FILE.pmtiles")
    build.add_argument(
        "--bbox",
        help="west,south,east,north in degrees, as --bbox=-0.6,51.2,-0.1,51.6; the partnership's "
        "area and 3 km around it, if not given",
    )
    build.add_argument("--min-zoom", type=int, default=MIN_ZOOM)
    build.add_argument("--max-zoom", type=int, default=MAX_ZOOM, help=f"at most {MOST_ZOOM}")
    build.add_argument("--attribution", help="whose data it is; known for OpenStreetMap and OS")
    build.set_defaults(func=_build)


def _build(arguments: argparse.Namespace, context: Context) -> Result:
    out: Path = arguments.out
    if out.suffix != ".pmtiles" or not out.resolve().parent.is_dir():
        raise InvalidError("--out is a file in a folder that is there, and ends in .pmtiles.")
    zooms = Zooms(arguments.min_zoom, arguments.max_zoom)
    if not 0 <= zooms.first <= zooms.last <= MOST_ZOOM:
        raise InvalidError(f"Zooms are 0 to {MOST_ZOOM}, the first not above the last.")
    box = _box(arguments.bbox) if arguments.bbox else None
    wanted = service.Wanted(
        sources=sources.found(arguments.sources),
        out=out,
        box_deg=box or service.area_of(partnership(context.settings.partnership)),
        zooms=zooms,
        attribution=arguments.attribution,
    )
    built = service.build(wanted, context.progress)
    return {
        "file": str(out),
        "bytes": built.bytes,
        "tiles": built.tiles,
        "tiles_by_zoom": {str(zoom): built.by_zoom[zoom] for zoom in sorted(built.by_zoom)},
        "min_zoom": min(built.by_zoom),
        "max_zoom": max(built.by_zoom),
        "bounds": list(wanted.box_deg),
        "layers": built.features,
        "largest_tile": built.largest_tile,
        "largest_tile_bytes": built.largest,
        "attribution": built.attribution,
        "seconds": built.seconds,
        "lines": [f"{name}: {n:,} features" for name, n in built.features.items()],
    }


def _box(text: str) -> Box:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidError("--bbox is west,south,east,north in degrees.") from None
    if not (-9 < west < east < 3 and 49 < south < north < 61):
        raise InvalidError("--bbox is west,south,east,north in degrees, within Great Britain.")
    return west, south, east, north
