"""Put the policies of the permission file into the database, and tell whether they are in it.

Runs after the migrations, as the owner of each table, and again whenever the file has changed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg

from app.accounts import policies
from app.accounts.catalogue import INSTALLED, POLICIES, Installed
from app.accounts.permissions import PERMISSIONS, Permissions
from app.accounts.policies import Policy, quoted
from app.accounts.terms import Table
from app.core import prepare as core
from app.core.errors import InvalidError
from app.core.migrate import Finish, head
from app.core.settings import Settings

FORMER = (
    "The permissions of this release are older than those that are installed over the same schema: "
    "what was taken away since would be allowed again. Start the newer release, or, if that is "
    "what you want, run `contextmap db migrate --former-permissions` once with this one."
)
GENERATOR = ("policies.py", "terms.py", "install.py")

# Not of the file: sign-in itself, which works before anybody is known.
SYSTEM = "_system"

# What hangs on a record is told apart by it.
HUNG_ON = ("place_id", "child_id", "report_id", "intel_item_id")

TABLES = """
    select n.nspname || '.' || c.relname, array_agg(a.attname::text), r.rolname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_roles r on r.oid = c.relowner
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and n.nspname || '.' || c.relname = any (%s)
    group by 1, 3 order by 1
"""
STANDING = """
    select p.polname, n.nspname || '.' || c.relname
    from pg_policy p
    join pg_class c on c.oid = p.polrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname = any (%s)
      -- Owners have policies of their own, for triggers, keys and the audit's functions.
      and exists (select from pg_roles r where r.oid = any (p.polroles) and r.rolcanlogin)
"""


def prepare(settings: Settings, dbname: str | None = None, *, former: bool = False) -> bool:
    """Bootstrap, migrate and install the policies; True when something was changed.

    `dbname` is another database of the same server than the one that serves. `former` installs a
    permission file again that another one had taken the place of.
    """
    return core.prepare(settings, finish(former=former), dbname)


def finish(permissions: Permissions = PERMISSIONS, *, former: bool = False) -> Finish:
    """What a migration ends with; done again when the file or the generator changed."""

    def apply(connection: psycopg.Connection) -> None:
        if not former:
            _refuse_former(connection, permissions)
        install(connection, permissions)

    return Finish(mark=mark(permissions), apply=apply)


def mark(permissions: Permissions) -> bytes:
    """Changes with the file and with what makes policies of it."""
    generator = (Path(__file__).with_name(name).read_bytes() for name in GENERATOR)
    return hashlib.sha256(b"\0".join((permissions.sha256.encode(), *generator))).digest()


def install(connection: psycopg.Connection, permissions: Permissions = PERMISSIONS) -> None:
    """Replace every policy that the file answers for, in the caller's transaction."""
    found = existing(connection, permissions)
    names = [table.name for table, _ in found]
    standing = connection.execute(STANDING, (names,)).fetchall()
    wanted = list(policies.policies(permissions, [table for table, _ in found]))
    _lock(connection, found)
    for owner in sorted({owner for _, owner in found}):
        own = {table.name: table for table, of in found if of == owner}
        connection.execute(f"set role {owner}".encode())
        for name, table in standing:
            if table in own and not name.endswith(SYSTEM):
                connection.execute(f'drop policy "{name}" on {quoted(table)}'.encode())
        for policy in wanted:
            if policy.table in own:
                connection.execute(policy.sql().encode())
        for statement in grants(permissions, own.values(), wanted):
            connection.execute(statement.encode())
    (made,) = connection.execute(POLICIES).fetchone() or ("",)
    installed = _installed(connection).followed_by(permissions.sha256, head(), made)
    connection.execute("set role cs_owner")
    connection.execute(f"comment on schema app is '{installed.comment()}'".encode())


def _lock(connection: psycopg.Connection, found: Sequence[tuple[Table, str]]) -> None:
    """All at once: taken one by one on the way, each request over two of them would be in it."""
    for owner in sorted({owner for _, owner in found}):
        names = ", ".join(quoted(table.name) for table, of in found if of == owner)
        connection.execute(f"set role {owner}".encode())
        connection.execute(f"lock table {names} in access exclusive mode".encode())


def _installed(connection: psycopg.Connection) -> Installed:
    (comment,) = connection.execute(INSTALLED).fetchone() or ("",)
    return Installed.of(comment or "")


def _refuse_former(connection: psycopg.Connection, permissions: Permissions) -> None:
    """Whoever starts a former release by mistake must not widen what people may do.

    Raises
    ------
    InvalidError
        With what to do, whether it was a mistake or not.
    """
    installed = _installed(connection)
    if installed.schema == head() and permissions.sha256 in installed.files[1:]:
        raise InvalidError(FORMER)


def existing(connection: psycopg.Connection, permissions: Permissions) -> list[tuple[Table, str]]:
    """The tables of the file that exist so far, each with its owner."""
    wanted = sorted({table for thing in permissions.objects.values() for table in thing.tables})
    rows = connection.execute(TABLES, (wanted,)).fetchall()
    return [(Table(name, frozenset(columns)), owner) for name, columns, owner in rows]


def grants(
    permissions: Permissions, tables: Iterable[Table], wanted: Sequence[Policy]
) -> list[str]:
    """The auditor's login may select what its rules say: some columns, or whole rows."""
    made = []
    for table in tables:
        commands = {p.command for p in wanted if p.table == table.name and p.login == "cs_audit"}
        if not commands:
            continue
        columns = _columns(permissions, table)
        made.append(f"revoke all on {quoted(table.name)} from cs_audit")
        made.append(f"grant select{columns} on {quoted(table.name)} to cs_audit")
        rest = sorted(commands - {"select"})
        if rest:
            made.append(f"grant {', '.join(rest)} on {quoted(table.name)} to cs_audit")
    return made


def _columns(permissions: Permissions, table: Table) -> str:
    """Metadata columns only, unless some rule of an auditor opens whole rows."""
    rules = [
        rule
        for thing in permissions.objects.values()
        if table.name in thing.tables and thing.enabled
        for role in permissions.roles.values()
        if role.db_role == "cs_audit"
        for action, rule in thing.rules[role.name].items()
        if action == "read"
    ]
    if any(rule.scope != "meta" for rule in rules) or table.name.startswith("audit."):
        return ""
    shown = sorted(table.columns & {*permissions.meta_columns, *HUNG_ON})
    return f" ({', '.join(shown)})"
