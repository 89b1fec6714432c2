"""Row-level security policies, written from the permission file and installed in the database.

One policy per table, command and database role. Each is one CASE over who asks, so that a reader
pays for the claims of the own role only (a claim is verified once per mention and query).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.permissions import Permissions, Role, Thing
from app.accounts.terms import Table, both, either, of_rule

STAFF = {"select": ("read",), "insert": ("create", "run", "request")}
STAFF["update"] = ("update", "approve", "delete", "undo", "revoke")
JOBS = {"select": ("read",), "insert": ("create",), "update": ("update",), "delete": ("delete",)}
NAMES = {"select": "read", "insert": "create", "update": "change", "delete": "remove"}
PREFIX = {"cs_app": "app", "cs_audit": "audit", "cs_job": "job"}


Cases = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Policy:
    """One `create policy`."""

    name: str
    table: str
    command: str
    login: str
    condition: str
    after: str | None = None  # of an update: what the row must be then, where that is not the same

    def sql(self) -> str:
        checked = {
            "select": f"using ({self.condition})",
            "delete": f"using ({self.condition})",
            "insert": f"with check ({self.condition})",
            "update": f"using ({self.condition}) with check ({self.after or self.condition})",
        }[self.command]
        return (
            f"create policy {self.name} on {quoted(self.table)} for {self.command} "
            f"to {self.login} {checked}"
        )


def quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'{schema}."{name}"'


def policies(permissions: Permissions, tables: Sequence[Table]) -> Iterator[Policy]:
    """Every policy of the tables that exist; a role without any rule is in none of them."""
    for table in tables:
        things = [t for t in permissions.objects.values() if table.name in t.tables and t.enabled]
        for login in ("cs_app", "cs_audit"):
            asking = [role for role in permissions.roles.values() if role.db_role == login]
            for command in STAFF:
                cases = {
                    role.name: _allowed(permissions, things, role, table, command)
                    for role in asking
                }
                after = {
                    role.name: _allowed(permissions, things, role, table, command, changed=True)
                    for role in asking
                }
                yield from _policy(table, command, login, "sec.role()", (cases, after))
        for login in ("cs_job", "cs_audit"):
            working = {
                job: may
                for job, may in permissions.jobs.items()
                if may.get("db_role", "cs_job") == login
            }
            for command in JOBS:
                cases = {
                    job: _job_allowed(permissions, things, may, table, command)
                    for job, may in working.items()
                }
                yield from _policy(table, command, login, "sec.job()", (cases, cases))


def _policy(
    table: Table, command: str, login: str, who: str, cases: tuple[Cases, Cases]
) -> Iterator[Policy]:
    before, after = ({n: t for n, t in found.items() if t != "false"} for found in cases)
    if not before:
        return
    name = f"{PREFIX[login]}_{NAMES[command]}"
    if login == "cs_audit" and who == "sec.job()":
        name = f"sealer_{NAMES[command]}"
    yield Policy(name, table.name, command, login, _case(who, before), _case(who, after))


def _case(who: str, cases: Mapping[str, str]) -> str:
    if set(cases.values()) == {"true"}:
        names = ", ".join(f"'{name}'" for name in cases)
        # A bare IN of a value known at run time is taken to leave one row in hundreds, and the
        # planner then reads a big table once for each row of a lookup; a CASE is taken for half.
        return f"case when (select {who}) in ({names}) then true else false end"
    branches = " ".join(f"when '{name}' then {term}" for name, term in cases.items())
    return f"case (select {who}) {branches} else false end"


def _allowed(
    permissions: Permissions,
    things: Sequence[Thing],
    role: Role,
    table: Table,
    command: str,
    *,
    changed: bool = False,
) -> str:
    """What a role may do to the rows of one table, over all objects that live in it.

    `changed`: what an update may make of a row. Only the action delete marks it as deleted.
    """
    found: dict[str, list[Thing]] = {}
    removing: set[tuple[str, str]] = set()
    for thing in things:
        if command != "select" and table.name in thing.kept_by_database:
            continue
        for action in STAFF[command]:
            rule = thing.rules[role.name].get(action)
            if rule is None:
                continue
            term = of_rule(permissions, thing, role, rule, table, command)
            if term is not None:
                found.setdefault(term, []).append(thing)
                if action == "delete":
                    removing.add((term, thing.name))
    if changed and "deleted_at" in table.columns:
        found = _kept(found, removing)
    return either([_of_rows(term, having, things, table) for term, having in found.items()])


def _kept(
    found: Mapping[str, list[Thing]], removing: Collection[tuple[str, str]]
) -> dict[str, list[Thing]]:
    """What may be changed stays; what may be deleted, too, need not."""
    kept: dict[str, list[Thing]] = {}
    for term, having in found.items():
        for thing in having:
            may_go = (term, thing.name) in removing
            kept.setdefault(term if may_go else both([term, "deleted_at is null"]), []).append(
                thing
            )
    return kept


def _of_rows(term: str, having: Sequence[Thing], things: Sequence[Thing], table: Table) -> str:
    """Only the rows of the objects that have the rule, unless all that share the table do."""
    if {thing.name for thing in having} == {thing.name for thing in things}:
        return term
    kinds = either([thing.rows.get(table.name, "true") for thing in having])
    return both([term, f"({kinds})"])


def _job_allowed(
    permissions: Permissions,
    things: Sequence[Thing],
    may: Mapping[str, Any],
    table: Table,
    command: str,
) -> str:
    having = [
        thing
        for thing in things
        if any(action in may.get(thing.name, ()) for action in JOBS[command])
    ]
    term = "true" if having else "false"
    if having and "where" in may and "is_synthetic" in table.columns:
        term = permissions.conditions[may["where"]]
    removes = any("delete" in may.get(thing.name, ()) for thing in having)
    if command == "update" and not removes and "deleted_at" in table.columns:
        term = both([term, "deleted_at is null"])
    return _of_rows(term, having, things, table)
