"""The tables of data/demo and the draws from them: the same for a seed, whatever the day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import numpy as np
from shapely import Point

from app.core.ids import ALPHABET, check_symbol
from app.places.rules import Sensitivity

Chosen = TypeVar("Chosen")
Row = dict[str, Any]


class Area(NamedTuple):
    """A neighbourhood: its middle in British National Grid metres, and how much happens there."""

    name: str
    easting_m: float
    northing_m: float
    lad_code: str
    weight: float


class Kind(NamedTuple):
    """How many places of a type to make, of what shape and size; its class comes from the list."""

    type_code: str
    noun: str
    n: int
    shape: str
    size_m: float
    sensitivity: Sensitivity


class Planted(NamedTuple):
    """A cluster on purpose: incidents alternate between two spots, on the two sides of a border."""

    name: str
    spots_m: tuple[tuple[float, float], tuple[float, float]]
    n: int
    first_days_ago: int
    last_days_ago: int
    harm_code: str


class Harm(NamedTuple):
    """How often it is recorded, and at what hour it tends to be."""

    code: str
    weight: float
    hour: int


class Plan(NamedTuple):
    """All tables of data/demo; `weights` by list and code."""

    areas: Sequence[Area]
    kinds: Sequence[Kind]
    planted: Sequence[Planted]
    harms: Sequence[Harm]
    weights: Mapping[str, Mapping[str, int]]


def first_key(seed: int, copy: int) -> UUID:
    """Of the first child of a copy, by which a load knows that it has been."""
    return UUID(bytes=np.random.Generator(np.random.PCG64([seed, copy])).bytes(16), version=4)


class Dice:
    """Everything random about one copy. `refs` are the references already given."""

    def __init__(self, plan: Plan, *, seed: int, copy: int, today: date, refs: set[str]) -> None:
        self.plan, self.today, self.refs = plan, today, refs
        self.rng = np.random.Generator(np.random.PCG64([seed, copy]))
        self.first = self.key()

    def key(self) -> UUID:
        return UUID(bytes=self.rng.bytes(16), version=4)

    def ref(self, prefix: str) -> str:
        while True:
            symbols = "".join(ALPHABET[i] for i in self.rng.integers(0, len(ALPHABET), 6))
            ref = f"{prefix}-{symbols[:3]}-{symbols[3:]}{check_symbol(symbols)}"
            if ref not in self.refs:
                self.refs.add(ref)
                return ref

    def whether(self, chance: float) -> bool:
        return bool(self.rng.random() < chance)

    def number(self, least: int, most: int) -> int:
        return int(self.rng.integers(least, most))

    def day(self, least: int, most: int) -> date:
        """So many days ago."""
        return self.today - timedelta(days=self.number(least, most))

    def near(self, area: Area, spread_m: float) -> Point:
        east_m, north_m = self.shift(spread_m, at_most_m=2 * spread_m)
        return Point(area.easting_m + east_m, area.northing_m + north_m)

    def shift(self, spread_m: float, *, at_most_m: float) -> tuple[float, float]:
        east_m, north_m = np.clip(self.rng.normal(0, spread_m, 2), -at_most_m, at_most_m)
        return float(east_m), float(north_m)

    def area(self) -> Area:
        return self.plan.areas[self._index([area.weight for area in self.plan.areas])]

    def harm(self) -> Harm:
        return self.plan.harms[self._index([harm.weight for harm in self.plan.harms])]

    def one(self, name: str) -> str:
        """A code of a list, by its weight."""
        weights = self.plan.weights[name]
        return list(weights)[self._index(list(weights.values()))]

    def any(self, rows: Sequence[Chosen]) -> Chosen:
        return rows[self.number(0, len(rows))]

    def _index(self, weights: Sequence[float]) -> int:
        total = np.cumsum(weights)
        return int(np.searchsorted(total, self.rng.random() * total[-1], "right"))
