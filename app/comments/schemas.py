"""What a comment is on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.comments.rules import MOST
from app.core.types import StrictModel, Text


class CommentIn(StrictModel):
    """Some words, without names of people."""

    body: Annotated[Text, Field(min_length=1, max_length=MOST)]


class CommentOut(BaseModel):
    """Of whom, when, and the words unless they were taken back."""

    id: UUID
    about: str
    at: datetime
    agency: str
    body: str | None
    withdrawn_at: datetime | None
