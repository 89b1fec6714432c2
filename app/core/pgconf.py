"""How the private cluster is configured: durable, silent about values, for one small machine."""

from collections.abc import Iterable
from pathlib import Path

LOGINS = ("postgres", "cs_migrate", "cs_app", "cs_public", "cs_job", "cs_audit", "cs_backup")
OURS = "contextmap.conf"
ARCHIVE = "contextmap-archive.conf"

SAFE = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_wal_size": "2GB",
    # How long a start after a crash takes: files are handed to the disk in one call instead of two
    # thousand (0.1 s for 2 s), and there is less to write since the last checkpoint.
    "recovery_init_sync_method": "syncfs",
    "checkpoint_timeout": "2min",
    "client_connection_check_interval": "5s",
    # On for good, since it needs a restart; where nothing is archived, segments go as they did.
    "archive_mode": "on",
    "archive_command": "'/bin/true'",
    "timezone": "UTC",
    # Error lines and their detail would carry values of rows: not even the first line of an error
    # is written, since `invalid input syntax for type date: "..."` quotes what was sent.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "logging_collector": "off",
}
# What must hold of a server of somebody else as well: its log is not ours to look after.
QUIET = {
    name: value
    for name, value in SAFE.items()
    if name.startswith("log_") and name != "logging_collector"
}
# Of the server's processes. Answers of a few hundred kilobytes are put together again and again:
# memory given back to the system after each, and asked for anew, cost up to 2 ms.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": "16777216", "MALLOC_TRIM_THRESHOLD_": "16777216"}
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "archive_mode": "off",
}


PEERS = "local all all peer map=contextmap\n"
COPIES = "local replication postgres peer map=contextmap\n"


def write_access(pgdata: Path, users: Iterable[str]) -> None:
    """Peer logins: who started the service may take each role; nobody else any."""
    (pgdata / "pg_hba.conf").write_text(PEERS)
    pairs = [f"contextmap {user} {role}\n" for user in sorted(set(users)) for role in LOGINS]
    (pgdata / "pg_ident.conf").write_text("".join(pairs))


def let_copy(pgdata: Path) -> None:
    """The superuser may copy the whole cluster; an operator's other lines stay."""
    access = pgdata / "pg_hba.conf"
    said = access.read_text()
    if COPIES not in said:
        access.write_text(said + COPIES)


def include_ours(pgdata: Path) -> None:
    """Once, after initdb. An operator's own `alter system` comes later and wins."""
    with (pgdata / "postgresql.conf").open("a") as conf:
        conf.write(f"include_if_exists = '{OURS}'\n")


def write_settings(pgdata: Path, *, durable: bool) -> None:
    """Before each start, so that a newer release changes them in old data folders too."""
    chosen = SAFE if durable else SAFE | HASTY
    lines = [f"{name} = {value}\n" for name, value in chosen.items()]
    (pgdata / OURS).write_text("".join([*lines, f"include_if_exists = '{ARCHIVE}'\n"]))
