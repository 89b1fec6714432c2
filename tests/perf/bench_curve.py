"""What import, cluster run and tiles cost at 10^4, 10^5, 10^6 and 10^7 events, and how it grows.

A cluster of PostgreSQL for each size; files of a million rows at most, each of its own months, are
imported one after the other with all that hangs on them. All of London is one partnership, and the
minimum of a cluster grows with the events, as with a fixed one a long list joins the whole town.
Months are all that the publisher tells, so the test is that of busy places (Gi*, false discovery
rate); the one of random tries within days is in `scale`.
The exponent is the slope of a line through the logarithms from 10^5 on: below, most is what
starting costs. 10^7 takes half an hour and is asked for by `CONTEXTMAP_LONG_TESTS=1`.
"""

import os
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np
import psycopg

from app.clusters.weighing import SIGNIFICANT
from app.core.db import Database
from tests.perf.bench_import import TIMED, Place, bare_cluster
from tests.perf.bench_tiles import HIGH, LOW, tile_paths, tiles
from tests.perf.london import London
from tests.perf.measure import row
from tests.perf.served import ours_ms
from tests.perf.street import written

SIZES, MOST = (10_000, 100_000, 1_000_000), 10_000_000
FROM = 100_000
FILE_ROWS = 1_000_000
FIRST_DAY, LAST_DAY = 17_600, 20_150  # 2018 to 2025, as the other benchmarks have them
IMPORT = (
    TIMED
    + """
from app.core.db import Database
from app.core.settings import Settings
from app.imports import service
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
began, imported = time.process_time(), 0
for path in ARGS[1:]:
    _, tally = service.police_street(db, [Path(path)], service.Options(), lambda *_: None)
    imported += tally.imported
told(began, imported=imported)
"""
)
RUN = (
    TIMED
    + """
from app.clusters import service
from app.clusters.schemas import RunIn
from app.core.db import Database
from app.core.settings import Settings
from app.reference import queries as reference
settings = Settings(data_dir=Path(ARGS[0]), demo=False, database_url=None)
db = Database(settings, settings.claims_key())
wanted = RunIn(source="police", eps_m=float(ARGS[1]), eps_days=None, min_points=int(ARGS[2]),
               replicates=int(ARGS[3]))
with db.begin(service.JOB) as session:
    boroughs = [code for code in reference.lads(session).codes if code.startswith("E09")]
    run_id = service.ask(session, service.JOB, wanted, boroughs)[0].id
began = time.process_time()
service.recompute(db, run_id)
told(began, run=str(run_id))
"""
)
FOUND = """
    select count(*), count(*) filter (where evidence->>'significance' = any(%(sure)s)),
           (select largest_share::float8 from app.cluster_run where id = %(run)s)
    from app.cluster where run_id = %(run)s
"""
EPS_M, REPLICATES = 100, 199
Figures = dict[str, float]
WHAT = {
    "import": ("CPU s", "imported, with places, boroughs, keys, streets and counts for tiles"),
    "clusters": ("CPU s", f"cluster run {EPS_M} m with significance, rules, names, lineage"),
    "high": ("CPU ms", "tile of zooms 14 to 16"),
    "low": ("CPU ms", "tile of zooms 8 to 13, every event counted"),
}


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    whole = (*SIZES, MOST) if os.environ.get("CONTEXTMAP_LONG_TESTS") else SIZES
    found: dict[int, Figures] = {}
    for n in SIZES[:2] if fast else whole:
        found[n] = measured(n)
        for key, (unit, words) in WHAT.items():
            more = {
                k.removeprefix(f"{key}_"): v for k, v in found[n].items() if k.startswith(f"{key}_")
            }
            yield row(f"{n:,} events: {words}", found[n][key], unit, **more)
    sizes = [n for n in found if n >= FROM] if len(found) > 2 else list(found)
    span = f"{min(sizes):,} to {max(sizes):,} events"
    for key, (_, words) in WHAT.items():
        slopes = {
            what: round(exponent(sizes, [found[n][f"{key}_{what}"] for n in sizes]), 3)
            for what in ("wall_s", "peak_mb", "p95_ms")
            if f"{key}_{what}" in found[sizes[0]]
        }
        slope = exponent(sizes, [found[n][key] for n in sizes])
        yield row(
            f"exponent, {span}: {words}", slope, "power of events", "goal", 1.1, exponents=slopes
        )


def exponent(sizes: list[int], costs: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def measured(n: int) -> Figures:
    with bare_cluster() as place:
        paths = files(place, n)
        began = time.perf_counter()
        came = place.spent(IMPORT, place.folder, *paths)
        figures = {"import": came["total"], "import_wall_s": round(time.perf_counter() - began, 2)}
        if came["imported"] != n:
            raise AssertionError(f"{n} rows, but {came['imported']} imported")
        figures |= {"import_peak_mb": round(came["peak"])}
        for path in paths:
            path.unlink()
        with psycopg.connect(place.cluster.dsn("postgres"), autocommit=True) as admin:
            admin.execute("vacuum analyze")
            size = admin.execute("select pg_database_size(current_database())").fetchone()
        figures |= {"import_database_mb": round(size[0] / 1e6) if size else 0}
        figures |= clustered(place, n)
        db = Database(place.settings, place.settings.claims_key())
        try:
            return figures | asked(London(place.settings, place.cluster, db))
        finally:
            db.dispose()


def clustered(place: Place, n: int) -> Figures:
    """Medians of three runs, the first of which opens every lineage; of one at the most events."""
    runs, wall_s = [], []
    for _ in range(1 if n == MOST else 3):
        began = time.perf_counter()
        runs.append(place.spent(RUN, place.folder, EPS_M, minimum(n), REPLICATES))
        wall_s.append(time.perf_counter() - began)
    with psycopg.connect(place.cluster.dsn("postgres")) as admin:
        found = admin.execute(
            FOUND, {"run": runs[-1]["run"], "sure": list(SIGNIFICANT)}
        ).fetchone() or (0, 0, 0)
    return {
        "clusters": median(one["total"] for one in runs),
        "clusters_wall_s": round(median(wall_s), 2),
        "clusters_peak_mb": round(max(one["peak"] for one in runs)),
        "clusters_minimum": minimum(n),
        "clusters_found": found[0],
        "clusters_significant": found[1],
        "clusters_largest_share": found[2],
    }


def minimum(n: int) -> int:
    return max(5, round(50 * n / MOST))


def files(place: Place, n: int) -> list[Any]:
    """In files of some months each."""
    each = min(n, FILE_ROWS)
    count = n // each
    edges = np.linspace(FIRST_DAY, LAST_DAY, count + 1).astype("datetime64[D]")
    edges = edges.astype("datetime64[M]").astype("datetime64[D]").astype(int).tolist()
    return [
        written(
            place.folder / f"2026-{k + 1:02}-bench-street.csv",
            each,
            3 + k,
            days=(edges[k], edges[k + 1]),
        )
        for k in range(count)
    ]


def asked(london: London) -> Figures:
    high = ours_ms(london, tile_paths(tiles(london, HIGH, 120)), 3)
    low = ours_ms(london, tile_paths(tiles(london, LOW, 60)), 3)
    return {
        f"{name}{'_' if key else ''}{key}": told[key or "total_ms"]
        for name, told in (("high", high), ("low", low))
        for key in ("", "p95_ms", "kb", "peak_mb")
    }
