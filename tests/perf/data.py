"""Police-like events: the real published points of the two boroughs, copied over London.

Real files hold too few rows for 10^6. Copies are shifted by whole kilometres, so that density and
duplication (about ten events a point) stay those of the publication.
"""

import csv
import gzip
import os
from pathlib import Path

import numpy as np

SHARED = Path(os.environ.get("CONTEXTMAP_SHARED", Path(__file__).resolve().parents[3] / "shared"))
POLICE = SHARED / "data/open/police"


def real_lonlat() -> np.ndarray:
    """Longitude and latitude of every published event there is, in file order."""
    points = []
    for path in sorted(POLICE.glob("*street_all_categories*.csv.gz")) + sorted(
        POLICE.glob("burglary*.csv.gz")
    ):
        with gzip.open(path, "rt") as lines:
            reader = csv.DictReader(lines)
            lon, lat = (
                ("lon", "lat") if "lon" in (reader.fieldnames or []) else ("Longitude", "Latitude")
            )
            points += [(float(r[lon]), float(r[lat])) for r in reader if r[lon]]
    return np.array(points)


def events(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """`n` points in British National Grid metres, and a day of each within seven years.

    Real points, each copy moved to another part of London; the days are drawn.
    """
    from geo import crs

    base = crs.to_bng(real_lonlat())
    copies = []
    total = 0
    rng = np.random.default_rng(seed)
    moves = [(e, k) for k in (0, 9_000, 18_000, -7_000) for e in (0, 14_000, 28_000)]
    for east, north in moves:
        copies.append(base + np.array([east, north]))
        total += len(base)
        if total >= n:
            break
    every = np.concatenate(copies)
    chosen = rng.permutation(len(every))[:n] if len(every) >= n else rng.integers(0, len(every), n)
    return np.ascontiguousarray(every[chosen]), rng.integers(17_600, 20_150, n).astype(np.int32)
