"""Work with the places of the demonstration: assessed, weighted, planned, met about, reviewed.

Each place has what its state asks for; six of them have a story that is told in full. The rows
carry the dates that they pretend to be of, which only this job may say, and go in together.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

import shapely
from psycopg.rows import dict_row

from app.core import clock
from app.core.db import Database
from app.demo import assessed, changes, drawn, met, planned
from app.demo.assessed import Made
from app.demo.lives import KINGSTON, STEPS, Story, Team
from app.demo.rules import Row
from app.demo.service import JOB, Cursor, insert_rows
from app.releases import rules as periods

TABLES = Path(__file__).resolve().parents[2] / "data" / "demo"
NAMES = UUID("0c0e6f3a-6a0b-4d52-9a7b-5b5a0d1c7e11")
USUAL = ("PUBLIC_REALM", "MANAGED", "SENSITIVE", "ONLINE")
# In the order of a team.
ACCOUNTS = ("demo-practitioner", "demo-lead", "demo-custodian", "demo-police", "demo-partner",
            "demo-vca")  # fmt: skip
# Parents first.
ORDER = ("context_assessment", "assessment_method", "assessment_answer", "meeting",
         "meeting_member", "meeting_item", "context_plan", "plan_goal", "plan_measure",
         "measure_observation", "plan_action", "outcome_review", "signs_panel", "safety_scale",
         "context_weighting", "safety_map")  # fmt: skip
PLACES = """
    select id, ref, name, state, type_code, sensitivity, created_at, borough_codes, harm_codes,
           ST_AsBinary(geom) as geom
    from app.place
    where is_synthetic and deleted_at is null and state = any (%s) and sensitivity = any (%s)
    order by not borough_codes @> array[%s], created_at, ref
"""
WHO = 'select username, id from app."user" where is_synthetic'
CUTS = 4  # reports that the demonstration has
THERE = "select exists (select from app.context_assessment where is_synthetic)"


def load_once(db: Database) -> int:
    """How many rows were made; on later starts, and without places, none."""
    with db.cursor(JOB) as cursor:
        found = cursor.execute(THERE).fetchone()
        if found is None or found[0]:
            return 0
        stories = told(cursor, clock.today())
        if not stories:
            return 0
        rows = _insert(cursor, _rows(stories))
        changes.tell(cursor, stories)
        cursor.execute(
            "select audit.log('demo.load', 'context_work', null, 'done', %s, '{}'::jsonb)", (rows,)
        )
    from app.demo import compared  # what it loads costs every later start a fifth of a second

    compared.run(db, [story for story in stories if story.plot == "monitoring"])
    return rows


def told(cursor: Cursor, today: date) -> list[Story]:
    """Every place that is worked with, and which of them has which plot."""
    with cursor.connection.cursor(row_factory=dict_row) as reading:
        asked = (list(STEPS), list(USUAL), KINGSTON)
        places = reading.execute(PLACES, asked).fetchall()
    team, plots = _team(cursor), _plots(places)
    return [
        Story(plots.get(place["id"], ""), number, place, _shape(place), team, today)
        for number, place in enumerate(places)
        if place["state"] != "CLOSED" or place["id"] in plots
    ]


def _team(cursor: Cursor) -> Team:
    """The accounts of the demonstration; where there are none, keys that nobody has."""
    known = dict(cursor.execute(WHO).fetchall())
    return Team._make(known.get(name, uuid5(NAMES, name)) for name in ACCOUNTS)


def _plots(places: Sequence[Row]) -> dict[UUID, str]:
    """The first place of the state and type that a plot asks for."""
    found: dict[UUID, str] = {}
    for one in _table("plots"):
        wanted = (one["state"], one["type_code"])
        fits = [p["id"] for p in places if (p["state"], p["type_code"]) == wanted]
        found |= {fits[0]: one["plot"]} if fits else {}
    return found


def _shape(place: Row) -> shapely.geometry.base.BaseGeometry | None:
    return None if place["geom"] is None else shapely.from_wkb(bytes(place["geom"]))


def _rows(stories: Sequence[Story]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for table, row in _made(stories):
        rows[table].append(row)
    return rows


def _made(stories: Sequence[Story]) -> Iterator[Made]:
    signs, actions = _table("signs"), _table("actions")
    for story in stories:
        yield from assessed.first(story, signs)
        if story.reached("MONITORING"):
            yield from assessed.again(story, signs)
        if story.reached("PLAN_ACTIVE"):
            yield from met.conferences(story)
            yield from planned.made(story, actions)
        if story.plot == "weighted":
            yield from met.weighted(story)
        if story.plot in {"active", "monitoring"}:
            yield from drawn.maps(story)
    first = stories[0]
    yield from met.panels(_table("meetings"), stories, first.team, first.today)
    cuts = _cuts(first.today)
    yield from met.subgroup(stories, first.team, cuts[1:])
    yield from met.months(stories, first.team, cuts)


def _cuts(today: date) -> list[date]:
    """Days on which the last quarters were known, newest first."""
    cuts: list[date] = []
    one = periods.window(f"{today.year}-Q{(today.month - 1) // 3 + 1}").before
    while len(cuts) < CUTS:
        if (day := periods.day_before(one.cut_at)) < today:
            cuts.append(day)
        one = one.before
    return cuts


def _insert(cursor: Cursor, rows: dict[str, list[Row]]) -> int:
    return sum(insert_rows(cursor, name, rows[name]) for name in ORDER if rows[name])


def _table(name: str) -> list[dict[str, str]]:
    with (TABLES / f"context_{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
