"""Hot and cold cells of one source and window: the same input as a run of clusters, not stored."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import numpy as np
import shapely
from pydantic import AfterValidator

from app.audit import service as audit
from app.clusters import queries, rules
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn
from app.clusters.service import JOB, Progress, read
from app.clusters.study import Study
from app.core import clock
from app.core.db import Database
from app.core.errors import InvalidError, RuleBrokenError
from geo.boundaries import Lads, lad_of
from geo.grids import cell_id
from geo.hotspots import HotCells, gi_perm, on_grid
from geo.hotspots.cells import FEWER, MORE, UNKNOWN
from geo.lineage import params_hash
from geo.weights import Grid

HALO_M = 2000
SHOWN = 10  # cells on a terminal; all are in the JSON
WORDS = (MORE, FEWER, UNKNOWN)
NO_GROUND = "No boundary of a borough of the partnership is loaded. Import boundaries first."
REASONS = {
    "constant": "Every cell has the same number of incidents: there is nothing to compare.",
    "not enough data": "There are too few cells to compare.",
}

Figures = dict[str, Any]  # as JSON


def _side(value: int) -> int:
    if not 100 <= value <= 2000:
        raise ValueError("Enter a side of 100 to 2,000 metres.")
    return value


class HotspotsIn(RunIn):
    """What is asked of `hotspots run`: as of a run of clusters, with the side of a cell."""

    cell_m: Annotated[int, AfterValidator(_side)] = 250


def asked(db: Database, wanted: HotspotsIn, partners: Sequence[str]) -> list[Settings]:
    """One for each source; `all` leaves police out where none is loaded. Each leaves a trace."""
    with db.begin(JOB) as session:
        loaded = queries.loaded_window(session)
        if wanted.source == "police" and loaded is None:
            raise InvalidError(rules.NO_POLICE_DATA, {"source": rules.NO_POLICE_DATA})
        sources = list(Source) if wanted.source == "all" else [Source(wanted.source)]
        found = [
            wanted.settings(source, loaded, tuple(partners), clock.today())
            for source in sources
            if source is not Source.POLICE or loaded is not None
        ]
        for each in found:
            audit.record(session, "hotspots.run", "hotspots", None, source=each.source)
    return found


def run(db: Database, settings: Settings, cell_m: int, tell: Progress) -> Figures:
    """Figures of a source, with every cell of the partnership: lowest q first.

    Cells within two kilometres of its border count, too, so that a hot spot across it is seen;
    they are not listed.
    """
    tell(0, 3, "Reading incidents")
    study, lads = read(db, settings)
    own = np.flatnonzero(np.isin(lads.codes, settings.partners))
    if not len(own):
        raise RuleBrokenError(NO_GROUND)
    partners = Lads(tuple(lads.codes[i] for i in own), lads.shapes[own])
    tell(1, 3, f"Comparing cells of {study.coverage['events']} incidents")
    events = study.events
    located = np.isfinite(events.xy_m).all(axis=1)
    ground = shapely.union_all(partners.shapes)
    found = on_grid(events.xy_m[located], events.weight[located], cell_m, ground, halo_m=HALO_M)
    tell(2, 3, f"Shuffling {len(found.n)} cells")
    shuffled = _shuffled(found, study, settings, cell_m)
    figures = {
        "source": str(settings.source),
        "from": settings.first_on.isoformat(),
        "to": settings.last_on.isoformat(),
        "cell_m": cell_m,
        "halo_m": HALO_M,
        "status": found.status,
        "reason": REASONS.get(found.status),
        "tested": len(found.n),
        "replicates": settings.replicates,
        "outside": found.outside + int(events.weight[~located].sum()),
        "coverage": study.coverage,
        "cells": _listed(found, shuffled, partners),
    }
    tell(3, 3, "Done")
    return figures


def in_words(figures: Figures) -> list[str]:
    """What a terminal shows of the figures of a source."""
    period = rules.period_in_words(*map(date.fromisoformat, (figures["from"], figures["to"])))
    said = Counter(cell["word"] for cell in figures["cells"])
    head = f"{figures['source']}, {period}: {len(figures['cells'])} cells of {figures['cell_m']} m"
    found = [f"{said[word]} {word[0].lower()}{word[1:]}" for word in WORDS]
    lines = [f"{head}; {', '.join(found)}."]
    lines += filter(None, [figures["reason"]])
    lines += [
        f"{cell['id']}: {cell['around']} with its neighbours, {cell['expected']:.0f} expected."
        for cell in figures["cells"][:SHOWN]
        if cell["word"] == MORE
    ]
    return [*lines, *rules.coverage_in_words(figures["coverage"], figures["source"])]


def _shuffled(found: HotCells, study: Study, settings: Settings, cell_m: int) -> Sequence[Any]:
    """Give p from permutations beside that of the formula, or nothing for each cell."""
    if not settings.replicates or not len(found.n):
        return [None] * len(found.n)
    asked_for = {"set": "hotspots-1", "source": str(settings.source), "cell_m": cell_m}
    asked_for |= {"halo_m": HALO_M, "partners": sorted(settings.partners)}
    seed = () if settings.seed is None else (str(settings.seed),)
    p = gi_perm(
        found.n,
        Grid(found.mask),
        key="|".join((study.snapshot_hash, params_hash(asked_for), *seed)),
        replicates=settings.replicates,
        alternative="two-sided",
    ).p
    return [round(float(each), 6) for each in p]


def _listed(found: HotCells, shuffled: Sequence[Any], partners: Lads) -> list[Figures]:
    side = int(found.cell_m)
    corner = np.column_stack([found.column, found.row]) * side
    borough = lad_of(corner + side / 2, partners, nearest_m=0)
    cells = [
        {
            "id": cell_id(int(found.column[i]), int(found.row[i]), side),
            "borough": partners.codes[borough[i]],
            "n": int(found.n[i]),
            "around": int(found.around[i]),
            "expected": round(float(found.expected[i]), 3),
            "z": round(float(found.z[i]), 4),
            "p": float(found.p[i]),
            "q": float(found.q[i]),
            "p_shuffled": shuffled[i],
            "word": str(found.word[i]),
            "bbox": [int(west), int(south), int(west) + side, int(south) + side],
        }
        for i, (west, south) in enumerate(corner.tolist())
        if borough[i] >= 0
    ]
    return sorted(cells, key=lambda cell: (cell["q"], -cell["z"], cell["id"]))
