"""Input of a run as arrays, wherever it was read from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.bulk import Array


@dataclass(frozen=True, slots=True)
class Given:
    """Distinct places and days in a fixed order, with the events of each; `site` numbers places.

    `tokens` names the events of rows; `area` is the number in `areas` of the analysis area that
    a row belongs to. `last_day` is another than `day` only where a row stands for many days.
    """

    site: Array
    xy_m: Array
    day: Array
    last_day: Array
    weight: Array
    area: Array
    areas: Sequence[str]
    tokens: Callable[[Array], list[str]]
    snapshot_hash: str
    params_hash: str
    coverage: dict[str, Any]
