"""R4: linked contexts that hold hot spots of two districts."""

from collections.abc import Sequence

from geo.errors import GeoInputError
from geo.links.contexts import Contexts
from geo.links.known import Nodes


def links_across(found: Contexts, nodes: Nodes, lads: Sequence[str]) -> list[int | None]:
    """For each hot spot the linked context by which R4 holds.

    Parameters
    ----------
    found : Contexts
    nodes : Nodes
        Those of `found`.
    lads : sequence of str
        District of each hot spot: where most of its core incidents are; "" where not known.

    Returns
    -------
    list of int or None
        Number in `found.contexts`, or None: in no linked context, or all of its hot spots are
        of one district.

    Raises
    ------
    GeoInputError
        Districts of other hot spots.

    Examples
    --------
    >>> import numpy as np
    >>> from geo.bipartite.table import from_table
    >>> from geo.links.contexts import Context, Edges
    >>> nodes = Nodes(from_table(np.eye(3)), np.array([0, 1, -1]), np.array([-1, -1, 7]))
    >>> none = Edges(*[np.zeros(0)] * 6)
    >>> found = Contexts("tested", None, (Context((0, 1, 2), (), "cluster"),), none, 3)
    >>> links_across(found, nodes, ["E1", "E2"]), links_across(found, nodes, ["E1", "E1"])
    ([0, 0], [None, None])
    """
    spot = nodes.spot.tolist()
    if len([k for k in spot if k >= 0]) != len(lads):
        raise GeoInputError("Each hot spot of the nodes has one district.")
    holds: list[int | None] = [None] * len(lads)
    for number, context in enumerate(found.contexts):
        inside = [spot[node] for node in context.nodes if spot[node] >= 0]
        if len({lads[k] for k in inside if lads[k]}) >= 2:
            for k in inside:
                holds[k] = number
    return holds
