"""A year of records of every kind that a release counts, and some that it must not; synthetic."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import shapely

from app.core.ids import new_reference, random_id
from app.reference import boundaries
from app.reference import service as reference
from app.reference.boundaries import Boundary
from tests.people import KINGSTON, RICHMOND
from tests.releases import AGENCIES, INCIDENT, PARTNERS, POINTS, Ground, incident_values
from tests.sql.world import cluster_values, insert, lineage_values, run_values

YEAR, SIDE_M = 2025, 2500
FIELDS = {"code_field": "gss_code", "name_field": "name"}
FIRST, DAYS = date(YEAR, 1, 1), 365
LOCATED = datetime(YEAR - 1, 11, 1, tzinfo=UTC)
BY = random_id()
HARMS = ("SYV", "KNIFE", "CCE", "COUNTY_LINES", "CSE", "HSB", "ASB", "MISSING_HOME", "MISSING_CARE",
         "MISSING_EDU", "ROBBERY", "ONLINE_HARM", "OCN", "CUCKOOING", "NTE_DISORDER")  # fmt: skip
MISSING = {"MISSING_HOME": "HOME", "MISSING_CARE": "CARE", "MISSING_EDU": "EDUCATION"}
# type, class, corner (easting, northing) or nothing, may be named
PLACES = (
    ("PARK", "PUBLIC_REALM", (518_000, 169_300), False),
    ("PARK", "PUBLIC_REALM", (517_900, 174_850), False),
    ("STATION", "PUBLIC_REALM", (518_150, 169_500), False),
    ("STREET_ALLEY", "PUBLIC_REALM", (517_700, 174_700), False),
    ("SHOPPING", "MANAGED", (518_300, 169_200), True),
    ("SHOPPING", "MANAGED", (517_500, 174_600), False),
    ("SCHOOL", "SENSITIVE", (518_400, 169_600), False),
    ("RESIDENTIAL", "RESIDENTIAL", None, False),
)
PLATFORMS = {"VIDEO": 12, "SOCIAL": 9, "MESSAGING": 8, "GAME": 3, "SITE": 1}
REPORTERS = ("SCHOOL", "COUNCIL", "BUSINESS", "VCS", "RESIDENT", "POLICE")
NOT_COUNTED = ({"state": "WITHDRAWN"}, {"tier": "C"}, {"x": 530_000, "y": 180_000})


def wards() -> list[tuple[str, Boundary]]:
    """Boroughs with made-up wards: each cut into squares, so that some are nearly empty."""
    made = []
    for number, borough in enumerate(boundaries.read(reference.BOROUGHS, **FIELDS)):
        if borough.code not in PARTNERS:
            continue
        west, south, east, north = (int(one) for one in borough.shape_m.bounds)
        corners = [(x, y) for x in range(west, east, SIDE_M) for y in range(south, north, SIDE_M)]
        for n, (x, y) in enumerate(corners):
            shape = borough.shape_m.intersection(shapely.box(x, y, x + SIDE_M, y + SIDE_M))
            if shape.area > 0:
                ward = Boundary(f"E05{number:03}{n:03}", f"Ward {number}-{n}", shape)
                made.append((borough.code, ward))
    return made


def shared(ref: str, **more: Any) -> dict[str, Any]:
    by = {"created_by": BY, "updated_by": BY, "is_synthetic": True}
    return {"id": random_id(), "ref": new_reference(ref), "agency_code": "AFC", **by} | more


def place(type_code: str, kind: str, corner: tuple[int, int] | None, *, named: bool) -> dict:
    values = shared("PL", tier="H0", purpose_code="PLAN", created_at=LOCATED)
    values |= {"type_code": type_code, "sensitivity": kind, "state": "ASSESSING"}
    values |= {"name": f"Synthetic {type_code.lower()}", "label_expires_on": date(YEAR + 2, 1, 1)}
    if named:
        values |= {"may_name": True, "may_name_reason": "Synthetic: the owner has agreed."}
    if corner is None:
        return values | {"geom_kind": "N" if kind == "ONLINE" else "P", "tier": "H1",
                         "borough_codes": [KINGSTON]}  # fmt: skip
    x, y = corner
    ring = ((x, y), (x + 60, y), (x + 60, y + 60), (x, y + 60), (x, y))
    shape = ",".join(f"{east} {north}" for east, north in ring)
    return values | {"geom_kind": "A", "geom": f"SRID=27700;POLYGON(({shape}))"}


def grounds(ground: Ground) -> list[dict]:
    """Places of each class, and online spaces of few and of many on one platform."""
    made = [place(*one[:3], named=one[3]) for one in PLACES]
    with ground.superuser() as admin:
        for values in made:
            insert(admin, "app.place", values)
        home = {"place_id": made[-1]["id"], "tier": "H1", "borough_codes": [KINGSTON]}
        insert(admin, "app.place_exact", home | {"geom": "SRID=27700;POINT(518060 169360)"})
        for platform, n in PLATFORMS.items():
            for _ in range(n):
                values = place("ONLINE_SOCIAL", "ONLINE", None, named=False)
                insert(admin, "app.place", values)
                space = {"place_id": values["id"], "platform_code": platform, "host": "ex.test"}
                space |= {"url_defanged": "hxxps://ex[.]test/synthetic", "tier": "H1"}
                insert(admin, "app.online_space", space)
    return made


def lived(ground: Ground, n: int, seed: int = 0) -> None:
    """`n` incidents of a year at places and points, some of missing children, and reports."""
    chance = random.Random(seed)
    with ground.db.cursor(reference.JOB) as cursor:
        areas = [ward for _, ward in wards()]
        reference.load_boundaries(cursor, areas, kind="ward", vintage=2022)
    places = grounds(ground)
    incidents = [happened(chance, places) for _ in range(n)]
    incidents += [happened(chance, places) | differs for differs in NOT_COUNTED]
    children = [child(chance) for _ in range(40)]
    with ground.superuser() as admin, admin.cursor() as cursor:
        cursor.executemany(INCIDENT, incidents)
        for values in incidents:
            if values["harm"] in MISSING:
                insert(admin, "app.missing_episode", episode(values))
        for one in children:
            insert(admin, "app.child", one)
        for one in children[:30]:
            insert(admin, "app.child_place_link", harmed(chance, one, places))
        for one in chance.sample(incidents, n // 5):
            link = {"incident_id": one["id"], "child_id": chance.choice(children)["id"]}
            by = {"created_by": BY, "is_synthetic": True, "role": "harmed_here"}
            insert(admin, "app.child_incident_link", link | by)
        for _ in range(n // 3):
            insert(admin, "app.report", told(chance))
        clustered(admin, chance.sample(incidents, n // 8))


def clustered(admin: psycopg.Connection, members: list[dict]) -> None:
    """One cluster across the border, of a run that was done before the year is counted."""
    run, lineage, key = random_id(), random_id(), random_id()
    done = {"state": "DONE", "finished_at": LOCATED}
    insert(admin, "app.cluster_run", run_values(run) | done)
    insert(admin, "app.cluster_lineage", lineage_values(lineage))
    values = cluster_values(key, run, lineage, 0, list(PARTNERS))
    insert(admin, "app.cluster", values | {"cross_borough": True})
    for one in members:
        member = {"run_id": run, "cluster_id": key, "site_id": "s", "n": 1, "is_core": True}
        insert(admin, "app.cluster_member", member | {"incident_id": one["id"]})


def happened(chance: random.Random, places: list[dict]) -> dict:
    borough = chance.choice(PARTNERS)
    x, y = POINTS[borough]
    at = datetime(YEAR, 1, 1, 12, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * (DAYS - 1)))
    where = chance.choice(places) if chance.random() < 0.4 else None
    late = chance.random() < 0.04
    values = incident_values(
        at=at,
        known=at + timedelta(days=120 if late else 2),
        x=x + chance.randrange(-1500, 1500),
        y=y + chance.randrange(-1500, 1500),
        harm=chance.choice(HARMS),
        line=chance.random() < 0.5,
        found=chance.choice(("OTHER", "OTHER", "PROACTIVE_PATROL", "STOP_SEARCH")),
        agency=chance.choice(AGENCIES),
        place=where and where["id"],
    )
    return values | {"precision": "DAY" if chance.random() < 0.15 else "HOUR"}


def episode(incident: dict) -> dict:
    by = {"created_by": BY, "updated_by": BY, "is_synthetic": True, "agency_code": "AFC"}
    return by | {"incident_id": incident["id"], "kind": MISSING[incident["harm"]],
                 "missing_from_at": incident["at"], "created_at": incident["known"]}  # fmt: skip


def child(chance: random.Random) -> dict:
    home = chance.choice((KINGSTON, RICHMOND, "E09000024"))
    values = shared("CH", tier="H1", purpose_code="PLAN", home_lad_code=home, age_band="A13_15")
    return values | {"age_band_as_of": FIRST, "borough_codes": [KINGSTON], "created_at": LOCATED}


def harmed(chance: random.Random, one: dict, places: list[dict]) -> dict:
    values = {"id": random_id(), "child_id": one["id"], "place_id": chance.choice(places)["id"]}
    values |= {"role": chance.choice(("harmed_here", "at_risk_here", "frequents"))}
    values |= {"from_on": FIRST + timedelta(days=chance.randrange(200)), "basis": "Synthetic"}
    if chance.random() < 0.5:
        values["to_on"] = values["from_on"] + timedelta(days=90)
    return values | {"source_agency": "AFC", "created_by": BY, "is_synthetic": True,
                     "created_at": LOCATED}  # fmt: skip


def told(chance: random.Random) -> dict:
    at = datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(DAYS))
    kind = chance.choice(REPORTERS)
    values = shared("RP", channel="WEB", danger_answer="NO", where_kind="DESCRIBED", when_kind="D7")
    values |= {"created_at": at, "decided_at": at + timedelta(days=3), "reporter_kind": kind}
    duplicate = chance.random() < 0.1
    values |= {"outcome_codes": ["DUPLICATE"] if duplicate else []}
    return values | {"state": chance.choice(("DECIDED", "CLOSED", "IN_TRIAGE")),
                     "agency_code": chance.choice(AGENCIES)}  # fmt: skip
