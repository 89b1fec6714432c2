"""A national analysis: clusters tile by tile, joined, named, weighed; the same on any engine."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.bulk import Array
from app.core.json import json_bytes
from app.scale import tasks
from app.scale.engines import Work
from app.scale.given import Given
from app.scale.rules import ALPHA, LEAST, Asked
from app.scale.weighing import weigh
from geo import density, partition
from geo.density import Labels
from geo.evidence.emerging import Emerging
from geo.groups import Groups, grouped
from geo.lineage import content_id
from geo.neighbourhood import collapsed
from geo.partition import Found, Merge


@dataclass(frozen=True, slots=True)
class Outcome:
    """Cluster of each row and whether it is core; columns of the clusters by number."""

    labels: Labels
    clusters: dict[str, list[Any]]
    largest_share: float
    tiles: int
    result_hash: str


def run(given: Given, asked: Asked, work: Work) -> Outcome:
    """All of it; nothing depends on the engine, on tiles or on the order of what is done."""
    labels, tiles = clustered(given, asked, work)
    groups = grouped(labels)
    evidence, home = weigh(given, groups, asked, work)
    clusters = _columns(given, groups, evidence, home)
    return Outcome(
        labels,
        clusters,
        density.largest_share(labels.label, given.weight),
        tiles,
        _hash(given, labels, clusters),
    )


def clustered(given: Given, asked: Asked, work: Work) -> tuple[Labels, int]:
    """Labels of the rows, by tiles; and how many tiles there were."""
    day = given.day if asked.eps_days is not None else np.zeros_like(given.day)
    nodes = collapsed(given.xy_m, day, given.weight, None, None)
    tiles = partition.tiles(nodes.xy_m, asked.limits, asked.tile_m)
    parts = (partition.part(nodes, tile, asked.limits) for tile in tiles)
    merge = Merge(nodes)
    for k, found in work.run(tasks.tile, Found, parts, len(tiles), "Clustering tiles"):
        merge.add(tiles[k], found)
    labels = merge.labels()
    return Labels(labels.label[nodes.row], labels.core[nodes.row]), len(tiles)


def _columns(
    given: Given, groups: Groups, evidence: list[Emerging], home: Array
) -> dict[str, list[Any]]:
    """What is told of each cluster, by number."""
    if not groups.number:
        return {}
    xy_m = given.xy_m[groups.rows]
    west_south, east_north = (f.reduceat(xy_m, groups.start) for f in (np.minimum, np.maximum))
    n, dates = groups.by(given.weight), groups.distinct(given.day, given.last_day)
    return {
        "id": _ids(given, groups),
        "n": n.tolist(),
        "n_core": groups.by(given.weight, core=True).tolist(),
        "places": groups.distinct(given.site).tolist(),
        "dates": dates.tolist(),
        "reportable": ((n >= LEAST[0]) & (dates >= LEAST[1])).tolist(),
        "area": [given.areas[a] for a in home.tolist()],
        "first_day": groups.core_limit(np.minimum, given.day).tolist(),
        "last_day": groups.core_limit(np.maximum, given.last_day).tolist(),
        "west_m": west_south[:, 0].tolist(),
        "south_m": west_south[:, 1].tolist(),
        "east_m": east_north[:, 0].tolist(),
        "north_m": east_north[:, 1].tolist(),
        "status": [one.status for one in evidence],
        "p_emerging": [one.p for one in evidence],
        "significant": [one.p is not None and one.p <= ALPHA for one in evidence],
        "llr": [one.llr for one in evidence],
        "observed": [one.observed for one in evidence],
        "expected": [one.expected for one in evidence],
        "window_from": [one.first_day for one in evidence],
        "window_to": [one.last_day for one in evidence],
    }


def _ids(given: Given, groups: Groups) -> list[str]:
    """Content ids: the same wherever the same events are searched with the same settings."""
    rows, of = groups.rows[groups.core], groups.of[groups.core]
    cut = np.searchsorted(of, np.arange(1, groups.number))
    return [content_id(given.params_hash, given.tokens(at)) for at in np.split(rows, cut)]


def _hash(given: Given, labels: Labels, clusters: dict[str, list[Any]]) -> str:
    """SHA-256 of the whole result: labels, core, and every column of every cluster."""
    digest = hashlib.sha256(f"{given.snapshot_hash}|{given.params_hash}".encode())
    digest.update(labels.label.astype("<i4").tobytes() + labels.core.tobytes())
    digest.update(json_bytes(clusters))
    return digest.hexdigest()
