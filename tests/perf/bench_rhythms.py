"""The sun at a million instants, a million vague times as hours of the week: CPU seconds."""

from collections.abc import Iterator
from typing import Any

from tests.perf.measure import in_fresh_process, row

PROGRAM = """
import json, resource, time
import numpy as np
from geo import rhythms
n = ARGS[0]
rng = np.random.default_rng(1)
begin = rng.integers(1_704_067_200, 1_798_761_600, n)
end = begin + rng.choice([0, 0, 1800, 7200, 43_200], n)
lon, lat = rng.uniform(-0.4, -0.2, n), rng.uniform(51.3, 51.5, n)
rhythms.elevation_deg(begin[:10], lon[:10], lat[:10])
t = time.process_time()
rhythms.elevation_deg(begin, lon, lat)
sun = time.process_time() - t
t = time.process_time()
found = rhythms.rhythm(begin, end)
hours = time.process_time() - t
t = time.process_time()
rhythms.after_dark(begin[: n // 10], end[: n // 10], lon[: n // 10], lat[: n // 10])
dark = time.process_time() - t
print(json.dumps({"sun": sun, "hours": hours, "dark": dark, "lost": abs(found.timed - n),
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 100_000 if fast else 1_000_000
    found = in_fresh_process(PROGRAM, n, runs=1 if fast else 3)
    yield row(f"sun elevation, {n:,} instants", found["sun"], "CPU s", peak_mb=round(found["peak"]))
    yield row(
        f"hours of the week of {n:,} vague times", found["hours"], "CPU s", lost=found["lost"]
    )
    yield row(f"after dark, {n // 10:,} intervals", found["dark"], "CPU s")
