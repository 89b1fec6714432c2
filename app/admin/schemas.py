"""What the forms of administration send."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.types import Day, StrictModel, Text


class UserForm(StrictModel):
    """An account; boroughs come as one box each."""

    username: Annotated[Text, Field(max_length=40)]
    name: Annotated[Text, Field(max_length=80)]
    email: Annotated[Text, Field(max_length=254)] | None = None
    agency_code: str
    role: str
    ends_on: Day
    oidc_subject: Annotated[Text, Field(max_length=255)] | None = None
    version: Annotated[int, Field(strict=False)] | None = None


class GrantForm(StrictModel):
    """Who may see which record, why, and until when."""

    person: str
    kind: str
    record: Annotated[Text, Field(max_length=20)]
    purpose: str
    reason: Text
    until_on: Day


class GrantOut(StrictModel):
    """A grant in a list, with references in place of keys."""

    ref: str
    person_id: UUID
    person: str
    role: str
    kind: str
    record: str | None
    purpose: str | None
    reason: str
    state: str
    until_on: Day
    asked_by: UUID
