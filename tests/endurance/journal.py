"""What was sent and what was acknowledged, kept outside the service: each has a name of its own."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARK = "Synthetic endurance"


@dataclass
class Write:
    """One thing that somebody wanted done; it is never sent again, unless its kind says how."""

    kind: str
    key: str
    acknowledged: bool = False
    ref: str | None = None
    began_s: float = 0


@dataclass
class Journal:
    """Every line is in the file before the request leaves, and once more when it is answered."""

    path: Path
    writes: dict[tuple[str, str], Write] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _n: int = 0

    def name(self, kind: str) -> str:
        """Words that occur nowhere else."""
        with self._lock:
            self._n += 1
            return f"{MARK} {kind} {self._n}"

    def attempt(self, kind: str, key: str) -> Write:
        with self._lock:
            write = self.writes.setdefault((kind, key), Write(kind, key))
            write.began_s = time.monotonic()
            self._note("sent", write)
        return write

    def acknowledge(self, write: Write, ref: str | None = None) -> None:
        with self._lock:
            write.acknowledged, write.ref = True, ref
            self._note("acknowledged", write)

    def of(self, kind: str) -> Iterator[Write]:
        with self._lock:
            found = [write for write in self.writes.values() if write.kind == kind]
        yield from found

    def acknowledged(self, kind: str) -> list[Write]:
        return [write for write in self.of(kind) if write.acknowledged]

    def acknowledged_since(self, kind: str, moment_s: float) -> bool:
        return any(w.acknowledged and w.began_s >= moment_s for w in self.of(kind))

    def _note(self, what: str, write: Write) -> None:
        line = {"what": what, "kind": write.kind, "key": write.key, "ref": write.ref}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
