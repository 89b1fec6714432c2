"""Processes that a fault in their memory ended, as the launcher and PostgreSQL wrote them down."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from app.core import clock
from app.core.settings import Settings

FILE = "ended.log"
SIGNAL = 11
MOST = 2**20  # of the end of a log that is looked through
POSTGRES = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\S* (\w+) .*terminated by signal 11", re.MULTILINE
)


def note(folder: Path, name: str, exit_code: int) -> None:
    """By the launcher: which of its processes ended, and how."""
    line = f"{clock.now().isoformat(timespec='seconds')} {exit_code} {name}\n"
    with suppress(OSError), (folder / FILE).open("a") as file:  # a full disk
        file.write(line)


def since(settings: Settings, moment: datetime) -> int:
    """How many ended by signal 11 after this moment."""
    lines = _end(settings.data_dir / FILE).splitlines()
    ours = [at for line in lines if (at := _of_fault(line)) is not None]
    theirs = [
        datetime.fromisoformat(at).replace(tzinfo=UTC)
        for at, zone in POSTGRES.findall(_end(settings.data_dir / "postgres.log"))
        if zone in {"UTC", "GMT"}
    ]
    return sum(1 for at in ours + theirs if at > moment)


def _of_fault(line: str) -> datetime | None:
    """When, if it was a fault. A line that a full disk cut says nothing, and silences no other."""
    at, _, rest = line.partition(" ")
    if rest.split(" ")[0] not in {str(-SIGNAL), "139"}:
        return None
    with suppress(ValueError):
        moment = datetime.fromisoformat(at)
        return moment if moment.tzinfo is not None else None
    return None


def _end(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
