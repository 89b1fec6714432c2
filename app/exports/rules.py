"""What an export may be: states, formats, words of refusal, file names. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEEP = timedelta(hours=24)
KEEP_LINE = timedelta(days=90)  # the line in the list; the file, its key and its words are gone
GIVEN_UP = timedelta(minutes=15)
LOST = timedelta(seconds=30)
MOST_ROWS = 50_000
MOST_ON_MAP = 2_000

NO_ROWS = "Nothing to export with these filters."
NO_RECIPIENT = "Enter who will receive this."
NO_REASON = "Enter a reason of 20 to 200 characters."
NO_PURPOSE = "Choose a purpose."
NO_FORMAT = "Choose a format."
NO_AGENCY = "Choose the organisation that will receive this."
GONE = "This download was deleted after 24 hours."
LOST_RIGHT = "You may no longer take all of these rows with you. Make a new export."
NOT_READY = "This file is not ready."
MORE_NOW = "More rows match now than when you asked. Ask again."
NOT_ANY_MORE = "Your role may not export these rows any more."
COULD_NOT = "The file could not be made. Ask again."
ABSENT = "There is no such export."
DECIDED = "Somebody has decided this already, or it is your own."


class State(StrEnum):
    REQUESTED = "REQUESTED"
    REFUSED = "REFUSED"
    QUEUED = "QUEUED"
    MAKING = "MAKING"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


STATES = {
    State.REQUESTED: "Waits for a second person",
    State.REFUSED: "Refused",
    State.QUEUED: "Being made",
    State.MAKING: "Being made",
    State.READY: "Ready",
    State.FAILED: "Not made",
    State.EXPIRED: "Deleted",
}


class Dataset(StrEnum):
    PLACES = "places"
    MAP = "map"
    ONLINE = "online"
    INCIDENTS = "incidents"
    INTELLIGENCE = "intelligence"
    REPORTS = "reports"


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    GEOJSON = "geojson"
    GPKG = "gpkg"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a format is named, what it is good for, and how its file is served."""

    label: str
    hint: str
    suffix: str
    media_type: str


FORMATS = {
    Format.CSV: Kind("CSV", "A table for any program.", "csv", "text/csv; charset=utf-8"),
    Format.XLSX: Kind(
        "Excel workbook",
        "A table for Excel or LibreOffice.",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    Format.GEOJSON: Kind(
        "GeoJSON", "Shapes in longitude and latitude.", "geojson", "application/geo+json"
    ),
    Format.GPKG: Kind(
        "GeoPackage",
        "Shapes in British National Grid with a style, for QGIS.",
        "gpkg",
        "application/geopackage+sqlite3",
    ),
    Format.MAP: Kind(
        "Map file",
        "One HTML file with a map and a table. It needs no network.",
        "html",
        "text/html; charset=utf-8",
    ),
}


def file_name(dataset: str, ref: str, form: Format) -> str:
    """Says what it is and which export it came from; no words of anybody."""
    return f"contextmap-{dataset}-{ref}.{FORMATS[form].suffix}"


def is_over(state: str, expires_at: datetime | None, now: datetime) -> bool:
    """Whether the file is gone, also before the hourly job has deleted it."""
    return state == State.EXPIRED or (expires_at is not None and expires_at <= now)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every file says of itself: marking and watermark."""

    marking: str
    ref: str
    person: str
    recipient: str
    purpose: str
    made_at: str
    deleted_at: str
    synthetic: bool

    @property
    def line(self) -> str:
        """The marking as one line, for a first row or a heading."""
        said = f"{self.marking}. {self.watermark}."
        return f"DEMONSTRATION DATA: SYNTHETIC. {said}" if self.synthetic else said

    @property
    def watermark(self) -> str:
        """Who took it, when, under which reference, for whom."""
        return f"Export {self.ref}, made by {self.person} on {self.made_at} for {self.recipient}"
