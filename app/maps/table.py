"""The table under the map: the same rows as the map, in pages once they are many, in some order."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from app.maps.rules import Filters
from app.places.rules import State
from app.places.shown import STAGES

WHOLE, PAGE = 300, 100  # rows on one page as long as they are no more; else of each page


class Column(NamedTuple):
    """A heading; with `order`, SQL of this file, a link sorts by it."""

    key: str
    label: str
    order: str = ""


class Heading(NamedTuple):
    label: str
    number: bool
    sort_url: str | None
    sorted: str | None  # aria-sort


# By stages and not by states, whose order would tell partners more than the stage.
_STAGES = tuple(dict.fromkeys(STAGES.values()))
_OF_STAGE = {stage: [s for s in State if STAGES.get(s) == stage] for stage in _STAGES}
BY_STAGE = (
    "case "
    + " ".join(
        "when place.state in (" + ", ".join(f"'{state}'" for state in states) + f") then {number}"
        for number, states in enumerate(_OF_STAGE.values())
    )
    + " end, "
)
# Of the last night; a band that a lead set before the number. Nothing known comes last.
BY_PRIORITY = (
    "(select array_position(array['LOW', 'MEDIUM', 'HIGH', 'URGENT'], "
    "coalesce(band_override, band)) * 1000 + p from app.place_priority as night "
    "where night.place_id = place.id order by night.run_on desc limit 1) desc nulls last, "
)
COLUMNS = (
    Column("name", "Name"),
    Column("type", "Type", "type.label, "),
    Column("borough", "Borough", "place.borough_codes, "),
    Column("level", "Level", "place.level desc, "),
    Column("priority", "Priority", BY_PRIORITY),
    Column("reports", "Reports", "coalesce(n_reports, 0) desc, "),
    Column("incidents", "Incidents", "coalesce(n_incidents, 0) desc, "),
    Column("last", "Last information", "place.last_information_at desc nulls last, "),
    Column("stage", "Stage", BY_STAGE),
    Column("lead", "Lead agency", "place.lead_agency nulls last, "),
    Column("review", "Next review", "place.next_review_on nulls last, "),
)
ORDERS = {column.key: column.order for column in COLUMNS}
FROM_MOST = {"level", "priority", "reports", "incidents", "last"}
FOR_PARTNERS = ("name", "type", "borough", "stage")


class Asked(NamedTuple):
    """Which rows of the table, in which order."""

    sort: str = "name"
    page: int = 1

    @property
    def order(self) -> str:
        return ORDERS[self.sort]

    def limits(self, total: int) -> tuple[int, int]:
        """How many places at most, after how many."""
        return (WHOLE, 0) if total <= WHOLE else (PAGE, PAGE * (self.page - 1))


def shown(filters: Filters, *, reports: bool, incidents: bool) -> list[str]:
    """Columns that this reader has."""
    if not filters.in_full:
        return list(FOR_PARTNERS)
    without = {key for key, there in (("reports", reports), ("incidents", incidents)) if not there}
    return [column.key for column in COLUMNS if column.key not in without]


def parse(given: Mapping[str, str], columns: list[str], wrong: dict[str, str]) -> Asked:
    sort, page = given.get("sort", "name"), given.get("page", "1")
    if sort not in columns:
        wrong["sort"], sort = "The table has no such column.", "name"
    if not (page.isascii() and page.isdigit() and 0 < int(page) < 100_000):
        wrong["page"], page = "There is no such page.", "1"
    return Asked(sort, int(page))


def headings(filters: Filters, asked: Asked, columns: list[str]) -> list[Heading]:
    found = []
    for column in (column for column in COLUMNS if column.key in columns):
        chosen = column.key == asked.sort
        ways = "descending" if column.key in FROM_MOST else "ascending"
        url = None if chosen else address(filters, Asked(column.key))
        number = column.key in {"reports", "incidents"}
        found.append(Heading(column.label, number, url, ways if chosen else None))
    return found


def address(filters: Filters, asked: Asked) -> str:
    """Of the map with this page of its table."""
    more = {}
    if asked.sort != "name":
        more["sort"] = asked.sort
    if asked.page > 1:
        more["page"] = str(asked.page)
    query = "&".join(part for part in (filters.query(), urlencode(more)) if part)
    return f"/map?{query}#rows" if query else "/map#rows"
