"""M4: wards of the yearly table merged in a fixed order until a row holds enough."""

from collections.abc import Iterable, Sequence

from geo.disclosure.bands import BAND
from geo.disclosure.cells import JOIN, Cell, Geo, Ward

ENOUGH = 20
MIDDLE = 4  # what "1 to 7" stands for, as in the run chart


def merge_wards(wards: Sequence[Ward], half_years: Iterable[Cell]) -> tuple[str, ...]:
    """Areas for RY1: wards in order of code within a borough, joined until a row holds about 20.

    What counts is what RH1 shows, "1 to 7" as 4, never the true number: the areas are printed, and
    true numbers would be told by where an area ends. What is left over joins the area before it.

    Parameters
    ----------
    wards : sequence of Ward
    half_years : iterable of Cell
        The cells of RH1 of the year; others are passed over.

    Returns
    -------
    tuple of str
        `geo_code` of each area: codes of wards joined by "+".

    Examples
    --------
    >>> wards = [Ward(code, "K") for code in ("K1", "K2", "K3")]
    >>> cells = [
    ...     Cell("RH1", "2026-H1", "WARD", code, "ALL", "ALL", text, low, low, "ROUND5")
    ...     for code, text, low in (("K1", "10", 8), ("K2", "15", 13), ("K3", "10", 8))
    ... ]
    >>> merge_wards(wards, cells)
    ('K1+K2+K3',)
    """
    held = dict.fromkeys((ward.code for ward in wards), 0)
    for cell in half_years:
        if cell.geo_kind == Geo.WARD and cell.geo_code in held:
            held[cell.geo_code] += _about(cell)
    found: list[str] = []
    for borough in sorted({ward.borough for ward in wards}):
        mine = sorted(ward.code for ward in wards if ward.borough == borough)
        found += [JOIN.join(area) for area in _areas(mine, held)]
    return tuple(found)


def _areas(codes: Sequence[str], held: dict[str, int]) -> list[list[str]]:
    areas: list[list[str]] = []
    open_area: list[str] = []
    for code in codes:
        open_area.append(code)
        if sum(held[each] for each in open_area) >= ENOUGH:
            areas.append(open_area)
            open_area = []
    if open_area and areas:
        areas[-1] += open_area
    elif open_area:
        areas.append(open_area)
    return areas


def _about(cell: Cell) -> int:
    if cell.dropped:
        return 0
    return MIDDLE if cell.told == BAND else int(cell.shown)
