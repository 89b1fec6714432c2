"""What must hold in the database itself before anybody is served; each question finds nothing.

Asked when a process starts, by `/readyz`, and by the tests (security.md 4.6).
"""

from dataclasses import dataclass
from typing import LiteralString

from app.accounts.definers import DEFINERS
from app.accounts.permissions import PERMISSIONS
from app.core import log
from app.core.db import Database
from app.core.errors import BusyError
from app.core.migrate import is_newer

FILES = 2  # permission files that a database remembers: its own, and the one before
OURS: LiteralString = "('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')"

QUESTIONS: dict[str, LiteralString] = {
    "row_level_security": f"""
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in {OURS} and c.relkind in ('r', 'p') and c.relname <> 'schema_version'
          and (not (c.relrowsecurity and c.relforcerowsecurity)
               or not exists (select from pg_policy p where p.polrelid = c.oid))
    """,
    "views": f"""
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in {OURS} and (c.relkind in ('m', 'f') or c.relkind = 'v' and not exists (
            select from pg_options_to_table(c.reloptions) o
            where o.option_name = 'security_invoker' and o.option_value::boolean))
    """,
    "functions": f"""
        select p.oid::regprocedure::text from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in {OURS} and (has_function_privilege('public', p.oid, 'execute')
            or p.prosecdef and not exists (
                select from unnest(p.proconfig) s where s like 'search_path=%%'))
    """,
    "roles": """
        select rolname::text from pg_roles where rolname like 'cs\\_%%' and rolname <> 'cs_backup'
          and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)
    """,
    "grants": f"""
        select distinct c.oid::regclass::text from pg_class c
        join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) given
        where n.nspname in {OURS} and given.grantee <> c.relowner
          and (given.grantee = 0 or given.privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES'))
    """,
    "statistics": """
        select p.oid::regprocedure::text from pg_proc p
        where p.proname in ('st_estimatedextent', 'st_findextent', '_postgis_stats',
            '_postgis_selectivity', '_postgis_join_selectivity', '_postgis_index_extent')
          and has_function_privilege(p.oid, 'execute')
    """,
    # The form executes functions; no table, column or sequence of ours is its own to read or write.
    "public": f"""
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in {OURS} and case
            when c.relkind = 'S' then
                has_sequence_privilege('cs_public', c.oid, 'usage, select, update')
            when c.relkind in ('r', 'p', 'v', 'm', 'f') then
                has_any_column_privilege('cs_public', c.oid, 'select, insert, update, references')
                or has_table_privilege('cs_public', c.oid, 'delete, truncate, trigger')
            else false end
    """,
    # An owner would be above its own policies after one `alter table`.
    "login": """
        select rolname::text from pg_roles where rolname = current_user
          and (rolsuper or rolbypassrls or pg_has_role('cs_owner', 'member')
               or pg_has_role('cs_sec', 'member'))
    """,
    "leakproof": """
        select 'geometry_overlaps' where not coalesce((
            select proleakproof from pg_proc
            where oid = to_regprocedure('public.geometry_overlaps(geometry, geometry)')), false)
    """,
}
DEFINED: LiteralString = f"""
    select array_agg(p.oid::regprocedure::text) from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname in {OURS} and p.prosecdef
"""
# As installed: the files, the newest first, the migration, and the policies and definers as the
# database reads them, in one comment. An older release checks a newer database by it, so what
# this question asks may never change.
POLICIES: LiteralString = f"""
    select encode(sha256(convert_to(string_agg(line, E'\\n' order by line), 'UTF8')), 'hex')
    from (select concat_ws('|', schemaname, tablename, policyname,
                           permissive, roles::text, cmd, qual, with_check)
          from pg_policies where schemaname in ('app', 'vault', 'intake', 'audit', 'reference')
          union all
          select p.oid::regprocedure::text from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
          where n.nspname in {OURS} and p.prosecdef) as found (line)
"""
INSTALLED: LiteralString = """
    select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'app'
"""
# Each table that this login may read at all; without claims none of them has a row.
WITHOUT_CLAIMS: LiteralString = """
    select array_agg(c.oid::regclass::text) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('app', 'vault', 'intake', 'audit') and c.relkind in ('r', 'p', 'v')
      and has_table_privilege(c.oid, 'select')
      and xpath_exists('/table/row', query_to_xml(
          format('select 1 as one from %%s limit 1', c.oid::regclass), false, false, ''))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed last, and the permission file before it.

    A process of the release before finds its own file there, over a schema that it does not know:
    what stands is of a newer release, whose policies hold for it as well. Over a schema that it
    knows, a former file is none: it may allow what was taken away since.
    """

    files: tuple[str, ...]
    schema: str
    policies: str

    @classmethod
    def of(cls, comment: str) -> "Installed":
        files, schema, policies = ("  " + comment).rsplit(" ", 2)
        return cls(tuple(files.split()), schema, policies)

    def followed_by(self, file: str, schema: str, policies: str) -> "Installed":
        former = [each for each in self.files if each != file]
        return Installed((file, *former[: FILES - 1]), schema, policies)

    def holds_for(self, file: str) -> bool:
        """Whether a process with this file may serve over what is installed."""
        allowed = self.files[:FILES] if is_newer(self.schema) else self.files[:1]
        return file in allowed

    def comment(self) -> str:
        return " ".join((*self.files, self.schema, self.policies))


class UnsafeDatabaseError(RuntimeError):
    """The database does not protect what it holds; the words say what was found."""


def found(db: Database, login: str) -> dict[str, list[str]]:
    """By question, what is not as it must be. Empty lists are good answers."""
    wrong = {
        name: list(
            db.ask(login, f"select array_agg(one) from ({question}) as found (one)", ()) or ()
        )
        for name, question in QUESTIONS.items()
    }
    installed = Installed.of(str(db.ask(login, INSTALLED, ()) or ""))
    unknown = set(db.ask(login, DEFINED, ()) or ()) - DEFINERS
    # Those of a newer release are in what it installed; ours to know are those of our own.
    wrong["definers"] = [] if is_newer(installed.schema) else sorted(unknown)
    wrong["permission_file"] = [] if installed.holds_for(PERMISSIONS.sha256) else ["app"]
    policies = db.ask(login, POLICIES, ())
    wrong["policies"] = [] if installed.policies == policies else ["differ from what was installed"]
    return wrong


def refuse_unsafe(db: Database, login: str) -> None:
    """Ends the start of a process over a database that would show rows it must not.

    Without an answer there is nothing to show either: the process starts and says 503.

    Raises
    ------
    UnsafeDatabaseError
        With everything that was found.
    """
    try:
        wrong = found(db, login)
        wrong["without_claims"] = list(db.ask(login, WITHOUT_CLAIMS, ()) or ())
    except BusyError:
        log.info("catalogue.unasked")
        return
    if any(wrong.values()):
        words = "; ".join(f"{name}: {', '.join(those)}" for name, those in wrong.items() if those)
        raise UnsafeDatabaseError(f"The database is not safe to serve from. {words}.")
