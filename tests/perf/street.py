"""Street files of any size in the publisher's layout, made of real rows moved over London."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from app.reference.boundaries import read
from app.reference.service import BOROUGHS
from geo import crs
from geo.boundaries import Lads, lad_of
from tests.perf import data

NATIVE = data.POLICE / "native_layout"


def real_rows() -> dict[str, np.ndarray]:
    """The published months in the native layout, column by column."""
    read: list[dict[str, str]] = []
    for path in sorted(NATIVE.glob("*.csv")):
        with path.open(newline="") as lines:
            read += csv.DictReader(lines)
    return {name: np.array([r[name] for r in read]) for name in read[0]}


def in_london(metres: np.ndarray, day: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `n` that lie in a borough: copies moved beyond London are no police data of it."""
    boroughs = read(BOROUGHS, code_field="gss_code", name_field="name")
    shapes = np.array([b.shape_m for b in boroughs], dtype=object)
    lads = Lads(tuple(b.code for b in boroughs), shapes)
    inside = np.flatnonzero(lad_of(metres, lads, nearest_m=0) >= 0)[:n]
    return metres[inside], day[inside]


def written(path: Path, n: int, seed: int = 3, *, days: tuple[int, int] | None = None) -> Path:
    """`n` rows in London: points and months of `data.events`, everything else of a real row.

    `days` since 1970 puts every event between them: a file of some months, as files come.

    Crime IDs are drawn anew, so that each is of one row; anti-social behaviour has none. A moved
    copy of a street is another street.
    """
    metres, day = in_london(*data.events(2 * n, seed), n)
    if days is not None:
        day = days[0] + day % (days[1] - days[0])
    lonlat = np.round(crs.to_wgs84(metres), 6)
    rng = np.random.default_rng(seed)
    real = real_rows()
    at = rng.integers(0, len(real["Month"]), n)
    columns = {name: values[at] for name, values in real.items()}
    digits = rng.integers(0, 256, (n, 32), dtype=np.uint8)
    drawn = np.array([one.hex() for one in map(bytes, digits)])
    # All that is published of one point lies on one street.
    street = (metres @ np.array([7919.0, 104729.0])).astype(np.int64) % len(real["Month"])
    part = (metres[:, 0] // 14_000).astype(int).astype(str)
    columns |= {
        "Crime ID": np.where(columns["Crime type"] == "Anti-social behaviour", "", drawn),
        "Month": day.astype("datetime64[D]").astype("datetime64[M]").astype(str),
        "Longitude": np.char.mod("%.6f", lonlat[:, 0]),
        "Latitude": np.char.mod("%.6f", lonlat[:, 1]),
        "Location": np.char.add(np.char.add(real["Location"][street], " "), part),
    }
    order = np.argsort(columns["Month"], kind="stable")  # as months come
    table = pa.table({name: pa.array(values[order]) for name, values in columns.items()})
    plain = pa.csv.WriteOptions(quoting_style="none")
    pa.csv.write_csv(table, path, plain)
    return path
