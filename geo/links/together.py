"""All that children in common tell of the hot spots of a run: linked contexts, R3 and R4."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.links.contexts import Contexts, LinkParams, linked_contexts
from geo.links.flow import Flow, FlowParams, flows
from geo.links.known import ChildLinks, Nodes, Spot, nodes
from geo.links.rules import links_across


@dataclass(frozen=True, slots=True)
class Level2:
    """`across` and `flows` have one entry a hot spot.

    R4 holds where `across` is a number, that of the linked context in `contexts.contexts`; R3
    where the flow `holds`.
    """

    nodes: Nodes
    contexts: Contexts
    across: tuple[int | None, ...]
    flows: tuple[Flow, ...]


def level2(
    links: ChildLinks,
    spots: Sequence[Spot],
    lads: Sequence[str],
    *,
    snapshot_day: int,
    key: str,
    link: LinkParams | None = None,
    flow: FlowParams | None = None,
) -> Level2:
    """Linked contexts and flows of the reportable hot spots of a run.

    Parameters
    ----------
    links : ChildLinks
        Of the whole partnership, no borough left out.
    spots : sequence of Spot
        The reportable ones.
    lads : sequence of str
        District of each hot spot: where most of its core incidents are.
    snapshot_day : int
        Days since 1970-01-01.
    key : str
        Of the random numbers, see `geo.significance.stream`.
    link, flow : optional
        Parameters; those of `cbc-1` when left out.

    Returns
    -------
    Level2

    Raises
    ------
    GeoInputError
        Districts of other hot spots.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.arange(3)
    >>> links = ChildLinks(n, np.full(3, "harmed_here"), n, n, n, n, *[np.full(3, "E1")] * 2)
    >>> spot = Spot(events=n, sites=n, first_day=0, last_day=2)
    >>> found = level2(links, [spot], ["E1"], snapshot_day=9, key="k")
    >>> found.across, found.contexts.status, found.flows[0].status
    ((None,), 'not enough data', 'not enough data')
    """
    by_link, by_flow = link or LinkParams(), flow or FlowParams()
    first_day = snapshot_day - by_link.link_window_days + 1
    known = nodes(links, spots, first_day=first_day, last_day=snapshot_day)
    found = linked_contexts(known, by_link, key=key)
    return Level2(
        known,
        found,
        tuple(links_across(found, known, lads)),
        tuple(flows(links, spots, by_flow, snapshot_day=snapshot_day)),
    )
