"""What a place of concern may be: class, tier, life of its label, shape, name. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import SplitResult, quote, urlsplit

import numpy as np
import shapely
from shapely import Geometry


class State(StrEnum):
    PROPOSED = "PROPOSED"
    SCREENED = "SCREENED"
    IDENTIFIED = "IDENTIFIED"
    ASSESSING = "ASSESSING"
    ASSESSED = "ASSESSED"
    CONFERENCE = "CONFERENCE"
    PLAN_ACTIVE = "PLAN_ACTIVE"
    MONITORING = "MONITORING"
    DORMANT = "DORMANT"
    CLOSED = "CLOSED"


class Sensitivity(StrEnum):
    PUBLIC_REALM = "PUBLIC_REALM"
    MANAGED = "MANAGED"
    SENSITIVE = "SENSITIVE"
    ONLINE = "ONLINE"
    DERIVED = "DERIVED"
    RESTRICTED = "RESTRICTED"
    RESIDENTIAL = "RESIDENTIAL"


class Purpose(StrEnum):
    """Why somebody needs to see a child's reference or an exact address."""

    TRIAGE = "TRIAGE"
    CONTEXT_ASSESSMENT = "CONTEXT_ASSESSMENT"
    PLAN = "PLAN"
    MARVE = "MARVE"
    MISSING_PANEL = "MISSING_PANEL"
    DRB = "DRB"
    ROME = "ROME"
    VCA_BRIEFING = "VCA_BRIEFING"
    LEARNING_REVIEW = "LEARNING_REVIEW"
    AUDIT = "AUDIT"
    SAR = "SAR"


OPEN_TIER = frozenset({Sensitivity.PUBLIC_REALM, Sensitivity.MANAGED, Sensitivity.ONLINE})
TIERS = ("H0", "H1", "P", "C")
LABEL_DAYS = 180
RESTRICTED_LABEL_DAYS = 90
NOT_PROPOSED = (
    "Your account proposes places that people can go to. Tell us about an online space or an "
    "address with the form for reports."
)
OUTSIDE = "This is more than 10 km outside the partnership's boroughs."
MAX_VERTICES = 500
MAX_AREA_SIDE_M = 10_000
MARGIN_M = 10_000
KIND_OF = {
    "Point": "P",
    "LineString": "L",
    "MultiLineString": "L",
    "Polygon": "A",
    "MultiPolygon": "A",
}
KIND_WORDS = {"P": "a point", "L": "a line", "A": "an area", "N": "an online space"}


def default_tier(sensitivity: Sensitivity) -> str:
    """Partners may see H0; statutory practitioners H1."""
    return "H0" if sensitivity in OPEN_TIER else "H1"


def stricter(tier: str, other: str) -> str:
    return max(tier, other, key=TIERS.index)


def label_expires_on(sensitivity: Sensitivity, today: date) -> date:
    """Every label on a place expires."""
    restricted = sensitivity is Sensitivity.RESTRICTED
    return today + timedelta(days=RESTRICTED_LABEL_DAYS if restricted else LABEL_DAYS)


@dataclass(frozen=True, slots=True)
class PlaceType:
    """One code of reference.place_type; `kinds` is some of P, L, A, N."""

    code: str
    label: str
    kinds: str
    sensitivity: Sensitivity
    valid_to: date | None = None

    @property
    def is_residential(self) -> bool:
        return self.sensitivity is Sensitivity.RESIDENTIAL

    @property
    def is_online(self) -> bool:
        return self.sensitivity is Sensitivity.ONLINE


def type_problem(code: str, found: PlaceType | None, today: date) -> str | None:
    if not code:
        return "Choose a type."
    if found is None:
        return f"Unknown place type code '{code}'."
    if found.valid_to is not None and found.valid_to <= today:
        return f"'{found.label}' was retired on {found.valid_to:%-d %B %Y}. Use another type."
    return None


def change_problem(now: PlaceType, to: PlaceType) -> str | None:
    """A home or an online space never turns into a spot on the map, nor the other way."""
    if now.is_residential != to.is_residential or now.is_online != to.is_online:
        return "A place of this kind cannot get that type. Propose a new place."
    return None


@dataclass(frozen=True, slots=True)
class Reach:
    """Box of the partnership's boroughs in British National Grid metres, without the margin."""

    west_m: float
    south_m: float
    east_m: float
    north_m: float

    def holds(self, shape: Geometry) -> bool:
        west_m, south_m, east_m, north_m = shapely.bounds(shape)
        return bool(
            west_m >= self.west_m - MARGIN_M
            and south_m >= self.south_m - MARGIN_M
            and east_m <= self.east_m + MARGIN_M
            and north_m <= self.north_m + MARGIN_M
        )


def kind_of(shape: Geometry | None) -> str:
    """P, L or A; N for none and "-" for anything else."""
    return "N" if shape is None else KIND_OF.get(shape.geom_type, "-")


def rounded(shape: Geometry) -> Geometry:
    """Flat and to 0.1 m, as stored."""
    return shapely.transform(shapely.force_2d(shape), lambda xy: np.round(xy, 1))


def shape_problem(shape: Geometry | None, kinds: str, reach: Reach) -> str | None:
    """Why this shape (British National Grid) cannot be the place, in words; None when it can."""
    kind = kind_of(shape)
    if kind not in kinds:
        if shape is None:
            return "Draw or choose where it is."
        return f"A place of this type is {_choice(kinds)}. Give it as one."
    return None if shape is None else _drawn_badly(shape, reach)


def _drawn_badly(shape: Geometry, reach: Reach) -> str | None:
    vertices = int(shapely.get_num_coordinates(shape))
    if vertices == 0:
        return "Draw or choose where it is."
    if vertices > MAX_VERTICES:
        return f"The shape has {vertices} corners. Use at most {MAX_VERTICES}."
    if not shapely.is_valid(shape):
        if kind_of(shape) == "L":
            return "Draw at least two different points."
        return "The shape crosses itself. Draw it again without crossing lines."
    return _too_far_or_large(shape, reach)


def _too_far_or_large(shape: Geometry, reach: Reach) -> str | None:
    if not reach.holds(shape):
        return OUTSIDE
    west_m, south_m, east_m, north_m = shapely.bounds(shape)
    if kind_of(shape) == "A" and max(east_m - west_m, north_m - south_m) > MAX_AREA_SIDE_M:
        return "An area can be at most 10 km wide and 10 km high."
    return None


def _choice(kinds: str) -> str:
    return " or ".join(KIND_WORDS[kind] for kind in "PLAN" if kind in kinds)


@dataclass(frozen=True, slots=True)
class LanguageRule:
    """A row of data/lookups/language.csv; `pattern` is a regular expression."""

    pattern: str
    severity: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What the word list says about a text."""

    found: str
    severity: str
    suggestion: str

    @property
    def sentence(self) -> str:
        return f'"{self.found}": {self.suggestion}'


def lint(text: str, rules: Iterable[LanguageRule]) -> list[Remark]:
    """Each rule's first finding, case folded."""
    remarks = []
    for rule in rules:
        found = re.search(rule.pattern, text, re.IGNORECASE)
        if found:
            remarks.append(Remark(found.group(0), rule.severity, rule.suggestion))
    return remarks


def name_problem(name: str, remarks: Collection[Remark]) -> str | None:
    """Names are neutral. Only a "stop" refuses; a "warn" is shown beside the saved place."""
    if not name:
        return "Enter a name without people's or group names."
    stopped = stops(remarks)
    return f"Change the name. {stopped}" if stopped else None


def stops(remarks: Collection[Remark]) -> str | None:
    """What the word list refuses, in sentences."""
    return " ".join(remark.sentence for remark in remarks if remark.severity == "stop") or None


@dataclass(frozen=True, slots=True)
class OnlineAddress:
    """Never a link: stored so that nothing can open it by accident."""

    host: str
    handle_norm: str | None
    url_defanged: str

    @classmethod
    def read(cls, typed: str) -> "OnlineAddress":
        """Parsed as text only, never fetched or resolved; ValueError in words.

        >>> OnlineAddress.read("https://www.Example.com/@Someone?x=1#top").url_defanged
        'hxxps://www[.]example[.]com/@Someone?x=1'
        """
        text = typed.strip().replace("[.]", ".").replace("(.)", ".")
        text = re.sub(r"^hxxp", "http", text, flags=re.IGNORECASE)
        if "://" not in text and not re.match(r"^[a-z]+:(?!\d)", text, re.IGNORECASE):
            text = "https://" + text
        parts = _split(text)
        host = _host(parts.hostname or "")
        port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
        rest = quote(parts.path, safe="/%:@~+,;=!$&'()*") + (
            "?" + quote(parts.query, safe="/%:@~+,;=!$&'()*?") if parts.query else ""
        )
        defanged = (
            f"{parts.scheme.replace('http', 'hxxp')}://{host.replace('.', '[.]')}{port}{rest}"
        )
        if len(defanged) > MAX_ADDRESS:
            raise ValueError("This address is too long.")
        return cls(host, _handle(parts.path), defanged)


MAX_ADDRESS = 600
NOT_AN_ADDRESS = "Enter a web address, for example https://example.com/name."


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError as error:
        raise ValueError(NOT_AN_ADDRESS) from error
    if parts.scheme not in {"http", "https"}:
        raise ValueError("Enter a web address that begins with http or https.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave the user name and password out of the address.")
    return parts


def _host(host: str) -> str:
    """Lower case, in the letters of the domain name system."""
    try:
        plain = host.rstrip(".").encode("idna").decode().lower()
    except UnicodeError as error:
        raise ValueError(NOT_AN_ADDRESS) from error
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", plain):
        raise ValueError(NOT_AN_ADDRESS)
    return plain


def _handle(path: str) -> str | None:
    """The account or group named first in the path, case folded, for matching."""
    first = path.strip("/").split("/")[0].lstrip("@").casefold()
    return first or None
