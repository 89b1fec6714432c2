"""What is signed: the figures of the gate, and a hash of what it saw."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geo.disclosure.cells import Release
from geo.disclosure.gate import GateResult
from geo.disclosure.ladder import Climb
from geo.disclosure.lattice import LATTICE_VERSION
from geo.errors import GeoInputError


@dataclass(frozen=True, slots=True)
class Certificate:
    """Stored with the release and printed in the annex of a briefing."""

    release: str
    lattice_version: int
    releases: tuple[str, ...]
    cells: int
    banded: int
    not_shown: int
    contradicting: int
    steps: tuple[str, ...]
    smallest: int | None
    exact: int
    confirmed: int
    solver: str
    seconds: float
    sha256: str
    at: str


def sha256_of(releases: Iterable[Release]) -> str:
    """A hash of what is printed in releases, the same whatever their order.

    Parameters
    ----------
    releases : iterable of Release

    Returns
    -------
    str
        64 hexadecimal digits. True counts take no part.

    Examples
    --------
    >>> sha256_of([])[:12]
    '4f53cda18c2b'
    """
    lines = [
        [release.code, *cell.key, cell.shown, cell.low, cell.high, cell.rule.value]
        for release in releases
        for cell in release.cells
    ]
    lines.sort(key=lambda line: line[:7])
    return hashlib.sha256(json.dumps(lines, separators=(",", ":")).encode()).hexdigest()


def certify(climbed: Climb, earlier: Sequence[Release], *, seconds: float, at: str) -> Certificate:
    """The certificate of a release that passed.

    Parameters
    ----------
    climbed : Climb
    earlier : sequence of Release
        The same that the gate was given.
    seconds : float
        How long the gate took; measured outside, for there is no clock in here.
    at : str
        When, as it is to be printed.

    Returns
    -------
    Certificate

    Raises
    ------
    GeoInputError
        The gate refused the release.

    Examples
    --------
    >>> from geo.disclosure import Count, Ward, climb, protect
    >>> cells = protect([Count("RQ3", "2026-Q1", "BOTH", "BOTH", "SV_KNIFE", n=3)])
    >>> passed = climb(Release("2026-Q1", cells), [], [Ward("K1", "K")])
    >>> certify(passed, [], seconds=0.1, at="2026-04-20").banded
    1
    """
    result: GateResult = climbed.result
    if not result.passed:
        raise GeoInputError(f"{climbed.refusal} There is no certificate for it.")
    seen = [old for old in earlier if old.code in result.releases]
    return Certificate(
        release=climbed.release.code,
        lattice_version=LATTICE_VERSION,
        releases=result.releases,
        cells=result.cells,
        banded=result.banded,
        not_shown=result.not_shown,
        contradicting=climbed.contradicting,
        steps=tuple(step.words for step in climbed.log),
        smallest=result.smallest,
        exact=result.exact,
        confirmed=result.confirmed,
        solver=result.solver,
        seconds=seconds,
        sha256=sha256_of([*seen, climbed.release]),
        at=at,
    )
