"""What the pages of subject requests send."""

from typing import Annotated, Literal

from pydantic import Field

from app.core.types import Day, StrictModel, Text


class RequestIn(StrictModel):
    """What is asked, about which record, and how it was made sure who asks."""

    kind: Literal["ACCESS", "CHANGE", "ERASURE"]
    record: Annotated[Text, Field(min_length=1, max_length=60)]
    asked_by: Literal["SELF", "PARENT_CARER", "REPRESENTATIVE"]
    checked_by: Literal["IN_PERSON", "CASE_FILE", "DOCUMENT", "RECEIPT"]
    received_on: Day


class ExtensionIn(StrictModel):
    """Why more time is needed."""

    extension: Literal["COMPLEX", "MANY"]
