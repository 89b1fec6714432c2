"""What a postcode file must look like, without a database."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class PostcodeRow(NamedTuple):
    postcode: str
    quality: int
    easting_m: float
    northing_m: float
    lad_code: str | None
    ward_code: str | None


class Unusable(NamedTuple):
    """A row that is left out: its number in the file, why, and what it says."""

    row: int
    reason: str
    cells: list[str]


# Header names of the published files, in the order of PostcodeRow. Code-Point Open has no header.
# `doterm` is the month in which a postcode ended.
LAYOUTS = (
    ("postcode", "quality", "easting", "northing", "lad_code", "wd_code"),
    ("pcds", "osgrdind", "oseast1m", "osnrth1m", "oslaua", "osward"),
    ("pcds", "gridind", "east1m", "north1m", "lad25cd", "wd25cd"),
)
CODE_POINT_OPEN = (0, 1, 2, 3, 8, 9)  # columns of the headerless publication
POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}")
NO_GRID_REFERENCE = {"9", "90"}
ANOTHER_GRID = "BT"  # Northern Ireland
EAST_MAX_M, NORTH_MAX_M = 700_000, 1_300_000

# Kinds of the gazetteer. All but the first three come from files: codes of place_type, stop, town.
KIND_WORDS = {
    "POSTCODE": "Postcode",
    "POSTCODE_AREA": "Postcode area",
    "STREET": "Street",
    "BUS_STOP": "Bus stop",
    "TOWN": "Area",
    "STATION": "Station",
    "PARK": "Park or green",
    "PLAY_SPORT": "Playground or sports ground",
    "CAR_PARK": "Car park",
    "TOWN_CENTRE": "Town centre",
    "SHOPPING": "Shops",
    "SCHOOL": "School or college",
    "LIBRARY_YOUTH": "Library, hall or youth club",
    "HEALTH_SITE": "Hospital or clinic",
    "NTE_VENUE": "Venue",
    "WORSHIP": "Place of worship",
    "FOOD_SHOP": "Shop, cafe or takeaway",
    "HOTEL": "Hotel",
    "PETROL_STATION": "Petrol station",
    "TRAM_STOP": "Tram stop",
    "PIER": "Pier",
    "TAXI_RANK": "Taxi rank",
}
SITE_KINDS = tuple(list(KIND_WORDS)[3:])
# What published files call them: OpenStreetMap, cultural infrastructure, food hygiene ratings.
KIND_OF_WORD = {
    "arts_centre": "NTE_VENUE",
    "arts_or_leisure_centre": "LIBRARY_YOUTH",
    "bus_station": "STATION",
    "cinema": "NTE_VENUE",
    "community_hall": "LIBRARY_YOUTH",
    "ferry_terminal": "PIER",
    "fuel": "PETROL_STATION",
    "hotel/bed & breakfast/guest house": "HOTEL",
    "library": "LIBRARY_YOUTH",
    "museum": "NTE_VENUE",
    "music_venue": "NTE_VENUE",
    "nightclub": "NTE_VENUE",
    "parking": "CAR_PARK",
    "parking_multistorey": "CAR_PARK",
    "parking_underground": "CAR_PARK",
    "pub/bar/nightclub": "NTE_VENUE",
    "railway_station": "STATION",
    "restaurant/cafe/canteen": "FOOD_SHOP",
    "retailers - other": "FOOD_SHOP",
    "retailers - supermarkets/hypermarkets": "FOOD_SHOP",
    "school/college/university": "SCHOOL",
    "skate_park": "PLAY_SPORT",
    "takeaway/sandwich shop": "FOOD_SHOP",
    "taxi": "TAXI_RANK",
    "theatre": "NTE_VENUE",
    "tram_stop": "TRAM_STOP",
}
# Labels of data.police.uk that are no street: it says what kind of place was there, not which.
NO_STREET = frozenset(
    {
        "airport/airfield",
        "bus/coach station",
        "conference/exhibition centre",
        "ferry terminal",
        "further/higher educational building",
        "hospital",
        "motorway service area",
        "nightclub",
        "park/open space",
        "parking area",
        "pedestrian subway",
        "petrol station",
        "police station",
        "prison",
        "race track",
        "shopping area",
        "sports/recreation area",
        "supermarket",
        "theatre/concert hall",
    }
)
NAME_MAX = 120
MARKS_OF_STOPS = re.compile(r"\s*(#|<>|>[A-Z]<|\[[A-Z]+\])")


def postcodes(path: Path) -> Iterator[PostcodeRow | Unusable]:
    """Rows of a file in any known layout, compressed or not, with or without byte order mark."""
    with _text_of(path) as lines:
        rows = csv.reader(lines)
        first = next(rows, None)
        if first is None:
            return
        names = [name.strip().lower() for name in first]
        columns = _columns(names)
        ended = names.index("doterm") if columns and "doterm" in names else None
        if columns is None:
            yield _postcode(1, first, CODE_POINT_OPEN, None)
        for number, cells in enumerate(rows, 2):
            if cells:
                yield _postcode(number, cells, columns or CODE_POINT_OPEN, ended)


def _text_of(path: Path) -> io.TextIOBase:
    if path.suffix.lower() == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), "utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _columns(names: list[str]) -> tuple[int, ...] | None:
    for layout in LAYOUTS:
        if all(name in names for name in layout):
            return tuple(names.index(name) for name in layout)
    return None


def _postcode(
    number: int, cells: list[str], columns: tuple[int, ...], ended: int | None
) -> PostcodeRow | Unusable:
    try:
        code, quality, east, north, lad, ward = (cells[i].strip() for i in columns)
        code = _spaced(code)
        if reason := _unusable(code, quality, cells[ended].strip() if ended else ""):
            return Unusable(number, reason, cells)
        easting_m, northing_m = float(east), float(north)
        if not (0 < easting_m <= EAST_MAX_M and 0 < northing_m <= NORTH_MAX_M):
            return Unusable(number, "The point lies outside the British National Grid.", cells)
        return PostcodeRow(code, int(quality), easting_m, northing_m, lad or None, ward or None)
    except IndexError:
        return Unusable(number, "Columns are missing.", cells)
    except ValueError:
        return Unusable(number, "A coordinate or quality is not a number.", cells)


def _unusable(code: str, quality: str, ended: str) -> str | None:
    if not POSTCODE.fullmatch(code):
        return "The postcode is not written as one."
    if ended:
        return "The postcode has ended."
    if quality in NO_GRID_REFERENCE:
        return "The postcode has no grid reference."
    if code.startswith(ANOTHER_GRID):
        return "Northern Ireland has a grid of its own."
    return None


def _spaced(code: str) -> str:
    """`KT1 1AA`: the inward part always has three characters."""
    compact = code.replace(" ", "").upper()
    return f"{compact[:-3]} {compact[-3:]}"


def place_name(written: str, kind: str) -> str:
    """As people say it: `Kingston (station)` and, of a station, `Kingston` are Kingston station."""
    name = MARKS_OF_STOPS.sub("", written).replace("(station)", "station")
    name = " ".join(name.split())
    if kind == "STATION" and name and "station" not in name.lower():
        name = f"{name} station"
    return name


def unusable_name(name: str) -> str | None:
    if not name:
        return "It has no name."
    if len(name) > NAME_MAX or not name.isprintable():
        return f"Its name has more than {NAME_MAX} letters, or one that cannot be shown."
    return None


def is_street(name: str) -> bool:
    """`Richmond (underground)` and `Parking Area` stand among the published streets."""
    odd = name.endswith((")", "station", "Station"))
    return name.lower() not in NO_STREET and not odd
