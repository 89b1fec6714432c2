"""Random numbers that can be had again, and p values from simulations."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError

TIE = 1e-9


def stream(key: str, name: str, rep: int) -> np.random.Generator:
    """Random numbers of one replicate: the same however the replicates are shared out.

    Parameters
    ----------
    key : str
        Hashes of snapshot and parameters, and the seed if one was given, joined by `|`.
    name : str
        The method, so that two of them never draw the same numbers.
    rep : int
        Number of the replicate, from 0.

    Returns
    -------
    numpy.random.Generator

    Notes
    -----
    Streams of one seed sequence with different spawn keys are independent (O'Neill 2014, PCG64).

    Examples
    --------
    >>> again = [int(stream("snapshot|params", "permutation", 7).integers(1000)) for _ in range(2)]
    >>> again[0] == again[1]
    True
    """
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest(), "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(word, rep))))


def monte_carlo_p(observed: float, simulated: ArrayLike) -> float:
    """Share of simulations as large as what was observed, itself counted as one.

    Parameters
    ----------
    observed : float
    simulated : array_like, shape (replicates,)
        The same statistic under chance alone. Equal to a billionth counts as large.

    Returns
    -------
    float
        (r + 1) / (replicates + 1): never 0.

    Raises
    ------
    GeoInputError
        A value that is not a number: it would look like the rarest of all.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods and their Application, 4.2.

    Examples
    --------
    >>> monte_carlo_p(3.0, [1.0, 3.0, 2.0, 5.0])
    0.6
    """
    draws = np.asarray(simulated, dtype=np.float64)
    if np.isnan(observed) or np.isnan(draws).any():
        raise GeoInputError("A statistic that is not a number has no p value.")
    r = int((draws >= observed - TIE * max(1.0, abs(observed))).sum())
    return (r + 1) / (len(draws) + 1)
