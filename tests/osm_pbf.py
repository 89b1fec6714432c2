"""A writer of small OpenStreetMap extracts (.osm.pbf), since no library here writes them.

Only what the tests need: nodes, ways and multipolygon relations with tags, one block.
"""

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path

Tags = dict[str, str]


def varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def signed(n: int) -> int:
    return n << 1 if n >= 0 else (-n << 1) - 1


def number(tag: int, n: int) -> bytes:
    return varint(tag << 3) + varint(n)


def body(tag: int, content: bytes) -> bytes:
    return varint(tag << 3 | 2) + varint(len(content)) + content


def packed(tag: int, numbers: list[int]) -> bytes:
    return body(tag, b"".join(map(varint, numbers))) if numbers else b""


def deltas(numbers: list[int]) -> list[int]:
    return [signed(b - a) for a, b in zip([0, *numbers], numbers, strict=False)]


@dataclass
class Extract:
    """Things are added, ids come back; nodes are shared by place."""

    strings: dict[str, int] = field(default_factory=lambda: {"": 0})
    nodes: list[bytes] = field(default_factory=list)
    ways: list[bytes] = field(default_factory=list)
    relations: list[bytes] = field(default_factory=list)
    at: dict[tuple[float, float], int] = field(default_factory=dict)

    def point(self, lon: float, lat: float, tags: Tags | None = None) -> int:
        if not tags and (lon, lat) in self.at:
            return self.at[lon, lat]
        made = len(self.nodes) + 1
        self.at[lon, lat] = made
        place = number(8, signed(round(lat * 1e7))) + number(9, signed(round(lon * 1e7)))
        self.nodes.append(body(1, number(1, signed(made)) + self._tags(tags or {}) + place))
        return made

    def way(self, points: list[tuple[float, float]], tags: Tags) -> int:
        refs = [self.point(*each) for each in points]
        made = len(self.ways) + 1
        self.ways.append(body(3, number(1, made) + self._tags(tags) + packed(8, deltas(refs))))
        return made

    def square(self, lon: float, lat: float, size: float, tags: Tags) -> int:
        corners = [(lon, lat), (lon + size, lat), (lon + size, lat + size), (lon, lat + size)]
        return self.way([*corners, corners[0]], tags)

    def relation(self, ways: dict[int, str], tags: Tags) -> None:
        roles = [self._string(role) for role in ways.values()]
        members = packed(8, roles) + packed(9, deltas(list(ways))) + packed(10, [1] * len(ways))
        said = number(1, len(self.relations) + 1) + self._tags(tags) + members
        self.relations.append(body(4, said))

    def write(self, path: Path) -> Path:
        texts = b"".join(body(1, text.encode()) for text in self.strings)
        groups = [b"".join(group) for group in (self.nodes, self.ways, self.relations) if group]
        block = body(1, texts) + b"".join(body(2, group) for group in groups)
        head = body(4, b"OsmSchema-V0.6")
        path.write_bytes(_blob("OSMHeader", head) + _blob("OSMData", block))
        return path

    def _string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def _tags(self, tags: Tags) -> bytes:
        keys, values = map(self._string, tags), map(self._string, tags.values())
        return packed(2, list(keys)) + packed(3, list(values))


def _blob(kind: str, content: bytes) -> bytes:
    blob = number(2, len(content)) + body(3, zlib.compress(content))
    header = body(1, kind.encode()) + number(3, len(blob))
    return struct.pack(">I", len(header)) + header + blob
