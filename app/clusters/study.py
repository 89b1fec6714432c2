"""Input of one run as arrays: one row per site and month (police) or per incident (partnership)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from app.core.bulk import Array
from geo.crossborough import Events, Visits
from geo.density import Pairs
from geo.evidence.persistent import Dated
from geo.evidence.ranking import Facts
from geo.evidence.stability import Near
from geo.links import LEVEL_1, ChildLinks


class Recorded(NamedTuple):
    """What only partners' records hold: facts of each row, and the agencies they number."""

    facts: Facts
    agencies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Children:
    """Links by number; `sites` names those of the study first, then places without an incident."""

    links: ChildLinks
    sites: Sequence[str]
    online: frozenset[str]

    def columns(self) -> list[Array]:
        return [getattr(self.links, name) for name in self.links.__slots__]

    def visits(self) -> Visits:
        """Links to places as such that count for a hot spot."""
        links = self.links
        some = np.flatnonzero((links.event < 0) & (links.site >= 0) & np.isin(links.role, LEVEL_1))
        return Visits(
            links.site[some],
            [str(child) for child in links.child[some].tolist()],
            links.first_day[some],
            links.last_day[some],
        )


def points_only(eps_m: float) -> None:
    """Neighbouring sites are found from their points."""


@dataclass(frozen=True, slots=True)
class Study:
    """Rows in the order of their ids.

    `tokens` names rows as incidents of a core, `site_ids` where they are; both the same in every
    database that holds the same records.
    """

    events: Events
    neighbours: Pairs | None
    members: Mapping[str, Array]
    coverage: dict[str, Any]
    tokens: Callable[[Array], list[str]]
    site_ids: Callable[[Array], list[str]]
    sites: Sequence[str] = ()  # by number, where members refer to them so
    recorded: Recorded | None = None
    near: Near = points_only
    children: Children | None = None
    open_rows: Array | None = None
    by_day: Dated | None = None  # where a row stands for several days, in the order of the rows

    def days_of(self, rows: Array) -> tuple[Array, Array]:
        """Days of what these rows stand for, and how many on each."""
        if self.by_day is None:
            return self.events.day[rows], self.events.weight[rows]
        first, past = (np.searchsorted(self.by_day.row, rows, side) for side in ("left", "right"))
        n = past - first
        at = np.arange(n.sum()) + np.repeat(past - np.cumsum(n), n)
        return self.by_day.day[at], self.by_day.weight[at]

    @property
    def opened(self) -> Array:
        """Rows that whoever reads the borough may read without a reason: no homes."""
        if self.open_rows is None:
            return np.ones(len(self.events.order), dtype=bool)
        return self.open_rows

    @property
    def snapshot_hash(self) -> str:
        """SHA-256 of the rows."""
        digest = hashlib.sha256()
        events = self.events
        columns = [events.xy_m, events.day, events.last_day, events.weight]
        if self.recorded is not None:
            digest.update(repr((events.children, self.recorded.agencies)).encode())
            columns += [events.lad, events.may_be_core, *self.recorded.facts]
        if self.children is not None:
            digest.update(repr((self.children.sites, sorted(self.children.online))).encode())
            columns += self.children.columns()
        columns += self.by_day or ()
        for column in columns:
            if column is not None:
                digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def epoch_day(day: date) -> int:
    """Days since 1970-01-01, as geo counts them."""
    return int(np.datetime64(day, "D").astype(np.int64))
