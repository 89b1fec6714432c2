"""Reads from a streaming replica: as fresh and as closed as the primary, and there when it is not.

Two real servers. States are waited for, and `look` is what a web process does once a second.
"""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import text

from app.accounts.identity import identify
from app.core import replica as replicas
from app.core.actor import PUBLIC
from app.core.db import Database
from app.core.errors import BusyError, ReadOnlyError
from app.core.pages import SESSION_COOKIE
from app.core.replica import PRIMARY, REPLICA, fails
from app.maps.queries import tile_asked
from app.maps.rules import Filters
from app.site.degraded import NO_CHANGES
from app.site.readiness import WATCHED
from tests import loops
from tests.databases import CLAIMS_KEY, Logins, cloned
from tests.people import HERE, HTML, LEAD, RICHMOND, browser, send, sign_in_as
from tests.replicas import Pair, killed, looked

TILES = 1000 if os.environ.get("CONTEXTMAP_LONG_TESTS") == "1" else 100
KNOWS = replace(LEAD, map_version="of a map of before")  # and of no change since
FOLLOWS = text("select pg_is_in_recovery()")
N = text("select count(*) from app.place")
IDS = text("select string_agg(id::text, ',' order by id) from app.place")
NAMES = text("update app.place set name = :name where ref = :ref")
NAME = text("select name from app.place where ref = :ref")
REF = text("""
    select ref from app.place where state in ('ASSESSED', 'PLAN_ACTIVE', 'MONITORING')
      and geom is not null order by ref limit 1
""")


@pytest.fixture(scope="module")
def held(cluster, demo_template):
    """The pair that stands, made anew when a test has killed its primary."""
    pairs: list[Pair] = []
    with cloned(cluster, demo_template, "replicated"):

        def standing() -> Pair:
            if not pairs or pairs[-1].spoilt:
                for old in pairs:
                    old.end()
                pairs[:] = [Pair.of(cluster, "replicated")]
            return pairs[0]

        yield standing
        for one in pairs:
            one.end()


@pytest.fixture
def pair(held):
    return held()


@pytest.fixture
def db(pair, monkeypatch):
    monkeypatch.setattr(replicas, "SETTLED_S", 0.0)  # a commit here waits for the disk
    database = pair.database()
    has_all_of(database, pair, KNOWS.map_version)
    yield database
    database.replica.close_probes()
    database.dispose()


@pytest.fixture
def place(db):
    with db.begin(LEAD) as session:
        return session.scalar(REF)


def where(db, **how):
    with db.read(KNOWS, **how) as session:
        return REPLICA if session.scalar(FOLLOWS) else PRIMARY


def has_all_of(db, pair, version):
    pair.until(lambda: looked(db.replica).has(version))


def asked_once(db, refused):
    try:
        return where(db, may_lag=True)
    except BusyError as busy:
        refused.append(busy)


def named(db, place, **how):
    with db.read(KNOWS, **how) as session:
        return session.scalar(NAME, {"ref": place})


def rename(db, place, name):
    with db.begin(LEAD) as session:
        session.execute(NAMES, {"ref": place, "name": name})


def test_what_may_lag_is_read_there_and_all_else_from_the_primary(db):
    assert where(db, may_lag=True) == REPLICA
    assert where(db) == PRIMARY


def test_claims_hold_on_the_replica_as_on_the_primary(db, pair):
    people = [
        sign_in_as(db, "practitioner"),
        sign_in_as(db, "practitioner", boroughs=(RICHMOND,), agency="LA_RICHMOND"),
        sign_in_as(db, "cs_lead"),
    ]
    seen = []
    for person in people:
        has_all_of(db, pair, person.actor.map_version)
        with db.read(person.actor) as here, db.read(person.actor, may_lag=True) as there:
            assert there.scalar(FOLLOWS)
            assert here.scalar(IDS) == there.scalar(IDS)
            seen.append(there.scalar(IDS))
    assert len(set(seen)) == 3

    stranger = Database(Logins(pair.copy, pair.dbname), b"not the key of this database")
    with pytest.raises(Exception, match="claims not signed"), stranger.read(LEAD) as session:
        session.scalar(N)
    stranger.dispose()
    without = Database(Logins(pair.copy, pair.dbname), CLAIMS_KEY)
    assert without.ask("cs_app", "select count(*) from app.place", ()) == 0
    without.dispose()


def test_what_is_committed_can_be_read_there_within_a_second(db, pair, place):
    waits = []
    for n in range(20):
        rename(db, place, f"Synthetic name {n}")
        waits.append(
            pair.until(lambda n=n: named(db, place, may_lag=True) == f"Synthetic name {n}")
        )

    print(
        f"commit to readable on the replica: median {median(waits):.4f} s, most {max(waits):.4f} s"
    )
    assert median(waits) < 1


def test_one_that_falls_behind_is_left_and_taken_again_by_itself(db, pair, place, monkeypatch):
    monkeypatch.setattr(replicas, "LAG_LIMIT_S", 0.3)
    monkeypatch.setattr(replicas, "BACK_BELOW_S", 0.2)
    pair.paused(True)
    try:
        rename(db, place, "Synthetic, saved just now")
        own = named(db, place)
        meanwhile = named(db, place, may_lag=True)
        pair.until(lambda: not looked(db.replica).answers)
        left = where(db, may_lag=True), named(db, place, may_lag=True)
        late = fails(replicas.Replica(db.replica.logins, db.replica.primary), within_s=0.2)
    finally:
        pair.paused(False)
    pair.until(lambda: looked(db.replica).answers)

    assert own == "Synthetic, saved just now", "who has saved sees it"
    assert meanwhile != own, "the replica stood still"
    assert left == (PRIMARY, own)
    assert late
    assert where(db, may_lag=True) == REPLICA
    assert not fails(replicas.Replica(db.replica.logins, db.replica.primary))


def test_a_replica_that_dies_is_not_missed_and_comes_back_by_itself(db, pair):
    assert where(db, may_lag=True) == REPLICA
    pair.spoilt = True
    killed(pair.copy)

    # What was connected to it may be answered for a moment more, or be cut off in the middle.
    refused = []
    pair.until(lambda: asked_once(db, refused) == PRIMARY)
    assert len(refused) <= 1
    assert not looked(db.replica).answers
    assert where(db, may_lag=True) == PRIMARY
    pair.copy.start()
    pair.until(lambda: looked(db.replica).answers)
    assert where(db, may_lag=True) == REPLICA
    pair.spoilt = False


def test_who_has_saved_sees_it_wherever_they_look(db, pair, place, settings):
    """However late the replica is; and it answers again as soon as it has that change."""
    lead = browser(db, settings, sign_in_as(db, "cs_lead"))
    with db.begin(LEAD) as session:
        z, x, y = session.execute(TILE, {"ref": place}).one()
    tile = f"/tiles/places/{z}/{x}/{y}.pbf"
    west, east = (x / 65536 * 360 - 180, (x + 1) / 65536 * 360 - 180)
    items = f"/map/items?layer=places&bbox={west},51,{east},52&z=18"
    asked = (tile, items, "/api/v1/places?limit=1000", OF_DESKTOPS)
    pair.paused(True)
    try:
        rename(db, place, SAVED.decode())
        found = [lead.get(address) for address in asked]
        late = db.pools().get("cs_app at the replica"), len(lead.app.state.tiles)
    finally:
        pair.paused(False)

    assert [one.status_code for one in found] == [200] * len(asked)
    without = [a for a, one in zip(asked, found, strict=True) if SAVED not in one.content]
    assert not without
    assert late == (None, 0), "no reading there yet, and a tile is kept once it is surely new"

    has_all_of(db, pair, identify(db, lead.cookies[SESSION_COOKIE]).map_version)
    assert [one.content for one in found] == [lead.get(address).content for address in asked]
    assert db.pools()["cs_app at the replica"]
    assert len(lead.app.state.tiles) == 1


def test_statements_sent_together_are_for_the_primary_alone(db):
    for actor in (PUBLIC, KNOWS):
        with db.together(actor) as asks:
            assert asks.scalar(FOLLOWS, {}) == "f"


SAVED = b"Synthetic, saved just now"
OF_DESKTOPS = "/ogc/collections/places/items?limit=1000"
TILE = text("""
    select 16, floor((ST_X(at) + 180) / 360 * 65536)::int,
           floor((1 - asinh(tan(radians(ST_Y(at)))) / pi()) / 2 * 65536)::int
    from (select ST_Transform(ST_PointOnSurface(geom), 4326) as at from app.place
          where ref = :ref) as place
""")


def cpu_s(server, login, asked):
    """Of the servers' processes of this login, while `asked` runs."""
    with server as admin:
        pids = admin.execute(
            "select array_agg(pid) from pg_stat_activity where usename = %s", (login,)
        ).fetchone()[0]
    files = [Path("/proc", str(pid), "stat") for pid in pids]

    def spent():
        return sum(
            sum(map(int, f.read_text().rpartition(")")[2].split()[11:13])) for f in files
        ) / os.sysconf("SC_CLK_TCK")

    before = spent()
    asked()
    return spent() - before


def test_a_tile_costs_the_replica_what_it_costs_the_primary(db, pair, place):
    with db.begin(LEAD) as session:
        z, x, y = session.execute(TILE, {"ref": place}).one()
    asked = tile_asked("places", (z - 4, x // 16, y // 16), Filters(), [])

    def tiles(may_lag, n):
        async def one_after_the_other():
            for _ in range(n):
                assert await db.soon(KNOWS, asked, keep_plans=True, may_lag=may_lag)

        return lambda: loops.run(one_after_the_other())

    spent = {}
    for name, server in (("primary", pair.primary), ("replica", pair.copy)):
        tiles(name == REPLICA, 20)()
        spent[name] = cpu_s(pair.admin(server), "cs_app", tiles(name == REPLICA, TILES)) / TILES

    print({name: f"{1000 * seconds:.2f} ms of CPU a tile" for name, seconds in spent.items()})
    assert spent["replica"] < 2 * spent["primary"] + 0.002


def asked_without_end(db, over):
    """When each read began, and whether it was answered."""
    answers = []
    while not over.is_set():
        began = time.monotonic()
        try:
            where(db, may_lag=True), where(db)
            answers.append((began, True))
        except BusyError:
            answers.append((began, False))
    return answers


def test_the_primary_dies_reading_goes_on_and_writes_come_back_with_the_promoted(
    db, pair, place, settings
):
    lead = browser(db, settings, sign_in_as(db, "cs_lead"), headers=HTML, client=HERE)
    assert lead.get("/places").status_code == 200
    pair.until(lambda: named(db, place) == named(db, place, may_lag=True))
    over = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(asked_without_end, db, over)
        try:
            killed_at = time.monotonic()
            pair.kill_primary()
            pages_s = pair.until(lambda: lead.get("/places").status_code == 200)
            told_that_it_only_reads(db, settings, lead)
            pair.promote()
            writes_s = pair.until(lambda: writes(db, place))
        finally:
            over.set()
        answers = asking.result()

    failed = [began for began, answered in answers if not answered]
    print(
        f"first page {pages_s:.2f} s after the kill, {len(failed)} of {len(answers)} reads failed,"
        f" the last begun {max(failed, default=killed_at) - killed_at:.2f} s after it;"
        f" writes {writes_s:.2f} s after promotion"
    )
    assert len(failed) <= 2, "what was on its way when it died"
    with db.together(PUBLIC) as asks:
        assert asks.scalar(FOLLOWS, {}) == "f"
    assert looked(db.replica).primary_up
    assert NO_CHANGES not in lead.get("/places").text
    the_old_one_comes_back(pair)


def told_that_it_only_reads(db, settings, lead):
    page = lead.get("/places")
    refused = send(lead, "/places/new", name="Synthetic gardens")
    public = browser(db, settings, headers=HTML).post("/report")
    figures = lead.get("/metrics").text

    assert page.text.count(NO_CHANGES) == 1
    assert refused.status_code == 503
    assert "Nothing of this was saved" in refused.text
    assert "/report/problem/busy" in public.headers["location"]
    ready = lead.get("/readyz").json()
    assert (ready["watched"]["primary"], ready["watched"]["replica"]) == (False, True)
    assert WATCHED["primary"] in ready["needed"]
    assert "contextmap_primary_up 0.0" in figures
    assert "contextmap_replica_used 1.0" in figures
    with pytest.raises(ReadOnlyError), db.begin(LEAD):
        pass
    with pytest.raises(ReadOnlyError), db.together(LEAD):
        pass
    with pytest.raises(BusyError), db.together(PUBLIC):
        pass


def writes(db, place):
    try:
        rename(db, place, "Synthetic, after the promotion")
    except (BusyError, ReadOnlyError):
        return False
    return True


def the_old_one_comes_back(pair):
    """Two primaries: what was a copy is none any more."""
    pair.primary.start()
    replica = replicas.Replica(Logins(pair.copy, pair.dbname), Logins(pair.primary, pair.dbname))
    try:
        assert looked(replica).split
        assert replica.order(may_lag=True) == (PRIMARY,)
        assert "promoted" in replica.words
    finally:
        replica.close_probes()
