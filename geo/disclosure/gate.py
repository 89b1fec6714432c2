"""The attack gate: whether a release may be published beside all that was published before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from geo.disclosure.attack import Attack, Interval
from geo.disclosure.bands import FEWEST
from geo.disclosure.building import build
from geo.disclosure.cells import Cell, Key, Release, Rule, Ward
from geo.disclosure.solver import NEAR

CRITERIA = {
    "A1": "No number can be worked out.",
    "A2": "Every banded number keeps four possible values or more.",
    "A3": "Every rounded number keeps two possible values or more.",
    "A4": "Nobody is sure of a number from one to three in a ward, place group or hidden cell.",
    "A5": "The tables do not contradict each other.",
    "A6": "The same holds for the organisation that reported most.",
}
FEWEST_ROUNDED = 2


@dataclass(frozen=True, slots=True)
class Known:
    """What the organisation with most records knows: its own counts (A6).

    `own`: its count of each cell, printed or not (finest crossings by quarter make it stronger).
    `shared`: cells that hold records of two or more organisations.
    """

    own: Mapping[Key, int]
    shared: frozenset[Key]


@dataclass(frozen=True, slots=True)
class Finding:
    """A number that could be learnt. `by`: release and cell of what narrows it most."""

    criterion: str
    release: str
    what: tuple[str, ...]
    low: int
    high: int | None
    by: tuple[tuple[str, Key], ...] = ()


@dataclass(frozen=True, slots=True)
class GateResult:
    """Passed or not, and what the certificate prints."""

    passed: bool
    criteria: Mapping[str, bool]
    findings: tuple[Finding, ...]
    releases: tuple[str, ...]
    cells: int
    banded: int
    not_shown: int
    smallest: int | None
    exact: int
    confirmed: int
    solver: str
    intervals: Mapping[tuple[str, Key], Interval] = field(default_factory=dict)


def check(
    release: Release,
    earlier: Sequence[Release],
    wards: Sequence[Ward],
    known: Known | None = None,
) -> GateResult:
    """Attack a release together with all earlier ones of its calendar year.

    Parameters
    ----------
    release : Release
        The one under check, as it would be printed.
    earlier : sequence of Release
        All approved and withdrawn releases; those of other years are passed over, for no table
        reaches across years.
    wards : sequence of Ward
        All wards of the partnership with their boroughs.
    known : Known, optional
        Own counts of the organisation with most records; without them A6 is not tested.

    Returns
    -------
    GateResult
        `intervals` of banded cells hold what each can still be.

    Raises
    ------
    GeoInputError
        Cells of two years in one release.

    Notes
    -----
    Least and most of each cell over all years that fit what was printed, by linear programming
    (Fischetti and Salazar 2001, Management Science 47: 1008-1027, call it the attacker's problem);
    with five values or fewer confirmed in whole numbers.

    Examples
    --------
    >>> from geo.disclosure import Count, protect
    >>> row = [("HOME", 9), ("CARE", 6), ("EDUCATION", 0), ("ALL", 15)]
    >>> cells = protect(Count("RQ6", "2026-Q3", "BOROUGH", "K", kind, n=n) for kind, n in row)
    >>> found = check(Release("2026-Q3", cells), [], [Ward("K1", "K")])
    >>> found.passed, found.smallest
    (True, 7)
    """
    before = of_year(release, earlier)
    attack = Attack(build([*before, release], wards))
    if not attack.feasible:
        return _result(attack, [], {}, {"A5"})
    intervals, findings = _cells(attack)
    findings += _finest(attack, release.code)
    failed = {finding.criterion for finding in findings}
    if known is not None:
        told = _insight(release, before, wards, known)
        inside = _insider(told, known, release.code)
        findings += inside
        failed |= {"A6"} if inside or not told.feasible else set()
    return _result(attack, findings, intervals, failed)


def of_year(release: Release, earlier: Sequence[Release]) -> list[Release]:
    """Earlier releases of the same calendar year."""
    year = {cell.period[:4] for cell in release.cells}
    return [old for old in earlier if {cell.period[:4] for cell in old.cells} <= year]


def _cells(attack: Attack) -> tuple[dict[tuple[str, Key], Interval], list[Finding]]:
    """A1-A3 on every printed cell, and A4 on what is not shown."""
    told = [entry for entry in attack.model.cells if entry[1].rule is not Rule.ZERO]
    banded = [at for _, cell, at in told if cell.banded]
    others = [at for _, cell, at in told if not cell.banded]
    attack.spread(banded, banded, float("inf"))
    attack.spread(others, others, FEWEST)
    intervals: dict[tuple[str, Key], Interval] = {}
    findings: list[Finding] = []
    for code, cell, at in told:
        if not cell.banded and attack.shows(at, FEWEST):
            continue
        found = attack.interval(at)
        intervals[code, cell.key] = found
        criterion = _broken(cell, found, attack)
        if criterion:
            findings.append(_finding(criterion, code, cell.key, found, attack))
    return intervals, findings


def _broken(cell: Cell, found: Interval, attack: Attack) -> str | None:
    if found.values <= 1 and not (cell.dropped and found.high == 0 and _by_zero(found, attack)):
        return "A1"
    if cell.banded:
        return "A2" if found.values < FEWEST else None
    if cell.dropped:
        return "A4" if found.low >= 1 and found.values < FEWEST else None
    return "A3" if found.values < FEWEST_ROUNDED else None


def _by_zero(found: Interval, attack: Attack) -> bool:
    zero = {at for _, cell, at in attack.model.cells if cell.rule is Rule.ZERO}
    return bool(zero & set(found.by))


def _finest(attack: Attack, release: str) -> list[Finding]:
    """A4 on wards and place groups by quarter and harm, which no table prints."""
    finest = attack.model.finest()
    attack.spread([at for _, at in finest], [], FEWEST)
    unsure = [
        (name, attack.interval(at))
        for name, at in finest
        if attack.solver.least[at] > NEAR and not attack.shows(at, FEWEST)
    ]
    return [
        _finding("A4", release, name, found, attack)
        for name, found in unsure
        if found.low >= 1 and found.values < FEWEST
    ]


def _insight(
    release: Release, before: Sequence[Release], wards: Sequence[Ward], known: Known
) -> Attack:
    """What they have in hand: all that does not contradict their own records.

    Whoever knows that a withdrawn release, or an older one, told something wrong draws nothing
    from it.
    """
    stands = [old for old in before if not old.withdrawn]
    for seen in (before, stands):
        told = Attack(build([*seen, release], wards, known.own))
        if told.feasible:
            return told
    return Attack(build([release], wards, known.own))


def _insider(attack: Attack, known: Known, release: str) -> list[Finding]:
    """A6: banded cells of several organisations, for the one that knows its own records."""
    if not attack.feasible:
        return []
    told = [e for e in attack.model.cells if e[1].banded and e[1].key in known.shared]
    columns = [at for _, _, at in told]
    attack.spread(columns, columns, FEWEST)
    unsure = [
        (*entry[:2], attack.interval(entry[2]))
        for entry in told
        if not attack.shows(entry[2], FEWEST)
    ]
    findings = []
    for code, cell, found in unsure:
        alone = (cell.high or 0) - max(cell.low, known.own.get(cell.key, 0)) + 1
        # What an approved cell tells beside their own records was told when it was approved.
        if found.values < (FEWEST if code == release else min(FEWEST, alone)):
            hit = _finding("A6", code, cell.key, found, attack)
            findings.append(replace(hit, by=()) if alone < FEWEST else hit)
    return findings


def _finding(
    criterion: str, release: str, what: tuple[str, ...], found: Interval, attack: Attack
) -> Finding:
    printed = {at: (code, cell.key) for code, cell, at in attack.model.cells}
    by = tuple(printed[at] for at in found.by if at in printed)
    return Finding(criterion, release, what, found.low, found.high, by)


def _result(
    attack: Attack,
    findings: Iterable[Finding],
    intervals: Mapping[tuple[str, Key], Interval],
    failed: set[str],
) -> GateResult:
    cells = [cell for _, cell, _ in attack.model.cells]
    banded = {(code, cell.key) for code, cell, _ in attack.model.cells if cell.banded}
    widths = [int(found.values) for at, found in intervals.items() if at in banded]
    return GateResult(
        passed=not failed,
        criteria={name: name not in failed for name in CRITERIA},
        findings=tuple(findings),
        releases=tuple(dict.fromkeys(code for code, _, _ in attack.model.cells)),
        cells=len(cells),
        banded=len(banded),
        not_shown=sum(cell.dropped for cell in cells),
        smallest=min(widths, default=None),
        exact=sum(finding.criterion == "A1" for finding in findings),
        confirmed=attack.confirmed,
        solver=attack.solver.version,
        intervals=intervals,
    )
