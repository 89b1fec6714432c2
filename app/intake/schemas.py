"""What an open form holds between two pages: a row of the database that only its cookie opens."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Answers = Mapping[str, str | Sequence[str]]


class Kept(BaseModel):
    """A part of it; what another version of the service wrote is not read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Spot(Kept):
    """A place that the reporter chose, in metres of the British National Grid."""

    label: str
    what: str = ""
    borough: str | None = None
    lad_code: str | None = None
    easting_m: float
    northing_m: float
    exact: bool = False
    accuracy_m: int | None = None
    verdict: Literal["inside", "outside", "too_far"] = "inside"


class Map(Kept):
    """The middle of the map in whole metres (EPSG:27700). `chosen`: it was moved or clicked."""

    easting_m: int
    northing_m: int
    zoom: int
    chosen: bool = False


class Pending(Kept):
    """What was typed on one page and could not be taken, and why: told once, kept until it can."""

    step: str
    typed: Answers
    errors: Mapping[str, str] = {}
    found: Sequence[str] = ()  # words that may identify somebody
    missed: str = ""  # a name of which no place was found


class Done(Kept):
    """All that is left after sending."""

    receipt: str
    due_on: date
    at_s: float
    help_lines: bool = False


class Draft(Kept):
    """`key` is the idempotency key; `sender` the signed-in person whose report it is, if any."""

    version: Literal[1] = 1
    key: UUID
    started_at_s: float
    sender: UUID | None = None
    about: str | None = None  # an earlier report of the same organisation
    answers: Answers = {}
    answered: Sequence[str] = ()
    matches: Sequence[Spot] = ()
    spot: Spot | None = None
    map: Map | None = None
    pending: Pending | None = None
    accepted: Sequence[str] = ()  # words that the reporter chose to keep
    trapped: bool = False  # a field that people do not see was filled in
    done: Done | None = None

    def but(self, **changed: Any) -> "Draft":  # noqa: ANN401 - fields of this model
        return self.model_copy(update=changed)

    def answer(self, name: str) -> str:
        value = self.answers.get(name, "")
        return value if isinstance(value, str) else ""

    def answer_list(self, name: str) -> list[str]:
        value = self.answers.get(name, ())
        return [] if isinstance(value, str) else list(value)
