"""Tiles that the server keeps: of one reader, one question and one state of the database.

Who asks is looked up on every request, in the same question as the version of the map, so that
the end of a session or of a right acts at once. A kept tile has in its key what the database said
of its reader: nobody is answered with a tile of somebody else. The browser keeps none.

Why a kept tile is never old. Triggers move the version after a change and before its commit, and
hold a lock until then. A reader takes the version, looks whether anybody holds that lock, and then
reads the tile. A change that moved the version before it was taken has ended, and is in the tile,
or its lock is seen: then there is no version, and nothing is kept. A change that moves it later
is seen by the next request, since its version is another.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

OVERHEAD = 400  # bytes of a key and its entry, about


class Key(NamedTuple):
    """Everything an answer depends on."""

    version: str
    reader: bytes  # their claims, as the database said them
    view: str
    layer: str
    zxy: tuple[int, int, int]
    filters: object  # hashable; with the days that "last 90 days" means today
    gzipped: bool


class Kept(NamedTuple):
    """An answer as it was sent: empty ones, too."""

    body: bytes
    encoding: str


@dataclass(slots=True)
class Tiles:
    """At most `most_bytes`; the ones longest unused go first."""

    most_bytes: int
    bytes: int = 0
    _held: OrderedDict[Key, Kept] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Key) -> Kept | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: Key, kept: Kept) -> None:
        size = len(kept.body) + OVERHEAD
        if size > self.most_bytes:
            return
        with self._lock:
            old = self._held.pop(key, None)
            self.bytes += size - (0 if old is None else len(old.body) + OVERHEAD)
            self._held[key] = kept
            while self.bytes > self.most_bytes:
                _, gone = self._held.popitem(last=False)
                self.bytes -= len(gone.body) + OVERHEAD

    def __len__(self) -> int:
        return len(self._held)
