"""Filters of the map: one value for the page, its table and its tiles, read from the address."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

PERIODS = {
    "all": "All dates",
    "90d": "Last 90 days",
    "quarter": "Last full quarter",
    "12m": "Last 12 months",
    "own": "Own dates",
}
SOURCES = {"all": "All sources", "police": "Police, published", "partnership": "Partnership"}
LAYERS = {"places": "Places", "incidents": "Incidents", "clusters": "Clusters"}
KEYS = ("period", "from", "to", "source", "harm", "type", "borough", "run", "layer")
VIEW_KEYS = ("bbox", "z", "v", "part")
CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown. The window is half-open in London days; None is open on that side."""

    period: str = "all"
    from_on: date | None = None
    to_on: date | None = None
    source: str = "all"
    harm: str = "all"
    type: str = "all"
    borough: str = "both"
    run: UUID | None = None
    layer: str = "places"

    def query(self, **changed: str) -> str:
        """The address of these filters, defaults left out."""
        own = self.period == "own"
        said = {
            "period": self.period,
            "from": self.from_on.isoformat() if own and self.from_on else "",
            "to": (self.to_on - timedelta(days=1)).isoformat() if own and self.to_on else "",
            "source": self.source,
            "harm": self.harm,
            "type": self.type,
            "borough": self.borough,
            "run": str(self.run or ""),
            "layer": self.layer,
        } | changed
        plain = {"", "both", "all"}
        kept = {k: v for k, v in said.items() if v not in plain and (k, v) != ("layer", "places")}
        return urlencode(kept)

    @property
    def first_day(self) -> date:
        return self.from_on or FIRST_DAY

    @property
    def last_day(self) -> date:
        """The day after the last."""
        return self.to_on or LAST_DAY

    @property
    def by_date(self) -> bool:
        return self.from_on is not None or self.to_on is not None


def parse(asked: Mapping[str, str], today: date) -> tuple[Filters, dict[str, str]]:
    """The filters, and one message for each answer that cannot be used."""
    wrong = {}
    if set(asked) - {*KEYS, *VIEW_KEYS}:
        wrong["query"] = "This address does not know one of the filters."
    given = {k: v.strip() for k, v in asked.items() if v.strip()}
    for key, allowed in (("period", PERIODS), ("source", SOURCES), ("layer", LAYERS)):
        if given.get(key, next(iter(allowed))) not in allowed:
            wrong[key] = "Choose one of the values in the list."
            given.pop(key)
    for key in ("harm", "type", "borough"):
        if not CODE.fullmatch(given.get(key, "all")):
            wrong[key] = "Choose one of the values in the list."
            given.pop(key)
    filters = Filters(
        period=given.get("period", "own" if "from" in given or "to" in given else "all"),
        source=given.get("source", "all"),
        harm=given.get("harm", "all"),
        type=given.get("type", "all"),
        borough=given.get("borough", "both"),
        run=_uuid(given, wrong),
        layer=given.get("layer", "places"),
    )
    return _dated(filters, given, wrong, today), wrong


def _dated(
    filters: Filters, given: Mapping[str, str], wrong: dict[str, str], today: date
) -> Filters:
    if filters.period == "own":
        first, last = (_date(given, key, wrong) for key in ("from", "to"))
        if first and last and last < first:
            wrong["to"] = "The last day is before the first."
            return filters
        return replace(filters, from_on=first, to_on=last + timedelta(days=1) if last else None)
    if filters.period == "quarter":
        first = last_quarter(today)
        last_month = first.month + 2
        end = date(first.year, last_month, monthrange(first.year, last_month)[1])
        return replace(filters, from_on=first, to_on=end + timedelta(days=1))
    days = {"90d": 90, "12m": 365}.get(filters.period)
    if days is None:
        return filters
    return replace(filters, from_on=today - timedelta(days=days), to_on=today + timedelta(days=1))


def last_quarter(today: date) -> date:
    """First day of the last quarter that is over."""
    first = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) - timedelta(days=1)
    return date(first.year, 3 * ((first.month - 1) // 3) + 1, 1)


def _date(given: Mapping[str, str], key: str, wrong: dict[str, str]) -> date | None:
    if key not in given:
        return None
    try:
        found = date.fromisoformat(given[key])
    except ValueError:
        wrong[key] = "Write the date as 2026-11-24."
        return None
    if not FIRST_DAY <= found < LAST_DAY:
        wrong[key] = "Choose a date after 2000."
        return None
    return found


def _uuid(given: Mapping[str, str], wrong: dict[str, str]) -> UUID | None:
    if "run" not in given:
        return None
    try:
        return UUID(given["run"])
    except ValueError:
        wrong["run"] = "This is not a cluster run."
        return None


def bbox(text: str) -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees; None when it is not that."""
    parts = text.split(",")
    if len(parts) != 4:
        return None
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        return None
    inside = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if inside else None


def tile_exists(z: int, x: int, y: int) -> bool:
    return 0 <= z <= 22 and 0 <= x < 1 << z and 0 <= y < 1 << z
