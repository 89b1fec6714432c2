"""Every table of the lattice again in plain Python, from the records: the second way to count."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import shapely

from app.releases import rules
from app.releases.rules import Window
from tests.releases import PARTNERS, Ground

INCIDENTS = """
    select i.id, i.place_id, ST_AsText(i.geom) as at, i.borough_code, i.harm_code, i.line_linked,
        i.discovered_by, i.source_agency, i.state, i.tier, i.created_at, i.occurred_from,
        i.occurred_to, i.day_part, i.day_type, i.after_dark,
        m.kind as missing, m.created_at as missing_known
    from app.incident as i left join app.missing_episode as m on m.incident_id = i.id
"""
PLACES = """
    select id, ref, type_code, sensitivity, may_name, state, ST_AsText(geom) as at, created_at
    from app.place
"""
SERIOUS = {"DRUG_VIOLENCE": "SV_DRUG", "SYV": "SV_YOUTH", "KNIFE": "SV_KNIFE",
           "FIREARM": "SV_FIREARM", "OCN": "SV_NETWORKS", "GROUP_CONFLICT": "SV_NETWORKS",
           "GROUP_EXPLOIT": "SV_NETWORKS", "ROBBERY": "SV_ROBBERY", "NTE_DISORDER": "SV_NTE",
           "THREAT_LIFE": "SV_THREAT", "COUNTY_LINES": "SV_EXPLOIT",
           "CUCKOOING": "SV_EXPLOIT"}  # fmt: skip
WITH_A_LINE = {"CCE", "CSE", "DRUG_EXPLOIT"}
PROACTIVE = {"PROACTIVE_PATROL", "STOP_SEARCH"}
REPORTERS = {"SCHOOL": "EDUCATION_REPORTER", "COUNCIL": "COUNCIL_HOUSING",
             "HOUSING": "COUNCIL_HOUSING", "BUSINESS": "BUSINESS_TRANSPORT",
             "TRANSPORT": "BUSINESS_TRANSPORT", "VCS": "VOLUNTARY_FAITH",
             "FAITH": "VOLUNTARY_FAITH", "POLICE": "POLICE_HEALTH",
             "HEALTH": "POLICE_HEALTH"}  # fmt: skip
Key = tuple[str, str, str, str, str]  # table, kind of area, area, first group, second group


@dataclass
class Records:
    """What stood in the database at one moment."""

    incidents: list[dict]
    places: dict[Any, dict]
    reports: list[dict]
    children: list[dict]
    links: list[dict]
    spaces: list[dict]
    clustered: set
    harms: dict[str, str]
    types: dict[str, str]
    wards: list[tuple[str, str, shapely.Geometry]]  # borough, code, shape


def dicts(ground: Ground, query: str) -> list[dict]:
    with ground.superuser() as admin:
        found = admin.execute(query)
        names = [column.name for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]


def records(ground: Ground, wards: list[tuple[str, str, shapely.Geometry]]) -> Records:
    members = "select incident_id from app.cluster_member where incident_id is not null"
    return Records(
        dicts(ground, INCIDENTS),
        {one["id"]: one for one in dicts(ground, PLACES)},
        dicts(ground, "select * from app.report"),
        dicts(ground, "select * from app.child"),
        dicts(ground, "select * from app.child_place_link"),
        dicts(ground, "select * from app.online_space"),
        {row[0] for row in ground.rows(members)},
        dict(ground.rows("select code, group_code from reference.harm")),
        dict(ground.rows("select code, group_code from reference.place_type")),
        wards,
    )


@dataclass
class Fact:
    """One incident as every table sees it."""

    borough: str
    ward: str
    harm: str
    group: str
    sv: str | None
    proactive: bool
    part: str | None
    day: str | None
    dark: bool | None
    missing: str | None
    place: Any
    clustered: bool


def facts(held: Records, window: Window) -> Iterator[Fact]:
    for one in held.incidents:
        middle = one["occurred_from"] + (one["occurred_to"] - one["occurred_from"]) / 2
        if one["state"] == "WITHDRAWN" or one["tier"] == "C" or one["created_at"] > window.cut_at:
            continue
        if window.start_at <= middle < window.end_at:
            yield fact(held, one, window)


def fact(held: Records, one: Mapping[str, Any], window: Window) -> Fact:
    place = held.places.get(one["place_id"])
    borough, ward = located(held, one, place)
    sv = SERIOUS.get(one["harm_code"])
    if one["line_linked"] and one["harm_code"] in WITH_A_LINE:
        sv = "SV_EXPLOIT"
    known = one["missing"] is not None and one["missing_known"] <= window.cut_at
    return Fact(
        borough,
        ward,
        held.harms[one["harm_code"]],
        (held.types[place["type_code"]] or "PG_NONE") if place else "PG_NONE",
        sv,
        one["discovered_by"] in PROACTIVE,
        one["day_part"],
        one["day_type"],
        one["after_dark"],
        one["missing"] if known else None,
        one["place_id"],
        one["id"] in held.clustered,
    )


def located(held: Records, one: Mapping[str, Any], place: dict | None) -> tuple[str, str]:
    """By the middle of its place, else by its own point; a home has no ward."""
    shape = place["at"] if place and place["at"] else one["at"]
    if shape is None:
        return one["borough_code"], f"?{one['borough_code']}"
    point = shapely.point_on_surface(shapely.from_wkt(shape))
    for borough, code, area in held.wards:
        if area.intersects(point):
            return borough, code
    return one["borough_code"], f"?{one['borough_code']}"


def quarter(held: Records, period: str) -> Counter[Key]:
    window = rules.window(period)
    told: Counter[Key] = Counter()
    for one in facts(held, window):
        told.update(inside(held, one) if one.borough in PARTNERS else outside(one))
    return told + reports(held, window) + children(held, window) + late(held, window)


def outside(one: Fact) -> list[Key]:
    return [("RQ10", "ELSEWHERE", "ELSEWHERE", "OUTSIDE", "ALL")] if one.borough else []


def inside(held: Records, one: Fact) -> Iterator[Key]:
    """Every cell of a quarter that an incident of the partnership is in."""
    groups = [("RQ1", one.harm), ("RQ1", "ALL"), ("RQ2", one.group), ("RQ2", "ALL")]
    if one.missing and one.harm == "HG_ABSENCE":
        groups += [("RQ6", one.missing), ("RQ6", "ALL")]
    for table, group in groups:
        yield table, "BOROUGH", one.borough, group, "ALL"
        yield table, "BOTH", "BOTH", group, "ALL"
    if one.sv:
        yield "RQ3", "BOTH", "BOTH", one.sv, "ALL"
    if one.proactive:
        yield "RQ8", "BOROUGH", one.borough, "YES", "ALL"
    if one.clustered:
        yield "RQ10", "BOTH", "BOTH", "CROSS_BOROUGH", "ALL"
    if one.place in held.places and nameable(held.places[one.place]):
        yield "RQ7", "PLACE", held.places[one.place]["ref"], "ALL", "ALL"


def nameable(place: Mapping[str, Any]) -> bool:
    kind = place["sensitivity"]
    return kind == "PUBLIC_REALM" or (kind == "MANAGED" and place["may_name"])


def reports(held: Records, window: Window) -> Counter[Key]:
    told: Counter[Key] = Counter()
    for one in held.reports:
        decided = one["state"] in {"DECIDED", "FEEDBACK_SENT", "CLOSED"}
        if not decided or one["decided_at"] > window.cut_at:
            continue
        if {"DUPLICATE", "REJECTED_ABUSIVE"} & set(one["outcome_codes"]):
            continue
        if window.start_at <= one["created_at"] < window.end_at:
            group = REPORTERS.get(one["reporter_kind"], "PUBLIC")
            told["RQ4", "BOTH", "BOTH", group, "ALL"] += 1
    return told


def children(held: Records, window: Window) -> Counter[Key]:
    told: Counter[Key] = Counter()
    links = defaultdict(list)
    for link in held.links:
        links[link["child_id"]].append(link)
    for child in held.children:
        inside = [
            link
            for link in links[child["id"]]
            if link["role"] in {"harmed_here", "at_risk_here"}
            and link["from_on"] < window.end
            and (link["to_on"] is None or link["to_on"] > window.first)
        ]
        if inside:
            home = child["home_lad_code"]
            geo = ("BOROUGH", home) if home in PARTNERS else ("ELSEWHERE", "ELSEWHERE")
            told["RQ5", *geo, "ALL", "ALL"] += 1
            told["RQ5", "BOTH", "BOTH", "ALL", "ALL"] += 1
    return told


def late(held: Records, window: Window) -> Counter[Key]:
    n = 0
    for one in held.incidents:
        middle = one["occurred_from"] + (one["occurred_to"] - one["occurred_from"]) / 2
        known = window.before.cut_at < one["created_at"] <= window.cut_at
        counted = one["state"] != "WITHDRAWN" and one["tier"] != "C"
        n += known and counted and middle < window.start_at and one["borough_code"] in PARTNERS
    return Counter({("RQ9", "BOTH", "BOTH", "LATE", "ALL"): n})


def longer(held: Records, period: str) -> list[Fact]:
    """What the quarters of a period counted, as they counted it."""
    parts = [part for part in rules.parts(rules.window(period)) if "Q" in part]
    found = [one for part in parts for one in facts(held, rules.window(part))]
    return [one for one in found if one.borough in PARTNERS]


def half(held: Records, period: str) -> Counter[Key]:
    told: Counter[Key] = Counter()
    for one in longer(held, period):
        told["RH1", "WARD", one.ward, "ALL", "ALL"] += 1
        told["RH2", "BOTH", "BOTH", one.harm, one.group] += 1
        timed = one.part is not None and one.day is not None
        slot = (one.part, one.day) if timed else ("TIME_UNKNOWN", "ALL")
        told["RH3", "BOTH", "BOTH", *slot] += 1
        if timed:
            told["RH3", "BOTH", "BOTH", "AFTER_DARK" if one.dark else "NOT_AFTER_DARK", "ALL"] += 1
    platforms = Counter(one["platform_code"] for one in held.spaces).most_common()
    shown = [(code, n) for code, n in platforms if n >= 8][:5]
    rest = sum(n for _, n in platforms) - sum(n for _, n in shown)
    for code, n in (*shown, ("OTHER_PLATFORMS", rest)):
        told["RH4", "BOTH", "BOTH", code, "ALL"] = n
    return told


def year(held: Records, period: str, areas: list[str]) -> Counter[Key]:
    told: Counter[Key] = Counter()
    area = {ward: code for code in areas for ward in code.split("+")}
    for one in longer(held, period):
        told["RY1", "AREA", area[one.ward], one.harm, "ALL"] += 1
        if one.sv:
            told["RY2", "BOROUGH", one.borough, one.sv, "ALL"] += 1
    return told


def merged(wards: list[tuple[str, str]], shown: Mapping[str, list[str]]) -> list[str]:
    """Wards by code within a borough, joined until what RH1 prints of them is 20 or more."""
    found: list[list[str]] = []
    for borough in PARTNERS:
        of_borough: list[list[str]] = [[]]
        held = 0
        for ward in sorted(code for code, home in wards if home == borough):
            of_borough[-1].append(ward)
            held += sum(4 if text == "1 to 7" else int(text) if text.isdigit() else 0
                        for text in shown[ward])  # fmt: skip
            if held >= 20:
                of_borough.append([])
                held = 0
        left = of_borough.pop()
        if of_borough:
            of_borough[-1] += left
        else:
            of_borough.append(left)
        found += of_borough
    return ["+".join(area) for area in found]
