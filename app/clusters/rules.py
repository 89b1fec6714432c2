"""What may be asked of a run, and what its answer is called in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from geo.crossborough import Params
from geo.lineage import params_hash

WINDOW_DAYS = 730
LARGEST_SHARE = 0.25
LINEAGE_DAYS = 365  # a pattern that is gone may come back for so long
NAME_LENGTH = 80

NO_POLICE_DATA = (
    "No police incidents are loaded. Import police street files first, or ask for partnership."
)
APPROXIMATE = "Places are approximate: the publisher moved each to a nearby street."
ACROSS = "also active across the boundary"
OVERTAKEN = "A later calculation with the same settings finished first. Its results stand."


class Source(StrEnum):
    """Never mixed in one run (analysis.md 4.8)."""

    POLICE = "police"
    PARTNERSHIP = "partnership"


class State(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run was asked for; dates inclusive. `asked_dates`: a person named them."""

    source: Source
    eps_m: float
    eps_days: int | None
    min_points: int
    replicates: int
    first_on: date
    last_on: date
    asked_dates: bool
    partners: tuple[str, ...]
    seed: int | None = None

    def geo(self) -> Params:
        return Params(eps_m=self.eps_m, eps_days=self.eps_days, min_points=self.min_points)

    def stored(self) -> dict[str, Any]:
        """The parameter set cbc-1, without dates and seed.

        A cluster that the next night finds again, in a window one day later, is the same cluster.
        """
        own = {"set": "cbc-1", "source": str(self.source), "replicates": self.replicates}
        return own | {"partners": sorted(self.partners)} | self.geo().as_dict()

    def hash(self) -> str:
        return params_hash(self.stored())

    def series(self) -> str:
        """Runs whose clusters are compared. An experiment must not end a standing pattern."""
        dates = f"|{self.first_on}|{self.last_on}" if self.asked_dates else ""
        return self.hash() + dates


def window(
    source: Source,
    first_on: date | None,
    last_on: date | None,
    *,
    today: date,
    loaded: tuple[date, date] | None,
) -> tuple[date, date]:
    """First and last day. Partnership: 730 days up to today. Police: all that is loaded."""
    if source is Source.POLICE and loaded is not None:
        return first_on or loaded[0], last_on or loaded[1]
    last = last_on or today
    return first_on or last - timedelta(days=WINDOW_DAYS - 1), last


def whole_quarters(settings: Settings, today: date) -> Settings:
    """The quarters its dates lie in, but those that are over: no period to subtract from another.

    None is left where the last day lies before the first.
    """
    first, last, running = (
        date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        for day in (settings.first_on, settings.last_on, today)
    )
    after = min(date(last.year + last.month // 10, (last.month + 2) % 12 + 1, 1), running)
    return replace(settings, first_on=first, last_on=after - timedelta(days=1))


def replicates(number: int) -> int:
    """As many as p needs to be told apart from 0.05; none: nothing is tested."""
    if number and not 99 <= number <= 9999:
        raise ValueError("Enter 99 to 9,999 replicates, or 0 to test nothing.")
    return number


def percolation(share: float) -> str | None:
    """With a fixed minimum, a long enough period joins a whole town."""
    if share <= LARGEST_SHARE:
        return None
    return f"One cluster holds {share:.0%} of events. Shorten the period or raise the minimum."


def rule_in_words(params: Mapping[str, Any]) -> str:
    """The definition of a cluster of this run, as a sentence."""
    days = params["eps_days"]
    near = f"{params['eps_m']:g} metres"
    apart = f"{near} of each other" if days is None else f"{near} and {days} days of each other"
    return f"At least {params['min_points']} incidents within {apart}, whatever the borough."


def period_in_words(first_on: date, last_on: date) -> str:
    return f"{_day(first_on)} to {_day(last_on)}"


def reasons(
    *, r1_span: bool, r2_straddle: bool, why_not: str | None, params: Mapping[str, Any]
) -> list[str]:
    """Why it is listed, or why it is for analysts only."""
    found = [rule_in_words(params)]
    if r1_span:
        found.append("R1: the incidents at its core lie in two boroughs or more.")
    if r2_straddle:
        found.append("R2: not R1, but the ground it covers reaches into more than one borough.")
    if why_not is not None:
        found.append(f"Not reported as a pattern: {why_not}")
    return found


def coverage_in_words(coverage: Mapping[str, Any], source: str) -> list[str]:
    """What the run counted, what it left out, and why."""
    found = [f"{coverage['events']:,} incidents counted."]
    found += [
        f"{n:,} left out: {words}."
        for key, words in LEFT_OUT.items()
        if (n := coverage.get("left_out", {}).get(key, 0))
    ]
    if coverage.get("never_core"):
        found.append(f"{coverage['never_core']:,} too vague in place or time to be a core.")
    if source == Source.POLICE:
        found.append(APPROXIMATE)
    if coverage.get("warning"):
        found.append(coverage["warning"])
    return found


LEFT_OUT = {
    "without_coordinates": "published without a place",
    "online": "online",
    "residential": "at a home without a safe nearby point to stand for it",
    "interval": "when they happened is not known to three months",
}


def name(near: str | None, sector: str | None, *, easting_m: float, northing_m: float) -> str:
    """`Around Kingston Bridge, KT1 4`: neutral; the square kilometre where nothing is known."""
    parts = [part for part in (near, sector) if part]
    if not parts:
        parts = [f"grid square {int(easting_m // 1000)} {int(northing_m // 1000)}"]
    whole = f"Around {', '.join(parts)}"
    if len(whole) <= NAME_LENGTH:
        return whole
    return f"{whole[: NAME_LENGTH - 1].rstrip()}…"


def street(label: str) -> str | None:
    """`On or near Queen'S Road` is `Queen's Road`; a blank street has no name."""
    return label.removeprefix("On or near").strip().replace("'S ", "'s ") or None


def sector_of(postcode: str) -> str:
    """`KT1 4AB` is in sector `KT1 4`."""
    return postcode[:-2].strip()


def own_side(counts: Mapping[str, int], boroughs: Sequence[str]) -> dict[str, int]:
    """Counts of the reader's own boroughs."""
    return {code: n for code, n in counts.items() if code in boroughs}


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


EXACT_ROLES = frozenset({"police_analyst", "cs_lead"})


def sees_exact(role: str) -> bool:
    """Counts of both sides, members and what is not a pattern (analysis.md 4.8)."""
    return role in EXACT_ROLES
