"""The chain of migrations has one end, and HEAD names it: `/readyz` compares the database to it."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from app.core.migrate import head, known
from tests import squawk

ROOT = Path(__file__).resolve().parents[2]


def test_head_names_the_one_end_of_the_chain():
    assert ScriptDirectory(str(ROOT / "migrations")).get_heads() == [head()]


def test_a_file_is_named_after_its_migration_and_the_chain_has_no_branches():
    """A release knows its migrations by the names of their files; any other is newer."""
    chain = [*ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]

    assert {script.revision for script in chain} == known()
    assert [s.down_revision for s in chain] == [*(s.revision for s in chain[1:]), None]


def test_nothing_looks_through_a_whole_table_while_others_wait():
    assert squawk.found(squawk.written(f"{squawk.RUNNING_SINCE}:head")) == ""


PLACE = "alter table app.place"
WAITED_FOR = (
    f"{PLACE} add column one uuid default gen_random_uuid()",
    f"{PLACE} add column one timestamptz not null default clock_timestamp()",
    f"{PLACE} add column one text not null",
    f"{PLACE} add column one text check (one <> '')",
    f"{PLACE} add column one uuid references app.incident (id)",
    f"{PLACE} add column one text unique",
    f"{PLACE} add column one bigserial",
    f"{PLACE} add column one text generated always as (name || 'a') stored",
    f"{PLACE} add column one bigint generated always as identity",
    f"{PLACE} alter column name type varchar(30)",
    f"{PLACE} alter column name set not null",
    f"{PLACE} add constraint one check (name <> '')",
    f"{PLACE} add constraint one foreign key (id) references app.incident (id)",
    f"{PLACE} add constraint one unique (name)",
    f"{PLACE} add constraint one exclude using gist (geom with &&)",
    f"{PLACE} add constraint one check (name <> '') not valid;\n{PLACE} validate constraint one",
    f"{PLACE} validate constraint one",
    f"{PLACE} attach partition app.one for values in (1)",
    f"{PLACE} set unlogged",
    f"{PLACE} set tablespace elsewhere",
    f"{PLACE} drop column name",
    f"{PLACE} rename column name to one",
    "create index one_idx on app.place (name)",
    "create unique index one_idx on app.place (name)",
    "drop index app.one_idx",
    "drop table app.place",
    "reindex table app.place",
    "cluster app.place using one_idx",
    "vacuum full app.place",
    "refresh materialized view app.one",
    "update app.place set name = name",
    "delete from app.place where name = ''",
    "truncate app.place",
    "lock table app.place in access exclusive mode",
    f"do $$ begin {PLACE} alter column name set not null; end $$",
    f"do $$ begin execute '{PLACE} set unlogged'; end $$",
    "do $$ begin execute format('update %I set name = name', 'place'); end $$",
    f"-- squawk-ignore changing-column-type\n{PLACE} alter column name type varchar(30)",
    f"-- whole table\n{PLACE} validate constraint one",
    f"-- because\n-- whole table\n{PLACE} validate constraint one",
)


@pytest.mark.parametrize("statement", WAITED_FOR)
def test_what_everybody_would_wait_for_is_found(statement):
    assert squawk.found(f"begin;\n{statement};\ncommit;\n")


BECAUSE = "-- because the table has a row for each of two boroughs\n"
INNOCENT = (
    f"{PLACE} add column one text",
    f"{PLACE} add column one int not null default 3",
    f"{PLACE} add column one timestamptz default now()",
    f"{PLACE} add constraint one check (name <> '') not valid",
    f"{PLACE} alter column controller set default 'one'",
    (
        "create table app.one (id int);\ncreate index one_idx on app.one (id);\n"
        "alter table app.one add constraint one check (id > 0);\nupdate app.one set id = 1"
    ),
    (
        "create function app.one() returns int language plpgsql as $$ begin delete from app.place; "
        "lock app.place; return 1; end $$"
    ),
    "do $$ begin execute pg_get_functiondef('app.one()'::regprocedure); end $$",
    f"{BECAUSE}-- squawk-ignore changing-column-type\n{PLACE} alter column name type varchar(30)",
    f"{BECAUSE}-- whole table\nupdate app.place set name = name",
    "alter table sec.backup add constraint one check (kind <> '')",
)


@pytest.mark.parametrize("statement", INNOCENT)
def test_what_nobody_waits_for_is_left_in_peace(statement):
    assert squawk.found(f"begin;\n{statement};\ncommit;\n") == ""
