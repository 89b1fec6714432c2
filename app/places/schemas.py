"""Places on the wire. Where they are comes in several ways, leaves as British National Grid."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
import orjson
import shapely
from geoalchemy2.shape import to_shape
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    StringConstraints,
)
from shapely import Geometry, Point
from shapely.errors import GEOSException

from app.core import clock
from app.core.errors import InvalidError
from app.core.types import (
    BoxText,
    Day,
    Latitude,
    ListCode,
    Longitude,
    PeriodText,
    StrictModel,
    Text,
)
from app.places.models import PlaceExact
from app.places.rules import OUTSIDE, Purpose, Sensitivity, rounded
from app.places.weeks import WeekIn
from geo import crs

NOT_A_SHAPE = "This is not a shape. Give GeoJSON or well-known text."
NEITHER = "These are neither longitude and latitude nor British National Grid coordinates."
BOX_WORDS = "Give west,south,east,north in degrees."
PERIOD_WORDS = "Give a date, or two dates with a slash between them."


def _several(value: Any) -> Any:  # noqa: ANN401 - whatever was sent
    """A form sends codes with commas between them."""
    return value.split(",") if isinstance(value, str) else value


# Looked up in a list afterwards, so that a wrong one is named in words.
Code = Annotated[ListCode, Field(max_length=40)]
Codes = Annotated[Sequence[Code], BeforeValidator(_several), Field(max_length=40)]
Feature = Annotated[Text, Field(min_length=1, max_length=80)]
Gss = Annotated[str, StringConstraints(pattern=r"^[A-Z]\d{8}$")]


class WhereIn(StrictModel):
    """One of: `geometry` (GeoJSON), `shape` (GeoJSON or WKT text), a pair, or a postcode.

    Geometries may be in longitude and latitude or in British National Grid metres.
    """

    geometry: dict[str, Any] | None = None
    shape: Text | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    easting: float | None = None
    northing: float | None = None
    postcode: Annotated[Text, Field(max_length=10)] | None = None

    def field(self) -> str:
        """The answer that a problem with the place is shown beside."""
        if self.geometry is not None or self.shape:
            return "shape"
        order = ("longitude", "latitude", "easting", "northing", "postcode")
        return next((name for name in order if name in self.given()), "shape")

    def given(self) -> set[str]:
        """Which of its own answers are there."""
        return {name for name in WhereIn.model_fields if getattr(self, name) is not None}

    def drawn(self) -> Geometry | None:
        """In British National Grid metres to 0.1 m; None when nothing but a postcode is given.

        ValueError in words when it cannot be read.
        """
        if self.geometry is not None:
            return grid(_geojson(_dumped(self.geometry)))
        if self.shape:
            return grid(_text(self.shape))
        if self.longitude is not None and self.latitude is not None:
            return grid(Point(self.longitude, self.latitude))
        if self.easting is not None and self.northing is not None:
            return grid(Point(self.easting, self.northing))
        if self.given() - {"postcode", "shape"}:
            raise ValueError("Give both coordinates.")
        return None


def grid(shape: Geometry) -> Geometry:
    """Recognise the coordinates by their size, convert to metres, round to 0.1 m."""
    flat = shapely.force_2d(shape)
    xy = shapely.get_coordinates(flat)
    if not np.isfinite(xy).all():
        raise ValueError(NEITHER)
    degrees = bool((np.abs(xy) <= (180, 90)).all())
    if degrees:
        flat = shapely.transform(flat, crs.to_bng)
        xy = shapely.get_coordinates(flat)
    if not ((xy >= 0) & (xy <= (700_000, 1_300_000))).all():
        raise ValueError(OUTSIDE if degrees else NEITHER)
    return rounded(flat)


def _text(text: str) -> Geometry:
    if text.lstrip().startswith("{"):
        return _geojson(text.encode())
    try:
        return shapely.from_wkt(text)
    except (GEOSException, NotImplementedError) as error:
        raise ValueError(NOT_A_SHAPE) from error


def _dumped(geometry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(geometry)
    except orjson.JSONEncodeError as error:  # too deep, or numbers of no coordinate
        raise ValueError(NOT_A_SHAPE) from error


def _geojson(body: bytes) -> Geometry:
    try:
        return shapely.from_geojson(body)
    except GEOSException as error:
        raise ValueError(NOT_A_SHAPE) from error


class PlaceIn(WhereIn):
    """A new place of concern. A residential one has no name; its name is made."""

    type_code: Code = ""
    name: Annotated[Text, Field(max_length=80)] = ""
    description: Annotated[Text, Field(max_length=1000)] | None = None
    harm_codes: Codes = ()
    precision_m: Annotated[int, Field(ge=1, le=10_000)] | None = None
    after_dark_concern: bool | None = None
    platform_code: Code | None = None
    address: Annotated[Text, Field(max_length=2000)] | None = None
    audience: Literal["PUBLIC", "CLOSED", "UNKNOWN"] = "UNKNOWN"
    borough_codes: Annotated[Sequence[Gss], Field(max_length=40)] = ()
    borough: Gss | None = None
    victim_warning: bool = False
    purpose: Annotated[Purpose, Field(strict=False)] | None = None

    def chosen_boroughs(self) -> list[str]:
        """Of an online place; elsewhere they come from the shape."""
        return sorted({*self.borough_codes, *([self.borough] if self.borough else [])})


class PlaceChange(WhereIn):
    """What to change of a place, and the version that was looked at. Left out: kept."""

    version: Annotated[int, Field(ge=1)]
    type_code: Code | None = None
    name: Annotated[Text, Field(max_length=80)] | None = None
    description: Annotated[Text, Field(max_length=1000)] | None = None
    harm_codes: Codes | None = None
    precision_m: Annotated[int, Field(ge=1, le=10_000)] | None = None
    after_dark_concern: bool | None = None
    week: WeekIn | None = None
    strengths: Annotated[Text, Field(max_length=1000)] | None = None
    safe_features: Annotated[Sequence[Feature], Field(max_length=20)] | None = None
    managed_by_agency: Code | None = None
    manager_contact: Annotated[Text, Field(max_length=200)] | None = None
    public_access: Literal["OPEN", "HOURS", "PRIVATE"] | None = None
    sensitivity: Annotated[Sensitivity, Field(strict=False)] | None = None
    may_name: bool | None = None
    may_name_reason: Annotated[Text, Field(min_length=10, max_length=300)] | None = None
    next_review_on: Day | None = None
    route_mode: Literal["BUS", "TRAIN", "TRAM", "WALK", "CYCLE", "CAR", "OTHER"] | None = None
    route_line: Annotated[Text, Field(max_length=40)] | None = None
    route_from: Annotated[Text, Field(max_length=100)] | None = None
    route_to: Annotated[Text, Field(max_length=100)] | None = None
    parent: Annotated[Text, Field(max_length=20)] | None = None


class ExactIn(StrictModel):
    """The reason for looking at an exact address; kept in the audit."""

    purpose: Annotated[Purpose, Field(strict=False)]


def geojson(shape: Geometry) -> dict[str, Any]:
    """In longitude and latitude to six decimals."""
    degrees = shapely.transform(shape, lambda xy: np.round(crs.to_wgs84(xy), 6))
    found: dict[str, Any] = orjson.loads(shapely.to_geojson(degrees))
    return found


class ExactOut(BaseModel):
    """The exact point of a residential place, read with a purpose and audited."""

    ref: str
    easting: float
    northing: float
    longitude: float
    latitude: float
    address: str | None
    victim_warning: bool

    @classmethod
    def of(cls, ref: str, found: PlaceExact) -> Self:
        point = to_shape(found.geom)
        (lonlat_deg,) = crs.to_wgs84(shapely.get_coordinates(point))
        return cls(
            ref=ref,
            easting=point.x,
            northing=point.y,
            longitude=round(float(lonlat_deg[0]), 6),
            latitude=round(float(lonlat_deg[1]), 6),
            address=found.address,
            victim_warning=found.victim_warning,
        )


class Box(NamedTuple):
    """Degrees."""

    west: float
    south: float
    east: float
    north: float


class Period(NamedTuple):
    """Half-open; None is unbounded."""

    since: datetime | None = None
    until: datetime | None = None


ALWAYS = Period()


def box_of(bbox: BoxText | None = None) -> Box | None:
    """`west,south,east,north` in degrees."""
    if not bbox:
        return None
    try:
        box = Box(*(float(part) for part in bbox.split(",")))
    except (TypeError, ValueError) as error:
        raise InvalidError("Check the box.", {"bbox": BOX_WORDS}) from error
    if not (-180 <= box.west < box.east <= 180 and -90 <= box.south < box.north <= 90):
        raise InvalidError("Check the box.", {"bbox": BOX_WORDS})
    return box


def period_of(period: Annotated[PeriodText | None, Field(alias="datetime")] = None) -> Period:
    """`a`, `a/b`, `../b` or `a/..`: dates (London, the last one included) or instants."""
    if not period:
        return ALWAYS
    first, slash, last = period.partition("/")
    try:
        found = Period(_instant(first, 0), _instant(last if slash else first, 1))
    except ValueError as error:
        raise InvalidError("Check the dates.", {"datetime": PERIOD_WORDS}) from error
    if found.since and found.until and found.since > found.until:
        raise InvalidError("Check the dates.", {"datetime": "The end is before the start."})
    return found


def _instant(text: str, days_after: int) -> datetime | None:
    if text in {"", ".."}:
        return None
    at = datetime.fromisoformat(text)
    if "T" not in text:
        at += timedelta(days=days_after)
    return at if at.tzinfo else at.replace(tzinfo=clock.LONDON)
