"""Where a synthetic place stands in its life, since when, and who works there. Pure.

Everything comes from the key of a place and from today: the same on every load of a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import numpy as np
from shapely.geometry.base import BaseGeometry

from app.core import working_days
from app.core.clock import LONDON
from app.core.ids import ALPHABET, check_symbol
from app.demo.rules import Row

MARK = "Demo: "
KINGSTON = "E09000021"
# When a place came into a state, as a part of its life until today.
STEPS: Mapping[str, Mapping[str, float]] = {
    "ASSESSING": {"IDENTIFIED": 0.2, "ASSESSING": 0.6},
    "ASSESSED": {"IDENTIFIED": 0.2, "ASSESSING": 0.5, "ASSESSED": 0.9},
    "CONFERENCE": {"IDENTIFIED": 0.1, "ASSESSING": 0.4, "ASSESSED": 0.8, "CONFERENCE": 0.9},
    "PLAN_ACTIVE": {"IDENTIFIED": 0.08, "ASSESSING": 0.15, "ASSESSED": 0.35, "CONFERENCE": 0.42,
                    "PLAN_ACTIVE": 0.5},
    "MONITORING": {"IDENTIFIED": 0.05, "ASSESSING": 0.1, "ASSESSED": 0.22, "CONFERENCE": 0.27,
                   "PLAN_ACTIVE": 0.32, "MONITORING": 0.85},
    "CLOSED": {"IDENTIFIED": 0.05, "ASSESSING": 0.1, "ASSESSED": 0.22, "CONFERENCE": 0.27,
               "PLAN_ACTIVE": 0.32, "MONITORING": 0.75, "CLOSED": 0.9},
}  # fmt: skip


class Team(NamedTuple):
    """Keys of the people who work with places; those of the demonstration's accounts."""

    practitioner: UUID
    lead: UUID
    second: UUID
    police: UUID
    partner: UUID
    vca: UUID


@dataclass(frozen=True)
class Story:
    """A place, and what is told of it; `plot` is empty for one of which only the usual is."""

    plot: str
    number: int
    place: Row
    shape: BaseGeometry | None
    team: Team
    today: date

    @property
    def key(self) -> UUID:
        found: UUID = self.place["id"]
        return found

    @property
    def state(self) -> str:
        return str(self.place["state"])

    @property
    def steps(self) -> Mapping[str, float]:
        return STEPS[self.state]

    @property
    def is_online(self) -> bool:
        return self.shape is None

    @property
    def author(self) -> UUID:
        """Who writes: the practitioner works in one borough, leads in both."""
        here = KINGSTON in self.place["borough_codes"]
        return self.team.practitioner if here else self.team.lead

    @property
    def approver(self) -> UUID:
        return self.team.lead if self.author == self.team.practitioner else self.team.second

    @property
    def born(self) -> date:
        found: date = self.place["created_at"].astimezone(LONDON).date()
        return found

    def rng(self, what: str) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(self.id(what).int % 2**63))

    def id(self, what: str) -> UUID:
        return uuid5(self.key, what)

    def ref(self, prefix: str, what: str) -> str:
        return reference(prefix, self.id(what))

    def day(self, step: str) -> date:
        """On which the place came into a state."""
        return self.part_of_life(self.steps[step])

    @property
    def agreed(self) -> date:
        """The day of the conference, in which the plan was agreed."""
        return working(self.day("CONFERENCE"), forward=False)

    def part_of_life(self, part: float) -> date:
        return self.born + timedelta(days=round((self.today - self.born).days * part))

    def reached(self, step: str) -> bool:
        return step in self.steps


def working(day: date, *, forward: bool) -> date:
    """The nearest working day, later or earlier."""
    while not working_days.is_working_day(day):
        day += timedelta(days=1 if forward else -1)
    return day


def at(day: date, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), LONDON)


def reference(prefix: str, key: UUID) -> str:
    """Of a record that is the same on every load."""
    number, symbols = key.int, ""
    for _ in range(6):
        number, digit = divmod(number, len(ALPHABET))
        symbols += ALPHABET[digit]
    return f"{prefix}-{symbols[:3]}-{symbols[3:]}{check_symbol(symbols)}"


def part(story: Story, what: str, day: date, by: UUID) -> Row:
    """Columns of a row that hangs on a record."""
    return {
        "id": story.id(what),
        "created_at": at(day),
        "updated_at": at(day),
        "created_by": by,
        "updated_by": by,
        "is_synthetic": True,
    }


def record(story: Story, prefix: str, what: str, day: date, by: UUID) -> Row:
    """Columns of a record; boroughs and tier come from its place, by trigger."""
    return part(story, what, day, by) | {
        "ref": story.ref(prefix, what),
        "agency_code": "AFC",
        "purpose_code": "CONTEXT_ASSESSMENT" if prefix == "AS" else "PLAN",
    }
