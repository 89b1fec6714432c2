"""From counts to cells that may be printed: the number rule, the attack, and the ladder.

The engine is pure (geo.disclosure); here it is given what was published before, and what it finds
becomes a certificate, or the reason why there is none.
"""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from app.core import clock
from app.releases import rules
from app.releases.queries import sha256_of
from geo.disclosure import Cell, Count, Known, NamedPlace, Ward, certify, climb, protect
from geo.disclosure import Release as Published


@dataclass(frozen=True, slots=True)
class Secured:
    """Cells as they would be printed; `problem`: why they may not be."""

    cells: tuple[Cell, ...]
    sha256: str
    certificate: dict[str, Any] | None
    problem: str | None


@dataclass(frozen=True)
class Given:
    """What the attack is given."""

    code: str
    counts: list[Count]
    places: list[NamedPlace]
    names: dict[str, str]
    earlier: list[Published]
    wards: tuple[Ward, ...]
    known: Known | None
    left_out: dict[str, str]  # tables that are not counted, and why, in words

    @cached_property
    def protected(self) -> tuple[Cell, ...]:
        """By the number rule and the rules of rows, before any attack."""
        return protect(self.counts)

    @property
    def fingerprint(self) -> str:
        """Of all that an attack depends on: it finds the same where this is the same."""
        own = "" if self.known is None else f"{sorted(self.known.own.items())}"
        shared = "" if self.known is None else f"{sorted(self.known.shared)}"
        before = [cell for one in self.earlier for cell in one.cells]
        gone = ",".join(one.code for one in self.earlier if one.withdrawn)
        told = [sha256_of([*self.protected, *before]), own, shared, gone]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def secured(self) -> Secured:
        """Through gate and ladder, beside all that was published in the year."""
        began = time.perf_counter()
        asked = Published(self.code, self.protected, tuple(self.places))
        climbed = climb(asked, self.earlier, self.wards, self.known)
        cells = climbed.release.cells
        if climbed.refusal is not None:
            return Secured(cells, sha256_of(cells), None, climbed.refusal)
        seconds = round(time.perf_counter() - began, 1)
        at = clock.now().isoformat(timespec="minutes")
        facts = asdict(certify(climbed, self.earlier, seconds=seconds, at=at))
        facts["organisation_tested"] = self.known is not None
        facts["criteria"] = {name: bool(held) for name, held in climbed.result.criteria.items()}
        facts["left_out"] = self.left_out | _lost(self.protected, cells)
        return Secured(cells, sha256_of(cells), facts | {"given": self.fingerprint}, None)


def _lost(counted: Iterable[Cell], printed: Iterable[Cell]) -> dict[str, str]:
    """Tables that the ladder gave up."""
    left = {cell.table_code for cell in printed}
    gone = sorted({cell.table_code for cell in counted} - left)
    return {code: rules.LEFT_OUT.format(title=rules.TITLES[code]) for code in gone}
