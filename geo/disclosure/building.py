"""The model of a year from what was printed: a column for each cell, joined by the lattice."""

from collections.abc import Mapping, Sequence
from itertools import product

from geo.disclosure.cells import Key, Release, Ward
from geo.disclosure.lattice import AFTER_DARK, NOT_AFTER_DARK, TABLES, Every
from geo.disclosure.model import ENDLESS, Model, Terms, terms
from geo.disclosure.nesting import join, place
from geo.errors import GeoInputError


def build(
    releases: Sequence[Release], wards: Sequence[Ward], own: Mapping[Key, int] | None = None
) -> Model:
    """The model of all releases of one calendar year.

    Parameters
    ----------
    releases : sequence of Release
        Approved, withdrawn, and the one under check. Cells of other years are refused.
    wards : sequence of Ward
        All wards of the partnership.
    own : mapping of cell key to int, optional
        What one organisation knows of its own records (A6); keys need not be printed cells.

    Returns
    -------
    Model

    Raises
    ------
    GeoInputError
        Cells of more than one year.

    Examples
    --------
    >>> from geo.disclosure.rows import protect
    >>> from geo.disclosure.cells import Count
    >>> cells = protect([Count("RQ6", "2026-Q3", "BOROUGH", "K", "HOME", n=9)])
    >>> len(build([Release("2026-Q3", cells)], [Ward("K1", "K")]).cells)
    1
    """
    printed = [cell for release in releases for cell in release.cells]
    years = {cell.period[:4] for cell in printed}
    if len(years) > 1:
        raise GeoInputError("A check covers one calendar year; no table reaches across years.")
    model = Model(tuple(sorted(wards, key=lambda ward: ward.code)))
    for release in releases:
        _add(model, release)
    join(model, printed)
    place(model, releases)
    for key, n in sorted((own or {}).items()):
        model.row(terms(key, model), n, ENDLESS)
    return model


def _add(model: Model, release: Release) -> None:
    """A column for each cell, between its limits; erased rows may be missing from later tables."""
    for cell in release.cells:
        name = ("cell", release.code, *cell.key)
        at = model.column(name, cell.low, ENDLESS if cell.high is None else cell.high)
        model.cells.append((release.code, cell, at))
        parts: Terms = [*terms(cell.key, model), (name, -1.0)]
        if release.erased and TABLES[cell.table_code].every is not Every.QUARTER:
            parts.append((("gone", release.code, *cell.key), -1.0))
        model.row(parts, 0, 0)
    if release.erased:
        _erased(model, release)


def _erased(model: Model, release: Release) -> None:
    """One slack a table: the rows that it misses are no more than were erased."""
    for code in dict.fromkeys(cell.table_code for cell in release.cells):
        mine = [c for c in release.cells if c.table_code == code]
        if TABLES[code].every is Every.QUARTER:
            continue
        for period, dark in product(dict.fromkeys(c.period for c in mine), (False, True)):
            gone: Terms = [
                (("gone", release.code, *cell.key), 1.0)
                for cell in mine
                if cell.period == period and (cell.dim_1 in (AFTER_DARK, NOT_AFTER_DARK)) == dark
            ]
            if gone:
                model.row(gone, 0, release.erased)
