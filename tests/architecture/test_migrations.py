"""The chain of migrations has one end, and HEAD names it: `/readyz` compares the database to it."""

from pathlib import Path

from alembic.script import ScriptDirectory

from app.core.migrate import head, known

ROOT = Path(__file__).resolve().parents[2]


def test_head_names_the_one_end_of_the_chain():
    assert ScriptDirectory(str(ROOT / "migrations")).get_heads() == [head()]


def test_a_file_is_named_after_its_migration_and_the_chain_has_no_branches():
    """A release knows its migrations by the names of their files; any other is newer."""
    chain = [*ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]

    assert {script.revision for script in chain} == known()
    assert [s.down_revision for s in chain] == [*(s.revision for s in chain[1:]), None]
