"""What children have in common between contexts: linked contexts, flows from home, R3 and R4.

Children come in as opaque numbers and never come out: results hold counts, places and p values.
"""

from geo.links.contexts import Context, Contexts, Edges, LinkParams, linked_contexts
from geo.links.flow import Flow, FlowParams, flows
from geo.links.known import FLOW, LEVEL_1, LEVEL_2, ChildLinks, Nodes, Spot, children_of, nodes
from geo.links.rules import links_across
from geo.links.together import Level2, level2

__all__ = [
    "FLOW",
    "LEVEL_1",
    "LEVEL_2",
    "ChildLinks",
    "Context",
    "Contexts",
    "Edges",
    "Flow",
    "FlowParams",
    "Level2",
    "LinkParams",
    "Nodes",
    "Spot",
    "children_of",
    "flows",
    "level2",
    "linked_contexts",
    "links_across",
    "nodes",
]
