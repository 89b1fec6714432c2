"""Synthetic events of a capital, seeded, in the columns that `scale run` reads.

Nothing here happened. What is like the real publication: events lie on few points (1.8 million
Metropolitan events lie on 130,302), some points have hundreds and most a few, days are all of two
years. Some short bursts are planted, so that there is something to find.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CENTRE_M, RADIUS_M = np.array([530_000.0, 180_000.0]), 22_000.0
FIRST_DAY, DAYS = 19_723, 730  # 2024-01-01 and two years
POINTS = 130_000
BURSTS, BURST_EVENTS, BURST_DAYS = 40, 400, 14
SYNTHETIC = {b"contextmap": b"synthetic events, generated for a benchmark"}


def events(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    """`n` events; fewer events lie on fewer points, ten to fourteen to each."""
    rng = np.random.default_rng(seed)
    points = min(POINTS, max(1, n // 14))
    place = _points(points, rng)
    heavy = np.minimum(rng.pareto(1.2, points) + 1, 200)
    at = rng.choice(points, n, p=heavy / heavy.sum())
    day = rng.integers(FIRST_DAY, FIRST_DAY + DAYS, n)
    planted = min(n // 20, BURSTS * BURST_EVENTS)
    burst = rng.integers(0, BURSTS, planted)
    where, when = rng.integers(0, points, BURSTS), rng.integers(0, DAYS - BURST_DAYS, BURSTS)
    at[:planted] = where[burst]
    day[:planted] = FIRST_DAY + when[burst] + rng.integers(0, BURST_DAYS, planted)
    mixed = rng.permutation(n)
    return {
        "easting_m": place[at[mixed], 0],
        "northing_m": place[at[mixed], 1],
        "day": day[mixed].astype(np.int32),
    }


def _points(number: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct points of a disc the size of Greater London, closer together in town centres."""
    angle, share = rng.uniform(0, 2 * np.pi, number), np.sqrt(rng.uniform(0, 1, number))
    ring = RADIUS_M * share[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    centres = CENTRE_M + RADIUS_M * 0.8 * (rng.uniform(-1, 1, (60, 2)))
    town = centres[rng.integers(0, len(centres), number)] + rng.normal(0, 600, (number, 2))
    scattered = CENTRE_M + ring
    return np.round(np.where((rng.random(number) < 0.3)[:, None], town, scattered), 1)


def write(path: Path, n: int, seed: int = 1) -> Path:
    """As Parquet, marked as synthetic in its metadata."""
    made = events(n, seed)
    columns = made | {"day": pa.array(made["day"]).cast(pa.date32())}
    pq.write_table(pa.table(columns).replace_schema_metadata(SYNTHETIC), path)
    return path
