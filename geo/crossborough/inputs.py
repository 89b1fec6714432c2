"""What a run is given: parameters of the set `cbc-1`, and events as arrays."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Params:
    """Parameter set `cbc-1`; those of level 2 are in geo.links. `eps_days` None is space only."""

    eps_m: float = 250.0
    eps_days: int | None = 28
    min_points: int = 5
    min_incidents: int = 5
    min_children: int = 3
    min_agencies: int = 2
    min_dates: int = 3
    span_min: int = 2
    span_share: float = 0.10
    mask_m: float = 500.0
    halo_m: float = 2_000.0
    cell_m: float = 250.0
    half_life_days: float = 180.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Visits(NamedTuple):
    """Children linked to a site as such, not to an incident; days are both included."""

    site: Array
    child: Sequence[str]
    first_day: Array
    last_day: Array


@dataclass(frozen=True, slots=True)
class Events:
    """Events, collapsed where they are many. One entry a row in every array.

    `order` ranks the rows by id, so that the answer does not depend on theirs. `xy_m` is the
    representative point of the site (EPSG:27700), `site` its number, `lad` an index into the
    districts (-1 none). `agency` and `children` tell a pattern from one noisy reporter and from
    casework with one child; without them (open data) only the numbers count. `visits` are
    children who count for a hot spot at their site, when their days touch those of its core. A row
    that stands for events of several dates says the last of them and how many there are.
    """

    order: Array
    site: Array
    xy_m: Array
    day: Array
    weight: Array
    lad: Array
    may_be_core: Array
    agency: Array | None = None
    children: Sequence[tuple[str, ...]] | None = None
    last_day: Array | None = None
    dates: Array | None = None
    visits: Visits | None = None
