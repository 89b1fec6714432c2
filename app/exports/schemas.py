"""What the form asks."""

from typing import Annotated

from pydantic import Field

from app.core.types import ListCode, StrictModel, Text


class ExportIn(StrictModel):
    """A file for somebody, and why."""

    format: ListCode = ""
    purpose: ListCode = ""
    recipient_agency: ListCode = ""
    recipient: Annotated[Text, Field(max_length=120)] = ""
    reason: Annotated[Text, Field(max_length=200)] = ""
