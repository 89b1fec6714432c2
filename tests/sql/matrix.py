"""Who reaches which row, asked of PostgreSQL statement by statement and compared with the oracle.

Every statement runs under the login of the actor, in a savepoint that is rolled back. A statement
answers for all rows of a table at once. Inserts are tried one by one, with rows that exist: a row
that the policy lets in then breaks a key, and one that it does not let in never comes so far.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from app.core import clock
from app.core.actor import Actor
from app.core.claims import claims_json, signature
from tests.sql.oracle import Row, allowed
from tests.sql.world import KINGSTON, ME

KEYS = {
    "app.place_area": "place_id::text",
    "app.place_exact": "place_id::text",
    "app.online_space": "place_id::text",
    "app.place_state_change": "place_id::text",
    "vault.identity": "child_id::text",
    "app.place_version": "place_id::text",
    "app.place_alias": "place_id::text",
    "app.guardian_slot": "place_id::text",
    "app.objection": "place_id::text",
    "app.place_priority": "place_id::text",
    "app.context_assessment_state_change": "place_id::text",
    "app.context_plan_state_change": "place_id::text",
    "app.plan_action_state_change": "place_id::text",
    "app.safety_map_state_change": "place_id::text",
    "app.meeting_state_change": "record_id::text",
    "app.report_original": "report_id::text",
    "app.report_contact": "report_id::text",
    "app.report_state_change": "report_id::text",
    "app.import_file": "batch_id::text",
    "app.import_row": "batch_id || ' ' || run || ' ' || row",
    "app.intel_item_police": "intel_item_id::text",
    "app.intel_state_change": "intel_item_id::text",
    "app.intel_version": "intel_item_id::text",
    "app.incident_version": "incident_id::text",
    "app.incident_state_change": "incident_id::text",
    "app.missing_episode": "incident_id::text",
    "app.missing_episode_version": "incident_id::text",
    "app.incident_place": "incident_id || ' ' || place_id",
    "app.child_incident_link": "child_id || ' ' || incident_id",
    "app.cluster_member": "cluster_id || ' ' || site_id",
    "app.hot_cell": "run_id || ' ' || cell",
    "app.credential": "user_id::text",
    "app.purpose_held": "session_id::text",
    "app.sign_in_failure": "attempt_id::text",
    "app.release_cell": "release_id::text",
    "app.briefing_file": "briefing_id::text",
    "app.briefing_notice": "briefing_id::text",
    "app.place_mask": "square",
    "audit.seal": "n::text",
    "reference.area": "id::text",
    "reference.place_point": "id::text",
    "reference.police_label": "id::text",
    "reference.lookup": "list || ' ' || code",
    "reference.area_piece": "area_id::text",
    "reference.area_shape": "area_id::text",
    "reference.postcode": "postcode",
    "reference.place_type": "code",
    "reference.harm": "code",
    "reference.police_event": "key::text",
    "reference.point_grid": "z::text",
    "reference.month_grid": "z::text",
    "reference.street": "id::text",
    "reference.site": "id::text",
    "reference.stop": "id::text",
    "reference.police_search": "key::text",
    "reference.area_count": "key::text",
    "reference.line": "key::text",
    "reference.route_stop": "key::text",
}
# The auditor sees few columns of these, and not the whole key: the rows are counted.
COUNTED = {
    "app.meeting_state_change",
    "app.incident_place",
    "app.incident_version",
    "app.incident_state_change",
    "app.missing_episode",
    "app.missing_episode_version",
    "app.child_incident_link",
    "app.cluster_member",
    "app.hot_cell",
}
# A change that changes nothing, or what the guards of a table let somebody change at all.
CHANGES = {
    "app.session": "ended_at = coalesce(ended_at, now())",
    "app.api_token": "revoked_at = coalesce(revoked_at, now())",
    "app.cluster": "state = state",
    "app.cluster_decision": "undone_at = undone_at",
    "app.objection": "tier = tier",
}
# What a row must be to be new.
FRESH = {
    "app.user": {
        "state": "INVITED",
        "approved_at": None,
        "approved_by": None,
        "is_synthetic": False,
    }
}
REFUSED = psycopg.errors.InsufficientPrivilege
LOGINS = ("cs_app", "cs_audit", "cs_job")
ONE_BY_ONE = 8  # of what is tried row by row: a part of each table
# Their triggers find the boroughs of each new row, which takes twenty times as long as the policy.
SLOW = {"app.place", "app.incident"}

# What can be written as it stands.
COLUMNS = """
    select table_schema || '.' || table_name, array_agg(column_name::text order by column_name)
    from information_schema.columns where is_generated = 'NEVER' group by 1
"""
MARKED = frozenset({"app.place_priority"})  # beside the tables whose rows have an id of their own
MARK = """
do $$
declare
    one text;
    found_keys text := '';
begin
    foreach one in array string_to_array(current_setting('test.keys'), ',') loop
        begin
            update {table} set deleted_at = now() where {key} = one::uuid;
            if found then
                found_keys := found_keys || ' ' || one;
            end if;
        exception when insufficient_privilege then
            null;
        end;
    end loop;
    perform set_config('test.found', found_keys, true);
end $$
"""
SET_CLAIMS = "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true)"

Bodies = Mapping[str, Mapping[str, dict[str, Any]]]
Granted = Callable[[Actor, str, str], bool]


@dataclass
class Outcome:
    """How many decisions were compared, and which were wrong."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, wanted: Counter, found: Counter, cells: int) -> None:
        self.cells += cells
        if wanted != found:
            self.wrong.append(
                f"{what}: {(found - wanted).total()} rows too many, "
                f"{(wanted - found).total()} too few"
            )


class Asker:
    """Connections under every login, and the statements asked with somebody's claims."""

    def __init__(self, dsn: Callable[[str], str], claims_key: bytes) -> None:
        self.key = claims_key
        self.links = {login: psycopg.connect(dsn(login)) for login in LOGINS}
        with psycopg.connect(dsn("postgres")) as admin:
            self.columns = dict(admin.execute(COLUMNS).fetchall())

    def close(self) -> None:
        for link in self.links.values():
            link.close()

    @contextmanager
    def claiming(self, actor: Actor) -> Iterator[psycopg.Connection]:
        """A transaction that is given up at its end."""
        link = self.links[actor.db_role]
        claims = claims_json(
            actor,
            backend_pid=link.info.backend_pid,
            expires_at_s=clock.now().timestamp() + 600,
        )
        link.execute(SET_CLAIMS, (claims, signature(claims, self.key)))
        try:
            yield link
        finally:
            link.rollback()

    def reached(
        self, link: psycopg.Connection, table: str, statement: str, keys: list[str]
    ) -> Counter:
        """The keys of the rows that the statement read, changed or removed."""
        if statement == "mark":
            return self._marked(link, table, keys)
        key, name = KEYS.get(table, "id::text"), quoted(table)
        column = self.columns[table][0]
        change = CHANGES.get(table, f'"{column}" = "{column}"')
        these = f"where {key} = any (%s)"
        sql = {
            "select": f"select {key} from {name} {these}",
            "delete": f"delete from {name} {these} returning {key}",
            "update": f"update {name} set {change} {these} returning {key}",
        }[statement]
        return Counter(found for (found,) in tried(link, sql, (keys,)))

    def counted(self, link: psycopg.Connection, table: str) -> int:
        found = tried(link, f"select count(*) from {quoted(table)}", ())
        return found[0][0] if found else 0

    def _marked(self, link: psycopg.Connection, table: str, keys: list[str]) -> Counter:
        """The rows that may be marked as deleted, one by one: refusing one would refuse all."""
        link.execute("savepoint one")
        link.execute("select set_config('test.keys', %s, true)", (",".join(keys),))
        key = KEYS.get(table, "id::text").removesuffix("::text")
        link.execute(MARK.format(table=quoted(table), key=key).encode())
        (found,) = link.execute("select current_setting('test.found')").fetchone()
        link.execute("rollback to savepoint one")
        return Counter(found.split())

    def may_insert(self, link: psycopg.Connection, table: str, body: dict[str, Any]) -> bool:
        """Whether the policy lets the row in; what else stops it is beside the point."""
        columns = ", ".join(f'"{name}"' for name in self.columns[table])
        sql = (
            f"insert into {quoted(table)} ({columns}) overriding system value "
            f"select {columns} from jsonb_populate_record(null::{quoted(table)}, %s)"
        )
        link.execute("savepoint one")
        try:
            link.execute(sql.encode(), (Jsonb(body | FRESH.get(table, {})),))
        except REFUSED:
            return False
        except psycopg.errors.IntegrityError:
            return True
        else:
            return True
        finally:
            link.execute("rollback to savepoint one")


def tried(link: psycopg.Connection, sql: str, given: tuple) -> list[tuple]:
    """What the statement returns; nothing when it is refused."""
    link.execute("savepoint one")
    try:
        return link.execute(sql.encode(), given).fetchall()
    except REFUSED:
        return []
    finally:
        link.execute("rollback to savepoint one")


def quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'{schema}."{name}"'


def by_table(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row)
    return found


def bodies(admin: psycopg.Connection, rows: Mapping[str, list[Row]]) -> Bodies:
    """The content of some rows of each table, to insert it again."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for table, those in rows.items():
        key = KEYS.get(table, "id::text")
        step = -(-len(those) // (4 if table in SLOW else ONE_BY_ONE)) | 1
        keys = [row.key for row in those[::step]]
        keys += [row.key for row in those if row.synthetic is False][:1]
        keys += _telling(table, those)
        read = f"select {key}, to_jsonb(t) from {quoted(table)} t where {key} = any (%s)"
        found[table] = dict(admin.execute(read.encode(), (keys,)).fetchall())
    return found


def _telling(table: str, rows: list[Row]) -> Iterable[str]:
    """One row for each way in which its author, its agency or its borough alone may stop it."""
    tiers = ("C", "P") if table.startswith("app.intel_") else ("H1",)
    found: dict[tuple, str] = {}
    for row in rows:
        if row.tier in (*tiers, None) and not row.gone and row.synthetic is not False:
            here = KINGSTON in (row.boroughs or ())
            found.setdefault((row.author == ME, row.agency, here, row.kind, row.tier), row.key)
    return () if table in SLOW else found.values()


@dataclass(frozen=True)
class Matrix:
    """What is compared: the rows that there are, and which login may try which statement at all."""

    asker: Asker
    rows: Mapping[str, list[Row]]
    bodies: Bodies
    granted: Granted

    def compare(
        self,
        actors: Sequence[tuple[str, Actor]],
        statements: Sequence[str],
        tables: Sequence[str] = (),
        *,
        all_wrong: bool = True,
    ) -> Outcome:
        """Every actor, table, statement and row."""
        outcome = Outcome()
        for name, actor in actors:
            with self.asker.claiming(actor) as link:
                for table in tables or self.rows:
                    for statement in statements:
                        self._cell(outcome, link, (name, actor), table, statement)
            if outcome.wrong and not all_wrong:
                break
        return outcome

    def _cell(
        self,
        outcome: Outcome,
        link: psycopg.Connection,
        who: tuple[str, Actor],
        table: str,
        statement: str,
    ) -> None:
        name, actor = who
        those = self.rows[table]
        if statement == "mark":
            marked = "deleted_at" in self.asker.columns[table] and table not in KEYS.keys() - MARKED
            those = those[::ONE_BY_ONE] if marked else []
        elif statement == "insert":
            those = [row for row in those if row.key in self.bodies[table]]
        may = self.granted(actor, table, statement)
        wanted = Counter(r.key for r in those if may and allowed(actor, statement, r))
        if statement == "insert":
            found = Counter(
                r.key
                for r in those
                if self.asker.may_insert(link, table, self.bodies[table][r.key])
            )
        elif actor.db_role == "cs_audit" and statement == "select" and table in COUNTED:
            wanted, found = (
                Counter(rows=number) for number in (wanted.total(), self.asker.counted(link, table))
            )
        else:
            found = self.asker.reached(link, table, statement, [row.key for row in those])
        outcome.note(f"{name}: {statement} {table}", wanted, found, len(those))
