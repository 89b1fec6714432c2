"""Synthetic records, plausible in place and time and marked as "Demo: ".

Nothing here is taken from a real record. Clusters across borders are planted on purpose, so that
what the service is for can be seen on the first day.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import shapely
from shapely import Geometry, LineString, MultiPoint, Point

from app.core.actor import NOBODY
from app.demo import life
from app.demo.rules import Dice, Kind, Plan, Planted, Row
from app.incidents.rules import LONDON, Precision, interval, midnight
from app.places.rules import Sensitivity, default_tier, label_expires_on, rounded

MARK = "Demo: "
WINDOW_DAYS = 730
DENSE_DAYS, OLDEST_DAYS = 365, 850  # the year before is sparser: eight closed quarters fit
N_INCIDENTS = 2_000
N_CHILDREN = 300
N_PLACE_LINKS = 360
SPREAD_M = 600
CLUSTER_SPREAD_M = 22
LEVELS = {"CONFERENCE": "CL4", "PLAN_ACTIVE": "CL3", "ASSESSING": "CL3", "MONITORING": "CL2"}


@dataclass(slots=True)
class Rows:
    """Rows to insert by table, each a mapping of columns."""

    place: list[Row] = field(default_factory=list)
    place_exact: list[Row] = field(default_factory=list)
    online_space: list[Row] = field(default_factory=list)
    guardian_slot: list[Row] = field(default_factory=list)
    place_alias: list[Row] = field(default_factory=list)
    place_link: list[Row] = field(default_factory=list)
    incident: list[Row] = field(default_factory=list)
    child: list[Row] = field(default_factory=list)
    child_home: list[Row] = field(default_factory=list)
    child_place_link: list[Row] = field(default_factory=list)
    child_incident_link: list[Row] = field(default_factory=list)


def generate(plan: Plan, *, seed: int, copy: int, today: date, refs: set[str]) -> Rows:
    """One copy: 122 places, 2,000 incidents, 300 children. The first also has the clusters."""
    dice = Dice(plan, seed=seed, copy=copy, today=today, refs=refs)
    rows = Rows()
    for _ in range(N_CHILDREN):
        _child(dice, rows)
    for kind in plan.kinds:
        for number in range(1, kind.n + 1):
            _place(dice, rows, kind, f"{copy + 1}.{number}" if copy else str(number))
    _around(dice, rows)
    planted = plan.planted if copy == 0 else ()
    for which, cluster in enumerate(planted):
        _cluster(dice, rows, cluster, rows.child[8 * which : 8 * which + 11])
    for _ in range(N_INCIDENTS - sum(cluster.n for cluster in planted)):
        _background(dice, rows)
    rows.child_place_link = [_place_link(dice, rows) for _ in range(N_PLACE_LINKS)]
    return rows


def _around(dice: Dice, rows: Rows) -> None:
    """Guardians, other names and links of some places: every third, fifth and tenth."""
    open_to_all = [place for place in rows.place if place["sensitivity"] != "RESIDENTIAL"]
    rows.guardian_slot = [life.guardian(dice, place, n) for n, place in enumerate(open_to_all[::3])]
    rows.place_alias = [life.alias(place, n) for n, place in enumerate(open_to_all[::5], 1)]
    rows.place_link = [
        life.link(near, far)
        for near, far in zip(open_to_all[::10], open_to_all[1::10], strict=False)
    ]


def _child(dice: Dice, rows: Rows) -> None:
    home, as_of = dice.area(), dice.day(30, WINDOW_DAYS)
    child = _record(dice, "CH", "H1") | {
        "borough_codes": [home.lad_code],
        "home_lad_code": home.lad_code,
        "age_band": dice.one("age_band"),
        "age_band_as_of": as_of,
    }
    if not rows.child:
        child["id"] = dice.first
    rows.child.append(child)
    moved_in = {"lad_code": home.lad_code, "from_on": as_of}
    rows.child_home.append({"id": dice.key(), "child_id": child["id"]} | moved_in)


def _place(dice: Dice, rows: Rows, kind: Kind, number: str) -> None:
    area = dice.area()
    at_home = kind.sensitivity is Sensitivity.RESIDENTIAL
    shape = _shape(dice, kind, dice.near(area, SPREAD_M))
    record = _record(dice, "PL", default_tier(kind.sensitivity))
    name = f"Address {record['ref']}" if at_home else f"{kind.noun}, {area.name} {number}"
    place = record | {
        "borough_codes": [area.lad_code],
        "type_code": kind.type_code,
        "name": MARK + name,
        "sensitivity": kind.sensitivity.value,
        "geom": None if at_home or shape is None else stored(shape),
        "geom_kind": kind.shape,
        "harm_codes": sorted({dice.harm().code, dice.harm().code}),
        "after_dark_concern": dice.whether(0.4),
        "strengths": f"{MARK}people nearby who know the children.",
    }
    rows.place.append(place | _life(dice, kind) | life.details(place["id"], kind))
    if at_home and shape is not None:
        warned = kind.type_code == "CUCKOOED"
        home = {"place_id": place["id"], "geom": stored(shape), "victim_warning": warned}
        rows.place_exact.append(home)
    if kind.sensitivity is Sensitivity.ONLINE:
        rows.online_space.append(_online(rows.place[-1]))


PLATFORMS = {
    "ONLINE_VIDEO": "VIDEO",
    "ONLINE_SITE": "SITE",
    "ONLINE_SOCIAL": "SOCIAL",
    "ONLINE_GROUP": "MESSAGING",
    "ONLINE_GAME": "GAME",
}


def _online(place: Row) -> Row:
    """Under a name that can never be registered (RFC 2606)."""
    handle = f"demo-{place['ref'][3:].lower()}"
    return {
        "place_id": place["id"],
        "platform_code": PLATFORMS.get(place["type_code"], "OTHER"),
        "host": "demo.example",
        "handle_norm": handle,
        "url_defanged": f"hxxps://demo[.]example/{handle}",
        "audience": "CLOSED",
        "first_seen_on": place["created_at"].date(),
        "last_seen_on": place["created_at"].date() + timedelta(days=1),
    }


def _life(dice: Dice, kind: Kind) -> Row:
    """State and dates. A restricted label ends 90 days after it was made, whatever happens."""
    state = "PROPOSED" if kind.type_code == "OTHER" else dice.one("place_state")
    restricted = kind.sensitivity is Sensitivity.RESTRICTED
    made = dice.day(1, 60 if restricted else 600)
    expires = label_expires_on(kind.sensitivity, made)
    if not restricted and state not in {"DORMANT", "CLOSED"}:
        expires = dice.today + timedelta(days=dice.number(10, 180))
    return {
        "state": state,
        "level": LEVELS.get(state, "CL0"),
        "label_expires_on": expires,
        "created_at": midnight(made),
        "updated_at": midnight(made),
        "last_information_at": midnight(made),
    }


def _shape(dice: Dice, kind: Kind, at: Point) -> Geometry | None:
    if kind.shape == "N":
        return None
    if kind.shape == "P":
        return rounded(at)
    if kind.shape == "L":
        east_m, north_m = dice.shift(kind.size_m / 4, at_most_m=kind.size_m / 2)
        bends = [dice.shift(kind.size_m / 20, at_most_m=kind.size_m / 10) for _ in range(5)]
        return rounded(
            LineString(
                (at.x + i * east_m + bend[0], at.y + i * north_m + bend[1])
                for i, bend in enumerate(bends)
            )
        )
    corners = [dice.shift(kind.size_m / 2, at_most_m=kind.size_m) for _ in range(14)]
    return rounded(MultiPoint([(at.x + east, at.y + north) for east, north in corners]).convex_hull)


def _cluster(dice: Dice, rows: Rows, cluster: Planted, children: list[Row]) -> None:
    """Spread over the period without a gap of 28 days; never one child's story."""
    gap = (cluster.first_days_ago - cluster.last_days_ago) / (cluster.n - 1)
    for i in range(cluster.n):
        day = dice.today - timedelta(days=round(cluster.first_days_ago - i * gap))
        incident = _incident(dice, cluster.harm_code, day, "EXACT" if i % 3 else "DAY")
        easting_m, northing_m = cluster.spots_m[i % 2]
        east_m, north_m = dice.shift(CLUSTER_SPREAD_M, at_most_m=40)
        incident["geom"] = stored(rounded(Point(easting_m + east_m, northing_m + north_m)))
        incident["uncertainty_m"] = 10
        rows.incident.append(incident)
        for child in (children[i % len(children)], children[(i + 3) % len(children)]):
            rows.child_incident_link.append(_happened(dice, incident, child))


def _background(dice: Dice, rows: Rows) -> None:
    """Everywhere and any time, a third of them at a place that is listed."""
    days_ago = _days_ago(dice.number(1, WINDOW_DAYS))
    precision = dice.one("time_precision")
    if days_ago <= 31 and precision in {"WEEK", "MONTH"}:
        precision = "DAY"
    day = dice.today - timedelta(days=days_ago)
    incident = _incident(dice, dice.harm().code, day, precision)
    if dice.whether(0.33):
        listed = [place for place in rows.place if place["geom_kind"] in {"P", "A"}]
        incident["place_id"] = dice.any(listed)["id"]
    else:
        incident["geom"] = stored(rounded(dice.near(dice.area(), SPREAD_M)))
        incident["uncertainty_m"] = dice.any([10, 25, 50, 100, 250])
    rows.incident.append(incident)
    if dice.whether(0.3):
        rows.child_incident_link.append(_happened(dice, incident, dice.any(rows.child)))


def _days_ago(drawn: int) -> int:
    """The days before the last year are spread over what eight quarters need."""
    if drawn <= DENSE_DAYS:
        return drawn
    spread = (OLDEST_DAYS - DENSE_DAYS) / (WINDOW_DAYS - DENSE_DAYS)
    return DENSE_DAYS + round((drawn - DENSE_DAYS) * spread)


def _incident(dice: Dice, harm_code: str, day: date, precision: str) -> Row:
    hour = next(harm.hour for harm in dice.plan.harms if harm.code == harm_code)
    minutes = int(min(max(hour * 60 + 30 + dice.shift(90, at_most_m=300)[0], 0), 1439))
    at = datetime.combine(day, time(minutes // 60, minutes % 60), LONDON)
    begin, end = interval(at, Precision(precision))
    record = _record(dice, "IC", "H1")
    return {
        **record,
        **life.recorded(record["id"], end, midnight(dice.today)),
        "occurred_from": begin,
        "occurred_to": end,
        "time_precision": precision,
        "place_id": None,
        "geom": None,
        "uncertainty_m": None,
        "harm_code": harm_code,
        "confidence": dice.one("confidence"),
        "discovered_by": dice.one("discovered_by"),
        "source_agency": dice.one("agency"),
        "child_count_band": dice.one("child_count_band"),
        "summary": f"{MARK}synthetic incident.",
    }


def _happened(dice: Dice, incident: Row, child: Row) -> Row:
    return {
        "child_id": child["id"],
        "incident_id": incident["id"],
        "role": dice.one("incident_role"),
        "created_by": NOBODY,
        "is_synthetic": True,
    }


def _place_link(dice: Dice, rows: Rows) -> Row:
    key = dice.key()
    child, place, role = dice.any(rows.child), dice.any(rows.place), dice.one("place_role")
    from_on = dice.day(5, 400)
    recorded = life.recorded(key, midnight(from_on), midnight(dice.today))
    return {
        "id": key,
        "child_id": child["id"],
        "place_id": place["id"],
        "role": role,
        "from_on": from_on,
        "created_at": recorded["created_at"],
        "confidence": dice.one("confidence"),
        "source_agency": dice.one("agency"),
        "basis": f"{MARK}synthetic link.",
        "created_by": NOBODY,
        "is_synthetic": True,
    }


def _record(dice: Dice, prefix: str, tier: str) -> Row:
    return {
        "id": dice.key(),
        "ref": dice.ref(prefix),
        "agency_code": "AFC",
        "tier": tier,
        "purpose_code": "CONTEXT_ASSESSMENT",
        "created_by": NOBODY,
        "updated_by": NOBODY,
        "is_synthetic": True,
    }


def stored(shape: Geometry) -> str:
    """As PostGIS reads it in a COPY."""
    return str(shapely.to_wkb(shapely.set_srid(shape, 27700), hex=True, include_srid=True))
