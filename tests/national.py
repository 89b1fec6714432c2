"""Small synthetic studies with clusters where tiles meet, for national analysis."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CORNER = np.array([520_000.0, 180_000.0])  # of four tiles, whether of 5, 10 or 20 km
FIRST_DAY = 20_000


def study(seed=7, scattered=900):
    """Places on a grid of 50 m, so that limits are met exactly, around edges and the corner.

    A burst of 60 events lies across the corner of four tiles; a chain of events runs along and
    over an edge for six kilometres; places are used again and again.
    """
    rng = np.random.default_rng(seed)
    spread = CORNER + np.round(rng.uniform(-12_000, 12_000, (scattered, 2)) / 50) * 50
    again = spread[rng.integers(0, scattered // 10, scattered // 2)]
    burst = CORNER + np.round(rng.uniform(-200, 200, (60, 2)) / 50) * 50
    step = np.arange(0, 6_000, 50.0)
    chain = CORNER + np.column_stack([np.where(step % 100, -50.0, 0.0), 1_000 + step])
    xy_m = np.concatenate([spread, again, burst, np.repeat(chain, 3, axis=0)])
    day = FIRST_DAY + rng.integers(0, 200, len(xy_m))
    day[len(spread) + len(again) :][:60] = FIRST_DAY + 90 + rng.integers(0, 10, 60)
    return xy_m, day.astype(np.int32)


def parquet(path, xy_m, day, **more):
    """As `scale run` reads it."""
    columns = {"easting_m": xy_m[:, 0], "northing_m": xy_m[:, 1]}
    columns |= {"day": pa.array(np.asarray(day, dtype=np.int32)).cast(pa.date32())} | more
    pq.write_table(pa.table(columns), path)
    return path
