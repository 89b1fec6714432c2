"""Where in a database a word is: every column of every table, as text or as bytes."""

from typing import Any

EVERYTHING = """
    select table_schema, table_name, column_name from information_schema.columns
    join information_schema.tables using (table_schema, table_name)
    where table_type = 'BASE TABLE'
      and table_schema not in ('pg_catalog', 'information_schema', 'public')
"""


def traces(world: Any, *needles: str, but: tuple[str, ...] = ()) -> list[str]:
    """Every column of every table that holds one of these; `but` names schemas to leave out."""
    found = []
    with world.superuser() as admin:
        for schema, table, name in admin.execute(EVERYTHING).fetchall():
            if schema in but:
                continue
            for needle in needles:
                sql = f'select count(*) from {schema}."{table}" where "{name}"::text ilike %s'
                (n,) = admin.execute(sql.encode(), (f"%{needle}%",)).fetchone()
                if n:
                    found.append(f"{schema}.{table}.{name}")
    return sorted(set(found))
