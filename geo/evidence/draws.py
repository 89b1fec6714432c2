"""Days dealt anew over events: the totals of sites and of days stay what they were."""

import numpy as np

from geo.evidence.cores import Cores, Form, Table
from geo.neighbourhood import Array

MANY, PER_CELL = 200_000, 40


def drawn(found: Form, rng: np.random.Generator) -> Cores:
    """Core events of one replicate: events are shuffled, or where they are many, tables drawn.

    Both have the same distribution. The cost of a table does not grow with the number of events.
    """
    cube = found.cube
    if isinstance(found, Table) and many(cube.total, cube.sites * len(cube.days)):
        rows = np.bincount(cube.site * 2 + cube.able, minlength=2 * cube.sites)
        counts = table(rows, np.bincount(cube.column, minlength=len(cube.days)), rng)
        return found.of_table(counts[0::2] + counts[1::2], counts[1::2])
    return found.cores(rng.permutation(cube.column))


def many(events: int, cells: int) -> bool:
    """Whether a table is quicker drawn than its events shuffled.

    Examples
    --------
    >>> many(10**7, 10**5), many(10**6, 10**6)
    (True, False)
    """
    return events > MANY and events > PER_CELL * cells


def table(rows: Array, columns: Array, rng: np.random.Generator) -> Array:
    """Random table with given totals, as shuffling single events would make it.

    Parameters
    ----------
    rows, columns : ndarray of int
        Totals; both sum to the number of events.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (rows, columns)

    Notes
    -----
    Rows are halved again and again; the events of a half are drawn day by day (multivariate
    hypergeometric). Patefield (1981), Applied Statistics 30(1), 91-97, draws cell by cell.

    Examples
    --------
    >>> drawn = table(np.array([3, 4, 0]), np.array([2, 5]), np.random.default_rng(1))
    >>> drawn.sum(axis=1).tolist(), drawn.sum(axis=0).tolist()
    ([3, 4, 0], [2, 5])
    """
    width = 1 << max(len(rows) - 1, 0).bit_length()
    sizes = [np.concatenate([rows, np.zeros(width - len(rows), dtype=np.int64)]).astype(np.int64)]
    while len(sizes[-1]) > 1:
        sizes.append(sizes[-1][0::2] + sizes[-1][1::2])
    held = np.asarray(columns, dtype=np.int64)[None, :]
    for size in reversed(sizes[:-1]):
        left = _part(held, size[0::2], rng)
        held = np.stack([left, held - left], axis=1).reshape(len(size), -1)
    return held[: len(rows)]


def _part(held: Array, size: Array, rng: np.random.Generator) -> Array:
    """Events of the first half of each node, by column."""
    taken = np.zeros_like(held)
    wanted = size.copy()
    rest = held.sum(axis=1)
    for k in range(held.shape[1]):
        rest = rest - held[:, k]
        taken[:, k] = rng.hypergeometric(held[:, k], rest, wanted)
        wanted = wanted - taken[:, k]
    return taken
