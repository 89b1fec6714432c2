"""Lint the SQL of the migrations without a database. Exits with squawk's own code."""

import contextlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from app.core.migrate import alembic_config

# Each left out for a reason: nothing is running yet on the tables that these migrations make.
EXCLUDED = (
    "prefer-robust-stmts",  # a transaction per migration
    "require-concurrent-index-creation",  # indexes of tables made in the same migration
    "prefer-text-field",  # the content id has ten characters by definition
    "ban-char-field",
    "prefer-bigint-over-int",  # counts and zoom levels
    "prefer-identity",
    "require-timeout-settings",  # set by migrations/env.py for each migration
    "constraint-missing-not-valid",  # new tables
    "adding-foreign-key-constraint",
    "require-enum-value-ordering",
    "require-table-schema",  # the queue library names its tables without a schema
    "ban-drop-table",
)


def main() -> int:
    written = io.StringIO()
    config = alembic_config("postgresql://offline@/offline")
    config.output_buffer = written
    with contextlib.redirect_stderr(io.StringIO()):
        command.upgrade(config, "head", sql=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrations.sql"
        path.write_text(written.getvalue())
        squawk = Path(sys.executable).with_name("squawk")
        done = subprocess.run(
            [squawk, "--pg-version", "15.0", "--exclude", ",".join(EXCLUDED), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
