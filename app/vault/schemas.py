"""What the pages of identities send, and what they show."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, Field

from app.core.types import Day, StrictModel, Text
from app.vault.rules import Identity, reason_problem


def _reason(said: str) -> str:
    if problem := reason_problem(said):
        raise ValueError(problem)
    return said


class IdentityIn(StrictModel):
    """Surname, given names, date of birth: nothing more is needed to find the case file."""

    surname: Annotated[Text, Field(min_length=1, max_length=80)]
    given_names: Annotated[Text, Field(min_length=1, max_length=80)]
    born_on: Day
    another: str | None = None

    def identity(self) -> Identity:
        return Identity(self.surname, self.given_names, self.born_on)


class KnownIn(StrictModel):
    """Whether somebody is known: exact only."""

    surname: Annotated[Text, Field(min_length=1, max_length=80)]
    born_on: Day


class ReasonIn(StrictModel):
    """Why somebody must know who it is."""

    reason: Annotated[Text, AfterValidator(_reason)] = Field("", validate_default=True)


class Request(NamedTuple):
    """Somebody's request for one identity."""

    id: UUID
    ref: str
    user_id: UUID
    person: str
    role: str
    child_id: UUID
    purpose: str | None
    reason: str
    from_at: datetime
    until_at: datetime
    created_at: datetime
    approved_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """ASKED, OPEN, OVER or CLOSED; told by the dates."""
        if self.revoked_at is not None:
            return "CLOSED"
        if self.until_at <= now:
            return "OVER"
        return "ASKED" if self.approved_at is None else "OPEN"
