"""Put named places into the gazetteer. Loading again changes nothing."""

from collections.abc import Iterable
from typing import LiteralString
from uuid import UUID

from app.core.bulk import Cursor
from app.reference.gazetteer_files import Found
from app.reference.rules import NO_STREET

# Only what is new is worth a look at boroughs and postcodes: 0.2 ms each. Points of the police have
# been assigned to their boroughs already, which is two thirds of that.
PLACED: LiteralString = """
    select {fields}, coalesce(
            fresh.lad_code,
            (select lad_code from app.boroughs_of(ST_SetSRID(ST_MakePoint(e, n), 27700)) limit 1),
            case when code.far < 1000 then code.lad_code end),
        case when code.far < 1000 then split_part(code.postcode, ' ', 1) end
    from (
        select distinct name, easting_m as e, northing_m as n, batch, lad_code from named_in
        where not exists (
            select from reference.{table} as known
            where known.name = named_in.name and known.easting_m = named_in.easting_m
              and known.northing_m = named_in.northing_m {same})
    ) as fresh
    left join lateral (
        select postcode, lad_code, geom <-> ST_SetSRID(ST_MakePoint(e, n), 27700) as far
        from reference.postcode
        order by geom <-> ST_SetSRID(ST_MakePoint(e, n), 27700) limit 1
    ) as code on true
"""
MINE: LiteralString = "name, e, n, coalesce(batch, %(batch)s::uuid)"
STREETS: LiteralString = (
    "insert into reference.street (name, easting_m, northing_m, batch_id, lad_code, district)"
    + PLACED.replace("{fields}", MINE).replace("{table}", "street").replace("{same}", "")
)
STOPS: LiteralString = (
    "insert into reference.stop (name, easting_m, northing_m, batch_id, lad_code, district)"
    + PLACED.replace("{fields}", MINE).replace("{table}", "stop").replace("{same}", "")
)
SITES: LiteralString = (
    "insert into reference.site (kind, name, easting_m, northing_m, batch_id, lad_code, district)"
    + PLACED.replace("{fields}", "%(kind)s, name, e, n, coalesce(batch, %(batch)s::uuid)")
    .replace("{table}", "site")
    .replace("{same}", "and known.kind = %(kind)s")
)
# Rows of `named_in` that an import brought; what ships with the service is nobody's to undo.
KNOWN: LiteralString = """
    create temporary table known on commit drop as
    select distinct lpad(to_hex(stored.id), 32, '0')::uuid as key, stored.batch_id as owner,
           null::int as was, null::int as said, null::int as extra
    from named_in join reference.{table} as stored using (name, easting_m, northing_m)
    where stored.batch_id is not null
      and coalesce(to_jsonb(stored) ->> 'kind', %(kind)s) = %(kind)s
"""
# Of the points of a street within a postcode district the one nearest to their middle.
MAIN: LiteralString = """
    with middle as (
        select id, search, lad_code, district,
               (easting_m - avg(easting_m) over part) ^ 2
               + (northing_m - avg(northing_m) over part) ^ 2 as off
        from reference.street
        window part as (partition by search, lad_code, district)
    ),
    ranked as (
        select id, 1 = row_number() over (
            partition by search, lad_code, district order by off, id) as main
        from middle
    )
    update reference.street set main = ranked.main from ranked
    where ranked.id = street.id and street.main <> ranked.main
"""
RESETTLED: LiteralString = """
    with now as (
        select id, coalesce(
                (select lad_code from app.boroughs_of(named.geom) limit 1),
                case when code.far < 1000 then code.lad_code end) as lad_code,
            case when code.far < 1000 then split_part(code.postcode, ' ', 1) end as district
        from reference.{table} as named
        left join lateral (
            select postcode, lad_code, geom <-> named.geom as far from reference.postcode
            order by geom <-> named.geom limit 1
        ) as code on true
    )
    update reference.{table} as named set lad_code = now.lad_code, district = now.district
    from now where now.id = named.id
      and (named.lad_code, named.district) is distinct from (now.lad_code, now.district)
"""
# Of every batch, so that an import that was stopped before this leaves no street unnamed.
POLICE: LiteralString = """
    insert into named_in
    select distinct on (1, 2, 3) substr(label.label, 12), round(point.easting_m),
           round(point.northing_m), seen.batch_id, point.lad_code
    from (select distinct street_id, place_point_id, batch_id from reference.police_event) as seen
    join reference.police_label as label
      on label.id = seen.street_id and label.label like 'On or near _%'
    join reference.place_point as point on point.id = seen.place_point_id
    join app.import_batch as batch on batch.id = seen.batch_id
    order by 1, 2, 3, batch.seq
"""


def load(
    cursor: Cursor, kind: str, rows: Iterable[Found], batch: UUID | None = None
) -> dict[str, int]:
    """Streets, stops, or sites of one kind; a row that is there is left as it is.

    Of a batch, `known` then holds the rows that belong to other batches.
    """
    _begin(cursor)
    n = 0
    with cursor.copy("copy named_in (name, easting_m, northing_m) from stdin") as copy:
        for row in rows:
            copy.write_row(row[:3])
            n += 1
    if batch is not None:
        cursor.execute(KNOWN.replace("{table}", table_of(kind)).encode(), {"kind": kind})
    imported = _store(cursor, kind, batch)
    return {"rows": n, "imported": imported, "already_known": n - imported}


def table_of(kind: str) -> str:
    return {"STREET": "street", "BUS_STOP": "stop"}.get(kind, "site")


def streets_of_police(cursor: Cursor) -> None:
    """Names of streets that police events brought: the publisher's points lie on streets."""
    _begin(cursor)
    cursor.execute(POLICE)
    cursor.execute(
        r"delete from named_in where lower(name) = any (%s) or name ~* '(station|\))$'"
        " or length(name) > 120",
        (sorted(NO_STREET),),
    )
    _store(cursor, "STREET", None)


def resettle(cursor: Cursor) -> None:
    """Boroughs and postcode districts anew, after boundaries or postcodes have changed."""
    for table in ("street", "site", "stop"):
        cursor.execute(RESETTLED.replace("{table}", table).encode())
    settle_streets(cursor)


def settle_streets(cursor: Cursor) -> None:
    """Which point stands for each street, after points came or went."""
    cursor.execute(MAIN)


def _begin(cursor: Cursor) -> None:
    cursor.execute(
        "create temporary table named_in (name text, easting_m int, northing_m int, batch uuid, "
        "lad_code text) on commit drop"
    )


def _store(cursor: Cursor, kind: str, batch: UUID | None) -> int:
    statement = {"STREET": STREETS, "BUS_STOP": STOPS}.get(kind, SITES)
    imported = cursor.execute(statement, {"kind": kind, "batch": batch}).rowcount
    cursor.execute("drop table named_in")
    if kind == "STREET" and imported:
        settle_streets(cursor)
    return imported
