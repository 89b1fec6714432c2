"""What one rule of the permission file means for the rows of one table, as conditions in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.accounts.permissions import Permissions, Role, Rule, Thing

NO_ROWS = frozenset({"released", "none"})

# A purpose given for a record opens what hangs on it by one of these.
PARENTS = ("child_id", "place_id", "incident_id", "report_id")

# Kept by the database on a meeting and on all that hangs on it.
MEMBERS = "(select sec.actor()) = any (member_ids) and access_ends_at > now()"

Columns = frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that exists, with its columns."""

    name: str
    columns: Columns


def of_rule(
    permissions: Permissions, thing: Thing, role: Role, rule: Rule, table: Table, command: str
) -> str | None:
    if _has_none(thing, rule, table, command):
        return None
    scope = _scope(permissions, thing, role, rule, table, command)
    if scope is None:
        return None
    parts = [scope, _tiers(permissions, rule, table), _where(permissions, rule, table)]
    parts.append(_kinds(thing, rule, table))
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
    return both(parts)


def _has_none(thing: Thing, rule: Rule, table: Table, command: str) -> bool:
    """Whether the rule gives nothing of this table.

    A rule that opens some fields gives no row: which columns change is nothing that a policy can
    tell, so such changes go through a function of their own.
    """
    kind = thing.kinds_of.get(table.name)
    hidden = rule.view != "full" and table.name in thing.full_only
    some_fields = command == "update" and bool(rule.fields)
    other_kind = bool(rule.kinds) and kind is not None and kind not in rule.kinds
    return hidden or some_fields or other_kind or rule.view == "comment"


def _kinds(thing: Thing, rule: Rule, table: Table) -> str:
    """PACK stands for every kind of pack: PACK_MARVE and the others."""
    if not rule.kinds or table.name in thing.kinds_of or "kind" not in table.columns:
        return "true"
    return f"kind ~ '^({'|'.join(rule.kinds)})(_|$)'"


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
        return either(_boroughs(permissions, thing, role) + opened)
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
    """The rows that a live grant opens, by their own key or that of the record they hang on.

    Of a meeting also those that name the person, until its access ends.
    """
    record = thing.tables[0].partition(".")[2]
    fallback = "id" if table.name == thing.tables[0] else f"{record}_id"
    granted = record if thing.rows else thing.name  # objects that share a table share its grants
    column = own.get("named", fallback)
    if column not in table.columns:
        column = f"{record.removesuffix('_exact')}_id"
    parts = [MEMBERS] if "member_ids" in table.columns else []
    if column in table.columns:
        parts.append(f"{column} = any ((select sec.named('{granted}'))::uuid[])")
    return either(parts) if parts else None


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
    about = [f"{key} = (select app.purpose_record())" for key in PARENTS if key in table.columns]
    if "ref" in table.columns:
        about = ["ref = (select sec.purpose_for())"]
    return [*parts, either(["(select sec.purpose_for()) = '*'", *about])]


def both(parts: Sequence[str]) -> str:
    kept = [part for part in dict.fromkeys(parts) if part != "true"]
    if "false" in kept:
        return "false"
    return " and ".join(kept) if kept else "true"


def either(parts: Sequence[str]) -> str:
    kept = list(dict.fromkeys(part for part in parts if part != "false"))
    if "true" in kept:
        return "true"
    if not kept:
        return "false"
    return kept[0] if len(kept) == 1 else "(" + " or ".join(f"({part})" for part in kept) + ")"
