"""The whole matrix as raw SQL: who reaches which row by which statement (goal G1)."""

import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product
from uuid import UUID

import psycopg
import pytest

from app.accounts import policies
from app.accounts.install import existing
from app.accounts.permissions import PERMISSIONS
from app.accounts.policies import Policy
from app.core import clock
from app.core.actor import Actor, job_actor
from app.core.claims import claims_json, signature
from tests.conftest import CLAIMS_KEY
from tests.sql import world
from tests.sql.context_world import ALIKE
from tests.sql.matrix import (
    KEYS,
    LOGINS,
    REFUSED,
    SET_CLAIMS,
    SLOW,
    Asker,
    Matrix,
    bodies,
    by_table,
    quoted,
)
from tests.sql.oracle import SAID, SYSTEM
from tests.sql.world import KINGSTON, ME, OTHER_AGENCY, OWN_AGENCY, RICHMOND, SOMEBODY

STAFF = {name: facts for name, facts in SAID["roles"].items() if facts["account"]}
MUTANTS = int(os.environ.get("CONTEXTMAP_MUTANTS", "12"))  # of 228 that there are
STRANGER = UUID(int=0x57)
TEN_MINUTES_AGO = timedelta(seconds=601)

# What the file would allow and nobody's login can do, until a feature needs it. Fewer grants than
# rules is safe; the reverse would be wrong.
NOT_GRANTED = (
    (r"reference\..*", ("insert", "update")),  # boundaries and codes come by jobs
    (r"app\.report(_original|_contact|_state_change)?", ("insert",)),  # by intake.submit alone
    (r"app\.cluster_run", ("update",)),
    (r"app\.cluster", ("insert",)),  # by the job that a run starts
    (r"app\.retention_run", ("insert",)),  # by the job of each night
    (r"app\.(session|api_token)", ("insert",)),  # their guards: by sign-in alone
)
KEYS_OF_OTHERS = """
    select conrelid::regclass::text, conname from pg_constraint
    where contype = 'f' and connamespace in
        ('app'::regnamespace, 'vault'::regnamespace, 'reference'::regnamespace)
"""


def granted(actor: Actor, table: str, statement: str) -> bool:
    return actor.job is not None or not any(
        re.fullmatch(tables, table) and statement in statements
        for tables, statements in NOT_GRANTED
    )


class Ground:
    """The partnership in a database, what is known of each row, and who asks."""

    def __init__(self, database) -> None:
        self.dsn = database.logins.dsn
        things = world.everything()
        with psycopg.connect(self.dsn("postgres")) as admin:
            for thing in things:
                world.write(thing, admin)
            rows = [row for thing in things for row in thing.rows()]
            rows += world.trail(admin) + world.reference(admin, KEYS)
            # A statement is to be answered by policies, not by what hangs on a row.
            for table, key in admin.execute(KEYS_OF_OTHERS).fetchall():
                admin.execute(f'alter table {table} drop constraint "{key}"'.encode())
            self.rows = by_table(row for row in rows if row.table not in ALIKE)
            self.asker = Asker(self.dsn, CLAIMS_KEY)
            self.matrix = Matrix(self.asker, self.rows, bodies(admin, self.rows), granted)
        self.actors = [*people(things), *jobs()]


def people(things) -> Iterator[tuple[str, Actor]]:
    """Every role in every situation that the rules tell apart, and under the wrong logins."""
    for role, facts in STAFF.items():
        login = facts["db_role"]
        at_home = Actor(ME, role, role, login, OWN_AGENCY, (KINGSTON,), stepped_at=clock.now())
        for situation, differs in situations(things).items():
            yield f"{role}, {situation}", replace(at_home, **differs)
        for other in set(LOGINS) - {login}:
            yield f"{role} as {other}", replace(at_home, db_role=other, **reason("PLAN"))


def situations(things) -> dict[str, dict]:
    elsewhere = {"boroughs": (RICHMOND,), "agency": OTHER_AGENCY, "id": SOMEBODY}
    nowhere = {"boroughs": (), "agency": None, "id": STRANGER}
    stale = {"stepped_at": clock.now() - TEN_MINUTES_AGO}
    grants = {"named": grants_elsewhere(things)}
    return {
        "own borough": {},
        "other borough, agency and person": elsewhere,
        "no borough": nowhere,
        "both boroughs, stale code": {"boroughs": (KINGSTON, RICHMOND), **stale},
        "no code": {"stepped_at": None},
        "stale code, any record": stale | reason("PLAN"),
        "boasting": {"all_boroughs": True, "tiers": ("H0", "H1", "P", "C")},
        "any record": reason("PLAN"),
        "any record, for a meeting": reason("MARVE"),
        "a reason of nobody's": reason("CURIOSITY"),
        "a reason of the auditor's": reason("AUDIT"),
        "a reason for nothing": reason("PLAN", ""),
        "a reason for another record": reason("PLAN", "PL-0000000000"),
        **{f"a reason for {ref}": reason("CONTEXT_ASSESSMENT", ref) for ref in some_refs(things)},
        **{f"triage of {ref}": reason("TRIAGE", ref) for ref in reports_of(things)},
        "triage, any record": reason("TRIAGE"),
        **missing_panel(things, grants),
        "emergency": {"emergency": True},
        "emergency, any record": {"emergency": True, **reason("PLAN")},
        "grants": grants,
        "grants, any record": grants | reason("MARVE"),
        "elsewhere, any record": elsewhere | reason("PLAN"),
        "grants, another record": grants | reason("MARVE", "PL-0000000000"),
        "nowhere, grants, any record": nowhere | grants | reason("PLAN"),
    }


def missing_panel(things, grants: dict) -> dict[str, dict]:
    """The purpose of those who meet about missing episodes: no other one opens them."""
    episode = next(
        t
        for t in things
        if isinstance(t, world.Episode) and KINGSTON in t.incident.scope["boroughs"]
    )
    return {
        "missing panel, any record": reason("MISSING_PANEL"),
        "missing panel, one record": reason("MISSING_PANEL", episode.incident.ref),
        "missing panel, grants": grants | reason("MISSING_PANEL"),
        "missing panel, emergency": {"emergency": True} | reason("MISSING_PANEL"),
    }


def reason(purpose: str, about: str = "*") -> dict:
    return {"purpose": purpose, "purpose_for": about}


def grants_elsewhere(things) -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for thing in things:
        for row in thing.rows():
            if row.boroughs and KINGSTON not in row.boroughs:
                for what, key in row.granted.items():
                    named[what] = (*named.get(what, ()), str(key))
    return named


def some_refs(things) -> Iterator[str]:
    """One record of each kind in the own borough, a home and a record elsewhere."""
    for kind in (world.Place, world.Incident, world.Child):
        mine = [t for t in things if isinstance(t, kind) and t.tier == "H1"]
        yield next(t.ref for t in mine if t.where == "K")
        yield next(t.ref for t in mine if t.where == "R")
    homes = (t for t in things if getattr(t, "sensitivity", "") == "RESIDENTIAL")
    yield next(home.ref for home in homes if home.where == "K")


def reports_of(things) -> Iterator[str]:
    """One in each borough, and one that was deleted."""
    every = [thing for thing in things if isinstance(thing, world.Report)]
    for where in "KR":
        yield next(r.ref for r in every if r.where == where and not r.gone)
    yield next(r.ref for r in every if r.gone)


def jobs() -> Iterator[tuple[str, Actor]]:
    for job, login in product([*SAID["jobs"], *SYSTEM, "nobody:knows"], LOGINS):
        yield f"job {job} as {login}", job_actor(job, db_role=login)


@pytest.fixture(scope="module")
def ground(module_db):
    found = Ground(module_db)
    yield found
    found.asker.close()


@pytest.mark.asvs("8.2.2", "8.3.1")
def test_every_statement_reaches_the_rows_of_the_permission_file_and_no_others(ground):
    outcome = ground.matrix.compare(ground.actors, ("select", "update", "delete", "mark"))

    assert outcome.wrong == []
    assert outcome.cells > 500_000


@pytest.mark.asvs("8.2.2")
def test_rows_are_let_in_as_the_permission_file_says(ground):
    outcome = ground.matrix.compare(ground.actors, ("insert",))

    assert outcome.wrong == []
    assert outcome.cells > 10_000


def test_each_role_reaches_and_misses_rows_of_every_kind_the_file_names(ground):
    """A matrix of refusals alone would prove nothing."""
    seen = {
        (actor.role, table)
        for name, actor in ground.actors
        if actor.role in STAFF and name.endswith(("any record", "own borough"))
        for table in ground.rows
        if _sees(ground, actor, table)
    }

    assert {table for role, table in seen if role == "cs_lead"} >= {
        *("app.place", "app.place_exact", "app.child", "app.child_place_link", "app.user"),
        *("app.report", "app.report_original", "app.report_contact", "app.report_message"),
        *("app.incident", "app.cluster", "app.cluster_member", "app.import_batch"),
    }
    assert ("administrator", "app.place") not in seen
    assert not {table for _, table in seen} & {"app.credential", "app.passkey", "app.invitation"}


def _sees(ground, actor, table) -> bool:
    with ground.asker.claiming(actor) as link:
        keys = [row.key for row in ground.rows[table]]
        return bool(ground.asker.reached(link, table, "select", keys))


def claimed(actor: Actor, pid: int, *, seconds: float = 600) -> str:
    at = clock.now().timestamp() + seconds
    return claims_json(actor, backend_pid=pid, expires_at_s=at)


def forgeries(actor: Actor, pid: int) -> dict[str, tuple[str, str]]:
    true = claimed(actor, pid)
    signed = signature(true, CLAIMS_KEY)
    late, other = claimed(actor, pid, seconds=-1), claimed(actor, pid + 1)
    return {
        "unsigned": (true, ""),
        "another signature": (true, "00" * 32),
        "signed with another key": (true, signature(true, b"another key, of nobody's")),
        "changed after signing": (true.replace(actor.role, "cs_lead2"), signed),
        "expired": (late, signature(late, CLAIMS_KEY)),
        "of another connection": (other, signature(other, CLAIMS_KEY)),
        "no claims": ("", signed),
        "not JSON": ("*", signature("*", b"another key, of nobody's")),
    }


FORGED = list(forgeries(job_actor("x"), 1))


@pytest.mark.asvs("1.2.4")
@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize("login", LOGINS)
def test_claims_that_are_not_true_open_no_row_of_any_table(ground, login, how):
    link = ground.asker.links[login]
    cells = 0
    for _, actor in ground.actors:
        if actor.db_role != login:
            continue
        claims, signed = forgeries(actor, link.info.backend_pid)[how]
        link.execute(SET_CLAIMS, (claims, signed))
        table = list(ground.rows)[cells % len(ground.rows)]
        for statement in ("select", "update"):
            keys = [row.key for row in ground.rows[table]]
            assert not ground.asker.reached(link, table, statement, keys)
            cells += 1
        link.rollback()
    for table in ground.rows:
        link.execute(SET_CLAIMS, (claims, signed))
        assert not ground.asker.reached(link, table, "select", [r.key for r in ground.rows[table]])
        link.rollback()


def test_the_login_of_the_public_reaches_no_table(ground):
    with psycopg.connect(ground.dsn("cs_public"), autocommit=True) as link:
        for table, verb in product(ground.rows, ("select * from", "delete from", "table")):
            with pytest.raises(REFUSED):
                link.execute(f"{verb} {quoted(table)}".encode())


# Each is one part of a condition; without it the policy opens too much.
PARTS = (
    r"borough_codes && \(select sec\.boroughs\(\)\)::text\[\]",
    r"tier in \([^)]*\)",
    r"\(select sec\.purpose\(\)\) in \([^)]*\)",
    r"\(select sec\.purpose_for\(\)\) = '\*'",
    r"\(select sec\.stepped\(\)\)",
    r"\(deleted_at is null or deleted_at >= now\(\)\)",
    r"\w+ = \(select sec\.actor\(\)\)",
    r"agency_code = \(select sec\.agency\(\)\)",
    r"\w+ = any \(\(select sec\.named\('\w+'\)\)::uuid\[\]\)",
    r"\(listed\)",
    r"\(state = 'RECORDED'\)",
    r"state in \('DECIDED'[^)]*\)",
    r"redaction <> 'NEEDED'",
    r"routed_police",
    r"state = 'PROPOSED'",
    r"\(kind ~ '[^']*'\)|kind ~ '[^']*'",
    r"type_code (not )?like 'ROUTE%'",
    r"\(select sec\.emergency\(\)\)",
    r"is_synthetic",
    r"\(shared\)",
    r"\(rows_asked <= 500\)",
    r"\(select sec\.actor\(\)\) = any \((accepted_by|member_ids)\)",
    r"access_ends_at > now\(\)",
    r"\(all_rated or rater_id = \(select sec\.actor\(\)\)\)",
    r"\(owner_user_id = [^)]*\)\) or owner_agency = [^)]*\)\)\)",
    r"\(tier = '[PC]'\)",
)
# The code of intelligence is said by the rule of a role and by its object: without one of the two
# the other still holds, so that both go at once. Only those of code P: a role with a rule about
# code C has one about P, with fewer conditions, so that more of P would open nothing. What is
# shared is not deleted: a trigger sees to it, so that the part about deleting says it twice, too.
THERE = r"\(deleted_at is null or deleted_at >= now\(\)\)"
TWICE = rf"tier in \('([PC])'\)((?:{THERE}|(?! or | when ).)*?) and \(tier = '\1'\)"


# An update must see what it changes: of what both policies say, reading alone would do.
PARTS_OF_UPDATES = (r"(?<=and )deleted_at is null", r"\(state = 'RECORDED'\)")


def parts(words: str, patterns: tuple[str, ...]) -> Iterator[tuple[re.Match, str]]:
    """What a mutant is without, and what stands there instead."""
    twice = list(re.finditer(TWICE, words))
    for found in (found for part in patterns for found in re.finditer(part, words)):
        if not any(said_twice(found, both) for both in twice):
            yield found, "true"
    for both in twice:
        if both[1] == "P" and patterns is PARTS:
            yield both, f"true{both[2]}"


def said_twice(found: re.Match, both: re.Match) -> bool:
    inside = both.start() <= found.start() and found.end() <= both.end()
    of_code = found[0].lstrip("(").startswith("tier")
    return inside and (of_code or ("deleted_at" in found[0] and "(shared" in both[0]))


# The database gives a meeting the tier of its places, and never that of code C: a rule for the
# other three lets every meeting through.
NEVER_C = (
    *("app.meeting", "app.meeting_member", "app.meeting_item", "app.meeting_state_change"),
    *("app.pack", "app.pack_entry"),
)
ALL_BUT_C = "tier in ('H0', 'H1', 'P')"


def mutants(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """The policy without one part of it."""
    update = policy.command == "update"
    attribute = "after" if update else "condition"
    words = getattr(policy, attribute)
    for found, instead in parts(words, PARTS_OF_UPDATES if update else PARTS):
        if policy.table in NEVER_C and found[0] == ALL_BUT_C:
            continue
        changed = words[: found.start()] + instead + words[found.end() :]
        mutant = replace(policy, **{attribute: changed})
        if update and found[0] in policy.condition:
            mutant = replace(mutant, condition=policy.condition.replace(found[0], "true"))
        yield f"without {found[0]} at {found.start()}", mutant


@pytest.fixture(scope="module")
def generated(ground):
    with psycopg.connect(ground.dsn("postgres")) as admin:
        tables = [table for table, _ in existing(admin, PERMISSIONS)]
    return [
        policy
        for policy in policies.policies(PERMISSIONS, tables)
        if policy.table in ground.rows
        and policy.command != "delete"  # reading says the same, and a row must be seen to go
        and (
            policy.command != "insert"
            or policy.table not in (*SLOW, "app.session", "app.api_token", "app.report")
        )
    ]


def test_tables_that_are_not_compared_have_the_policies_of_one_that_is(ground):
    with psycopg.connect(ground.dsn("postgres")) as admin:
        tables = [table for table, _ in existing(admin, PERMISSIONS)]
    said: dict[str, set[tuple]] = {}
    for policy in policies.policies(PERMISSIONS, tables):
        words = (policy.name, policy.command, policy.login, policy.condition, policy.after)
        said.setdefault(policy.table, set()).add(words)

    assert {table: said[table] for table in ALIKE} == {a: said[b] for a, b in ALIKE.items()}
    assert set(ALIKE.values()) <= ground.rows.keys()


def test_a_policy_that_opens_too_much_is_noticed(ground, generated):
    every = [(policy, *mutant) for policy in generated for mutant in mutants(policy)]

    unseen = [
        f"{policy.name} on {policy.table}: {what}"
        for policy, what, mutant in random.Random(MUTANTS).sample(every, min(MUTANTS, len(every)))
        if not noticed(ground, policy, mutant)
    ]

    assert unseen == []


# Each went unseen once, because the partnership of the tests had no row that this part alone stops.
ONCE_UNSEEN = (
    ("app.export", "insert", "few_rows"),
    ("app.export", "insert", "sec.stepped"),
    ("app.import_mapping", "select", "deleted_at"),
    ("app.intel_recipient", "select", "tier in"),
    ("app.intel_recipient", "insert", "tier in"),
)


@pytest.mark.parametrize(("table", "command", "part"), ONCE_UNSEEN)
def test_what_went_unseen_once_is_noticed(ground, generated, table, command, part):
    part = SAID["conditions"].get(part, part)
    every = [
        (policy, *mutant)
        for policy in generated
        if (policy.table, policy.command, policy.login) == (table, command, "cs_app")
        for mutant in mutants(policy)
        if part in mutant[0]
    ]

    assert every
    assert [what for policy, what, mutant in every if not noticed(ground, policy, mutant)] == []


@pytest.mark.parametrize("extra", ["select", "update"])
def test_a_second_policy_beside_the_generated_one_is_noticed(ground, generated, extra):
    policy = next(
        p for p in generated if (p.table, p.command, p.login) == ("app.incident", extra, "cs_app")
    )

    assert noticed(ground, None, replace(policy, name="left_over", condition="true", after="true"))


@contextmanager
def unguarded(admin: psycopg.Connection, table: str) -> Iterator[None]:
    """Without the guard of migration 0007, which refuses much of what the policies refuse, too."""
    guarded = table in ("app.access_grant", "app.user")
    switch = f"alter table {quoted(table)} {{}} trigger {table.removeprefix('app.')}_guard"
    if guarded:
        admin.execute(switch.format("disable").encode())
    try:
        yield
    finally:
        if guarded:
            admin.execute(switch.format("enable").encode())


@pytest.mark.parametrize("table", ["app.access_grant", "app.user"])
def test_policies_hold_without_the_guard_of_their_table(ground, table):
    asking = [(name, actor) for name, actor in ground.actors if actor.db_role == "cs_app"]
    with (
        psycopg.connect(ground.dsn("postgres"), autocommit=True) as admin,
        unguarded(admin, table),
    ):
        found = ground.matrix.compare(asking, ("insert",), [table])

    assert found.wrong == []


def noticed(ground, policy: Policy | None, mutant: Policy) -> bool:
    """Whether the matrix finds a wrong cell with the other policy in the database."""
    statements = {"update": ("update", "mark")}.get(mutant.command, (mutant.command,))
    asking = [(name, actor) for name, actor in ground.actors if actor.db_role == mutant.login]
    with psycopg.connect(ground.dsn("postgres"), autocommit=True) as admin:
        dropped = f"drop policy {mutant.name} on {quoted(mutant.table)}".encode()
        if policy is not None:
            admin.execute(dropped)
        admin.execute(mutant.sql().encode())
        try:
            with unguarded(admin, mutant.table):
                found = ground.matrix.compare(asking, statements, [mutant.table], all_wrong=False)
        finally:
            admin.execute(dropped)
            if policy is not None:
                admin.execute(policy.sql().encode())
    return bool(found.wrong)
