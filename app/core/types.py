"""Types of the wire: strict, without NaN, NUL or surprises."""

import re
import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.core.dates import NOT_A_DAY, Boxes


class StrictModel(BaseModel):
    """What a request may hold: these fields, of these types, nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Bare(StrictModel):
    """`{}`: a change that needs no words. As JSON, which a form of another site cannot send."""


UNSHOWN = "Remove the characters that cannot be shown."
# They turn words round on the page, or split a name from whoever looks for it, and show nothing.
INVISIBLE = dict.fromkeys([0x200B, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Controls (Cc) but line breaks and tabs, and lone surrogates (Cs).
REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(value: str) -> str:
    """NFC, stripped; refuses NUL, other C0 controls but line breaks, and lone surrogates.

    >>> clean_text(" Kyle\u200b Example\u202e ")
    'Kyle Example'
    """
    if not value.isascii():
        value = unicodedata.normalize("NFC", value.translate(INVISIBLE))
    value = value.strip()
    if REFUSED.search(value):
        raise ValueError(UNSHOWN)
    return value


Text = Annotated[str, AfterValidator(clean_text)]


def _of_code_form(value: str) -> str:
    """An unknown code is named in words afterwards; a sentence in its place is not repeated."""
    if re.fullmatch(r"[A-Za-z0-9_]*", value) is None:
        raise ValueError("Choose one of the list.")
    return value


ListCode = Annotated[Text, AfterValidator(_of_code_form)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


def _written_out(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """A number, or a text of digits, would be taken for seconds since 1970."""
    if isinstance(value, Boxes):
        raise ValueError(NOT_A_DAY)  # noqa: TRY004 - a 422
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("Give a date like 2026-11-05.")
    if isinstance(value, int | float):
        raise ValueError("Give a date like 2026-11-05, as text.")  # noqa: TRY004 - a 422
    return value


# FastAPI validates values already made by Python's JSON reader, where these are strings.
Day = Annotated[date, Field(strict=False), BeforeValidator(_written_out)]
Instant = Annotated[datetime, Field(strict=False), BeforeValidator(_written_out)]
# Said in the document only: a wrong one is refused in words by whoever reads it.
_NUMBER = r"-?\d{1,3}(\.\d+)?"
_WHEN = r"(\.\.|\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?)?)"
BoxText = Annotated[str, Field(json_schema_extra={"pattern": f"^({_NUMBER}(,{_NUMBER}){{3}})?$"})]
PeriodText = Annotated[str, Field(json_schema_extra={"pattern": f"^({_WHEN}(/{_WHEN})?)?$"})]
