"""`contextmap retention`: what it tells, as text and as JSON, and what it leaves alone."""

import json
from contextlib import ExitStack

import pytest

from app import cli
from app.core import clock
from app.core.command import Context
from app.core.errors import InvalidError
from app.retention.erased_list import ErasedList
from app.retention.rules import LOST, mark
from tests.uses import World

OLD = "update app.incident set occurred_from = '2019-03-01', occurred_to = '2019-03-01'"
APPROVE = """
    update app.retention_run
    set state = 'APPROVED', approved_at = now(), approved_by = gen_random_uuid()
"""
FAILS = """
    create function app.stuck() returns trigger language plpgsql as $$
    begin raise exception 'Synthetic'; end $$;
    create trigger stuck before delete on app.child for each row execute function app.stuck()
"""


@pytest.fixture
def world(db, settings):
    settings.erased_list.unlink(missing_ok=True)
    return World(db, settings)


@pytest.fixture
def command(world, capsys):
    """What the command writes, as text or JSON."""

    def run_it(*arguments, as_json=True):
        asked = cli.parser().parse_args(["retention", *arguments])
        with ExitStack() as stack:
            context = Context(world.settings, stack, lambda _: False, _db=world.db)
            cli._print(asked.func(asked, context), as_json=as_json)
        said = capsys.readouterr().out
        return json.loads(said) if as_json else said

    return run_it


def run(world, statement):
    with world.superuser() as admin:
        found = admin.execute(statement.encode())
        return found.fetchall() if found.description else []


def test_a_dry_run_counts_for_a_day_and_changes_nothing(world, command):
    world.incident()
    run(world, OLD)

    before = command("run", "--dry-run", "--as-of", "2025-03-01")
    after = command("run", "--dry-run", "--as-of", "2025-03-02")

    assert (before["dry_run"], before["as_of"], before["says"]) == (
        True, "2025-03-01", "Nothing is due"
    )  # fmt: skip
    assert before["due"]["incident"] == 0
    assert after["due"]["incident"] == 1
    assert after["says"] == "1 row is due: 1 incident"
    lines = [
        [one for one in told["records"] if one["kind"] == "incident"] for told in (before, after)
    ]
    line = {"kind": "incident", "rule": "incident", "regime": "UK_GDPR", "kept": 1, "held": 0}
    assert lines == [
        [line | {"due": 0, "next_on": "2025-03-02"}],
        [line | {"due": 1, "next_on": None}],
    ]
    assert {"session", "job", "import_batch"} <= set(after["by_itself"])
    assert run(world, "select (select count(*) from app.retention_run), "
                      "(select count(*) from app.retention_look)") == [(0, 0)]  # fmt: skip


def test_a_run_plans_and_the_next_one_erases_what_was_approved(world, command):
    world.incident()
    run(world, OLD)

    first = command("run")
    ((ref,),) = run(world, "select ref from app.retention_run")
    ((versions,),) = run(world, "select count(*) from app.incident_version")
    run(world, APPROVE)
    second = command("run")

    assert versions >= 1
    assert (first["dry_run"], first["erased"], first["waiting"]) == (False, {}, ref)
    assert first["due"]["incident"] == 1
    erased = {"incident": 1, "incident_version": versions}
    assert (second["erased"], second["waiting"]) == (erased, None)
    assert (second["due"], second["says"]) == ({}, "Nothing is due")
    assert run(world, "select count(*) from app.incident") == [(0,)]


def test_without_json_it_is_lines_to_read(world, command):
    world.incident()
    run(world, OLD)

    said = command("run", "--dry-run", as_json=False).splitlines()

    assert said == [
        "dry_run: True",
        "says: 1 row is due: 1 incident",
        f"as_of: {clock.today().isoformat()}",
    ]


def test_a_replay_tells_what_it_erased_and_what_stays(world, command):
    world.child()
    ((key,),) = run(world, "select id from app.child")
    ErasedList(world.settings.erased_list).end([mark(key)])

    told = command("replay")

    assert told == {
        "erased": 1, "held": 0, "failed": 0, "unsure": 0, "list_is_lost": False, "lines": []
    }  # fmt: skip
    assert run(world, "select detail from audit.event where action = 'erasure'") == [
        ({"again": True},)
    ]


def test_a_replay_that_left_something_is_refused(world, command):
    world.child()
    ((key,),) = run(world, "select id from app.child")
    ErasedList(world.settings.erased_list).end([mark(key)])
    run(world, FAILS)

    with pytest.raises(InvalidError, match="could not be erased: 1"):
        command("replay")


def test_a_replay_without_the_list_says_so(world, command):
    run(world, "insert into app.retention_event (object_kind, counts) values ('child', '{}')")

    said = command("replay", as_json=False)

    assert LOST.format(path=world.settings.erased_list) in said.splitlines()
