"""What a database holds, in figures that a restored one must show again."""

from collections.abc import Callable
from typing import LiteralString

import psycopg
from psycopg import sql

from app.backups.rules import Contents, Manifest, Seal
from app.core import clock
from app.core.errors import InvalidError

# Another release compares what these find: with any change of them rules.FORMAT changes, too.
# Keys are made anew at a restore, so that a backup holds none.
EXCLUDED = "sec.key"
# A text of a row depends on these, and on nothing else that a session chooses.
SPELLING: LiteralString = """
    select set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO, YMD', false),
        set_config('intervalstyle', 'postgres', false), set_config('bytea_output', 'hex', false),
        set_config('extra_float_digits', '1', false), set_config('search_path', '', false)
"""
TABLES: LiteralString = """
    select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname || '.' || c.relname <> %s
      and n.nspname in ('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')
    order by 1, 2
"""
# A sum, since rows have no order; two halves of 64 bits, since a sum of more is slow.
ROWS = sql.SQL("""
    select count(*), coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0)::text,
        coalesce(sum(('x' || substr(h, 17, 16))::bit(64)::bigint::numeric), 0)::text
    from (select encode(sha256(convert_to(whole_row_::text, 'UTF8')), 'hex') as h
          from {} as whole_row_) as hashed
""")
VERSIONS: LiteralString = """
    select current_setting('server_version'),
        coalesce((select extversion from pg_extension where extname = 'postgis'), ''),
        (select version_num from reference.schema_version)
"""
POLICIES: LiteralString = """
    select encode(sha256(convert_to(string_agg(line, E'\\n' order by line), 'UTF8')), 'hex')
    from (select concat_ws('|', schemaname, tablename, policyname,
                           permissive, roles::text, cmd, qual, with_check)
          from pg_policies where schemaname in ('app', 'vault', 'intake', 'audit', 'reference')
          union all
          select p.oid::regprocedure::text from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
          where n.nspname in ('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')
            and p.prosecdef) as found (line)
"""
INSTALLED: LiteralString = """
    select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'app'
"""
SEAL: LiteralString = "select n, era, encode(hash, 'hex') from audit.seal order by n desc limit 1"
NOTHING = "There is nothing to back up: this database holds no schema of Contextmap."
Progress = Callable[[int, int, str], None]


def measured(connection: psycopg.Connection, progress: Progress) -> Manifest:
    """In the caller's snapshot, as a login that sees every row."""
    connection.execute(SPELLING)
    tables = connection.execute(TABLES, (EXCLUDED,)).fetchall()
    if not tables:
        raise InvalidError(NOTHING)
    contents = {}
    for done, (schema, name) in enumerate(tables, start=1):
        asked = ROWS.format(sql.Identifier(schema, name))
        rows, first, second = connection.execute(asked).fetchone() or (0, "0", "0")
        contents[f"{schema}.{name}"] = Contents(rows, f"{first} {second}")
        progress(done, len(tables), "Hashing tables")
    postgres, postgis, head = connection.execute(VERSIONS).fetchone() or ("", "", "")
    (policies,) = connection.execute(POLICIES).fetchone() or ("",)
    (installed,) = connection.execute(INSTALLED).fetchone() or ("",)
    seal = connection.execute(SEAL).fetchone()
    return Manifest(
        made_at=clock.now().isoformat(timespec="seconds"),
        head=head,
        postgres=postgres,
        postgis=postgis,
        permissions=str(installed or "").split(" ")[0],
        policies=policies,
        tables=contents,
        last_seal=None if seal is None else Seal(*seal),
    )
