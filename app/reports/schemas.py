"""A report on its way in: from the form, a program, a mailbox. One shape, one set of refusals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field
from shapely import Point

from app.core.types import Latitude, ListCode, Longitude, StrictModel, Text
from app.places.schemas import grid
from app.reports import rules

Short = Annotated[Text, Field(max_length=100)]
Words = Annotated[Text, Field(max_length=500)]
Danger = Literal["YES", "NO", "NOT_SURE"]
WhereKind = Literal["PLACE", "ROUTE", "ONLINE", "DESCRIBED"]
Code = Annotated[ListCode, Field(max_length=40)]
# Sealed with the words, and not among what the reporter wrote for others to read.
APART = ("online_raw", "about_ref")
TEXTS = frozenset(
    (
        "where_text",
        "line",
        "from_text",
        "to_text",
        "online_raw",
        "groups_text",
        "notice_text",
        "helps_text",
    )
)

# Only what cannot be one: nobody is turned away by an unusual address.
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
FEWEST_DIGITS = 7


class ContactIn(StrictModel):
    """How the reporter may be reached, if at all."""

    email: Annotated[Text, Field(max_length=254)] | None = None
    phone: Annotated[Text, Field(max_length=40)] | None = None
    safe_times: Short | None = None

    def problems(self) -> dict[str, str]:
        """What nobody could be reached by, in the words of the form."""
        if not (self.email or self.phone):
            return {"email": "Enter an email address or phone number, or select No."}
        wrong = {}
        if self.email and not EMAIL.fullmatch(self.email):
            wrong["email"] = "Enter an email address like name@example.com."
        if self.phone and sum(c.isdigit() for c in self.phone) < FEWEST_DIGITS:
            wrong["phone"] = "Enter a phone number like 020 7946 0123."
        return wrong


class ReportIn(StrictModel):
    """Everything the form can ask. What is needed depends on `where_kind`: see `problems`."""

    danger_answer: Danger
    where_kind: WhereKind
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    easting: float | None = None
    northing: float | None = None
    pin_accuracy_m: Annotated[int, Field(ge=0, le=100_000)] | None = None
    where_text: Annotated[Text, Field(max_length=200)] | None = None
    mode: Code | None = None
    line: Annotated[Text, Field(max_length=40)] | None = None
    from_text: Short | None = None
    to_text: Short | None = None
    platform: Code | None = None
    online_raw: Words | None = None
    audience: Literal["PUBLIC", "CLOSED", "UNKNOWN"] | None = None
    what_harms: Annotated[Sequence[Code], Field(max_length=20)]
    groups_text: Annotated[Text, Field(max_length=200)] | None = None
    notice_text: Words | None = None
    helps_text: Words | None = None
    how_known: Code | None = None
    child_count_band: Code | None = None
    when_kind: Code
    day_parts: Annotated[Sequence[Code], Field(max_length=6)] = ()
    reporter_kind: Code = "NOT_SAID"
    contact: ContactIn | None = None

    def point(self) -> Point | None:
        """The pin in British National Grid metres; ValueError in words when it cannot be one."""
        if self.where_kind == "ONLINE":
            return None
        if self.longitude is not None and self.latitude is not None:
            return _pin(self.longitude, self.latitude)
        if self.easting is not None and self.northing is not None:
            return _pin(self.easting, self.northing)
        if {self.longitude, self.latitude, self.easting, self.northing} != {None}:
            raise ValueError("Give both coordinates.")
        return None

    def words(self) -> dict[str, Any]:
        """What is sealed to the triage key."""
        given = self.model_dump(include=set(TEXTS))
        return {name: value for name, value in given.items() if value}

    def problems(self) -> dict[str, str]:
        """By field, in the words of the form; empty when it can be sent."""
        wrong = OF_WHERE[self.where_kind](self) | _of_lists(self)
        wrong |= {} if self.contact is None else self.contact.problems()
        return wrong | _of_point(self)


@lru_cache(maxsize=16)
def _pin(x: float, y: float) -> Point:
    """Asked several times of each report, and 0.1 ms each time."""
    return grid(Point(x, y))


def _of_point(report: ReportIn) -> dict[str, str]:
    try:
        report.point()
    except ValueError as problem:
        return {"longitude": str(problem)}
    return {}


def _of_place(report: ReportIn) -> dict[str, str]:
    if report.where_text or {report.longitude, report.easting} != {None}:
        return {}
    return {"where_text": "Enter a postcode, street or place name."}


def _of_route(report: ReportIn) -> dict[str, str]:
    wrong = {}
    if report.mode not in rules.TRAVEL_MODES:
        wrong["mode"] = "Select how people travel."
    if not (report.line or report.from_text or report.to_text):
        wrong["line"] = "Enter a route number, or where it starts or ends."
    return wrong


def _of_online(report: ReportIn) -> dict[str, str]:
    if not report.online_raw:
        return {"online_raw": "Enter a web address, account or group name."}
    if rules.pasted_data(report.online_raw):
        return {"online_raw": "Do not paste pictures or files. Enter an address or a name."}
    if report.platform not in {None, *rules.PLATFORMS}:
        return {"platform": "Select one of the list."}
    return {}


def _described(report: ReportIn) -> dict[str, str]:
    return {} if report.where_text else {"where_text": "Describe where it is."}


OF_WHERE = {"PLACE": _of_place, "ROUTE": _of_route, "ONLINE": _of_online, "DESCRIBED": _described}


def _of_lists(report: ReportIn) -> dict[str, str]:
    wrong = {}
    if not report.what_harms or set(report.what_harms) - rules.WORRIES.keys():
        wrong["what_harms"] = "Select what worries you."
    if report.when_kind not in rules.WHEN_KINDS:
        wrong["when_kind"] = "Select when it happens."
    if set(report.day_parts) - rules.DAY_PARTS.keys():
        wrong["day_parts"] = "Select a time of day from the list."
    if report.reporter_kind not in rules.REPORTER_KINDS:
        wrong["reporter_kind"] = "Select one of the list."
    if report.how_known not in {None, *rules.HOW_KNOWN}:
        wrong["how_known"] = "Select one of the list."
    if report.child_count_band not in {None, *rules.CHILD_COUNTS}:
        wrong["child_count_band"] = "Select one of the list."
    return wrong


@dataclass(frozen=True, slots=True)
class Received:
    """`receipt` as stored, without hyphens; `again` when the same sending came before."""

    receipt: str
    ref: str
    again: bool
