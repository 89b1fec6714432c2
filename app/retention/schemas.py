"""What the pages of retention send."""

from typing import Annotated

from pydantic import Field

from app.core.types import Day, StrictModel, Text


class HoldForm(StrictModel):
    """What must not be erased, why, and until when."""

    record: Annotated[Text, Field(min_length=1, max_length=20)]
    purpose: str = ""
    reason: Annotated[Text, Field(min_length=1, max_length=300)]
    until_on: Day | None = None
