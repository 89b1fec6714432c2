"""What may be asked of the audit, and a row of it as it is shown. No content, no addresses."""

from datetime import date, datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, field_validator

from app.core.clock import LONDON
from app.core.dates import NOT_A_DAY
from app.core.types import StrictModel, Text
from app.oversight import rules

Short = Annotated[Text, Field(max_length=80)]
EventId = Annotated[int, Field(ge=0, lt=2**63)]


class AskedIn(StrictModel):
    """The filters of the list; all of them together."""

    person: Short | None = None
    role: Short | None = None
    action: Short | None = None
    type: Short | None = None
    ref: Short | None = None
    purpose: Short | None = None
    outcome: Short | None = None
    from_on: date | None = Field(default=None, alias="from")
    to_on: date | None = Field(default=None, alias="to")
    before: EventId | None = None
    after: EventId | None = None

    @field_validator("from_on", "to_on", mode="before")
    @classmethod
    def _is_a_day(cls, said: object) -> object:
        try:
            return date.fromisoformat(said) if isinstance(said, str) else said
        except ValueError as wrong:
            raise ValueError(NOT_A_DAY) from wrong

    @property
    def filtered(self) -> list[str]:
        """Which filters were used, never with what."""
        return sorted(self.model_dump(exclude_none=True, exclude={"before", "after"}))


class Event(NamedTuple):
    """One row of the list."""

    id: int
    at: datetime
    actor: UUID | None
    role: str
    agency: str | None
    action: str
    object_type: str
    object_ref: str | None
    purpose: str | None
    outcome: str
    rows: int
    username: str | None

    @property
    def here(self) -> datetime:
        return self.at.astimezone(LONDON)

    @property
    def who(self) -> str:
        return who(self.actor, self.role, self.username)

    @property
    def action_words(self) -> str:
        """Of a denial also what for, which the names of other actions begin with."""
        of = f".{self.object_type}" if self.action == "denied" else ""
        return rules.action_words(self.action + of)

    @property
    def outcome_words(self) -> str:
        return rules.outcome_words(self.outcome)


class Seen(NamedTuple):
    """One line of "who has seen this"."""

    at: datetime
    actor: UUID | None
    role: str
    action: str
    purpose: str | None
    rows: int
    username: str | None
    name: str | None

    @property
    def here(self) -> datetime:
        return self.at.astimezone(LONDON)

    @property
    def who(self) -> str:
        return self.name or who(self.actor, self.role, self.username)

    @property
    def action_words(self) -> str:
        return rules.action_words(self.action)


class Total(NamedTuple):
    """How often one unit did one thing, by month, oldest first."""

    agency: str
    action: str
    months: list[int]


class Unusual(NamedTuple):
    """One person on one day, and why that is worth a look."""

    day: date
    who: str
    role: str
    words: str


def who(actor: UUID | None, role: str, username: str | None) -> str:
    """The account's name, or its number when there is no such account any more."""
    if username:
        return username
    return rules.SERVICE if role == rules.JOB or actor is None else str(actor)
