"""Plans and rows of the map's questions under policies, over 200,000 places.

No time is measured here (scripts/bench does that): a plan either uses the index or it does not.
"""

import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, select, text

from app.accounts import catalogue
from app.core import clock, dollars
from app.core.actor import Actor
from app.core.lines import Line
from app.incidents import queries as incidents
from app.incidents.models import Incident
from app.maps import queries
from app.maps.rules import Filters
from app.places import queries as places
from app.places.schemas import Period
from tests import many
from tests.people import browser, sign_in_as

ROOT = Path(__file__).resolve().parents[2]
KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
LIVE = "deleted_at is null"
# What each role may read, in the words of security.md and not of the generator.
PLACES_OF = {
    "practitioner": f"{LIVE} and '{KINGSTON}' = any(borough_codes) and tier in ('H0', 'H1')",
    "partner": f"{LIVE} and '{KINGSTON}' = any(borough_codes) and tier = 'H0' "
    "and state not in ('PROPOSED', 'DORMANT', 'CLOSED') and sensitivity <> 'RESIDENTIAL'",
    "police_analyst": LIVE,
    "cs_lead": f"{LIVE} and tier in ('H0', 'H1', 'P')",
}
INCIDENTS_OF = PLACES_OF | {"partner": "false"}
TILES = {8: (8, 127, 85), 12: (12, 2044, 1363), 14: (14, 8178, 5455), 16: (16, 32714, 21822)}
BOX = (-0.31, 51.40, -0.29, 51.41)
UNMARKED = "alter function public.geometry_overlaps(geometry, geometry) not leakproof"
MARKED = "alter function public.geometry_overlaps(geometry, geometry) leakproof"


@pytest.fixture(scope="module")
def crowded(module_db, cluster):
    many.load(cluster.dsn("postgres", module_db.logins.dbname))
    return module_db


@pytest.fixture(scope="module")
def people(crowded) -> dict[str, Actor]:
    """Each role as its session says, with claims signed as in every request."""
    return {role: sign_in_as(crowded, role).actor for role in PLACES_OF}


@pytest.fixture
def admin(crowded, cluster):
    dsn = cluster.dsn("postgres", crowded.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def explained(cursor, statement, given) -> str:
    cursor.execute(b"explain " + statement, given)
    return "\n".join(line for (line,) in cursor.fetchall())


def tile_plan(db, actor, layer, z) -> str:
    """As the route asks: prepared, one plan for all tiles."""
    given = queries.tile_parameters(layer, TILES[z], Filters(), PARTNERS)
    statement = queries.tile_sql(queries.statement(layer, given), Filters())
    with db.cursor(actor, keep_plans=True) as cursor:
        return explained(cursor, statement, given)


def asked_plans(db, actor, question) -> list[str]:
    """The plans of the statements that `question(session)` sends."""
    said = []

    def note(connection, cursor, statement, parameters, context, executemany):
        said.append((statement, parameters))

    with db.read(actor) as session:
        event.listen(session.connection(), "before_cursor_execute", note)
        question(session)
        raw = session.connection().connection.driver_connection
        with raw.cursor() as cursor:
            return [explained(cursor, s.encode(), given) for s, given in list(said)]


def indexes(plan) -> set[str]:
    return set(re.findall(r"(?:using|Index Scan on) (\w+_idx|\w+_key|\w+_pkey)", plan))


@pytest.mark.parametrize("role", PLACES_OF)
@pytest.mark.parametrize("z", TILES)
def test_a_tile_of_places_finds_points_by_key_and_shapes_by_box(crowded, people, role, z):
    plan = tile_plan(crowded, people[role], "places", z)

    assert "Seq Scan on place " not in plan
    assert {"place_qk_idx", "place_shape_idx"} <= indexes(plan)
    assert re.search(r"Index Cond: \(\(qk >= .*\) AND \(qk < ", plan)
    assert re.search(r"Index Cond: \(geom && ", plan)


@pytest.mark.parametrize("role", PLACES_OF)
@pytest.mark.parametrize("z", TILES)
def test_a_tile_of_incidents_is_a_range_of_the_key(crowded, people, role, z):
    plan = tile_plan(crowded, people[role], "incidents", z)

    if role != "partner":  # reads none: PostgreSQL asks no index for that
        assert "incident_qk_idx" in indexes(plan)
    assert "Seq Scan on incident " not in plan


@pytest.mark.parametrize("role", PLACES_OF)
def test_the_places_in_view_are_found_by_the_box(crowded, people, role):
    [plan] = asked_plans(
        crowded, people[role], lambda s: queries.in_box(s, Filters(), PARTNERS, BOX)
    )

    assert "Seq Scan on place " not in plan
    assert "place_geom_idx" in indexes(plan)


@pytest.mark.parametrize("role", PLACES_OF)
def test_features_in_a_box_are_found_by_the_box(crowded, people, role):
    asked = places.Filters(box=BOX)

    [plan] = asked_plans(crowded, people[role], lambda s: places.features(s, asked, limit=500))

    assert "Seq Scan on place " not in plan
    assert "place_geom_idx" in indexes(plan)


@pytest.mark.parametrize("role", PLACES_OF)
def test_incidents_in_a_box_are_found_by_their_points_and_by_their_places(crowded, people, role):
    asked = incidents.Filters(box=BOX)

    found = incidents.features(asked, limit=500)
    [plan] = asked_plans(crowded, people[role], lambda s: s.execute(found).all())

    if role != "partner":
        assert {"incident_geom_idx", "place_geom_idx"} <= indexes(plan)
    assert not re.search(r"Seq Scan on (place|incident) ", plan)


def test_the_newest_incidents_are_read_from_their_order_however_often_they_are_asked(
    crowded, people
):
    """After five times PostgreSQL may keep a plan; one that knew no state would sort them all."""
    asked = dollars.compiled(incidents.features(incidents.Filters(), limit=1000))
    given = sql.SQL(", ").join(sql.Literal((one or b"").decode()) for one in asked.values)

    with crowded.cursor(people["cs_lead"]) as cursor:
        cursor.execute(b"prepare newest as " + asked.text)
        for _ in range(6):
            cursor.execute(sql.SQL("execute newest({})").format(given))
        cursor.execute(sql.SQL("explain execute newest({})").format(given))
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "incident_occurred_idx" in indexes(plan), plan
    assert "Seq Scan on incident " not in plan


WINDOWS = {
    "recent": (timedelta(days=30), None),
    "in the middle": (timedelta(days=200), timedelta(days=190)),
    "empty": (timedelta(days=4000), timedelta(days=3990)),
}


def window(name) -> Period:
    first, past = WINDOWS[name]
    now = clock.now()
    return Period(now - first, now - past if past else None)


@pytest.mark.parametrize("name", WINDOWS)
def test_incidents_of_a_window_are_read_from_their_order(crowded, people, name):
    """Both ends: a window of some years ago, or one without any, is no reason to read them all."""
    asked = incidents.Filters(period=window(name))

    plans = asked_plans(crowded, people["cs_lead"], lambda s: incidents.listed(s, asked, number=1))

    for plan in plans:
        assert "Seq Scan on incident " not in plan, plan
        assert "incident_occurred_idx" in indexes(plan), plan
        ends = re.search(r"Index Cond: (.*occurred_from.*)", plan)[1]
        assert "occurred_from >= " in ends, plan
        assert ("occurred_from < " in ends) == (name != "recent"), plan


LASTING = """
    update app.incident set occurred_from = occurred_to - %s::interval
    where ref in (select ref from app.incident where occurred_to between %s and %s
                  order by md5(ref) limit %s)
"""
REACHING = """
    select ref from app.incident
    where (occurred_to > %(first)s or occurred_from >= %(first)s)
      and (%(past)s::timestamptz is null or occurred_from < %(past)s)
      and deleted_at is null and state <> 'WITHDRAWN' and tier in ('H0', 'H1', 'P')
    order by ref
"""


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_holds_what_reaches_into_it_however_long_it_lasts(crowded, people, name, admin):
    now = clock.now()
    admin.execute("set session_replication_role = replica")
    for lasting, since_days in ((31, 210), (32, 205), (33, 199), (4500, 150), (70, 40)):
        since = now - timedelta(days=since_days)
        admin.execute(LASTING, (timedelta(days=lasting), since, since + timedelta(days=3), 5))
    asked = incidents.Filters(period=window(name))

    with crowded.read(people["cs_lead"]) as session:
        found = session.scalars(select(Incident.ref).where(*asked.conditions())).all()

    first, past = asked.period
    assert sorted(found) == [
        ref for (ref,) in admin.execute(REACHING.encode(), {"first": first, "past": past})
    ]
    assert found


def test_what_lasts_longest_is_found_by_an_index_of_its_own(crowded, admin):
    """As the body of the function says it: a function hides its plan."""
    [(body,)] = admin.execute(
        "select prosrc from pg_proc where oid = 'app.earliest_reaching(timestamptz)'::regprocedure"
    )
    plan = admin.execute(b"explain " + body.replace("since", "now()").encode())

    shown = "\n".join(line for (line,) in plan)
    assert indexes(shown) == {"incident_long_idx"}, shown


@pytest.mark.parametrize("role", PLACES_OF)
def test_a_page_of_the_list_is_read_from_its_order(crowded, people, role):
    _count, page = asked_plans(
        crowded, people[role], lambda s: places.listed(s, places.Filters(), number=1)
    )

    assert "Seq Scan on place " not in page
    assert "place_recent_idx" in indexes(page)
    assert "Sort Key: place.updated_at DESC, place.ref" not in page


@pytest.mark.parametrize("role", PLACES_OF)
def test_one_place_is_found_by_its_reference(crowded, people, role, admin):
    [(ref,)] = admin.execute(
        f"select ref from app.place where {PLACES_OF[role]} limit 1".encode()
    ).fetchall()

    [plan] = asked_plans(crowded, people[role], lambda s: s.execute(BY_REF, {"refs": [ref]}))

    assert "place_ref_key" in indexes(plan)


BY_REF = text("select id from app.place where ref = any(cast(:refs as text[]))")


@pytest.mark.parametrize("role", PLACES_OF)
@pytest.mark.parametrize("z", [12, 14, 16])
def test_a_tile_under_policy_is_that_of_the_rows_the_role_may_read(crowded, people, role, z, admin):
    given = queries.tile_parameters("places", TILES[z], Filters(), PARTNERS)
    statement = queries.sql("places", Filters())
    allowed = f"(select * from app.place where {PLACES_OF[role]}) as place"
    with crowded.cursor(people[role], keep_plans=True) as cursor:
        shown = queries.tile(cursor, "places", given, Filters())

    [(wanted,)] = admin.execute(statement.replace("app.place", allowed).encode(), given).fetchall()

    assert shown == (wanted or b"")
    assert shown or (role, z) == ("partner", 16)


@pytest.mark.parametrize("role", PLACES_OF)
def test_the_places_in_view_are_those_the_role_may_read(crowded, people, role, admin):
    west, south, east, north = BOX
    wanted = admin.execute(
        f"""select ref from (select ref, name, ST_Transform(ST_PointOnSurface(geom), 4326) as at
            from app.place where {PLACES_OF[role]} and geom is not null
              and state not in ('CLOSED', 'DORMANT')) as p
            where ST_X(at) between %s and %s and ST_Y(at) between %s and %s
            order by name, ref""".encode(),
        (west, east, south, north),
    ).fetchall()

    with crowded.read(people[role]) as session:
        shown = queries.in_box(session, Filters(), PARTNERS, BOX)

    assert [spot.id for spot in shown] == [ref for (ref,) in wanted]
    assert shown


@pytest.mark.parametrize("table", ["place", "incident"])
@pytest.mark.parametrize("role", PLACES_OF)
def test_each_role_reads_its_rows_and_no_other(crowded, people, role, table, admin):
    rule = (PLACES_OF if table == "place" else INCIDENTS_OF)[role]
    asked = "select count(*), sum(hashtextextended(ref, 0)) from app." + table

    with crowded.read(people[role]) as session:
        seen = session.execute(text(asked)).one()

    assert [tuple(seen)] == admin.execute(f"{asked} where {rule}".encode()).fetchall()
    assert (seen[0] > 0) == (rule != "false")


def test_without_the_leakproof_mark_the_box_would_cost_the_whole_table(crowded, people, admin):
    """What the mark is for, and that its absence is noticed: pg_dump does not carry it."""
    admin.execute(UNMARKED)
    try:
        [plan] = asked_plans(
            crowded, people["cs_lead"], lambda s: queries.in_box(s, Filters(), PARTNERS, BOX)
        )
        missing = catalogue.found(crowded, "cs_app")["leakproof"]
    finally:
        admin.execute(MARKED)

    # Every row is read, by whichever way, and the box is asked of each.
    assert "place_geom_idx" not in indexes(plan)
    assert not re.search(r"on place .*\n +Index Cond", plan)
    assert missing


def test_a_tile_of_the_whole_application_costs_two_round_trips(crowded, settings, monkeypatch):
    person = sign_in_as(crowded, "practitioner")
    said, trips = [], []
    execute, send = psycopg.Cursor.execute, Line._send

    def recorded(self, query, *more, **options):
        said.append(str(query))
        return execute(self, query, *more, **options)

    def sent(self, statements):
        trips.append([statement.text.decode() for statement in statements])
        return send(self, statements)

    z, x, y = TILES[14]
    with browser(crowded, settings, person) as client:
        monkeypatch.setattr(psycopg.Cursor, "execute", recorded)
        monkeypatch.setattr(Line, "_send", sent)
        answer = client.get(f"/tiles/places/{z}/{x}/{y}.pbf")

    assert answer.status_code == 200
    assert said == [], "nothing beside the lines"
    assert [len(trip) for trip in trips] == [2, 3], (
        "who it is; claims and tile; a reset before each"
    )
    assert "app.actor_of" in trips[0][1]
    assert "cs.claims" in trips[1][1]
    assert "st_asmvt" in trips[1][2].lower()


def test_the_crowd_is_what_the_triggers_would_have_made(crowded, admin):
    copied = """
        insert into app.place (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
            type_code, name, sensitivity, geom, geom_kind, state, label_expires_on, is_synthetic,
            borough_codes)
        select gen_random_uuid(), 'XX-' || substr(ref, 4), agency_code, tier, purpose_code,
            created_by, updated_by, type_code, name, sensitivity, geom, geom_kind, state,
            label_expires_on, true, borough_codes
        from app.place where geom is not null order by md5(ref) limit 300
    """
    differing = """
        select count(*), count(*) filter (where made.borough_codes <> place.borough_codes
            or made.qk is distinct from place.qk or made.listed <> place.listed)
        from app.place as made join app.place on place.ref = 'PL-' || substr(made.ref, 4)
        where made.ref like 'XX-%'
    """
    with admin.transaction(force_rollback=True):
        admin.execute(copied)
        assert admin.execute(differing).fetchall() == [(300, 0)]


def test_every_question_by_distance_asks_the_box_first():
    """`app.belongs` alone does not: it judges pairs that a box has found."""
    bare = []
    files = [p for folder in ("app", "migrations") for p in (ROOT / folder).rglob("*.*")]
    for path in (p for p in files if p.suffix in {".py", ".sql"}):
        source = path.read_text()
        for found in re.finditer(r"ST_D(FullyW|W)ithin\(", source):
            before = source[max(0, found.start() - 200) : found.start()]
            if "&& ST_Expand(" not in before and "function app.belongs(" not in before:
                bare.append(f"{path.name}: {source[found.start() : found.start() + 60]}")

    assert bare == []
