"""Which place can serve as control, chosen by rule and not by hand; why the others cannot."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
import shapely

from geo.errors import GeoInputError
from geo.evaluation.areas import YEAR, Site, apart_m, area_of, ring_of, season_distance

ADVICE = (
    "A larger control with a declared weight, a longer window, or several places with the same "
    "response counted together may help."
)


class Refusal(StrEnum):
    """Why a place cannot be the control."""

    GROUP = "GROUP"
    PLANNED = "PLANNED"
    NO_SHAPE = "NO_SHAPE"
    NEAR = "NEAR"
    CONTACT = "CONTACT"
    RING = "RING"
    FEWER = "FEWER"
    MORE = "MORE"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a control must be. Declared before anything is counted, and frozen with the design.

    Lengths in metres. `weights`: (place, u), declared by a person: the place is u times as large,
    so u times the incidents are expected there. `terms`: what counts in the ranking, for baseline,
    season, distance, and lying in another borough.
    """

    ring_m: float = 250.0
    apart_m: float = 1000.0
    low: float = 0.7
    high: float = 1.3
    reach_m: float = 50.0
    far_m: float = 20_000.0
    weights: tuple[tuple[str, float], ...] = ()
    terms: tuple[float, float, float, float] = (0.4, 0.3, 0.2, 0.1)

    def __post_init__(self) -> None:
        numbers = [self.ring_m, self.apart_m, self.low, self.far_m, *dict(self.weights).values()]
        if not all(0 < n < np.inf for n in numbers) or not self.low < 1 < self.high < np.inf:
            raise GeoInputError(
                "Lengths and weights are above 0, and 1 lies between the limits of the baseline."
            )

    def weight(self, place: str) -> float:
        """How many times as large as the treated place it is declared to be."""
        return float(dict(self.weights).get(place, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A place that can be the control; a lower `cost` is a better match.

    `baseline_ratio`: its incidents over those of the treated place, after the weight. `season`:
    see `season_distance`. `ring_weight`: its ring over the ring of the treated place, by area.
    """

    id: str
    cost: float
    baseline_ratio: float
    season: float
    far_m: float
    same_borough: bool
    weight: float
    ring_weight: float | None
    area: shapely.Geometry
    ring: shapely.Geometry | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A place that cannot be the control, and every reason for it."""

    id: str
    why: tuple[Refusal, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Controls in order, best first. `reason` says why there are none, or why there is no ring."""

    status: Literal["chosen", "no control", "not enough data"]
    reason: str | None
    area: shapely.Geometry | None
    ring: shapely.Geometry | None
    candidates: tuple[Candidate, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Treated:
    site: Site
    area: shapely.Geometry
    ring: shapely.Geometry | None
    planned: Sequence[tuple[str, shapely.Geometry]]  # other places with a plan
    rules: Rules


def choose(treated: Site, sites: Sequence[Site], rules: Rules | None = None) -> Choice:
    """Choose control areas and rings for a place with a plan.

    Parameters
    ----------
    treated : Site
        Its polygon, line or point; its incidents in 12 baseline months or more.
    sites : sequence of Site
        All other places, those with a plan too: their areas are cut out of the rings. The order
        does not matter; the treated place itself may stand among them.
    rules : Rules, optional

    Returns
    -------
    Choice

    Raises
    ------
    GeoInputError
        Months that are not the same for all, a negative count, a shape that is not in metres of
        the British National Grid.

    Notes
    -----
    A control is of the same group, has no plan, lies 1 km or more from the place and from its
    ring, and had 0.7 to 1.3 times its incidents. Two rules beyond these: it does not touch the
    ring of another place with a plan (harm may move there), and at least half of its own ring is
    left when such places are cut out. The cost is 0.4 |log ratio of baselines| (over that of the
    limit) + 0.3 season + 0.2 distance (over 20 km, at most 1) + 0.1 in another borough, where
    records are kept by other people. Rings of different size are weighted by their area. Where no
    ring of the treated place can be drawn, none is drawn around controls.

    References
    ----------
    Wheeler and Ratcliffe (2018), Crime Science 7:11 (what the four areas must be).

    Examples
    --------
    >>> def park(name, east, months, planned=False):
    ...     shape = shapely.box(east, 180000, east + 100, 180100)
    ...     return Site(name, "PARKS", "E1", shape, months, planned)
    >>> found = choose(
    ...     park("T", 530000, (5,) * 12, True),
    ...     [park("A", 533000, (5,) * 12), park("B", 530400, (5,) * 12)],
    ... )
    >>> [c.id for c in found.candidates], found.refused[0].words
    (['A'], ('It is nearer than 1 km to the place or its ring.',))
    """
    rules = rules or Rules()
    others = sorted((s for s in sites if s.id != treated.id), key=lambda s: s.id)
    short = _short([treated, *others])
    if short is not None or treated.shape is None:
        reason = short or "The place has no shape on the map."
        return Choice("not enough data", reason, None, None, (), ())
    plans = [(s.id, area_of(s.shape, rules.reach_m)) for s in others if s.planned and s.shape]
    area = area_of(treated.shape, rules.reach_m)
    ring = ring_of(area, rules.ring_m, [shape for _, shape in plans])
    return _ranked(_Treated(treated, area, ring, plans, rules), others)


def _short(sites: Sequence[Site]) -> str | None:
    """Why nothing can be compared."""
    months = sites[0].months
    if any(len(s.months) != len(months) or any(n < 0 for n in s.months) for s in sites):
        raise GeoInputError("Every place needs the same baseline months, each 0 or more.")
    if len(months) < YEAR:
        return f"The baseline has {len(months)} months; 12 are needed."
    if not sites[0].baseline:
        return "No incident in the baseline: there is nothing to compare."
    return None


def _ranked(one: _Treated, others: Sequence[Site]) -> Choice:
    found: list[Candidate] = []
    refused: list[Refused] = []
    for site in others:
        judged = _judged(one, site)
        if isinstance(judged, Candidate):
            found.append(judged)
        else:
            words = tuple(WORDS[why].format(*_limits(one.rules)) for why in judged)
            refused.append(Refused(site.id, judged, words))
    found.sort(key=lambda c: (c.cost, c.id))
    status: Literal["chosen", "no control"] = "chosen" if found else "no control"
    reason = _none(refused, one.rules) if not found else None
    if found and one.ring is None:
        reason = "No ring: more than half of it belongs to other places with a plan."
    return Choice(status, reason, one.area, one.ring, tuple(found), tuple(refused))


def _judged(one: _Treated, site: Site) -> Candidate | tuple[Refusal, ...]:
    rules = one.rules
    why = [Refusal.GROUP] if site.group != one.site.group else []
    why += [Refusal.PLANNED] if site.planned else []
    ratio = site.baseline / rules.weight(site.id) / one.site.baseline
    why += [Refusal.FEWER] if ratio < rules.low else []
    why += [Refusal.MORE] if ratio > rules.high else []
    if site.shape is None:
        return (*why, Refusal.NO_SHAPE)
    area = area_of(site.shape, rules.reach_m)
    foreign = [shape for name, shape in one.planned if name != site.id]
    ring = ring_of(area, rules.ring_m, foreign)
    why += _misplaced(one, area, foreign)
    why += [Refusal.RING] if one.ring is not None and ring is None else []
    if why:
        return tuple(why)
    return _candidate(one, site, (area, ring if one.ring is not None else None), ratio)


def _misplaced(
    one: _Treated, area: shapely.Geometry, foreign: Sequence[shapely.Geometry]
) -> list[Refusal]:
    near = min(apart_m(area, shape) for shape in (one.area, one.ring) if shape is not None)
    touched = any(apart_m(area, shape) < one.rules.ring_m for shape in foreign)
    return [Refusal.NEAR] * (near < one.rules.apart_m) + [Refusal.CONTACT] * touched


def _candidate(
    one: _Treated,
    site: Site,
    areas: tuple[shapely.Geometry, shapely.Geometry | None],
    ratio: float,
) -> Candidate:
    rules, season = one.rules, season_distance(one.site.months, site.months)
    far = apart_m(one.area, areas[0])
    same = site.borough == one.site.borough
    widest = max(abs(np.log(rules.low)), np.log(rules.high))
    parts = (abs(np.log(ratio)) / widest, season, min(1.0, far / rules.far_m), float(not same))
    cost = sum(term * part for term, part in zip(rules.terms, parts, strict=True))
    both = None if areas[1] is None or one.ring is None else areas[1].area / one.ring.area
    return Candidate(
        id=site.id,
        cost=round(float(cost), 9),
        baseline_ratio=ratio,
        season=season,
        far_m=far,
        same_borough=same,
        weight=rules.weight(site.id),
        ring_weight=None if both is None else round(both, 3),
        area=areas[0],
        ring=areas[1],
    )


def _none(refused: Sequence[Refused], rules: Rules) -> str:
    if not refused:
        return f"There is no other place that could serve as control. {ADVICE}"
    times = Counter(why for one in refused for why in one.why)
    told = [f"{SHORT[why].format(*_limits(rules))}: {times[why]}" for why in Refusal if times[why]]
    return f"No place can serve as control. Of {len(refused)}, {', '.join(told)}. {ADVICE}"


def _limits(rules: Rules) -> tuple[str, str, str, str]:
    far = rules.apart_m / 1000
    return f"{far:g} km", f"{rules.low:g}", f"{rules.high:g}", f"{rules.ring_m:g} m"


# Limits only, no count of a place: the sentences may be read where the counts may not.
WORDS = {
    Refusal.GROUP: "It is a place of another kind.",
    Refusal.PLANNED: "It has a plan of its own.",
    Refusal.NO_SHAPE: "It has no shape on the map.",
    Refusal.NEAR: "It is nearer than {0} to the place or its ring.",
    Refusal.CONTACT: "It lies within {3} of another place with a plan.",
    Refusal.RING: "More than half of its ring belongs to places with a plan.",
    Refusal.FEWER: "It had less than {1} times the incidents of the place before the plan.",
    Refusal.MORE: "It had more than {2} times the incidents of the place before the plan.",
}
SHORT = {
    Refusal.GROUP: "of another kind",
    Refusal.PLANNED: "with a plan of their own",
    Refusal.NO_SHAPE: "without a shape on the map",
    Refusal.NEAR: "nearer than {0}",
    Refusal.CONTACT: "within {3} of another place with a plan",
    Refusal.RING: "without room for a ring",
    Refusal.FEWER: "with less than {1} times the incidents",
    Refusal.MORE: "with more than {2} times the incidents",
}
