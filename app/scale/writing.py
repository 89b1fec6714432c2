"""What a run leaves behind: clusters and rows as Parquet, and one JSON document about it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.core.json import json_bytes
from app.scale.given import Given
from app.scale.service import Outcome

CLUSTERS, ROWS, RESULT = "clusters.parquet", "rows.parquet", "result.json"
DAYS = ("first_day", "last_day", "window_from", "window_to")
KINDS = {
    "p_emerging": pa.float64(), "llr": pa.float64(), "expected": pa.float64(),
    "observed": pa.int64(), **dict.fromkeys(DAYS, pa.date32()),
}  # fmt: skip


def write(folder: Path, given: Given, outcome: Outcome, told: Mapping[str, Any]) -> None:
    """Each file whole or not at all; `result.json` last: where it stands, all of it does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _put(folder / CLUSTERS, _clusters(outcome))
    _put(folder / ROWS, _rows(given, outcome))
    beside = folder / f"{RESULT}.part"
    beside.write_bytes(json_bytes(told) + b"\n")
    beside.replace(folder / RESULT)


def _put(path: Path, table: pa.Table) -> None:
    beside = path.with_suffix(".part")
    pq.write_table(table, beside, compression="zstd")
    beside.replace(path)


def _clusters(outcome: Outcome) -> pa.Table:
    """Largest first, then by id."""
    held = outcome.clusters
    ids, n = held.get("id", []), held.get("n", [])
    by = sorted(range(len(ids)), key=lambda k: (-n[k], ids[k]))
    columns = {
        name: pa.array([values[k] for k in by], type=KINDS.get(name))
        for name, values in ({"cluster": list(range(len(ids)))} | held).items()
    }
    return pa.table(columns)


def _rows(given: Given, outcome: Outcome) -> pa.Table:
    """Every place and day with the number of its cluster, -1 for none."""
    return pa.table(
        {
            "easting_m": given.xy_m[:, 0],
            "northing_m": given.xy_m[:, 1],
            "day": pa.array(given.day.astype(np.int32)).cast(pa.date32()),
            "n": given.weight,
            "cluster": outcome.labels.label,
            "core": outcome.labels.core,
        }
    )
