"""A second opinion on who may do what: plain Python over the permission file, row by row.

Shares no code with the service. The generator writes SQL from the file; this judge reads the same
words and security.md 4, and what it knows of a row is what the test made, not what the database
keeps beside it. Where the two differ, one of them has misread the file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

from app.core import clock
from app.core.actor import Actor

FILE = Path(__file__).resolve().parents[2] / "app" / "accounts" / "permissions.yaml"
SAID: Mapping[str, Any] = yaml.safe_load(FILE.read_text())

# What a person's statement may be, in the actions of the file. Staff never delete a row: deletion
# marks it, and only the job of retention removes.
BY_STATEMENT = {
    "select": ("read",),
    "insert": ("create", "run", "request"),
    "update": ("update", "approve", "undo", "revoke"),
    "mark": ("delete",),
    "delete": (),
}
# What is gone is changed by those jobs alone that may remove it.
JOB_ACTION = {
    "select": ("read",),
    "insert": ("create",),
    "update": ("update",),
    "mark": ("update", "delete"),
    "delete": ("delete",),
}
STEP_UP_S = 600
DECIDED = {"DECIDED", "FEEDBACK_SENT", "CLOSED"}

# Signing in comes before anybody has a role, and the file has no words for it: three jobs of the
# system keep the accounts, and what proves who somebody is is nobody else's to read.
SYSTEM = ("accounts:sign-in", "accounts:admin", "demo:load")
SECRETS = ("credential", "passkey", "invitation", "sign_in_failure", "purpose_held")
ACCOUNTS = {f"app.{name}" for name in ("user", "session", "api_token", "access_grant", *SECRETS)}

# Identities and erasure are kept by jobs of the system, through migration 0015.
KEEPERS = ("retention:erase", "retention:replay", "vault:keys", "demo:load")
KEPT = ("vault.identity", "app.legal_hold", "app.retention_run", "app.retention_event")


@dataclass(frozen=True, slots=True)
class Row:
    """What decides about one row. None: the table has no such thing."""

    table: str
    key: Any
    boroughs: frozenset[str] | None = None
    tier: str | None = None
    agency: str | None = None
    author: UUID | None = None  # who wrote it: nobody writes in another's name
    person: UUID | None = None  # whose it is, where that is not the author
    state: str | None = None
    listed: bool = False
    far: frozenset[str] = frozenset()  # boroughs of the other end of a link
    type_code: str = ""
    kind: str | None = None
    redaction: str | None = None
    routed: bool = False  # a report that was referred to the police
    shared: bool = False  # intelligence that was released, and not graded 3D or 3E
    accepted: frozenset[UUID] = frozenset()  # recipients who accepted its conditions
    many: bool = False  # an export of more rows than one takes alone
    owner: UUID | None = None  # of an action
    owner_agency: str | None = None
    members: frozenset[UUID] = frozenset()  # named in its meeting, while that is open to them
    rated: bool = False  # a weighting: by everybody of the meeting
    of_role: str | None = None  # a saved view that is shared with this role
    gone: bool = False
    synthetic: bool | None = None
    refs: frozenset[str] = frozenset()  # records that a reason to open it may name
    granted: Mapping[str, UUID] = field(default_factory=dict)  # object of a grant: the row's key


def allowed(actor: Actor, statement: str, row: Row) -> bool:
    """Whether the statement reaches this row; an update must also see what it changes."""
    if statement in ("update", "mark", "delete") and not allowed(actor, "select", row):
        return False
    if row.table in ACCOUNTS and actor.job in SYSTEM and actor.db_role in ("cs_app", "cs_job"):
        return statement != "delete" or row.table == "app.sign_in_failure"
    if row.table in KEPT and actor.job in KEEPERS:
        return actor.db_role == "cs_job"
    if actor.job is not None:
        return _job_may(actor, statement, row)
    role = SAID["roles"].get(actor.role)
    if role is None or role["db_role"] != actor.db_role or actor.db_role == "cs_public":
        return False  # the public has functions of its own, and no table
    return any(
        _holds(actor, name, thing, rule, statement, row)
        for name, thing, rule in _rules(actor.role, statement, row)
    )


@lru_cache
def _of_table(table: str) -> list[tuple[str, Any]]:
    return [
        (name, thing)
        for name, thing in SAID["objects"].items()
        if table in [t if "." in t else f"app.{t}" for t in thing["tables"]]
        and thing.get("enabled", True)
    ]


def _rules(role: str, statement: str, row: Row) -> Iterator[tuple[str, Any, Any]]:
    for name, thing in _of_table(row.table):
        if not _is_of(name, row):
            continue
        if statement != "select" and _short(row.table) in thing.get("kept_by_database", ()):
            continue
        for action in BY_STATEMENT[statement]:
            if rule := thing["rules"][role].get(action):
                yield name, thing, rule


def _is_of(name: str, row: Row) -> bool:
    """Routes and places share one table, and items of both codes; others have one kind of row.

    Names of recipients are of code C, also while their item has become one of code P.
    """
    if name in ("intelligence_p", "intelligence_c") and row.table != "app.intel_recipient":
        return (name == "intelligence_c") == (row.tier == "C")
    if row.table != "app.place" or name not in ("place", "route"):
        return True
    return (name == "route") == row.type_code.startswith("ROUTE")


def _holds(actor: Actor, name: str, thing: Any, rule: Any, statement: str, row: Row) -> bool:
    view = rule.get("view", "full")
    if view == "comment" or (view != "full" and _short(row.table) in thing.get("full_only", ())):
        return False
    if statement == "select" and row.gone:
        return False
    if statement in ("update", "mark") and rule.get("fields"):
        return False  # some fields only: through a function that changes those and no others
    if statement == "insert" and row.author is not None and row.author != actor.id:
        return False
    if view == "proposal" and row.state is not None and row.state != "PROPOSED":
        return False
    return (
        _kind(thing, rule, row)
        and _scope(actor, name, thing, rule, statement, row)
        and _tier(actor, rule, row)
        and _where(actor, rule, row)
        and _purpose(actor, rule, statement, row)
        and (not rule.get("step_up") or _stepped(actor))
    )


def _kind(thing: Any, rule: Any, row: Row) -> bool:
    wanted = rule.get("kinds")
    of_table = thing.get("kinds_of", {}).get(_short(row.table), row.kind)
    if wanted is None or of_table is None:
        return True
    return any(of_table == kind or of_table.startswith(f"{kind}_") for kind in wanted)


def _scope(actor: Actor, name: str, thing: Any, rule: Any, statement: str, row: Row) -> bool:
    scope = rule["scope"]
    totals_of_others = rule.get("view") == "totals" and scope == "all"
    if scope == "own" or totals_of_others:
        return _own(actor, rule.get("by", "user"), row)
    if scope in ("none", "released"):
        return False
    if scope == "named":
        return _named(actor, row)
    if scope == "meta":
        return statement == "select"
    unscoped = thing.get("unscoped", ())
    if scope == "all" or unscoped == "all" or _short(row.table) in unscoped:
        return True
    if scope != "own_borough":
        raise ValueError(scope)
    rescue = SAID["break_glass"]
    in_emergency = actor.emergency and actor.role in rescue["roles"] and name in rescue["objects"]
    there = bool(frozenset(actor.boroughs) & (row.boroughs or frozenset()))
    return there or in_emergency or (statement == "select" and _named(actor, row))


def _own(actor: Actor, by: str, row: Row) -> bool:
    if by == "user":
        return actor.id in (row.person, None if row.person else row.author)
    if by == "agency":
        return row.agency is not None and row.agency == actor.agency
    if by == "assigned":
        mine = row.owner_agency is not None and row.owner_agency == actor.agency
        return mine or (row.owner is not None and row.owner == actor.id)
    return False  # receipts and caseloads have no table


def _named(actor: Actor, row: Row) -> bool:
    if actor.id in row.members:
        return True
    return any(str(key) in actor.named.get(thing, ()) for thing, key in row.granted.items())


def _tier(actor: Actor, rule: Any, row: Row) -> bool:
    if row.tier is None or rule["scope"] == "meta":
        return True
    return row.tier in rule.get("tiers", SAID["roles"][actor.role]["tiers"])


def _where(actor: Actor, rule: Any, row: Row) -> bool:
    condition = rule.get("where")
    if condition is None:
        return True
    return {
        "listed_to_partners": row.listed,
        "both_ends": bool(row.far & set(actor.boroughs)) or actor.emergency,
        "both_ends_listed": row.listed and bool(row.far & set(actor.boroughs)),
        "until_confirmed": row.state == "RECORDED",
        "not_author": row.author != actor.id,
        "not_intelligence": row.kind not in ("intelligence", "unsaid") or row.person == actor.id,
        "few_rows": not row.many,
        "own_or_of_role": row.author == actor.id or row.of_role == actor.role,
        "after_triage": row.state in DECIDED and row.redaction != "NEEDED",
        "shareable_grade": row.shared,
        "conditions_accepted": row.shared and actor.id in row.accepted,
        "chair_not_builder": row.author != actor.id,
        "all_have_rated": row.rated or row.person == actor.id,
        "approved": row.state == "APPROVED",
        "checked": row.state != "DRAFT",
        "frozen": row.state in ("FROZEN", "TABLED", "RECALLED"),
        "custodian": False,  # a duty that nobody of this partnership holds
        "routed_to_police": row.routed and row.redaction != "NEEDED",
    }[condition]


def _purpose(actor: Actor, rule: Any, statement: str, row: Row) -> bool:
    wanted = rule.get("purpose")
    if wanted is None:
        return True
    known = SAID["roles"][actor.role]["purposes"] if wanted is True else wanted
    if actor.purpose not in known:
        return False
    # What does not exist yet cannot be named by a reason.
    return statement == "insert" or actor.purpose_for == "*" or actor.purpose_for in row.refs


def _stepped(actor: Actor) -> bool:
    shown = actor.stepped_at
    return shown is not None and (clock.now() - shown).total_seconds() < STEP_UP_S


def _job_may(actor: Actor, statement: str, row: Row) -> bool:
    job = SAID["jobs"].get(actor.job, {})
    if job.get("db_role", "cs_job") != actor.db_role or statement not in JOB_ACTION:
        return False
    if job.get("where") == "synthetic" and row.synthetic is False:
        return False
    if statement == "update" and row.gone:
        return _job_may(actor, "mark", row)
    return any(
        all(action in job.get(name, ()) for action in JOB_ACTION[statement])
        for name, _ in _of_table(row.table)
        if _is_of(name, row)
    )


def _short(table: str) -> str:
    """Tables of the schema app are written without it in the file."""
    return table.removeprefix("app.")
