"""Row-level security policies, written from the permission file and installed in the database.

One policy per table, command and database role. Each is one CASE over who asks, so that a reader
pays for the claims of the own role only (a claim is verified once per mention and query).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.permissions import Permissions, Role, Rule, Thing

STAFF = {"select": ("read",), "insert": ("create", "run", "request")}
STAFF["update"] = ("update", "approve", "delete", "undo", "revoke")
JOBS = {"select": ("read",), "insert": ("create",), "update": ("update",), "delete": ("delete",)}
NAMES = {"select": "read", "insert": "create", "update": "change", "delete": "remove"}
PREFIX = {"cs_app": "app", "cs_audit": "audit", "cs_job": "job"}
NO_ROWS = frozenset({"released", "none"})

Columns = frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that exists, with its columns."""

    name: str
    columns: Columns


@dataclass(frozen=True, slots=True)
class Policy:
    """One `create policy`."""

    name: str
    table: str
    command: str
    login: str
    condition: str

    def sql(self) -> str:
        checked = {
            "select": f"using ({self.condition})",
            "delete": f"using ({self.condition})",
            "insert": f"with check ({self.condition})",
            "update": f"using ({self.condition}) with check ({self.condition})",
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
            for command in STAFF:
                cases = {
                    role.name: term
                    for role in permissions.roles.values()
                    if role.db_role == login
                    and (term := _allowed(permissions, things, role, table, command)) != "false"
                }
                yield from _policy(table, command, login, "sec.role()", cases)
        for login in ("cs_job", "cs_audit"):
            for command in JOBS:
                cases = {
                    job: term
                    for job, may in permissions.jobs.items()
                    if may.get("db_role", "cs_job") == login
                    and (term := _job_allowed(permissions, things, may, table, command)) != "false"
                }
                yield from _policy(table, command, login, "sec.job()", cases)


def _policy(
    table: Table, command: str, login: str, who: str, cases: Mapping[str, str]
) -> Iterator[Policy]:
    if not cases:
        return
    name = f"{PREFIX[login]}_{NAMES[command]}"
    if login == "cs_audit" and who == "sec.job()":
        name = f"sealer_{NAMES[command]}"
    yield Policy(name, table.name, command, login, _case(who, cases))


def _case(who: str, cases: Mapping[str, str]) -> str:
    if set(cases.values()) == {"true"}:
        names = ", ".join(f"'{name}'" for name in cases)
        # A bare IN of a value known at run time is taken to leave one row in hundreds, and the
        # planner then reads a big table once for each row of a lookup; a CASE is taken for half.
        return f"case when (select {who}) in ({names}) then true else false end"
    branches = " ".join(f"when '{name}' then {term}" for name, term in cases.items())
    return f"case (select {who}) {branches} else false end"


def _allowed(
    permissions: Permissions, things: Sequence[Thing], role: Role, table: Table, command: str
) -> str:
    """What a role may do to the rows of one table, over all objects that live in it."""
    found: dict[str, list[Thing]] = {}
    for thing in things:
        if command != "select" and table.name in thing.kept_by_database:
            continue
        for action in STAFF[command]:
            rule = thing.rules[role.name].get(action)
            if rule is None:
                continue
            term = _term(permissions, thing, role, rule, table, command)
            if term is not None:
                found.setdefault(term, []).append(thing)
    return _any([_of_rows(term, having, things, table) for term, having in found.items()])


def _of_rows(term: str, having: Sequence[Thing], things: Sequence[Thing], table: Table) -> str:
    """Only the rows of the objects that have the rule, unless all that share the table do."""
    if {thing.name for thing in having} == {thing.name for thing in things}:
        return term
    kinds = _any([thing.rows.get(table.name, "true") for thing in having])
    return _all([term, f"({kinds})"])


def _term(
    permissions: Permissions, thing: Thing, role: Role, rule: Rule, table: Table, command: str
) -> str | None:
    kind = thing.kinds_of.get(table.name)
    hidden = rule.view != "full" and table.name in thing.full_only
    if hidden or rule.view == "comment" or (rule.kinds and kind and kind not in rule.kinds):
        return None
    scope = _scope(permissions, thing, role, rule, table, command)
    if scope is None:
        return None
    parts = [scope, _tiers(permissions, rule, table), _where(permissions, rule, table)]
    if rule.purposes:
        parts += _purpose(rule, table, command)
    if rule.step_up:
        parts.append("(select sec.stepped())")
    if command == "select" and "deleted_at" in table.columns:
        # Gone from the moment of deletion on; the transaction that deletes still sees its row.
        parts.append("(deleted_at is null or deleted_at >= now())")
    if command == "insert" and "created_by" in table.columns:
        parts.append("created_by = (select sec.actor())")
    if rule.view == "proposal" and "state" in table.columns:
        parts.append("state = 'PROPOSED'")
    return _all(parts)


def _scope(
    permissions: Permissions, thing: Thing, role: Role, rule: Rule, table: Table, command: str
) -> str | None:
    """Which rows, by borough, agency, person or grant; None when there are none."""
    own = thing.columns.get(table.name, {})
    named = _named(thing, table, own)
    if rule.scope == "own" or (rule.view == "totals" and rule.scope == "all"):
        # Totals over other people's rows are answered by a function, never by the rows.
        return _own(rule.by or "user", own, table)
    if rule.scope == "named":
        return named
    if rule.scope == "own_borough" and table.name not in thing.unscoped:
        opened = [named] if command == "select" and named else []
        return _any(_boroughs(permissions, thing, role) + opened)
    if rule.scope in NO_ROWS or (rule.scope == "meta" and command != "select"):
        return None
    return "true"


def _boroughs(permissions: Permissions, thing: Thing, role: Role) -> list[str]:
    terms = ["borough_codes && (select sec.boroughs())::text[]"]
    emergency = permissions.emergency
    if role.name in emergency["roles"] and thing.name in emergency["objects"]:
        terms.append("(select sec.emergency())")
    return terms


def _own(by: str, own: Mapping[str, str], table: Table) -> str | None:
    if by == "user":
        column = own.get("user", "created_by")
        return f"{column} = (select sec.actor())" if column in table.columns else None
    if by == "agency":
        column = own.get("agency", "agency_code")
        return f"{column} = (select sec.agency())" if column in table.columns else None
    if by == "assigned" and "owner_user_id" in table.columns:
        return "(owner_user_id = (select sec.actor()) or owner_agency = (select sec.agency()))"
    return None  # by receipt: cs_public's own functions; by caseload: not built


def _named(thing: Thing, table: Table, own: Mapping[str, str]) -> str | None:
    """The rows that a live grant opens, by their own key or that of the record they hang on."""
    record = thing.tables[0].partition(".")[2]
    fallback = "id" if table.name == thing.tables[0] else f"{record}_id"
    granted = record if thing.rows else thing.name  # objects that share a table share its grants
    column = own.get("named", fallback)
    if column not in table.columns:
        column = f"{record.removesuffix('_exact')}_id"
    if column not in table.columns:
        return None
    return f"{column} = any ((select sec.named('{granted}'))::uuid[])"


def _tiers(permissions: Permissions, rule: Rule, table: Table) -> str:
    if "tier" not in table.columns or rule.scope == "meta":
        return "true"
    every = ("H0", "H1", "P", "C")
    if not rule.tiers:
        return "false"
    if set(rule.tiers) == set(every):
        return "true"
    return f"tier in ({', '.join(repr(tier) for tier in rule.tiers)})"


def _where(permissions: Permissions, rule: Rule, table: Table) -> str:
    if rule.where is None:
        return "true"
    words = permissions.conditions[rule.where]
    return "(" + words.replace("<> actor", "<> (select sec.actor())") + ")"


def _purpose(rule: Rule, table: Table, command: str) -> list[str]:
    """A purpose given for one record opens no other; a new record has none to be given for."""
    said = ", ".join(f"'{purpose}'" for purpose in rule.purposes)
    parts = [f"(select sec.purpose()) in ({said})"]
    if command == "insert":
        return parts
    hangs_on = [key for key in ("child_id", "place_id", "incident_id") if key in table.columns]
    about = [f"{key} = (select app.purpose_record())" for key in hangs_on]
    if "ref" in table.columns:
        about = ["ref = (select sec.purpose_for())"]
    return [*parts, _any(["(select sec.purpose_for()) = '*'", *about])]


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
    return _of_rows(term, having, things, table)


def _all(parts: Sequence[str]) -> str:
    kept = [part for part in dict.fromkeys(parts) if part != "true"]
    if "false" in kept:
        return "false"
    return " and ".join(kept) if kept else "true"


def _any(parts: Sequence[str]) -> str:
    kept = list(dict.fromkeys(part for part in parts if part != "false"))
    if "true" in kept:
        return "true"
    if not kept:
        return "false"
    return kept[0] if len(kept) == 1 else "(" + " or ".join(f"({part})" for part in kept) + ")"
