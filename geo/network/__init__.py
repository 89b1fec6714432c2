"""Walking distances along streets, near pairs of points by them, and K along streets."""

from geo.network.second_order import network_k
from geo.network.walking import distances, near
from geo.network.ways import At, Streets, snapped, streets, streets_of

__all__ = ["At", "Streets", "distances", "near", "network_k", "snapped", "streets", "streets_of"]
