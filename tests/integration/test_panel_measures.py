"""M01 to M08 of the MARVE panel, against a slow recount of the same meetings in plain Python."""

from collections import Counter
from statistics import median

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.core.clock import london
from app.meetings import measures
from tests import panel_world
from tests.pack_world import SINCE, UNTIL


@pytest.fixture(scope="module")
def made(module_db):
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        return panel_world.panels(admin, 3)


@pytest.fixture(scope="module")
def session(module_db):
    dsn = module_db.logins.dsn("postgres")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture(params=[False, True], ids=["all", "named"])
def named_only(request):
    return request.param


@pytest.fixture
def found(made, session, named_only):
    return measures.panel(session, SINCE, UNTIL, cut=UNTIL, named_only=named_only)


def seen(made, meeting, *, named_only):
    """The places that a meeting considered."""
    keys = {*meeting["about"]}
    keys |= {x["place"]["id"] for x in made["items"] if x["meeting"] == meeting["id"]}
    return {p["id"] for p in made["places"] if p["id"] in keys and (p["named"] or not named_only)}


def held(made, begin=None):
    return [
        x
        for x in made["meetings"]
        if x["state"] == "HELD" and x["held"] < UNTIL and (begin is None or x["held"] >= begin)
    ]


def test_places_considered_new_closed_and_with_childrens_voice(made, found, named_only):
    now = [seen(made, x, named_only=named_only) for x in held(made, SINCE)]
    before = [seen(made, x, named_only=named_only) for x in held(made) if x["held"] < SINCE]
    considered = set().union(*now)
    ever = considered.union(*before)

    assert found.meetings == len(now) == 2
    assert found.considered == len(considered)
    assert found.new == len(considered - set().union(*before))
    assert found.with_voice == sum(p["voice"] for p in made["places"] if p["id"] in considered)
    assert found.closed == Counter(
        p["code"]
        for p in made["places"]
        if p["id"] in ever and p["closed"] and SINCE <= p["closed"] < UNTIL
    )


def decisions(made, begin, *, named_only):
    wanted = {x["id"] for x in held(made, begin)}
    return [
        x
        for x in made["items"]
        if x["meeting"] in wanted and x["decided"] and (x["place"]["named"] or not named_only)
    ]


def state(task):
    """As it was at the cut."""
    return task["state"] if task["at"] <= UNTIL else "OPEN"


def test_decisions_carried_out_in_time(made, found, named_only):
    due = in_time = 0
    for one in decisions(made, SINCE, named_only=named_only):
        tasks = [task for task in one["tasks"] if state(task) != "WITHDRAWN"]
        if any(task["due"] >= UNTIL.date() for task in tasks):
            continue
        due += 1
        done = [state(t) == "DONE" and london(t["at"]).date() <= t["due"] for t in tasks]
        in_time += bool(tasks) and all(done)

    assert (found.in_time, found.due) == (in_time, due)
    assert due > in_time


def test_tasks_overdue_by_agency(made, found, named_only):
    late = Counter(
        task["owner"]
        for one in decisions(made, None, named_only=named_only)
        for task in one["tasks"]
        if state(task) == "OPEN" and task["due"] < UNTIL.date()
    )

    assert found.overdue == late
    assert late


def test_agencies_present_and_invited(made, found):
    there = [meeting["there"] for meeting in held(made, SINCE)]

    assert found.invited == sum(map(len, there))
    assert found.present == sum(came is True for one in there for came in one.values())


def test_median_days_from_the_agenda_to_the_panel(made, found, named_only):
    wanted = {x["id"] for x in held(made, SINCE)}
    days = [
        (x["held"] - x["put_on"]).total_seconds() / 86400
        for x in made["items"]
        if x["meeting"] in wanted and (x["place"]["named"] or not named_only)
    ]

    assert found.median_days == pytest.approx(median(days))


def test_a_window_without_a_panel_is_empty(made, session):
    found = measures.panel(session, UNTIL, UNTIL, cut=UNTIL, named_only=False)

    assert (found.meetings, found.considered, found.due, found.invited) == (0, 0, 0, 0)
    assert found.median_days is None
