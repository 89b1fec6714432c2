"""Tiles the server keeps: never of another reader, never of an older state of the database."""

import json
import re
import threading
from datetime import date

import mapbox_vector_tile
import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.maps import queries
from app.maps.kept import OVERHEAD, Kept, Key, Tiles
from app.maps.rules import Filters, parse
from tests.people import LEAD, RICHMOND, browser, sign_in_as

PLACES = "/tiles/places/10/511/340.pbf"
PARTNERS = ["E09000021", "E09000027"]
JOB = job_actor("demo:load")


@pytest.fixture
def asked(monkeypatch):
    """How many tiles were read from the database."""
    said = []
    read = queries.tile_asked

    def noted(*given):
        said.append(given[0])
        return read(*given)

    monkeypatch.setattr(queries, "tile_asked", noted)
    return said


def names(answer) -> set[str]:
    layers = mapbox_vector_tile.decode(answer.content) if answer.content else {}
    return {f["properties"]["name"] for f in layers.get("places", {}).get("features", ())}


def renamed(db, was: str, now: str) -> None:
    with db.begin(JOB) as session:
        session.execute(
            text("update app.place set name = :now where name = :was"), {"was": was, "now": now}
        )


def a_name(db) -> str:
    with db.begin(JOB) as session:
        return session.scalar(
            text("""select name from app.place
                    where geom_kind = 'P' and tier = 'H0' and deleted_at is null
                      and state = 'IDENTIFIED' and sensitivity = 'PUBLIC_REALM'
                      and 'E09000021' = any (borough_codes) order by ref limit 1""")
        )


def test_the_same_tile_is_read_once(demo_db, settings, asked):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        first = lead.get(PLACES)
        n = len(asked)
        again = lead.get(PLACES)

    assert len(asked) == n
    assert first.content == again.content
    assert names(first)
    assert dict(first.headers) | {"x-request-id": ""} == dict(again.headers) | {"x-request-id": ""}
    assert again.headers["cache-control"] == "no-store, private"
    assert "etag" not in again.headers


def test_an_empty_tile_is_kept_as_empty(demo_db, settings, asked):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        first = lead.get("/tiles/places/14/0/0.pbf")
        n = len(asked)
        again = lead.get("/tiles/places/14/0/0.pbf")

    assert [first.status_code, again.status_code] == [204, 204]
    assert len(asked) == n


def test_a_change_is_in_the_next_tile(demo_db, settings, asked):
    was = a_name(demo_db)
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        assert was in names(lead.get(PLACES))
        renamed(demo_db, was, "Demo: called otherwise")
        after = names(lead.get(PLACES))
        renamed(demo_db, "Demo: called otherwise", was)

    assert "Demo: called otherwise" in after
    assert was not in after


def test_a_tile_read_while_a_change_was_under_way_is_not_kept(demo_db, settings, asked):
    was = a_name(demo_db)
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        with demo_db.begin(JOB) as session:
            session.execute(
                text("update app.place set name = 'Demo: under way' where name = :was"),
                {"was": was},
            )
            session.flush()
            during = [names(lead.get(PLACES)) for _ in range(2)]
        after = names(lead.get(PLACES))
        renamed(demo_db, "Demo: under way", was)

    assert all(was in found for found in during)
    assert "Demo: under way" in after
    assert len(asked) == 3


@pytest.mark.asvs("14.2.2")
def test_nobody_is_answered_with_a_tile_of_somebody_else(demo_db, settings, asked):
    """One application, so one memory: each reader's tile is what a fresh one would give."""
    people = {
        "lead": sign_in_as(demo_db, "cs_lead"),
        "analyst": sign_in_as(demo_db, "police_analyst"),
        "kingston": sign_in_as(demo_db, "practitioner"),
        "richmond": sign_in_as(demo_db, "practitioner", boroughs=(RICHMOND,)),
        "partner": sign_in_as(demo_db, "partner"),
    }
    with browser(demo_db, settings, people["lead"]) as client:
        cookie = next(iter(client.cookies))
        answers = {}
        for _ in range(2):
            for who, person in people.items():
                client.cookies.clear()
                client.cookies.set(cookie, person.cookie)
                answers.setdefault(who, []).append(client.get(PLACES).content)
    alone = {}
    for who, person in people.items():
        with browser(demo_db, settings, person) as client:
            alone[who] = client.get(PLACES).content

    assert len(asked) == 2 * len(people)
    assert all(first == again for first, again in answers.values())
    assert {who: first for who, (first, _) in answers.items()} == alone
    assert len({alone["kingston"], alone["richmond"], alone["partner"], alone["lead"]}) == 4


@pytest.mark.asvs("7.4.1")
def test_an_ended_session_gets_no_kept_tile(demo_db, settings):
    person = sign_in_as(demo_db, "cs_lead")
    with browser(demo_db, settings, person) as lead:
        assert lead.get(PLACES).status_code == 200
        with demo_db.begin(JOB) as session:
            session.execute(
                text("update app.session set ended_at = now() where user_id = :of"),
                {"of": person.user_id},
            )
        assert lead.get(PLACES).status_code == 401


@pytest.mark.asvs("8.3.2")
def test_a_changed_role_or_borough_acts_on_the_next_tile(demo_db, settings, cluster):
    person = sign_in_as(demo_db, "practitioner")
    with browser(demo_db, settings, person) as client:
        before = client.get(PLACES).content
        dsn = cluster.dsn("postgres", demo_db.logins.dbname)
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute(
                'update app."user" set borough_codes = %s where id = %s',
                ([RICHMOND], person.user_id),
            )
        after = client.get(PLACES).content

    assert before != after


def test_words_and_counts_of_children_are_asked_anew(demo_db, settings, asked):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        for query in ("q=demo", "children=none"):
            for _ in range(2):
                assert lead.get(f"{PLACES}?{query}").status_code in {200, 204}

    assert len(asked) == 4


QUERIES = (
    "",
    "period=12m&grade=reports&harm=HG_SEXUAL&agency=MPS&part=LATE&dark=yes&day=WEEKEND",
    "period=all&stage=closed&level=CL2&type=PG_OPEN&borough=outside&harm=CSE",
    "grade=reports&part=LATE&borough=E09000027",
    "source=police&screen=1",
    "source=partnership&period=quarter",
)


def test_every_table_that_a_tile_reads_moves_the_version(demo_db, cluster):
    """As planned for a lead and a partner, at every kind of zoom."""
    read = set()
    for actor, in_full in ((LEAD, True), (sign_in_as(demo_db, "partner").actor, False)):
        for query in QUERIES if in_full else ("", "stage=monitoring&type=PG_OPEN"):
            for layer in queries.LAYERS:
                for z in (9, 13, 16):
                    read |= _tables(demo_db, actor, layer, z, _filters(query, in_full))
    dsn = cluster.dsn("postgres", demo_db.logins.dbname)
    with psycopg.connect(dsn) as admin:
        moved = {
            name
            for (name,) in admin.execute("""
                select tgrelid::regclass::text from pg_trigger where tgname = 'map_changed'
            """)
        }

    assert {"app.place", "app.incident", "app.cluster", "app.report"} <= read
    assert read <= moved, read - moved


def _filters(query: str, in_full: bool) -> Filters:
    given = dict(part.split("=") for part in query.split("&") if part)
    filters, wrong = parse(given, date(2026, 11, 26), in_full=in_full)
    assert not wrong
    return filters


def _tables(db, actor, layer: str, z: int, filters: Filters) -> set[str]:
    given = queries.tile_parameters(
        layer, (z, 511 << (z - 10) if z > 9 else 255, 340), filters, PARTNERS
    )
    asked = queries.tile_sql(queries.statement(layer, given), filters)
    with db.cursor(actor) as cursor:
        cursor.execute(b"explain (verbose, format json) " + asked, given)
        plan = json.dumps(cursor.fetchone()[0])
    found = re.findall(r'"Relation Name": "(\w+)", "Schema": "(\w+)"', plan)
    return {f"{schema}.{name}" for name, schema in found}


@pytest.mark.parametrize(
    "change",
    [
        "insert into app.hot_cell select * from app.hot_cell where false",
        "update app.place set name = name where false",
        "delete from app.report_outcome where false",
        "truncate app.hot_cell",
    ],
)
def test_every_kind_of_change_moves_the_version(demo_db, cluster, change):
    with psycopg.connect(cluster.dsn("postgres", demo_db.logins.dbname)) as admin:
        before = admin.execute("select app.map_version()").fetchone()
        admin.execute(change)
        after = admin.execute("select app.map_version()").fetchone()
        admin.rollback()

    assert before != after


def key(n: int) -> Key:
    return Key("1", b"{}", "full", "places", (10, n, 0), Filters(), gzipped=False)


def test_the_tiles_longest_unused_go_first():
    tiles = Tiles(most_bytes=3 * (OVERHEAD + 100))
    for n in range(3):
        tiles.keep(key(n), Kept(b"x" * 100, ""))
    tiles.get(key(0))
    tiles.keep(key(3), Kept(b"x" * 100, ""))

    assert [tiles.get(key(n)) is not None for n in range(4)] == [True, False, True, True]
    assert tiles.bytes == 3 * (OVERHEAD + 100)


def test_a_tile_kept_twice_counts_once_and_one_too_large_is_not_kept():
    tiles = Tiles(most_bytes=1_000)
    for _ in range(2):
        tiles.keep(key(1), Kept(b"x" * 100, ""))
    tiles.keep(key(2), Kept(b"x" * 1_000, ""))

    assert (len(tiles), tiles.bytes) == (1, OVERHEAD + 100)


def test_many_threads_keep_the_sum_of_what_is_held():
    tiles = Tiles(most_bytes=20 * (OVERHEAD + 100))

    def work(start: int) -> None:
        for n in range(200):
            tiles.keep(key(start + n % 30), Kept(b"x" * 100, ""))
            tiles.get(key(n % 40))

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert tiles.bytes == len(tiles) * (OVERHEAD + 100) <= 20 * (OVERHEAD + 100)
