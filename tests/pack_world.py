"""A seeded world for packs: what was recorded, kept as plain Python so that it can be recounted.

Everything is synthetic. `Seeded.records` holds each fact as it was written; the database gets the
same, past its guards, with the dates that a record of a year would have.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import psycopg

from app.core.clock import LONDON
from app.core.ids import random_id
from tests.sql import world
from tests.sql.world import SOMEBODY

UNTIL = datetime(2026, 11, 1, tzinfo=LONDON)
SINCE = datetime(2026, 10, 1, tzinfo=LONDON)
YEAR = timedelta(days=365)
STATES = ("SCREENED", "IDENTIFIED", "ASSESSING", "ASSESSED", "PLAN_ACTIVE", "MONITORING")
LEVELS = ("CL1", "CL2", "CL3", "CL4")
BANDS = ("LOW", "MEDIUM", "HIGH")
AGENCIES = ("AFC", "LA_KINGSTON", "EDU", "MPS_SWBCU", "VCS")
GRADES = ("1A", "1B", "2B", "2C", "3C", "3D", "3E", "2E")
FOUND = ("PARTNER_REPORT", "PROACTIVE_PATROL", "CASEWORK", "STOP_SEARCH")
BY = {"created_by": SOMEBODY, "updated_by": SOMEBODY, "is_synthetic": True}


@dataclass
class Seeded:
    """Places by reference, and every item that was recorded of one."""

    rng: Random
    admin: psycopg.Connection
    places: dict[str, dict] = field(default_factory=dict)
    items: list[dict] = field(default_factory=list)
    episodes: list[dict] = field(default_factory=list)

    def at(self, begin: datetime, end: datetime) -> datetime:
        return begin + (end - begin) * self.rng.random()

    def near(self) -> datetime:
        """Often close to a border of the window: on it, a second before, or anywhere."""
        edge = self.rng.choice([SINCE, UNTIL])
        exact = [edge, edge - timedelta(seconds=1), edge - YEAR, self.at(SINCE, UNTIL)]
        return self.rng.choice([*exact, self.at(UNTIL - YEAR * 1.2, UNTIL + timedelta(days=9))])


def seeded(admin: psycopg.Connection, seed: int) -> Seeded:
    """Fourteen places with a life, and about three hundred items of them."""
    made = Seeded(Random(seed), admin)
    for number in range(14):
        place(made, number)
    refs = list(made.places)
    for _ in range(180):
        incident(made, made.rng.choice(refs))
    for _ in range(60):
        report(made, made.rng.choice(refs))
    for _ in range(60):
        intelligence(made, made.rng.choice(refs))
    return made


def place(made: Seeded, number: int) -> None:
    rng, admin = made.rng, made.admin
    sensitivity = "RESIDENTIAL" if number % 7 == 3 else "PUBLIC_REALM"
    now, was = rng.choice(STATES), rng.choice([*STATES, None])
    levels = rng.choice(LEVELS), rng.choice(LEVELS)
    bands = rng.choice([*BANDS, None]), rng.choice([*BANDS, None])
    one = world.Place(rng.choice("KR"), "H1", state=now, sensitivity=sensitivity,
                      author=SOMEBODY, type_code="PARK")  # fmt: skip
    world.write(one, admin)
    told = {
        "id": one.id, "place": one, "name": f"Synthetic {number:02}",
        "state": now, "state_before": was,
        "level": levels[0], "level_before": levels[1] if was else None, "band": bands[0],
        "band_before": bands[1],
        "urgent_since": SINCE + timedelta(days=3) if rng.random() < 0.2 else None,
        "review_on": (UNTIL + timedelta(days=rng.randint(-20, 40))).date(),
    }  # fmt: skip
    made.places[one.ref] = told
    admin.execute(
        "update app.place set name = %(name)s, level = %(level)s, urgent_since = %(urgent_since)s, "
        "next_review_on = %(review_on)s, created_at = %(at)s where id = %(id)s",
        {**told, "place": None, "at": SINCE - timedelta(days=400)},
    )
    _history(made, one.id, told)


def _history(made: Seeded, key, told: dict) -> None:
    """States, levels and bands as they were before the window, and at its end."""
    for table in ("place_state_change", "place_version", "place_priority"):
        made.admin.execute(f"delete from app.{table} where place_id = %s".encode(), (key,))
    before, within = SINCE - timedelta(days=40), SINCE + timedelta(days=5)
    steps = [(None, told["state_before"], before)]
    if told["state"] != told["state_before"]:
        steps.append((told["state_before"], told["state"], within))
    levels = [(before, told["level_before"]), (within, told["level"])]
    bands = [(before, told["band_before"]), (UNTIL - timedelta(days=1), told["band"])]
    for old, new, at in steps:
        said = {"from_state": old, "to_state": new, "at": at, "by": SOMEBODY}
        _insert(made, "place_state_change", key, new, said)
    for number, (at, level) in enumerate(levels, 1):
        said = {"version": number, "at": at, "by": SOMEBODY, "content": {"level": level}}
        _insert(made, "place_version", key, level, said)
    for at, band in bands:
        said = {"run_on": at.date(), "p": 50, "p_without_proactive": 50, "band": band,
                "confidence": "L", "voice_items": 0, "terms": {}, "weights_version": "test",
                "is_synthetic": True}  # fmt: skip
        _insert(made, "place_priority", key, band, said)
    told["band"] = told["band"] or told["band_before"]


def _insert(made: Seeded, table: str, key, known: object, said: dict) -> None:
    """Unless there was nothing to know then."""
    if known is not None:
        world.insert(made.admin, f"app.{table}", {"place_id": key} | said)


def incident(made: Seeded, ref: str) -> None:
    rng, known = made.rng, made.near()
    one = world.Incident("K", "C" if rng.random() < 0.1 else "H1", author=SOMEBODY,
                         agency=rng.choice(AGENCIES),
                         state="WITHDRAWN" if rng.random() < 0.1 else "RECORDED")  # fmt: skip
    one.place = made.places[ref]["place"]
    world.write(one, made.admin)
    found = rng.choice(FOUND)
    said = known - timedelta(days=rng.randint(0, 20))
    made.admin.execute(
        "update app.incident set created_at = %s, occurred_from = %s, occurred_to = %s, "
        "discovered_by = %s where id = %s",
        (known, said, said, found, one.id),
    )
    counts = one.scope["tier"] != "C" and one.state != "WITHDRAWN"
    made.items.append({
        "place": ref, "kind": "INCIDENT", "ref": one.ref, "source": one.agency, "known": known,
        "at": said, "counts": counts, "grade": None, "id": one.id,
        "proactive": found in ("PROACTIVE_PATROL", "STOP_SEARCH"), "repeats": None,
    })  # fmt: skip


def report(made: Seeded, ref: str) -> None:
    rng, known = made.rng, made.near()
    agency = rng.choice([*AGENCIES, "PUBLIC", "PUBLIC"])
    state = rng.choice(["DECIDED", "CLOSED", "IN_TRIAGE"])
    one = world.Report("K", "H1", agency=agency, author=SOMEBODY, state=state)
    world.write(one, made.admin)
    said = known - timedelta(days=rng.randint(0, 12))
    made.admin.execute("update app.report set created_at = %s where id = %s", (said, one.id))
    undone = known if rng.random() < 0.15 else None
    world.insert(made.admin, "app.report_outcome", {
        "id": random_id(), "report_id": one.id, "code": "LINKED_PLACE",
        "place_id": made.places[ref]["id"], "created_at": known, "created_by": SOMEBODY,
        "undone_at": undone,
    })  # fmt: skip
    earlier = [x for x in made.items if x["kind"] == "REPORT" and x["place"] == ref]
    repeats = rng.choice(earlier) if earlier and rng.random() < 0.2 else None
    if repeats:
        world.insert(made.admin, "app.report_outcome", {
            "id": random_id(), "report_id": one.id, "code": "DUPLICATE", "created_at": known,
            "other_report_id": repeats["id"], "created_by": SOMEBODY,
        })  # fmt: skip
    made.items.append({
        "place": ref, "kind": "REPORT", "ref": one.ref, "source": one.agency, "known": known,
        "at": said, "counts": one.state != "IN_TRIAGE" and undone is None, "grade": None,
        "proactive": False, "repeats": repeats and repeats["ref"], "id": one.id,
    })  # fmt: skip


def intelligence(made: Seeded, ref: str) -> None:
    rng, known = made.rng, made.near()
    grade, tier = rng.choice(GRADES), rng.choice("PPC")
    state = rng.choice(["RELEASED", "RELEASED", "WITHDRAWN"])
    one = world.Intel("K", tier, agency="MPS_SWBCU", author=SOMEBODY, state=state, grade=grade)
    made.admin.execute(world.INTEL, vars(one) | {"shape": world.SHAPES["K"]})
    found = rng.choice(FOUND)
    made.admin.execute(
        "update app.intel_item set released_at = %s, occurred_from = %s, discovered_by = %s "
        "where id = %s", (known, known, found, one.id),
    )  # fmt: skip
    world.insert(made.admin, "app.intel_item_place", {
        "id": random_id(), "intel_item_id": one.id, "place_id": made.places[ref]["id"],
        "created_by": SOMEBODY,
    })  # fmt: skip
    made.items.append({
        "place": ref, "kind": "INTELLIGENCE", "ref": one.ref, "source": "MPS_SWBCU",
        "known": known, "at": known, "grade": grade, "id": one.id, "repeats": None,
        "counts": tier == "P" and state == "RELEASED" and grade not in ("3D", "3E"),
        "proactive": found in ("PROACTIVE_PATROL", "STOP_SEARCH"),
    })  # fmt: skip


def episodes(made: Seeded, n: int = 60) -> None:
    """Missing episodes of a dozen children, found at a handful of places."""
    rng = made.rng
    children = [world.Child(rng.choice("KR"), author=SOMEBODY) for _ in range(12)]
    for child in children:
        world.write(child, made.admin)
    refs = list(made.places)[:5]
    for number in range(n):
        child, ref = rng.choice(children), rng.choice(refs)
        one = world.Incident("K", "H1", author=SOMEBODY, agency=rng.choice(AGENCIES))
        one.place = made.places[ref]["place"]
        world.write(one, made.admin)
        made.episodes.append(_episode(made, number, one, child, ref))


def _episode(made: Seeded, number: int, one: world.Incident, child: world.Child, ref: str) -> dict:
    rng, hours = made.rng, lambda most: timedelta(hours=rng.randint(0, most))
    gone = UNTIL - timedelta(days=rng.random() * 130)
    back = gone + hours(60) if rng.random() < 0.85 else None
    offered = back + hours(100) if back and rng.random() < 0.8 else None
    held = offered + hours(20) if offered and rng.random() < 0.5 else None
    decided = (held or back) + hours(40) if back and rng.random() < 0.7 else None
    found = rng.random() < 0.7
    told = {
        "ref": one.ref, "place": ref, "child": child.ref, "gone": gone, "back": back,
        "offered": offered, "held": held, "decided": decided, "found": found,
        "captured": rng.random() < 0.4, "declined": bool(offered) and held is None and
        rng.random() < 0.4, "repeat": rng.random() < 0.3, "team": one.agency,
        "home": sorted(world.BOROUGHS[child.where])[0],
    }  # fmt: skip
    made.admin.execute(
        "insert into app.missing_episode (incident_id, agency_code, created_by, updated_by, kind, "
        "missing_from_at, returned_at, rhi_offered_at, rhi_held_at, rhi_declined, "
        "manager_decision_at, location_captured, is_synthetic, repeat_of_id) values (%(id)s, "
        "'AFC', %(by)s, %(by)s, 'HOME', %(gone)s, %(back)s, %(offered)s, %(held)s, %(declined)s, "
        "%(decided)s, %(captured)s, true, %(of)s)",
        told | {"id": one.id, "by": SOMEBODY, "of": _earlier(made) if told["repeat"] else None},
    )
    told["repeat"] = told["repeat"] and bool(made.episodes)
    made.admin.execute(
        "insert into app.child_incident_link (child_id, incident_id, role, created_by, "
        "is_synthetic) values (%s, %s, %s, %s, true)",
        (child.id, one.id, "found_here_missing" if found else "at_risk_here", SOMEBODY),
    )
    return told | {"id": one.id}


def _earlier(made: Seeded):
    return made.episodes[-1]["id"] if made.episodes else None
