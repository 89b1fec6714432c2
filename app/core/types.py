"""Types of the wire: strict, without NaN, NUL or surprises."""

import unicodedata
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class StrictModel(BaseModel):
    """What a request may hold: these fields, of these types, nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def clean_text(value: str) -> str:
    """NFC, stripped; refuses NUL, other C0 controls but line breaks, and lone surrogates."""
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\r\t" for c in value):
        raise ValueError("Remove the characters that cannot be shown.")
    return value


Text = Annotated[str, AfterValidator(clean_text)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
# FastAPI validates values already made by Python's JSON reader, where these are strings.
Id = Annotated[UUID, Field(strict=False)]
Day = Annotated[date, Field(strict=False)]
Instant = Annotated[datetime, Field(strict=False)]
