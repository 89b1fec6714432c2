"""How a missing child was met: P01 to P07 of the panel, from times alone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

OFFER_WITHIN = timedelta(hours=72)  # statutory guidance, to confirm
DECISION_WITHIN = timedelta(hours=24)
REPEATS_WITHIN = timedelta(days=90)
ENOUGH = 2  # episodes or children, for a place to be talked about


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one episode; what has not happened is None."""

    missing_from_at: datetime
    returned_at: datetime | None = None
    offered_at: datetime | None = None
    held_at: datetime | None = None
    declined: bool = False
    decided_at: datetime | None = None
    location_captured: bool = False
    linked_places: int = 0  # found_here_missing or travels_through, of this episode


def hours_away(told: Times, until: datetime) -> float:
    """P01; of a child who is still missing, until then.

    >>> away = Times(datetime(2026, 3, 1, 10), datetime(2026, 3, 2, 4))
    >>> hours_away(away, datetime(2026, 3, 9))
    18.0
    """
    return ((told.returned_at or until) - told.missing_from_at) / timedelta(hours=1)


def offered_in_time(told: Times) -> bool:
    """P02: within 72 hours of the return; one who has not returned is not late."""
    if told.returned_at is None or told.offered_at is None:
        return False
    return told.offered_at <= told.returned_at + OFFER_WITHIN


def offer_is_late(told: Times, at: datetime) -> bool:
    """The time has run out, and nobody had offered an interview by then."""
    if told.returned_at is None or at <= told.returned_at + OFFER_WITHIN:
        return False
    return not offered_in_time(told)


def _decision_from(told: Times) -> datetime | None:
    return told.held_at or told.returned_at


def decided_in_time(told: Times) -> bool:
    """P04: within 24 hours of the interview, or of the return where there was none."""
    begun = _decision_from(told)
    if begun is None or told.decided_at is None:
        return False
    return told.decided_at <= begun + DECISION_WITHIN


def decision_is_late(told: Times, at: datetime) -> bool:
    begun = _decision_from(told)
    if begun is None or at <= begun + DECISION_WITHIN:
        return False
    return not decided_in_time(told)


def location_captured(told: Times) -> bool:
    """P05: somebody wrote so, or a place is linked to the episode."""
    return told.location_captured or told.linked_places > 0


@dataclass(frozen=True, slots=True)
class Measured:
    """P01 to P05 of the episodes that ended in a window."""

    returned: int
    median_hours: float | None
    longest_hours: float | None
    offered: int
    held: int
    declined: int
    decided: int
    captured: int


def measured(episodes: Iterable[Times]) -> Measured:
    """Of those that have ended; the others have no hours yet."""
    ended = [one for one in episodes if one.returned_at is not None]
    hours = [hours_away(one, one.missing_from_at) for one in ended]
    return Measured(
        returned=len(ended),
        median_hours=median(hours) if hours else None,
        longest_hours=max(hours, default=None),
        offered=sum(map(offered_in_time, ended)),
        held=sum(one.held_at is not None for one in ended),
        declined=sum(one.declined for one in ended),
        decided=sum(map(decided_in_time, ended)),
        captured=sum(map(location_captured, ended)),
    )


def repeat_places(
    episodes: Mapping[str, Iterable[str]], children: Mapping[str, Iterable[str]]
) -> list[str]:
    """P06: places with two episodes or two children; keys of either are of places.

    >>> repeat_places({"a": ["1", "1"], "b": ["1", "2"]}, {"a": ["x", "y"], "c": ["x"]})
    ['a', 'b']
    """
    return sorted(
        place
        for place in {*episodes, *children}
        if len(set(episodes.get(place, ()))) >= ENOUGH
        or len(set(children.get(place, ()))) >= ENOUGH
    )


def out_of_borough(home: str | None, found: str | None) -> bool | None:
    """P07; None where one of them is not known."""
    return None if home is None or found is None else home != found
