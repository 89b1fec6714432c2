"""What the forms of administration send."""

from typing import Annotated

from pydantic import Field

from app.core.types import Day, StrictModel, Text


class UserForm(StrictModel):
    """An account; boroughs come as one box each. What was left out is told by the rules."""

    username: Annotated[Text, Field(max_length=40)] = ""
    name: Annotated[Text, Field(max_length=80)] = ""
    email: Annotated[Text, Field(max_length=254)] | None = None
    agency_code: str = ""
    role: str = ""
    ends_on: Day | None = None
    oidc_subject: Annotated[Text, Field(max_length=255)] | None = None
    version: Annotated[int, Field(strict=False)] | None = None


class GrantForm(StrictModel):
    """Who may see which record, why, and until when."""

    person: str = ""
    kind: str = ""
    record: Annotated[Text, Field(max_length=20)] = ""
    purpose: str = ""
    reason: Text = ""
    until_on: Day | None = None


class TokenForm(StrictModel):
    """A token: what it may do, for how long, and what for."""

    scope: str = ""
    ttl: str = "1h"
    label: Annotated[Text, Field(max_length=40)] | None = None
