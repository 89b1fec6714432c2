"""Street map tiles from the operator's PMTiles file: ours, so that nobody learns where we look."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported

from app.core.errors import InvalidError

UNREADABLE = (OSError, ValueError, KeyError, MagicNumberNotFound, SpecVersionUnsupported)


@dataclass(frozen=True, slots=True)
class Basemap:
    """An open file; `version` changes with its content, so that browsers may keep its tiles."""

    path: Path
    reader: Reader
    version: str
    attribution: str
    min_zoom: int
    max_zoom: int
    gzipped: bool

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        found = self.reader.get(z, x, y)
        return bytes(found) if found else None

    def credit(self) -> str:
        """The attribution as plain words: it is the file's, and may hold links."""
        return " ".join(re.sub(r"<[^>]*>", "", self.attribution).split())

    def page(self) -> dict[str, Any]:
        """What the map page tells its script."""
        return {
            "kind": "tiles",
            "url": f"/basemap/{{z}}/{{x}}/{{y}}.pbf?v={self.version}",
            "attribution": self.attribution,
            "min_zoom": self.min_zoom,
            "max_zoom": self.max_zoom,
        }


def readable(path: Path | None) -> Basemap | None:
    """The street map, where there is one that can be read."""
    try:
        return None if path is None else opened(path)
    except InvalidError:
        return None


@lru_cache(maxsize=2)
def opened(path: Path) -> Basemap:
    """Open once a process; refuse what is not a vector tile file, in words."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
            file.seek(0)
            reader = Reader(MmapSource(file))
            header = reader.header()
            metadata = _metadata(reader)
    except UNREADABLE as wrong:
        raise InvalidError(f"{path.name} is not a readable PMTiles file.") from wrong
    return Basemap(
        path=path,
        reader=reader,
        version=digest,
        attribution=str(metadata.get("attribution") or "© OpenStreetMap contributors"),
        min_zoom=int(header["min_zoom"]),
        max_zoom=int(header["max_zoom"]),
        gzipped=header["tile_compression"].name == "GZIP",
    )


def page(path: Path | None) -> dict[str, Any]:
    """The street map, or outlines where there is none that can be read."""
    found = readable(path)
    return {"kind": "outline"} if found is None else found.page()


def _metadata(reader: Reader) -> dict[str, Any]:
    """At the top level, or as GDAL writes it inside a `json` string."""
    found: dict[str, Any] = reader.metadata()
    if isinstance(found.get("json"), str):
        found = found | json.loads(found["json"])
    return found
