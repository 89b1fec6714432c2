"""Items on the wire. One model a view: what a role may not see has no field in its own."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field
from shapely import Geometry, Point

from app.core.clock import LONDON
from app.core.dates import NOT_A_DAY, real
from app.core.types import StrictModel, Text
from app.intelligence.rules import LONGEST_CONDITIONS, LONGEST_NOTE
from app.places.schemas import Code, Codes, Gss, WhereIn, grid
from geo.errors import GeoInputError
from geo.gridref import from_grid_reference

NOT_A_TIME = "Give a time like 16:05."


def _typed_day(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """Day, month and year as people type them, or as programs do."""
    if not isinstance(value, str):
        return value
    parts = re.findall(r"\d+", value)
    if len(parts) != 3 or len(value) > 12:
        raise ValueError(NOT_A_DAY)
    year_first = len(parts[0]) == 4
    year, month, day = parts if year_first else reversed(parts)
    return real(day, month, year)


def _typed_time(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"(\d{1,2})[:.](\d\d)", value.strip())
    try:
        return time(int(found[1]), int(found[2])) if found else time.fromisoformat("")
    except ValueError as wrong:
        raise ValueError(NOT_A_TIME) from wrong


SAID_DAY = {"type": "string", "format": "date"}
TypedDay = Annotated[
    date, Field(strict=False, json_schema_extra=SAID_DAY), BeforeValidator(_typed_day)
]
TypedTime = Annotated[time, Field(strict=False), BeforeValidator(_typed_time)]
Reference = Annotated[Text, Field(max_length=20)]
References = Annotated[Text, Field(max_length=600)]


class IntelIn(WhereIn):
    """An item. What is missing or does not fit together is said in words, all at once.

    `where` is PLACE, NEW_PLACE, DRAWN, RADIUS, ONLINE or NOT_KNOWN; `when` is EXACT, BETWEEN,
    PATTERN or NOT_KNOWN. Places, children and recipients are references.
    """

    kind: Code = ""
    where: Code = ""
    place: References = ""
    new_type: Code = ""
    new_name: Annotated[Text, Field(max_length=80)] = ""
    grid_reference: Annotated[Text, Field(max_length=20)] | None = None
    radius_m: Annotated[int, Field(ge=10, le=5000)] | None = None
    accuracy: Code = ""
    online_address: Annotated[Text, Field(max_length=2000)] | None = None
    platform_code: Code = ""
    borough: Gss | None = None
    when: Code = ""
    from_on: TypedDay | None = None
    from_time: TypedTime | None = None
    to_on: TypedDay | None = None
    to_time: TypedTime | None = None
    day_parts: Codes = ()
    day_types: Codes = ()
    valid_from_on: TypedDay | None = None
    valid_to_on: TypedDay | None = None
    body: Annotated[Text, Field(max_length=2000)] = ""
    provenance_id: Annotated[Text, Field(max_length=60)] | None = None
    mopi_group: Annotated[int, Field(ge=1, le=3)] | None = None
    discovered_by: Code = ""
    second_person: bool = False
    source_eval: Code = ""
    info_assess: Code = ""
    handling: Code = ""
    conditions: Annotated[Text, Field(max_length=LONGEST_CONDITIONS)] | None = None
    action_codes: Codes = ()
    recipients: Annotated[Sequence[Reference], Field(max_length=200)] = ()
    agencies: Codes = ()
    harm_codes: Codes = ()
    children: References = ""

    def located(self) -> Geometry | None:
        """As `drawn`, and by a grid reference with letters."""
        if self.grid_reference and not self.given():
            try:
                east_m, north_m, _ = from_grid_reference(self.grid_reference)
            except GeoInputError as wrong:
                raise ValueError(str(wrong)) from wrong
            return grid(Point(east_m, north_m))
        return self.drawn()

    def located_field(self) -> str:
        return "grid_reference" if self.grid_reference and not self.given() else self.field()

    def place_refs(self) -> list[str]:
        return _split(self.place)

    def child_refs(self) -> list[str]:
        return _split(self.children)

    def period(self) -> tuple[datetime | None, datetime | None]:
        """From and to in London; a day without a time is the whole of it."""
        begin = _at(self.from_on, self.from_time or time(0))
        if self.when == "EXACT":
            last = self.from_time or time(23, 59)
            return begin, _at(self.from_on, last)
        return begin, _at(self.to_on, self.to_time or time(23, 59))


def _split(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"[,;\s]+", text) if part))


def _at(day: date | None, at: time) -> datetime | None:
    return None if day is None else datetime.combine(day, at, LONDON)


class DecisionIn(StrictModel):
    """What a second analyst decides: RELEASE, SANITISE, ISSUES or REJECT."""

    decision: Code = ""
    note: Annotated[Text, Field(max_length=LONGEST_NOTE)] = ""
    confirmed: bool = False


class WithdrawIn(StrictModel):
    reason: Annotated[Text, Field(max_length=300)] = ""


class SeenOut(BaseModel):
    """One row: who, and what they get."""

    who: str
    what: str


class AudienceOut(BaseModel):
    """Who will be able to see an item, as the policies in force say."""

    rows: list[SeenOut]

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str]]) -> Self:
        return cls(rows=[SeenOut(who=who, what=what) for who, what in rows])


class PlaceOut(BaseModel):
    """A place of an item that this reader may see."""

    ref: str
    name: str


class SanitisedOut(BaseModel):
    """An item for whoever is not an analyst: text, grade, handling and conditions."""

    ref: str
    kind: str
    text: str
    grade: str
    source_eval: str
    info_assess: str
    handling: str
    conditions: str | None
    action_codes: list[str]
    harm_codes: list[str]
    discovered_by: str
    where_kind: str
    accuracy: str | None
    online: str | None
    boroughs: list[str]
    places: list[PlaceOut]
    geometry: dict[str, Any] | None
    when_kind: str
    occurred_from: datetime | None
    occurred_to: datetime | None
    day_parts: list[str]
    day_types: list[str]
    valid_from_on: date
    valid_to_on: date | None
    state: str
    is_synthetic: bool


class FullOut(SanitisedOut):
    """An item for analysts: also the pointer to their system, notes, and its way through QA."""

    agency_code: str
    provenance_id: str | None
    qa_note: str | None
    mopi_group: int | None
    n_children: int
    identifies: bool
    scheme_version: str
    version: int
    created_at: datetime
    updated_at: datetime
    released_at: datetime | None
    review_due: date | None
    expires_on: date

    @classmethod
    def of(cls, shared: SanitisedOut, **more: Any) -> Self:  # noqa: ANN401 - columns
        return cls(**shared.model_dump(), **more)
