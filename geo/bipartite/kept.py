"""The pairs of rows that chance does not explain: what is left of all that share something."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.bipartite.pairwise import PairTests
from geo.errors import GeoInputError
from geo.significance import bh, bonferroni, by, holm

Array = NDArray[Any]

Correction = Literal["none", "bonferroni", "holm", "bh", "by"]
CORRECTIONS: dict[str, Callable[[Array], Array]] = {
    "none": np.asarray,
    "bonferroni": bonferroni,
    "holm": holm,
    "bh": bh,
    "by": by,
}


@dataclass(frozen=True, slots=True)
class Backbone:
    """Edges that are kept, one entry each: rows `i` and `j`, columns shared, `sign` 1 or -1.

    `q` is p after the correction over `tests` pairs.
    """

    i: Array
    j: Array
    n: Array
    sign: Array
    q: Array
    tests: int


def backbone(
    tests: PairTests,
    *,
    alpha: float = 0.05,
    signed: bool = False,
    correction: Correction = "bh",
    missing_as_zero: bool = False,
) -> Backbone:
    """Keep the pairs that share more than chance, or also those that share less.

    Parameters
    ----------
    tests : PairTests
        Of any null model.
    alpha : float
        Of the test after correction, of both tails together where `signed`.
    signed : bool
        Two-tailed: pairs that share less are kept, too, with sign -1.
    correction : str
        "none", "bonferroni", "holm" (family-wise), "bh" or "by" (false discoveries).
    missing_as_zero : bool
        Test pairs that share nothing, too: the only ones that can be the strongest of the
        negative edges, and part of the family where they could have shared something.

    Returns
    -------
    Backbone

    Raises
    ------
    GeoInputError
        Another correction, a level that is not between 0 and 1.

    References
    ----------
    Neal (2022), PLOS ONE 17(5), e0269137.

    Examples
    --------
    >>> from geo.bipartite.pairwise import fixed_row
    >>> from geo.bipartite.table import from_table
    >>> table = from_table([[1] * 5 + [0] * 5, [1] * 5 + [0] * 5, [0] * 5 + [1] * 5])
    >>> found = backbone(fixed_row(table), signed=True, missing_as_zero=True)
    >>> list(zip(found.i.tolist(), found.j.tolist(), found.sign.tolist()))
    [(0, 1, 1), (0, 2, -1), (1, 2, -1)]
    """
    if correction not in CORRECTIONS or not 0 <= alpha <= 1:
        raise GeoInputError(f"A level from 0 to 1, and a correction of: {', '.join(CORRECTIONS)}.")
    asked = np.flatnonzero((tests.n > 0) | missing_as_zero)
    more, less = tests.p_gt[asked], tests.p_lt[asked]
    p = np.minimum(1.0, 2 * np.minimum(more, less)) if signed else more
    q = CORRECTIONS[correction](p)
    sign = np.where(signed & (less < more), -1, 1)
    kept = q <= alpha
    at = asked[kept]
    return Backbone(tests.i[at], tests.j[at], tests.n[at], sign[kept], q[kept], len(asked))
