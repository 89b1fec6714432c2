"""From counts to cells that may be printed: the number rule, the attack, and the ladder.

The engine is pure (geo.disclosure); here it is given what was published before, and what it finds
becomes a certificate, or the reason why there is none.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.core import clock
from app.releases.queries import sha256_of
from geo.disclosure import (
    Cell,
    Count,
    NamedPlace,
    Ward,
    certify,
    climb,
    protect,
)
from geo.disclosure import Release as Published


@dataclass(frozen=True, slots=True)
class Secured:
    """Cells as they would be printed; `problem`: why they may not be."""

    cells: tuple[Cell, ...]
    sha256: str
    before: str  # of the cells as the attack was given them, with what was published before
    certificate: dict[str, Any] | None
    problem: str | None


def secured(
    code: str,
    counts: Sequence[Count],
    named: Sequence[NamedPlace],
    earlier: Sequence[Published],
    wards: Sequence[Ward],
) -> Secured:
    """Without own counts of organisations: A6 is not tested, and the certificate says so."""
    began = time.perf_counter()
    protected = protect(counts)
    before = fingerprint(protected, earlier)
    climbed = climb(Published(code, protected, tuple(named)), earlier, wards)
    cells = climbed.release.cells
    if climbed.refusal is not None:
        return Secured(cells, sha256_of(cells), before, None, climbed.refusal)
    seconds = round(time.perf_counter() - began, 1)
    made = certify(climbed, earlier, seconds=seconds, at=clock.now().isoformat(timespec="minutes"))
    facts = asdict(made) | {"organisation_tested": False}
    facts["criteria"] = {name: bool(held) for name, held in climbed.result.criteria.items()}
    return Secured(cells, sha256_of(cells), before, facts | {"given": before}, None)


def fingerprint(protected: Sequence[Cell], earlier: Sequence[Published]) -> str:
    """Of all that an attack depends on: what it finds is the same where this is the same.

    >>> fingerprint([], [])[:12]
    'e3b0c44298fc'
    """
    return sha256_of([*protected, *(cell for one in earlier for cell in one.cells)])
