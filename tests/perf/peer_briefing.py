"""What a partnership analyst would write: pandas for the tables, linprog for the check."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_matrix
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.releases.rules import Window
from geo.disclosure import Release, Ward
from geo.disclosure.building import build

ROWS = text("""
    select i.borough_code as borough, h.group_code as harm,
           coalesce(nullif(pt.group_code, ''), 'PG_NONE') as place, i.harm_code, i.line_linked,
           i.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH') as proactive,
           i.occurred_from, i.occurred_to, i.created_at
    from app.incident as i join reference.harm as h on h.code = i.harm_code
    left join app.place as p on p.id = i.place_id
    left join reference.place_type as pt on pt.code = p.type_code
    where i.state <> 'WITHDRAWN' and i.tier <> 'C' and i.deleted_at is null
""")
CODES = {
    "DRUG_VIOLENCE": "SV_DRUG", "SYV": "SV_YOUTH", "KNIFE": "SV_KNIFE", "FIREARM": "SV_FIREARM",
    "OCN": "SV_NETWORKS", "GROUP_CONFLICT": "SV_NETWORKS", "GROUP_EXPLOIT": "SV_NETWORKS",
    "ROBBERY": "SV_ROBBERY", "NTE_DISORDER": "SV_NTE", "THREAT_LIFE": "SV_THREAT",
    "COUNTY_LINES": "SV_EXPLOIT", "CUCKOOING": "SV_EXPLOIT",
}  # fmt: skip
Key = tuple[str, ...]


def groups(session: Session, window: Window, partners: Sequence[str]) -> dict[Key, int]:
    """RQ1, RQ2, RQ3 and RQ8 with their margins, from all incidents there are."""
    frame = pd.DataFrame(session.execute(ROWS).mappings().all())
    middle = frame.occurred_from + (frame.occurred_to - frame.occurred_from) / 2
    frame = frame[
        (middle >= window.start_at) & (middle < window.end_at)
        & (frame.created_at <= window.cut_at) & frame.borough.isin(partners)
    ]  # fmt: skip
    linked = frame.line_linked & frame.harm_code.isin(["CCE", "CSE", "DRUG_EXPLOIT"])
    frame = frame.assign(sv=frame.harm_code.map(CODES).mask(linked, "SV_EXPLOIT"))
    return dict(_cells(frame, window.period))


def _cells(frame: Any, period: str) -> Iterator[tuple[Key, int]]:
    for table, column in (("RQ1", "harm"), ("RQ2", "place")):
        counted = pd.crosstab(frame.borough, frame[column], margins=True)
        for borough, group in ((b, g) for b in counted.index for g in counted.columns):
            where = ("BOTH", "BOTH") if borough == "All" else ("BOROUGH", borough)
            dim = "ALL" if group == "All" else group
            yield (table, period, *where, dim, "ALL"), int(counted.loc[borough, group])
    for code, n in frame.sv.value_counts().items():
        yield ("RQ3", period, "BOTH", "BOTH", str(code), "ALL"), int(n)
    for borough, n in frame[frame.proactive].borough.value_counts().items():
        yield ("RQ8", period, "BOROUGH", str(borough), "YES", "ALL"), int(n)


def hidden_ends(releases: Sequence[Release], wards: Sequence[Ward]) -> int:
    """Least and most of each hidden cell, each solved from the start; how many there were."""
    model = build(releases, wards)
    size = len(model.low)
    at = [(i, j, v) for i, r in enumerate(model.rows) for j, v in zip(r[0], r[1], strict=True)]
    i, j, v = zip(*at, strict=True)
    whole = csr_matrix((v, (i, j)), shape=(len(model.rows), size))
    equal = np.array([r[2] == r[3] for r in model.rows])
    most = np.array([r[3] for r in model.rows])
    box = list(zip(model.low, np.minimum(model.high, model.cap), strict=True))
    solved = 0
    for _, cell, column in model.cells:
        if not (cell.banded or cell.dropped):
            continue
        for sign in (1, -1):
            cost = np.zeros(size)
            cost[column] = sign
            linprog(cost, A_ub=whole[~equal], b_ub=most[~equal], A_eq=whole[equal],
                    b_eq=most[equal], bounds=box, method="highs")  # fmt: skip
            solved += 1
    return solved
