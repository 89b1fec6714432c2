"""Whether events close in space come close in time: Knox, near repeats, Mantel, Jacquez."""

from geo.nearrepeat.bands import NearRepeat, near_repeat
from geo.nearrepeat.correlation import Mantel, Transform, mantel, mantel_of_tables
from geo.nearrepeat.interaction import Knox, ModifiedKnox, knox, modified_knox
from geo.nearrepeat.local import LocalKnox, local_knox
from geo.nearrepeat.nearest import Jacquez, jacquez

__all__ = [
    "Jacquez",
    "Knox",
    "LocalKnox",
    "Mantel",
    "ModifiedKnox",
    "NearRepeat",
    "Transform",
    "jacquez",
    "knox",
    "local_knox",
    "mantel",
    "mantel_of_tables",
    "modified_knox",
    "near_repeat",
]
