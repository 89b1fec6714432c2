"""Processes of a PostgreSQL that was killed, which work on and keep the next one from starting.

They notice its end when they wait for something. One in the middle of a long statement does not
for minutes, and would still write. They are told to leave everything as it is, as their server
would have told them after a crash of one of them: what was not committed is undone by the recovery.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path


def end(pgdata: Path) -> int:
    """How many were told. Only for a folder whose server is known to be dead."""
    found = list(_of(pgdata))
    for pid in found:
        with suppress(OSError):  # it has ended by itself
            os.kill(pid, signal.SIGQUIT)
    return len(found)


def _of(pgdata: Path) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):  # of another user, or it has ended meanwhile
            here = (folder / "cwd").readlink() == pgdata
            if here and (folder / "comm").read_text().strip() == "postgres":
                found.append(int(folder.name))
    return found
