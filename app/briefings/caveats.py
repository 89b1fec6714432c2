"""K12: what printed numbers ask their readers to bear in mind. Pure."""

from collections.abc import Sequence

from app.briefings import words
from app.releases.rules import TITLES
from geo.disclosure import Cell

NO_PLACE = "{share} of the incidents have no place recorded."
LATE = "Late records of earlier quarters are {share} of what this quarter counts."
BANDED = "More than half of this table is in the band 1 to 7: {title}."
MOST_WITHOUT_PLACE, MOST_LATE = 10, 20


def of(cells: Sequence[Cell]) -> list[str]:
    """In a fixed order; from printed numbers only, as everybody reads them."""
    every = _shown(cells, "RQ1", "ALL")
    found = []
    for said, part, most in (
        (NO_PLACE, _shown(cells, "RQ2", "PG_NONE"), MOST_WITHOUT_PLACE),
        (LATE, _shown(cells, "RQ9", "LATE"), MOST_LATE),
    ):
        share = words.share(part or "0", every or "0")
        if share != words.FEW and int(share[:-1]) > most:
            found.append(said.format(share=share))
    for table in sorted({cell.table_code for cell in cells}):
        mine = [cell for cell in cells if cell.table_code == table]
        if sum(cell.banded for cell in mine) * 2 > len(mine):
            found.append(BANDED.format(title=TITLES[table]))
    return found


def _shown(cells: Sequence[Cell], table: str, first: str) -> str | None:
    found = (
        cell.shown
        for cell in cells
        if (cell.table_code, cell.geo_code, cell.dim_1) == (table, "BOTH", first)
    )
    return next(found, None)
