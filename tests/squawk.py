"""Lint the SQL of the migrations without a database. Exits with 1 when something is wrong.

Since `RUNNING_SINCE` a release serves while the next one migrates: from there on nothing may
write anew, or look through, a whole table that is there already while everybody waits. What the
linter does not know is asked of each statement here. An exception says why, in the migration, in
the lines above the statement: `-- because ...`, then `-- squawk-ignore RULE` for a rule of the
linter or `-- whole table` for one of ours.
"""

import contextlib
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from alembic import command

from app.core.migrate import alembic_config

RUNNING_SINCE = "0049"  # the migrations after it
# Each left out for a reason.
EXCLUDED = (
    "prefer-robust-stmts",  # a transaction per migration
    "prefer-text-field",  # the content id has ten characters by definition
    "ban-char-field",
    "prefer-bigint-over-int",  # counts and zoom levels
    "prefer-identity",
    "require-timeout-settings",  # set by migrations/env.py for each migration
    "require-enum-value-ordering",
    "require-table-schema",  # the queue library names its tables without a schema
)
# Before, nothing was running on the tables that these migrations changed.
EXCLUDED_BEFORE = (
    "require-concurrent-index-creation",
    "constraint-missing-not-valid",
    "adding-foreign-key-constraint",
    "ban-drop-table",
)
# Of some rows at most, whatever happens: one a night, or a word of a list.
SMALL = {"sec.backup", "reference.schema_version"}

TOKEN = re.compile(r"(?s)--[^\n]*|\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|;")
TABLE = r"(?:only\s+)?(?:if\s+exists\s+)?([\w.\"]+)"
ALTER = rf"alter\s+table\s+{TABLE}\s.*?\b"
MADE = re.compile(rf"(?i)^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?{TABLE}")
NAMED = re.compile(
    rf"(?i)^\s*(?:alter\s+table|update|delete\s+from|truncate|lock\s+table)\s+{TABLE}"
)
# What the linter lets through.
WHOLE = {
    "looks through the table: a check comes with a column": ALTER + r"add\s+column\b.*\bcheck\s*\(",
    "looks through the table: NOT VALID first, then another migration": ALTER + r"validate\b",
    "looks through the table: a partition": ALTER + r"attach\s+partition\b",
    "writes the table anew: a number for each row": ALTER + r"(?:small|big)?serial\b",
    "writes the table anew": ALTER + r"set\s+(?:(?:un)?logged|tablespace|access\s+method)\b",
    "writes the table anew, or a view": r"(?:cluster|vacuum\b.*\bfull|refresh\s+materiali[sz]ed)\b",
    "changes rows that others wait for": r"(?:update|delete\s+from|truncate|lock)\s",
}
RULES = {why: re.compile(rf"(?is)^\s*{words}") for why, words in WHOLE.items()}
# In a block nobody sees what is done: it is there for functions that get other words.
BLOCK = re.compile(r"(?is)^\s*do\b")
HIDDEN = re.compile(
    r"(?i)\b(?:alter\s+table|create\s+(?:unique\s+)?index|reindex|cluster|vacuum|truncate)\s"
    r"|\bexecute\s+(?:format\s*\(\s*)?'\s*(?:update|delete|lock|refresh)\s"
)
HIDES = "hides in a block what is done to a table"
BECAUSE = re.compile(r"(?i)--[ \t]*because(?:[ \t]+\S+){3,}")
IGNORES = re.compile(r"--\s*squawk-ignore\b")
OURS = re.compile(r"--\s*whole table\b")


class Statement(NamedTuple):
    """`text` as it is written, `plain` without its comments and without what is quoted."""

    text: str
    plain: str


def written(stretch: str) -> str:
    """The SQL of a stretch of the chain, such as `0049:head`."""
    out = io.StringIO()
    config = alembic_config("postgresql://offline@/offline")
    config.output_buffer = out
    with contextlib.redirect_stderr(io.StringIO()):
        command.upgrade(config, stretch, sql=True)
    return out.getvalue()


def statements(sql: str) -> Iterator[Statement]:
    begin = after = 0
    plain = ""
    for token in TOKEN.finditer(sql):
        plain += sql[after : token.start()]
        after = token.end()
        if token[0] == ";":
            yield Statement(sql[begin:after], plain)
            begin, plain = after, ""


def whole_tables(sql: str) -> list[str]:
    """What our own rules find in the migrations of a running service."""
    every = [*statements(sql)]
    new = {made[1] for one in every if (made := MADE.match(one.plain))}
    return [
        f"{why}: {' '.join(one.text.split())[:160]}" for one in every for why in wrong(one, new)
    ]


def wrong(one: Statement, new: set[str]) -> Iterator[str]:
    excused = BECAUSE.search(one.text)
    if IGNORES.search(one.text) and not excused:
        yield "an exception without its reason"
    if OURS.search(one.text) and excused:
        return
    if BLOCK.match(one.plain) and HIDDEN.search(one.text):
        yield HIDES
    of = NAMED.match(one.plain)
    if of and (of[1] in new or of[1] in SMALL):
        return
    yield from (why for why, rule in RULES.items() if rule.match(one.plain))


def without_small(sql: str) -> str:
    """What is left when statements about tables of some rows are taken out."""
    return "".join(
        one.text
        for one in statements(sql)
        if not ((of := NAMED.match(one.plain)) and of[1] in SMALL)
    )


def linted(sql: str, excluded: tuple[str, ...]) -> str:
    """What squawk says, nothing when it finds nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrations.sql"
        path.write_text(sql)
        squawk = Path(sys.executable).with_name("squawk")
        done = subprocess.run(
            [squawk, "--pg-version", "15.0", "--exclude", ",".join(excluded), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def found(sql: str) -> str:
    """Everything that is wrong with migrations of a running service."""
    return linted(without_small(sql), EXCLUDED) + "\n".join(whole_tables(sql))


def main() -> int:
    said = linted(written("head"), EXCLUDED + EXCLUDED_BEFORE)
    said += found(written(f"{RUNNING_SINCE}:head"))
    sys.stderr.write(said)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
