"""The programs of the last release still find what they ask for: tables, functions, tasks.

`migrations/released.json` is what that release relied on. This proves that its statements can be
understood and its rows written, and that its jobs are known. Its code itself is run by
tests/integration/test_former_release.py.
"""

import json

import psycopg
import pytest

from tests import released

THEN = json.loads(released.FILE.read_text())


@pytest.fixture
def admin(cluster, template):
    with psycopg.connect(cluster.dsn("postgres", template)) as connection:
        yield connection
        connection.rollback()


def lost(then, now):
    """What the last release has and this schema or these programs do not, in sentences."""
    for table, columns in then["tables"].items():
        have = now["tables"].get(table)
        if have is None:
            yield f"{table} is gone"
            continue
        yield from of_table(table, columns, have)
    for name, (result, logins) in then["functions"].items():
        have = now["functions"].get(name)
        if have is None or have[0] != result:
            yield f"{name} is gone or answers otherwise"
        elif missing := {*logins} - {*have[1]}:
            yield f"{name} may not be called by {', '.join(sorted(missing))}"


def of_table(table, then, now):
    for column, (kind, left_out) in then.items():
        have = now.get(column)
        if have is None:
            yield f"{table}.{column} is gone"
        elif have[0] != kind:
            yield f"{table}.{column} was {kind} and is {have[0]}"
        elif left_out and not have[1]:
            yield f"{table}.{column} may not be left out any more"
    for column in now.keys() - then.keys():
        if not now[column][1]:
            yield f"{table}.{column} is new and must be written"


def test_every_table_column_and_function_of_the_last_release_is_still_there(admin):
    assert [*lost(THEN, released.schema(admin))] == []


def test_every_task_of_the_last_release_is_known_and_takes_what_it_took():
    """A job with other arguments is another task: the former worker would fail it."""
    now = released.tasks()

    assert {name: now.get(name) for name in THEN["tasks"]} == THEN["tasks"]


PLANTED = {
    "alter table app.place drop column description cascade": "app.place.description is gone",
    "alter table app.place rename column name to title": "app.place.name is gone",
    "drop table app.place_alias cascade": "app.place_alias is gone",
    "alter table app.place_alias add column why text not null": "why is new and must be written",
    "alter table app.place alter column description set not null": "may not be left out any more",
    "alter table app.place alter column version type bigint": "was integer and is bigint",
    "drop function app.actor_of(bytea)": "app.actor_of(bytea) is gone or answers otherwise",
    "revoke execute on function app.boroughs_of(geometry) from cs_app": "called by cs_app",
}


@pytest.mark.parametrize("change", PLANTED)
def test_a_change_that_the_last_release_would_fail_over_is_found(admin, change):
    before = {*lost(THEN, released.schema(admin))}
    admin.execute(change.encode())

    found = {*lost(THEN, released.schema(admin))} - before

    assert any(PLANTED[change] in words for words in found), found


def test_what_a_release_may_add_is_let_in(admin):
    admin.execute("""
        alter table app.place add column colour text, add column n int not null default 0;
        create table app.later (id int not null)
    """)

    assert [*lost(THEN, released.schema(admin))] == []
