"""Tables drawn at random that keep every row and every column sum: curveball trades."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.bipartite.table import Incidence
from geo.errors import GeoInputError

Array = NDArray[Any]

BURN_IN = 10  # trades a row
THIN = 5
RANDOM_BITS = 40


def curveball(
    known: Incidence,
    rng: np.random.Generator,
    draws: int,
    *,
    burn_in: int | None = None,
    thin: int | None = None,
    chains: int = 1,
) -> Iterator[Incidence]:
    """Draw tables with the same row and column sums, each as likely as any other.

    Two rows pool what only one of them has and deal it back at random in the old sizes. Trades
    are made in rounds: all rows in pairs at once, which keeps the same distribution (one row
    sits out where their number is odd) and is one step of arithmetic for all of them.

    Parameters
    ----------
    known : Incidence
    rng : numpy.random.Generator
    draws : int
    burn_in, thin : int, optional
        Trades before the first draw and between draws; 10 and 5 a row when left out.
    chains : int
        Walks side by side from the same table, draws taken from each in turn: faster for small
        tables. Another number of chains gives other draws.

    Yields
    ------
    Incidence
        The margins of each are compared with those of `known`.

    Raises
    ------
    GeoInputError
        A number of draws, trades or chains that cannot be.

    References
    ----------
    Strona, Nappo, Boccacci, Fattorini and San-Miguel-Ayanz (2014), Nature Communications 5:4114;
    Carstens, Hamann, Meyer, Penschuck, Tran and Wagner (2018), ESA 2018, 11:1-11:15 (rounds).

    Examples
    --------
    >>> from geo.bipartite.table import from_table
    >>> table = from_table([[1, 1, 0, 0], [0, 0, 1, 1]])
    >>> drawn = [t.dense() for t in curveball(table, np.random.default_rng(1), 50)]
    >>> {tuple(t.sum(0).tolist() + t.sum(1).tolist()) for t in drawn}
    {(1, 1, 1, 1, 2, 2)}
    """
    before = BURN_IN * known.rows if burn_in is None else burn_in
    between = THIN * known.rows if thin is None else thin
    if draws < 0 or before < 0 or between < 0 or chains < 1:
        raise GeoInputError("A walk needs one chain or more, and no number below 0.")
    return _walk(_Walk.of(known, min(chains, max(draws, 1))), rng, draws, before, between)


def same_margins(table: Incidence, known: Incidence) -> bool:
    """Whether two tables agree in every row and column sum."""
    return np.array_equal(table.row_degree, known.row_degree) and np.array_equal(
        table.col_degree, known.col_degree
    )


def _walk(
    walk: "_Walk", rng: np.random.Generator, draws: int, before: int, between: int
) -> Iterator[Incidence]:
    left, trades = draws, before
    while left:
        walk.trade(rng, trades)
        for table in walk.tables()[:left]:
            if not same_margins(table, walk.known):
                raise GeoInputError("A drawn table lost its margins.")  # never seen
            left -= 1
            yield table
        trades = between


@dataclass(slots=True)
class _Walk:
    """Tables on their way: the rows of chain c are numbered from c * rows."""

    known: Incidence
    chains: int
    row: Array
    col: Array

    @classmethod
    def of(cls, known: Incidence, chains: int) -> "_Walk":
        row = np.concatenate([known.row + c * known.rows for c in range(chains)])
        return cls(known, chains, row, np.tile(known.indices, chains))

    def trade(self, rng: np.random.Generator, trades: int) -> None:
        at_once = self.known.rows // 2
        for _ in range(-(-trades // at_once) if at_once else 0):
            self._round(rng)

    def _round(self, rng: np.random.Generator) -> None:
        """All rows trade in pairs. One sort finds what both have, one deals out the rest."""
        rows = self.known.rows
        half, bits = (rows + 1) // 2, max(self.known.cols - 1, 1).bit_length() + 1
        order = np.argsort(rng.random((self.chains, rows)), axis=1)
        pair, side = np.empty_like(order), np.empty_like(order)
        np.put_along_axis(side, order, np.arange(rows)[None] // half, axis=1)
        np.put_along_axis(pair, order, np.arange(rows)[None] % half, axis=1)
        pair += np.arange(self.chains)[:, None] * half
        key = (pair.ravel()[self.row] << bits) | (self.col << 1) | side.ravel()[self.row]
        key.sort()
        once = np.ones(len(key) + 1, dtype=bool)
        once[1:-1] = (key[1:] >> 1) != (key[:-1] >> 1)
        once = once[1:] & once[:-1]
        pair_of, side_of = key >> bits, key & 1
        luck = rng.integers(1 << RANDOM_BITS, size=int(once.sum()))
        dealt = (pair_of[once] << (RANDOM_BITS + 1)) | (luck << 1) | side_of[once]
        dealt.sort()
        side_of[once] = dealt & 1
        chain, within = pair_of // half, pair_of % half
        self.row = order[chain, side_of * half + within] + chain * rows
        self.col = (key >> 1) & ((1 << (bits - 1)) - 1)

    def tables(self) -> list[Incidence]:
        """What each chain has come to."""
        rows, cols, links = self.known.rows, max(self.known.cols, 1), self.known.links
        key = np.sort(self.row * cols + self.col).reshape(self.chains, links)
        return [
            Incidence(
                np.searchsorted(one, (np.arange(rows + 1) + c * rows) * cols),
                one % cols,
                self.known.cols,
            )
            for c, one in enumerate(key)
        ]
