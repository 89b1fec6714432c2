"""The chain of migrations has one end, and HEAD names it: `/readyz` compares the database to it."""

from pathlib import Path

from alembic.script import ScriptDirectory

from app.core.migrate import head

ROOT = Path(__file__).resolve().parents[2]


def test_head_names_the_one_end_of_the_chain():
    assert ScriptDirectory(str(ROOT / "migrations")).get_heads() == [head()]
