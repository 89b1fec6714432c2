"""Rules R3 and R4, and with them which clusters are cross-borough clusters."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from app.clusters.rules import Settings
from app.clusters.study import Children, Study, epoch_day
from geo.crossborough import Events, HotSpot
from geo.lineage import content_id
from geo.links import (
    Context,
    Contexts,
    FlowParams,
    LinkParams,
    Nodes,
    Spot,
    flows,
    linked_contexts,
    links_across,
    nodes,
)

Part = dict[str, Any]
YEAR = 365
PUBLISHED = "Published data does not say which children were harmed."
NOT_A_PATTERN = "Not reported as a pattern."


class Across(NamedTuple):
    """R3 and R4 of one hot spot, and the number of the linked context by which R4 holds."""

    r3: Part
    r4: Part
    context: int | None = None


class Named(NamedTuple):
    """Hot spots that were found, and what they are called."""

    spots: Sequence[HotSpot]
    content_ids: Sequence[str]
    events: Events


def across(
    spots: Sequence[HotSpot],
    content_ids: Sequence[str],
    study: Study,
    settings: Settings,
    *,
    key: str,
) -> list[Across]:
    """In the order of the hot spots."""
    named, children = Named(spots, content_ids, study.events), study.children
    if children is None:
        none = {"status": "not tested", "why": PUBLISHED, "holds": False}
        return [Across(none, none) for _ in named.spots]
    snapshot = epoch_day(settings.last_on)
    inside = [_spot(named.events, spot) for spot in named.spots]
    flow = flows(children.links, inside, FlowParams(), snapshot_day=snapshot)
    linked = _linked(named, inside, children, settings, key)
    return [Across(asdict(one), *part) for one, part in zip(flow, linked, strict=True)]


def cbc(
    spots: Sequence[HotSpot], significant: Sequence[bool], found: Sequence[Across]
) -> list[bool]:
    """Reportable, significant, and R1, R3 or R4; of linked contexts one may be so for all."""
    both = [spot.reportable and sure for spot, sure in zip(spots, significant, strict=True)]
    carried = {one.context for one, sure in zip(found, both, strict=True) if sure} - {None}
    return [
        (sure and (spot.r1_span or one.r3["holds"])) or one.context in carried
        for spot, sure, one in zip(spots, both, found, strict=True)
    ]


def _spot(events: Events, spot: HotSpot) -> Spot:
    sites = np.unique(events.site[spot.members])
    return Spot(spot.members, sites, spot.first_day, spot.last_day)


def _linked(
    named: Named, spots: Sequence[Spot], children: Children, settings: Settings, key: str
) -> list[tuple[Part, int | None]]:
    """Level 2: reportable hot spots and all other places, online ones included."""
    snapshot = epoch_day(settings.last_on)
    reportable = [k for k, spot in enumerate(named.spots) if spot.reportable]
    graph = nodes(
        children.links,
        [spots[k] for k in reportable],
        first_day=snapshot - YEAR + 1,
        last_day=snapshot,
    )
    found = linked_contexts(graph, LinkParams(replicates=settings.replicates), key=key)
    lads = [_lad(named.spots[k]) for k in reportable]
    holds = links_across(found, graph, lads)
    names = [
        named.content_ids[reportable[spot]] if spot >= 0 else children.sites[site]
        for spot, site in zip(graph.spot.tolist(), graph.site.tolist(), strict=True)
    ]
    component = [
        _component(context, found, graph, names, lads, children, settings)
        for context in found.contexts
    ]
    at = {
        reportable[graph.spot[node]]: number
        for number, context in enumerate(found.contexts)
        for node in context.nodes
        if graph.spot[node] >= 0
    }
    told: Part = {"status": found.status, "why": found.why, "holds": False, "component": None}
    parts: list[tuple[Part, int | None]] = [
        ({"status": "not tested", "why": NOT_A_PATTERN, "holds": False, "component": None}, None)
        for _ in spots
    ]
    for k, number in zip(reportable, holds, strict=True):
        context = component[at[k]] if k in at else None
        parts[k] = (told | {"holds": number is not None, "component": context}, number)
    return parts


def _component(
    context: Context,
    found: Contexts,
    graph: Nodes,
    names: Sequence[str],
    lads: Sequence[str],
    children: Children,
    settings: Settings,
) -> Part:
    """Ids and counts only: who the children are stays in the job."""
    edges = found.edges
    own = [names[node] for node in context.nodes if graph.spot[node] >= 0]
    other = [names[node] for node in context.nodes if graph.spot[node] < 0]
    inside = {lads[graph.spot[node]] for node in context.nodes if graph.spot[node] >= 0}
    return {
        "id": content_id(settings.hash(), [*own, *other]),
        "kind": context.kind,
        "clusters": own,
        "places": [name for name in other if name not in children.online],
        "online": [name for name in other if name in children.online],
        "boroughs": sorted(inside - {""}),
        "links": [
            {
                "a": names[int(edges.a[k])],
                "b": names[int(edges.b[k])],
                "shared": int(edges.shared[k]),
                "p": float(edges.p[k]),
                "q": float(edges.q[k]),
            }
            for k in context.edges
        ],
    }


def _lad(spot: HotSpot) -> str:
    """Where most of its core lies; the lowest code of several."""
    core = spot.evidence["r1"]["core"]
    return min(core, key=lambda code: (-core[code], code), default="")
