"""The fixed tables of lattice v1 as data: no other count is ever published."""

from dataclasses import dataclass
from enum import StrEnum

from geo.disclosure.cells import Geo
from geo.errors import GeoInputError

LATTICE_VERSION = 1

HARM_GROUPS = (
    "HG_EXPLOIT",
    "HG_VIOLENCE",
    "HG_SEXUAL",
    "HG_ABSENCE",
    "HG_HEALTH_ENV",
    "HG_ONLINE_OTHER",
)
PLACE_GROUPS = ("PG_OPEN", "PG_CENTRE", "PG_TRANSPORT", "PG_COMMUNITY", "PG_HOMES", "PG_ONLINE")
NO_PLACE = "PG_NONE"
HARM_OF_SV = {
    "SV_DRUG": "HG_VIOLENCE",
    "SV_YOUTH": "HG_VIOLENCE",
    "SV_KNIFE": "HG_VIOLENCE",
    "SV_FIREARM": "HG_VIOLENCE",
    "SV_NETWORKS": "HG_VIOLENCE",
    "SV_ROBBERY": "HG_VIOLENCE",
    "SV_NTE": "HG_VIOLENCE",
    "SV_THREAT": "HG_VIOLENCE",
    "SV_EXPLOIT": "HG_EXPLOIT",
}
MISSING_KINDS = ("HOME", "CARE", "EDUCATION")
MISSING_IN = "HG_ABSENCE"
PROACTIVE = ("YES", "NO")
TIME_UNKNOWN, AFTER_DARK, NOT_AFTER_DARK = "TIME_UNKNOWN", "AFTER_DARK", "NOT_AFTER_DARK"
LATE, CROSS_BOROUGH, OUTSIDE = "LATE", "CROSS_BOROUGH", "OUTSIDE"


class Every(StrEnum):
    """How often a table is printed."""

    QUARTER = "Q"
    HALF = "H"
    YEAR = "Y"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its period, geography and dimensions, what it counts, and which rules it obeys.

    `axes` names what `dim_1` and `dim_2` range over; the family is the finest crossing that the
    table adds up (gate). `rules` are those applied before the gate.
    """

    code: str
    every: Every
    geo: tuple[Geo, ...]
    axes: tuple[str, ...]
    family: str
    counts: str
    rules: tuple[str, ...] = ()
    margins: bool = False
    people: bool = False
    nests_in: tuple[str, ...] = ()


_BOROUGHS = (Geo.BOROUGH, Geo.BOTH)
_Q, _H, _Y = Every.QUARTER, Every.HALF, Every.YEAR
_TABLES = (
    Table("RQ1", _Q, _BOROUGHS, ("harm",), "harm", "incidents", ("R1", "M1", "M3"), margins=True),
    Table(
        "RQ2", _Q, _BOROUGHS, ("place_group",), "place", "incidents", ("R1", "M1", "M3"),
        margins=True, nests_in=("RQ1",),
    ),
    Table("RQ3", _Q, (Geo.BOTH,), ("sv",), "sv", "incidents", ("R1",), nests_in=("RQ1",)),
    Table("RQ4", _Q, (Geo.BOTH,), ("reporter",), "reporter", "reports", ("R1", "R2")),
    Table(
        "RQ5", _Q, (Geo.BOROUGH, Geo.ELSEWHERE, Geo.BOTH), (), "home", "children",
        ("R1", "R3", "M3"), margins=True, people=True,
    ),
    Table(
        "RQ6", _Q, _BOROUGHS, ("missing",), "missing", "missing episodes",
        ("R1", "R3", "M1", "M3"), margins=True, people=True, nests_in=("RQ1",),
    ),
    Table("RQ7", _Q, (Geo.PLACE,), (), "named", "incidents", (), nests_in=("RH1", "RQ2")),
    Table("RQ8", _Q, _BOROUGHS[:1], ("proactive",), "proactive", "incidents", ("R1", "M2"),
          nests_in=("RQ1",)),
    Table("RQ9", _Q, (Geo.BOTH,), ("late",), "late", "incidents", ("R1",)),
    Table("RQ10", _Q, (Geo.BOTH, Geo.ELSEWHERE), ("cluster",), "cluster", "incidents", ("R1",),
          nests_in=("RQ1",)),
    Table("RH1", _H, (Geo.WARD,), (), "ward", "incidents", ("R1",), nests_in=("RQ1",)),
    Table("RH2", _H, (Geo.BOTH,), ("harm", "place_group"), "place", "incidents", ("R1",),
          nests_in=("RQ1", "RQ2")),
    Table("RH3", _H, (Geo.BOTH,), ("slot", "day_type"), "time", "incidents", ("R1",),
          nests_in=("RQ1",)),
    Table("RH4", _H, (Geo.BOTH,), ("platform",), "platform", "online places", ("R1",)),
    Table("RY1", _Y, (Geo.AREA,), ("harm",), "ward", "incidents", ("R1", "M4"),
          nests_in=("RH1", "RQ1")),
    Table("RY2", _Y, (Geo.BOROUGH,), ("sv",), "sv", "incidents", ("R1",), nests_in=("RQ3",)),
)  # fmt: skip
TABLES: dict[str, Table] = {table.code: table for table in _TABLES}

CLOSED = {
    "harm": HARM_GROUPS,
    "place_group": (*PLACE_GROUPS, NO_PLACE),
    "sv": tuple(HARM_OF_SV),
    "missing": MISSING_KINDS,
    "proactive": PROACTIVE,
    "late": (LATE,),
    "cluster": (CROSS_BOROUGH, OUTSIDE),
}


def table_of(code: str) -> Table:
    """A table of the lattice.

    Parameters
    ----------
    code : str

    Returns
    -------
    Table

    Raises
    ------
    GeoInputError
        A table that is not in the lattice is never published.

    Examples
    --------
    >>> table_of("RH1").counts
    'incidents'
    """
    if code not in TABLES:
        raise GeoInputError(f"There is no table {code} in lattice v{LATTICE_VERSION}.")
    return TABLES[code]


def quarters_of(period: str) -> tuple[str, ...]:
    """The quarters of a quarter, half-year or year.

    Parameters
    ----------
    period : str
        As "2026-Q3", "2026-H2" or "2026".

    Returns
    -------
    tuple of str

    Raises
    ------
    GeoInputError
        Another form.

    Examples
    --------
    >>> quarters_of("2026-H2")
    ('2026-Q3', '2026-Q4')
    """
    year, _, part = period.partition("-")
    parts = {"": (1, 2, 3, 4), "H1": (1, 2), "H2": (3, 4)} | {
        f"Q{quarter}": (quarter,) for quarter in (1, 2, 3, 4)
    }
    if len(year) != 4 or not year.isdigit() or part not in parts or (period[4:] == "-"):
        raise GeoInputError(f"{period} is not a period. Write it as 2026-Q3, 2026-H2 or 2026.")
    return tuple(f"{year}-Q{quarter}" for quarter in parts[part])
