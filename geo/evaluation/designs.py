"""The design of a comparison, fixed before it starts: areas, windows, what is counted; its hash."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal, Self

import shapely

from geo.errors import GeoInputError
from geo.evaluation.controls import Candidate, Choice, Rules
from geo.lineage import canonical_json, params_hash

METHOD = "wdd-1"
YEAR_WEEKS = 52
LENGTHS = ("apart_m", "far_m", "high", "low", "reach_m", "ring_m")
ROLES = (["T", "C"], ["T", "C", "D", "CD"])

Role = Literal["T", "C", "D", "CD"]
Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Windows:
    """Two windows of equal length in whole weeks; the first day is in, the last is not.

    `paired`: the same weeks of different years, so that seasons do not differ.
    """

    before: Span
    after: Span
    paired: bool

    @property
    def weeks(self) -> int:
        """Length of each of the two."""
        return (self.after[1] - self.after[0]).days // 7


@dataclass(frozen=True, slots=True)
class Area:
    """T treated place, C control, D and CD their rings: as text (EPSG:27700, decimetres).

    `weight`: how many times as large as the treated area (C), or as its ring (CD).
    """

    role: Role
    place_id: str
    wkt: str
    weight: float = 1.0

    @property
    def shape(self) -> shapely.Geometry:
        """As geometry, EPSG:27700."""
        return shapely.from_wkt(self.wkt)


@dataclass(frozen=True, slots=True)
class Design:
    """All that decides what will be counted, before it is counted. Equal content, equal hash."""

    areas: tuple[Area, ...]
    windows: Windows
    harm_codes: tuple[str, ...]
    item_filter: str
    rules: Rules
    method: str = METHOD

    def __post_init__(self) -> None:
        if [area.role for area in self.areas] not in ROLES:
            raise GeoInputError("A design has T and C, and rings around both or neither: D and CD.")
        if not self.harm_codes or list(self.harm_codes) != sorted(set(self.harm_codes)):
            raise GeoInputError("Name the kinds of harm that are counted, each once, in order.")

    @property
    def area_weights(self) -> tuple[float, ...]:
        """Weights in the order of `wdd`: control, treated, ring of control, ring of treated."""
        weight = {area.role: area.weight for area in self.areas}
        order: tuple[Role, ...] = ("C", "T", "CD", "D")
        return tuple(weight[role] for role in order if role in weight)

    def canonical(self) -> str:
        """The design as one text, the same for equal content; `Design.read` reads it."""
        return canonical_json(_data(self))

    def sha256(self) -> str:
        """The hash that is stored when the plan is agreed, 64 hexadecimal digits."""
        return params_hash(_data(self))

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """A stored design.

        Parameters
        ----------
        data : mapping
            The JSON of `canonical`.

        Raises
        ------
        GeoInputError
            Something else, or a design of another method.
        """
        try:
            spans = [(_day(a), _day(b)) for a, b in (data["before"], data["after"])]
            rules = {**data["rules"], "weights": tuple((p, u) for p, u in data["rules"]["weights"])}
            rules["terms"] = tuple(rules["terms"])
            found = cls(
                areas=tuple(Area(**area) for area in data["areas"]),
                windows=Windows(spans[0], spans[1], bool(data["paired"])),
                harm_codes=tuple(data["harm_codes"]),
                item_filter=data["item_filter"],
                rules=Rules(**rules),
                method=data["method"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise GeoInputError("This is no design of a comparison.") from error
        if found.method != METHOD:
            raise GeoInputError(f"The design is of method {found.method}, not {METHOD}.")
        return found


def windows(start: date, weeks: int, history_from: date) -> Windows | None:
    """Windows before and after the start of a plan.

    Parameters
    ----------
    start : date
        Of the plan; the window after it begins on that day or on the next Monday.
    weeks : int
        Length of each window.
    history_from : date
        From when on incidents are on record.

    Returns
    -------
    Windows or None
        The same weeks one year before (two, where they are longer than a year) if records reach
        so far; the weeks directly before, if they do not. None when they reach neither.

    Raises
    ------
    GeoInputError
        Fewer than one week.

    Examples
    --------
    >>> found = windows(date(2026, 3, 4), 26, date(2024, 1, 1))
    >>> found.before[0].isoformat(), found.after[0].isoformat(), found.paired
    ('2025-03-10', '2026-03-09', True)
    >>> windows(date(2026, 3, 4), 26, date(2025, 6, 1)).before[0].isoformat()
    '2025-09-08'
    >>> windows(date(2026, 3, 4), 26, date(2026, 1, 1)) is None
    True
    """
    if weeks < 1:
        raise GeoInputError("A window has one week or more.")
    monday = start + timedelta(days=-start.weekday() % 7)
    after = (monday, monday + timedelta(weeks=weeks))
    years = timedelta(weeks=YEAR_WEEKS * -(-weeks // YEAR_WEEKS))
    for back in (years, timedelta(weeks=weeks)):
        before = (after[0] - back, after[1] - back)
        if before[0] >= history_from:
            return Windows(before, after, paired=back == years)
    return None


def design_of(
    choice: Choice,
    treated_id: str,
    when: Windows,
    *,
    harm_codes: Sequence[str],
    item_filter: str,
    rules: Rules,
) -> Design:
    """Put a design together: the best control, its rings, windows, and what is counted.

    Parameters
    ----------
    choice : Choice
        Of `choose`, by the same rules, with at least one candidate.
    treated_id : str
    when : Windows
    harm_codes : sequence of str
        In any order.
    item_filter : str
        Which incidents count, in the words or the code of the caller.
    rules : Rules

    Returns
    -------
    Design

    Raises
    ------
    GeoInputError
        No candidate; no kinds of harm.
    """
    if not choice.candidates or choice.area is None:
        raise GeoInputError("Without a control area there is no design.")
    control = choice.candidates[0]
    areas = [_area("T", treated_id, choice.area), _area("C", control.id, control.area, control)]
    if choice.ring is not None and control.ring is not None:
        areas.append(_area("D", treated_id, choice.ring))
        areas.append(_area("CD", control.id, control.ring, control))
    return Design(tuple(areas), when, tuple(sorted(set(harm_codes))), item_filter, rules)


def _area(role: Role, place: str, shape: shapely.Geometry, of: Candidate | None = None) -> Area:
    weights = {} if of is None else {"C": of.weight, "CD": of.ring_weight}
    wkt = shapely.to_wkt(shape, rounding_precision=1)
    return Area(role, place, wkt, float(weights.get(role) or 1.0))


def _data(design: Design) -> dict[str, Any]:
    rules = design.rules
    # Every number as float: 250 and 250.0 are the same rule, and have the same hash.
    lengths = {name: float(getattr(rules, name)) for name in LENGTHS}
    return {
        "after": [day.isoformat() for day in design.windows.after],
        "areas": [asdict(area) for area in design.areas],
        "before": [day.isoformat() for day in design.windows.before],
        "harm_codes": list(design.harm_codes),
        "item_filter": design.item_filter,
        "method": design.method,
        "paired": design.windows.paired,
        "rules": {
            **lengths,
            "terms": [float(term) for term in rules.terms],
            "weights": [[place, float(weight)] for place, weight in sorted(rules.weights)],
        },
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)
