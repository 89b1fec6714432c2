"""What a backup is: its first line, when it is too old, how long it is kept. Pure.

A file is one age stream to one public key. Inside stand, in this order:

    line   the manifest as JSON, ended by a line feed
    dump   pg_dump's custom format, as long as it is
    mark   32 bytes: HMAC-SHA256 over everything before, under a key of the installation's secret
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

FORMAT = "contextmap-backup/1"
MARK_BYTES = 32
LINE_BYTES = 4_000_000  # a manifest is about twenty kilobytes
KEPT = timedelta(days=35)
LATE = timedelta(hours=26)
SHOWN = 5

NOT_A_BACKUP = "This file is not a backup of Contextmap."
NOT_OURS = (
    "This backup was not made with the secret of this installation. Put its CONTEXTMAP_SECRET_KEY "
    "back first: sealed reports and second factors cannot be opened without it. To go on without "
    "them, and only if you know where the file comes from, add --other-secret."
)


NEWER = (
    "This backup was made by a newer release (migration {theirs}; this one knows up to {ours}). "
    "Install that release or a later one, and restore with it."
)
UNLISTED = (
    "{path} is missing, the list of what was erased: what was erased since the backup would be "
    "there again. Bring it back, or set CONTEXTMAP_ERASED_FILE. Only if nothing was erased since, "
    "add --nothing-was-erased, which makes an empty one."
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one table: rows, and a sum over their hashes that does not depend on their order."""

    rows: int
    sha256_sum: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The newest seal of the audit."""

    n: int
    era: int
    hash: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a database held when it was backed up; no word of any record."""

    made_at: str
    head: str
    postgres: str
    postgis: str
    permissions: str
    policies: str
    tables: Mapping[str, Contents]
    last_seal: Seal | None

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    @property
    def erasures(self) -> int:
        """How often something had been erased."""
        told = self.tables.get("app.retention_event")
        return 0 if told is None else told.rows

    def line(self) -> bytes:
        return orjson.dumps({"format": FORMAT, **asdict(self)}) + b"\n"


def read(line: bytes) -> Manifest:
    """The manifest of a first line.

    Raises
    ------
    ValueError
        It is none.
    """
    try:
        said: dict[str, Any] = orjson.loads(line)
        if said.pop("format") != FORMAT:
            raise ValueError(NOT_A_BACKUP)
        tables = {name: Contents(**given) for name, given in said.pop("tables").items()}
        seal = said.pop("last_seal")
        return Manifest(tables=tables, last_seal=Seal(**seal) if seal else None, **said)
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as other:
        raise ValueError(NOT_A_BACKUP) from other


def differences(promised: Manifest, found: Manifest) -> list[str]:
    """What a restored database holds otherwise than the one that was backed up."""
    told = []
    for name in sorted({*promised.tables, *found.tables}):
        before, after = promised.tables.get(name), found.tables.get(name)
        if before is None or after is None:
            told.append(f"{name} is {'missing' if after is None else 'not of the backup'}")
        elif before != after:
            told.append(f"{name} has {after.rows:,} rows for {before.rows:,}, or other ones")
    if promised.policies != found.policies:
        told.append("the policies are others")
    if promised.permissions != found.permissions:
        told.append("the permission file is another")
    if promised.last_seal != found.last_seal:
        told.append("the newest seal of the audit is another")
    return told


def in_words(told: list[str]) -> str:
    """The first few."""
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return (
        f"The restored database is not the one that was backed up: {'; '.join(told[:SHOWN])}{more}."
    )


def is_late(last_at: datetime | None, now: datetime) -> bool:
    """An alert: there is no backup of the last 26 hours."""
    return last_at is None or now - last_at > LATE
