"""What packs count, against a slow recount of the same world in plain Python."""

from collections import Counter, defaultdict
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.core.clock import LONDON
from app.incidents import away
from app.packs import marve_facts, marve_rules, missing_facts
from app.packs.content import Asked
from app.packs.rules import Kind, Window
from tests import pack_world
from tests.pack_world import SINCE, UNTIL, YEAR

BOROUGHS = {"E09000021": "Kingston", "E09000027": "Richmond"}
MARVE = Asked(Window(Kind.MARVE, "2026-10", SINCE, UNTIL), BOROUGHS)
FORTNIGHT = UNTIL - timedelta(days=14)
MISSING = Asked(Window(Kind.MISSING, "2026-11-01", FORTNIGHT, UNTIL), BOROUGHS)


@pytest.fixture(scope="module")
def made(module_db):
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        found = pack_world.seeded(admin, 7)
        pack_world.episodes(found)
    return found


@pytest.fixture(scope="module")
def facts(made, session):
    return marve_facts.gather(session, MARVE)


@pytest.fixture(scope="module")
def sheet(made, session):
    return missing_facts.gather(session, MISSING)


@pytest.fixture(scope="module")
def session(module_db):
    dsn = module_db.logins.dsn("postgres")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn))
    with Session(engine) as session:
        yield session
    engine.dispose()


def known(made, ref, begin, end):
    """Items of a place that count and became known in a half-open span."""
    return [
        x for x in made.items if x["place"] == ref and x["counts"] and begin <= x["known"] < end
    ]


def independent(items):
    """By pairs, the long way: agencies, and a greedy walk over the days of the public."""
    told = []
    for item in sorted(items, key=lambda x: (x["at"], x["ref"])):
        if item["grade"] and item["grade"][1] == "E":
            continue
        root = (item["kind"], item["repeats"] or item["ref"])
        if root not in [other for other, _ in told]:
            told.append((root, item))
    agencies = {item["source"] for _, item in told} - {"PUBLIC"}
    kept = []
    for _, item in told:
        if item["source"] == "PUBLIC" and all(
            item["at"] - day >= timedelta(days=7) for day in kept
        ):
            kept.append(item["at"])
    return len(agencies) + len(kept)


def test_the_seed_makes_every_case(made):
    assert {item["kind"] for item in made.items} == {"REPORT", "INCIDENT", "INTELLIGENCE"}
    assert any(item["repeats"] for item in made.items)
    assert any(item["known"] == SINCE for item in made.items)
    assert any(item["known"] == UNTIL for item in made.items)


def test_items_of_the_window_and_of_a_year_are_those_that_became_known_then(made, facts):
    ids = {told["id"]: ref for ref, told in made.places.items()}
    for key, ref in ids.items():
        counted = marve_rules.kinds(facts.items.get(key, []), SINCE)
        for kind, (fresh, year) in counted.items():
            of_year = [x for x in known(made, ref, UNTIL - YEAR, UNTIL) if x["kind"] == kind]
            assert year == len(of_year), (ref, kind)
            assert fresh == len([x for x in of_year if x["known"] >= SINCE]), (ref, kind)


def test_grades_and_proactive_items_are_recounted(made, facts):
    for ref, told in made.places.items():
        items = facts.items.get(told["id"], [])
        year = known(made, ref, UNTIL - YEAR, UNTIL)
        assert sum(x.proactive for x in items) == sum(x["proactive"] for x in year)
        good = sum(x["grade"] in ("1A", "1B", "2B") for x in year)
        assert sum(x.well_graded for x in items) == good


def test_each_place_stands_where_the_recount_says(made, facts):
    for one in (*facts.pages, *facts.rest):
        ref = next(ref for ref, told in made.places.items() if told["id"] == one.key)
        told = made.places[ref]
        for name in ("state", "state_before", "level", "level_before", "band", "band_before"):
            assert getattr(one, name) == told[name], (ref, name)
        assert one.new_items == independent(known(made, ref, SINCE, UNTIL)), ref
        assert (one.urgent_since is None) == (told["urgent_since"] is None)


def test_pages_are_those_with_a_reason_in_the_order_of_the_panel(made, facts):
    def reason(told, ref):
        changed = any(
            told[f"{name}_before"] is not None and told[f"{name}_before"] != told[name]
            for name in ("level", "band")
        )
        return (
            told["urgent_since"] is not None
            or told["state"] != told["state_before"]
            or changed
            or independent(known(made, ref, SINCE, UNTIL)) >= 2
            or told["review_on"] <= UNTIL.date() + timedelta(days=14)
        )

    def rank(told):
        band = ["HIGH", "MEDIUM", "LOW", None].index(told["band"])
        return (told["urgent_since"] is None, -int(told["level"][2]), band, told["name"])

    wanted = sorted((told for ref, told in made.places.items() if reason(told, ref)), key=rank)[:12]

    assert [one.name for one in facts.pages] == [told["name"] for told in wanted]
    assert len(facts.pages) + len(facts.rest) == len(made.places)


def test_no_home_has_a_picture(made, facts):
    homes = {row.id for row in facts.places.values() if row.sensitivity == "RESIDENTIAL"}

    assert homes
    assert not homes & set(facts.maps)
    assert facts.maps


def test_who_is_missing_and_who_returned(made, sheet):
    still = {x["ref"] for x in made.episodes if x["back"] is None or x["back"] >= UNTIL}
    back = {x["ref"] for x in made.episodes if x["back"] and FORTNIGHT <= x["back"] < UNTIL}

    assert {one.ref for one in sheet.open} == still
    assert {one.ref for one in sheet.returned} == back
    assert still
    assert back


def test_p01_to_p05_are_recounted(made, sheet):
    told = [x for x in made.episodes if x["back"] and FORTNIGHT <= x["back"] < UNTIL]
    hours = sorted((x["back"] - x["gone"]).total_seconds() / 3600 for x in told)

    def done(x, name):
        return x[name] if x[name] and x[name] < UNTIL else None

    found = away.measured([missing_facts.times(one, UNTIL) for one in sheet.returned])

    assert found.returned == len(told)
    assert found.longest_hours == pytest.approx(hours[-1])
    middle = (hours[(len(hours) - 1) // 2] + hours[len(hours) // 2]) / 2
    assert found.median_hours == pytest.approx(middle)
    assert found.offered == sum(
        bool(done(x, "offered")) and (x["offered"] - x["back"]).total_seconds() <= 72 * 3600
        for x in told
    )
    assert found.held == sum(done(x, "held") is not None for x in told)
    assert found.decided == sum(
        bool(done(x, "decided"))
        and (x["decided"] - (done(x, "held") or x["back"])).total_seconds() <= 24 * 3600
        for x in told
    )
    assert found.captured == sum(x["captured"] or x["found"] for x in told)
    assert found.declined == sum(x["declined"] for x in told)


def test_p06_places_with_two_episodes_or_two_children_in_90_days(made, sheet):
    episodes, children = defaultdict(set), defaultdict(set)
    for x in made.episodes:
        if x["found"] and UNTIL - timedelta(days=90) <= x["gone"] < UNTIL:
            episodes[x["place"]].add(x["ref"])
            children[x["place"]].add(x["child"])
    wanted = away.repeat_places(episodes, children)

    found = {place.ref: (place.episodes, place.children) for place in sheet.repeated}

    assert sorted(found) == wanted
    assert wanted
    for ref, counted in found.items():
        assert counted == (len(episodes[ref]), len(children[ref]))


def test_first_and_repeat_and_home_boroughs_are_recounted(made, sheet):
    recent = [x for x in made.episodes if x["gone"] >= UNTIL - timedelta(weeks=12)]

    assert Counter(one.is_repeat for one in sheet.recent) == Counter(x["repeat"] for x in recent)
    assert Counter(home for one in sheet.recent for home in one.homes) == Counter(
        x["home"] for x in recent
    )


def test_hours_are_read_in_london(sheet):
    assert missing_facts.day(UNTIL.astimezone(LONDON)) == "1 November"
    assert missing_facts.moment(UNTIL) == "1 November, 12:00am"
