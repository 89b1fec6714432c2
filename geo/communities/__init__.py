"""Groups of places that share more with each other than with the rest, and places between them.

For places, never for children.
"""

from geo.communities.bridges import Bridges, bridges, participation
from geo.communities.groups import Communities, adjusted_rand, canonical, louvain, modularity

__all__ = [
    "Bridges",
    "Communities",
    "adjusted_rand",
    "bridges",
    "canonical",
    "louvain",
    "modularity",
    "participation",
]
