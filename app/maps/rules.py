"""Filters of the map: one value for page, table, tiles, API and export, read from the address.

Place filters (`type`, `borough`, `stage`, `level`, `q`, `children`) choose places. Event filters
(`period`, `harm`, `agency`, `grade`, `part`, `dark`, `day`, and `source`) choose the incidents that
are counted, and with `grade=reports` the reports. The period alone leaves no place out: no
information is not safety, and the numbers are of the period. With `agency`, `grade`, `part`, `dark`
or `day` a place is listed if it has such an event in the period, or if its own times of concern say
so (for `part`, `dark` and `day` without `agency` and `grade`). With `harm` it is listed if the harm
is its own or that of such an event. A cluster answers `period`, `source`, `borough`, `run` and `q`
alone: with another filter in force no cluster is listed. app/maps/conditions.py says this in SQL.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType
from urllib.parse import urlencode
from uuid import UUID

from app.core.dates import NOT_A_DAY
from app.core.types import UNSHOWN
from app.maps.lists import LABELS, LISTS

CODED = {"type": "all", "harm": "all", "borough": "both", "agency": "all"}
DEFAULTS = MappingProxyType(
    {key: next(iter(listed)) for key, listed in LISTS.items()}
    | CODED
    | {"from": "", "to": "", "q": "", "run": "", "screen": ""}
)
# In the order of the address.
KEYS = (
    *("period", "from", "to", "compare", "source", "harm", "type", "borough", "agency", "q"),
    *("grade", "part", "dark", "day", "stage", "level", "children", "run", "layer", "screen"),
)
PARTNER_KEYS = ("type", "harm", "stage", "q", "layer", "screen")
PARTNER_STAGES = ("open", "identification", "assessment", "intervention", "monitoring")
# Of an incident: with one of these a place is listed by what happened there.
OF_EVENTS = ("agency", "grade", "part", "dark", "day")
# What a cluster cannot answer.
NOT_OF_CLUSTERS = ("harm", *OF_EVENTS, "type", "stage", "level", "children")
VIEW_KEYS = ("bbox", "z", "v", "totals", "sort", "page")
CODE = re.compile(r"[A-Za-z0-9_]{1,40}")
LONGEST_Q = 80
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown. The window is half-open in London days; None is open on that side.

    `in_full` is False for partners: no dates, no events, the stage instead of level and state.
    `screen` is a meeting, where nothing of homes and of children is shown.
    """

    period: str = "all"
    from_on: date | None = None
    to_on: date | None = None
    compare: str = "no"
    source: str = "all"
    harm: str = "all"
    type: str = "all"
    borough: str = "both"
    agency: str = "all"
    q: str = ""
    grade: str = "all"
    part: str = "all"
    dark: str = "all"
    day: str = "all"
    stage: str = "open"
    level: str = "all"
    children: str = "any"
    run: UUID | None = None
    layer: str = "places"
    in_full: bool = True
    screen: bool = False

    def said(self) -> dict[str, str]:
        """Each filter as the address has it, defaults included."""
        own = self.period == "own"
        return {key: getattr(self, key) for key in (*LISTS, *CODED, "q")} | {
            "from": self.from_on.isoformat() if own and self.from_on else "",
            "to": (self.to_on - timedelta(days=1)).isoformat() if own and self.to_on else "",
            "run": str(self.run or ""),
            "screen": "1" if self.screen else "",
        }

    def query(self, **changed: str) -> str:
        """The address of these filters, defaults left out."""
        said = self.said() | changed
        usual = DEFAULTS | {"period": default_period(bool(said["run"]), in_full=self.in_full)}
        kept = {key: said[key] for key in KEYS if said[key] not in {"", usual[key]}}
        return urlencode(kept)

    def sets(self, keys: Collection[str]) -> list[str]:
        """Those of `keys` that are not at their default."""
        said = self.said()
        return [key for key in keys if said[key] != DEFAULTS[key]]

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


def default_period(run: bool, *, in_full: bool) -> str:
    """A run has a window of its own; partners see no dates."""
    return "all" if run or not in_full else DEFAULTS["period"]


def parse(
    asked: Mapping[str, str], today: date, *, in_full: bool = True
) -> tuple[Filters, dict[str, str]]:
    """The filters, and one message for each answer that cannot be used."""
    wrong = {}
    if set(asked) - {*(KEYS if in_full else PARTNER_KEYS), *VIEW_KEYS}:
        wrong["query"] = "This address does not know one of the filters."
    given = {k: v.strip() for k, v in asked.items() if v.strip()}
    for key in [key for key in given if not _usable(key, given[key], in_full=in_full)]:
        wrong[key] = _refused(key, given[key])
        del given[key]
    run = _uuid(given, wrong)
    dated = "from" in given or "to" in given
    usual = "own" if dated else default_period(run is not None, in_full=in_full)
    said = DEFAULTS | {"period": usual} | given
    filters = Filters(
        period=said["period"],
        compare=said["compare"],
        source=said["source"],
        harm=said["harm"],
        type=said["type"],
        borough=said["borough"],
        agency=said["agency"],
        q=said["q"],
        grade=said["grade"],
        part=said["part"],
        dark=said["dark"],
        day=said["day"],
        stage=said["stage"],
        level=said["level"],
        children=DEFAULTS["children"] if said["screen"] else said["children"],
        run=run,
        layer=said["layer"],
        in_full=in_full,
        screen=bool(said["screen"]),
    )
    return _dated(filters, given, wrong, today), wrong


def _refused(key: str, value: str) -> str:
    """What to do instead. Above the form it stands alone, so it says which list it means."""
    if key != "q":
        return f"{LABELS[key]}: choose one of the values in the list."
    return UNSHOWN if len(value) <= LONGEST_Q else f"Write at most {LONGEST_Q} characters."


def _usable(key: str, value: str, *, in_full: bool) -> bool:
    if key == "q":
        return len(value) <= LONGEST_Q and "\0" not in value
    if key == "stage" and not in_full:
        return value in PARTNER_STAGES
    if key in LISTS or key == "screen":
        return value in LISTS.get(key, ("1",))
    if key == "harm" and not in_full:
        return value == "all" or (value.startswith("HG_") and CODE.fullmatch(value) is not None)
    return key not in CODED or CODE.fullmatch(value) is not None


def _dated(
    filters: Filters, given: Mapping[str, str], wrong: dict[str, str], today: date
) -> Filters:
    first, last = (_date(given, key, wrong) for key in ("from", "to"))
    if filters.period == "own":
        if first and last and last < first:
            wrong["to"] = "The last day is before the first."
        if "from" in wrong or "to" in wrong:  # never all days instead of the few that were meant
            usual = _dated(replace(filters, period=DEFAULTS["period"]), {}, {}, today)
            return replace(usual, period="own")
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
        wrong[key] = NOT_A_DAY
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
