"""What a database holds, table by table: to compare before and after, or with another."""

import hashlib

import psycopg

# An undone batch and its audit stay; sequences go on.
STAYS = ("app.import_batch", "audit.event", "audit.seal", "audit.unit")
TABLES = """
    select format('%I.%I', n.nspname, c.relname) from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and n.nspname in ('app', 'reference', 'intake') order by 1
"""
# The same facts whatever the ids are.
FACTS = {
    "events": """
        select event.key, event.month, point.lon_e6, point.lat_e6, category.label, outcome.label,
               reported.label, within.label, street.label, lsoa.label, context.label,
               encode(event.crime_id, 'hex'), batch.file_name
        from reference.police_event as event
        join app.import_batch as batch on batch.id = event.batch_id
        left join reference.place_point as point on point.id = event.place_point_id
        left join reference.police_label as category on category.id = event.category_id
        left join reference.police_label as outcome on outcome.id = event.outcome_id
        left join reference.police_label as reported on reported.id = event.reported_by_id
        left join reference.police_label as within on within.id = event.falls_within_id
        left join reference.police_label as street on street.id = event.street_id
        left join reference.police_label as lsoa on lsoa.id = event.lsoa_id
        left join reference.police_label as context on context.id = event.context_id
    """,
    "labels": "select kind, label from reference.police_label",
    "points": """
        select lon_e6, lat_e6, easting_m, northing_m, mx, my, qk, lad_code, n_events, months
        from reference.place_point
    """,
    "grid": "select * from reference.point_grid",
    "streets": """
        select name, easting_m, northing_m, lad_code, district, batch.file_name
        from reference.street left join app.import_batch as batch on batch.id = batch_id
    """,
    "sites": """
        select site.kind, name, easting_m, northing_m, lad_code, district, batch.file_name
        from reference.site left join app.import_batch as batch on batch.id = batch_id
    """,
    "stops": """
        select name, easting_m, northing_m, lad_code, district, batch.file_name
        from reference.stop left join app.import_batch as batch on batch.id = batch_id
    """,
    "searches": """
        select key, day, type, object, lon_e6, lat_e6, batch.file_name
        from reference.police_search join app.import_batch as batch on batch.id = batch_id
    """,
    "counts": """
        select key, series, area_code, area_name, month, code, label, n, batch.file_name
        from reference.area_count join app.import_batch as batch on batch.id = batch_id
    """,
    "lines": """
        select key, line.kind, code, name, ST_AsText(geom), batch.file_name
        from reference.line join app.import_batch as batch on batch.id = batch_id
    """,
    "route stops": """
        select key, route, route_stop.run, sequence, stop_code, name, ST_AsText(geom),
               batch.file_name
        from reference.route_stop join app.import_batch as batch on batch.id = batch_id
    """,
}


def hashes(database):
    """MD5 of the ordered rows of every table of ours."""
    with psycopg.connect(database.logins.dsn("postgres")) as admin:
        tables = [name for (name,) in admin.execute(TABLES).fetchall() if name not in STAYS]
        return {
            name: admin.execute(
                f"select md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) "
                f"from {name} as t".encode()
            ).fetchone()[0]
            for name in tables
        }


def facts(database):
    """Digest of each kind of fact: equal in two databases that hold the same."""
    found = {}
    with psycopg.connect(database.logins.dsn("postgres")) as admin:
        for name, question in FACTS.items():
            rows = sorted(map(repr, admin.execute(question.encode()).fetchall()))
            found[name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found
