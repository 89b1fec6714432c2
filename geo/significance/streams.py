"""Random numbers that can be had again."""

import hashlib

import numpy as np


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
