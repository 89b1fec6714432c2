"""All rows of all tables as one number each, whatever their order; to compare two states."""

import psycopg

SCHEMAS = ["app", "vault", "intake", "audit", "sec", "reference", "queue"]
COLUMNS = """
    select format('%%I.%%I', n.nspname, c.relname),
           array_agg(a.attname::text order by a.attname)
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p') and not c.relispartition
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (%s) and a.attnum > 0 and not a.attisdropped
      and c.relname <> 'schema_version'
    group by 1
"""
# Two halves of a hash are summed: rows may come in any order, and the same row twice counts twice.
SUMMED = """
    select count(*), sum(('x' || left(md5(line), 15))::bit(60)::bigint::numeric),
           sum(('x' || right(md5(line), 15))::bit(60)::bigint::numeric)
    from (select row({columns})::text as line from {table}) as lines
"""
Shape = dict[str, list[str]]


def shape(admin: psycopg.Connection) -> Shape:
    """The columns of every table, by its name."""
    return dict(admin.execute(COLUMNS, (SCHEMAS,)).fetchall())


def both(one: Shape, other: Shape) -> Shape:
    """What both know."""
    return {
        table: [column for column in columns if column in other[table]]
        for table, columns in one.items()
        if table in other
    }


def hashed(admin: psycopg.Connection, wanted: Shape) -> dict[str, tuple[int, ...]]:
    found = {}
    for table, columns in wanted.items():
        names = ", ".join(f'"{column}"' for column in columns)
        row = admin.execute(SUMMED.format(columns=names, table=table).encode()).fetchone()
        assert row is not None
        found[table] = row
    return found
