"""Every route that changes something or is watched: one event a use, and nothing without it.

The routes come from the routers and the permission file; `tests/uses.py` says how each is used.
"""

import psycopg
import pytest

from app.accounts.permissions import PERMISSIONS
from tests.audited import audited_by_the_file, changing
from tests.conftest import cloned
from tests.uses import SECRETS, USES, World

# Of no person who is signed in, or of a foreign server; why, and where it is tested.
ELSEWHERE = {
    "POST /report": "an empty form: tests/integration/test_report_form.py",
    "POST /report/{step}": "answers not yet sent: tests/integration/test_report_form.py",
    "POST /report/where/choose": "as the other steps",
    "POST /report/where/map": "as the other steps",
    "POST /report/stay": "another hour of an open form",
    "POST /report/status": "the reporter's own look: tests/integration/test_status.py",
    "POST /csp-report": "counted only, nothing of the body is kept: tests/integration/test_web.py",
    "POST /report/where/near": "changes nothing: tests/integration/test_map_picture.py",
}
# Watched although the file asks for less: members of a cluster are exact, and who looks back at a
# place says why.
FURTHER = {"GET /clusters/{key}", "GET /places/{ref}/as-known"}
# Of either kind, to who may: each asks the policies instead of one permission.
FURTHER |= {"GET /briefings", "GET /briefings/{ref}", "GET /briefings/{ref}/summary"}
FURTHER |= {"GET /briefings/{ref}/parts/{code}", "GET /briefings/{ref}/places/{key}"}
ROUTES = sorted((audited_by_the_file().keys() | changing() | FURTHER) - ELSEWHERE.keys())

TRIGGER = """
    create function audit.stop() returns trigger language plpgsql as
        $$ begin raise exception 'disk full' using errcode = '53100'; end $$;
    create trigger stop before insert on audit.event for each row execute function audit.stop()
"""
SIGNATURE = "audit.log(text, text, text, text, int, jsonb)"
# What breaks it, and what mends it.
FAULTS = {
    "the right to write is gone": (
        f"revoke execute on function {SIGNATURE} from cs_app, cs_job, cs_audit, cs_owner",
        f"grant execute on function {SIGNATURE} to cs_app, cs_job, cs_audit, cs_owner",
    ),
    "the function is gone": (
        f"alter function {SIGNATURE} rename to lost",
        "alter function audit.lost(text, text, text, text, int, jsonb) rename to log",
    ),
    "a trigger raises": (TRIGGER, "drop function audit.stop cascade"),
    "a check refuses every row, as a full disk does": (
        "alter table audit.event add constraint full_disk check (false) not valid",
        "alter table audit.event drop constraint full_disk",
    ),
    "no policy lets it in": (
        "drop policy event_insert on audit.event",
        "create policy event_insert on audit.event for insert to cs_sec with check (true)",
    ),
}

# Everything that is kept, but for the hours of a session and the counters of failed sign-ins,
# which are written first, in a transaction of their own, so that nobody may guess for free.
KEPT = """
    select string_agg(format(
        'select %L as name, md5(coalesce(string_agg(md5(%s::text), '''' order by %s::text), '''')) '
        'from (select to_jsonb(t) - ''last_seen_at'' - ''last_used_at'' as row from %I.%I t) as t',
        n.nspname || '.' || c.relname, 'row', 'row', n.nspname, c.relname), ' union all ')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname in ('app', 'vault', 'audit', 'queue')
      and c.relname <> 'sign_in_failure'
"""


@pytest.fixture(scope="module")
def world(cluster, template, settings):
    own = settings.model_copy(update={"base_url": "https://testserver"})
    with cloned(cluster, template, "audited_routes") as db:
        yield World(db, own)


@pytest.fixture
def prepared(request, world):
    send = USES[request.param](world)
    yield request.param, send
    with world.superuser() as admin:
        admin.execute("truncate app.sign_in_failure")


def kept(world):
    """A hash of each table."""
    with world.superuser() as admin:
        (query,) = admin.execute(KEPT).fetchone()
        return dict(admin.execute(query.encode()).fetchall())


def newest(world):
    with world.superuser() as admin:
        return admin.execute("select coalesce(max(id), 0) from audit.event").fetchone()[0]


def events_since(world, last):
    with world.superuser() as admin:
        return admin.execute(
            "select action, object_type from audit.event where id > %s order by id", (last,)
        ).fetchall()


def assert_nothing_is_told(answer):
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "/problems/audit-failed"
    assert [secret for secret in SECRETS if secret in answer.text] == []
    assert answer.headers.get("set-cookie") is None


def test_every_such_route_has_a_use():
    assert [route for route in ROUTES if route not in USES] == []


def test_the_uses_are_of_routes_that_are_watched_or_change_something():
    assert sorted(USES.keys() - set(ROUTES)) == []


@pytest.mark.asvs("2.3.3", "16.5.3")
@pytest.mark.parametrize("prepared", ROUTES, indirect=True)
def test_each_use_leaves_its_event_and_without_it_nothing_is_told_or_changed(world, prepared):
    route, send = prepared
    before = kept(world)

    for break_it, mend_it in FAULTS.values():
        with world.superuser() as admin:
            admin.execute(break_it)
            answer = send()
            admin.execute(mend_it)
            admin.execute("truncate app.sign_in_failure")
        assert_nothing_is_told(answer)
    assert kept(world) == before

    last = newest(world)
    answer = send()
    found = events_since(world, last)
    assert answer.status_code in {200, 201, 202, 303, 422}, answer.text
    assert found, "no event"
    thing = audited_by_the_file().get(route)
    if thing:
        tables = {table.partition(".")[2] for table in PERMISSIONS.objects[thing].tables}
        of_it = [a for a, kind in found if {kind, a.partition(".")[0]} & {thing, *tables}]
        assert of_it, f"{found} is not of {thing}"


@pytest.mark.parametrize("prepared", sorted(audited_by_the_file()), indirect=True)
def test_an_event_that_waits_too_long_is_given_up_and_nothing_is_told(world, prepared):
    """The wait is cut short here; tests/integration/test_audit.py waits as long as it takes."""
    _, send = prepared
    before = kept(world)

    dsn = world.db.logins.cluster.dsn("postgres", world.db.logins.dbname)
    with world.superuser() as admin, psycopg.connect(dsn) as holding:
        admin.execute(f"alter function {SIGNATURE} set lock_timeout = '200ms'")
        holding.execute("lock table audit.event in exclusive mode")
        answer = send()
        holding.rollback()
        admin.execute(f"alter function {SIGNATURE} reset lock_timeout")

    assert_nothing_is_told(answer)
    assert kept(world) == before


@pytest.mark.asvs("16.3.2")
@pytest.mark.parametrize("prepared", sorted(audited_by_the_file()), indirect=True)
def test_each_of_five_uses_leaves_an_event_of_its_own(world, prepared):
    _, send = prepared
    counts = []

    for _ in range(5):
        last = newest(world)
        if send().status_code < 400:  # a second link of the same two is refused
            counts.append(len(events_since(world, last)))

    assert counts == [1] * len(counts)
    assert counts
