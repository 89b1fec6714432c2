"""Two hundred thousand synthetic places over London, and incidents at them, for questions of speed.

Written by a superuser with triggers off, since a trigger a row would take minutes: what triggers
work out is worked out here in sets, by the same functions. A test compares a sample of both.
"""

import psycopg

PLACES, INCIDENTS = 200_000, 60_000

# Squares of London with the boroughs in them, and whether they leave nothing of it uncovered.
SQUARES = """
    create temporary table square as
    select row_number() over () as n, east, north, array_agg(distinct code order by code) as codes,
           sum(ST_Area(ST_Intersection(geom, box))) > 400 * 400 - 1 as whole
    from generate_series(503000, 561600, 400) as east
    cross join generate_series(155000, 201400, 400) as north
    cross join lateral (
        select ST_MakeEnvelope(east, north, east + 400, north + 400, 27700) as box
    ) as asked
    join (select piece.geom, area.code from reference.area_piece as piece
          join reference.area on area.id = piece.area_id and area.kind in ('borough', 'district')
    ) as piece on geom && box and ST_Intersects(geom, box)
    group by east, north
"""
# A line or an area stays in its square; one place in twenty is a home or online, without a shape.
SHAPES = """
    create temporary table made as
    select i, codes, whole, kind, case kind
        when 'P' then ST_SetSRID(ST_MakePoint(x, y), 27700)
        when 'L' then ST_SetSRID(ST_MakeLine(ST_MakePoint(x, y), ST_MakePoint(east + 200, north)),
                                 27700)
        when 'A' then ST_Expand(ST_SetSRID(ST_MakePoint(x, y), 27700),
                                least(x - east, east + 400 - x, y - north, north + 400 - y))
        end as geom
    from (
        select i, east, north, codes, whole,
               east + 400 * random() as x, north + 400 * random() as y,
               case when mod(i, 20) < 14 then 'P' when mod(i, 20) < 16 then 'L'
                    when mod(i, 20) < 19 then 'A' else 'N' end as kind
        from generate_series(1, %(places)s::int) as i
        join square on n = 1 + mod(i * 7919::bigint, (select count(*) from square))
    ) as drawn
"""
# In a square that is all of one borough, so is what is in it; elsewhere each place is asked.
CODES = """
    update made set codes = array(select lad_code from app.boroughs_of(geom) order by 1)
    where geom is not null and not (whole and cardinality(codes) = 1)
"""
INSERT_PLACES = """
    insert into app.place (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, type_code, name, description, sensitivity, geom, geom_kind, qk, harm_codes,
        level, state, label_expires_on, is_synthetic, listed, created_at, updated_at)
    select id, ref, agency_code, codes, tier, 'PREVENT', id, id, type_code,
           'Synthetic place ' || i, repeat('Made for a test of speed. ', 8), sensitivity, geom,
           kind, case kind when 'P' then app.morton(geom) end, harm_codes, 'CL' || i % 5, state,
           current_date + 90, true,
           state not in ('PROPOSED', 'DORMANT', 'CLOSED') and sensitivity <> 'RESIDENTIAL',
           now() - i * interval '1 minute', now() - i * interval '1 minute'
    from (
        select *, gen_random_uuid() as id, 'PL-' || left(code, 3) || '-' || right(code, 4) as ref,
               (array['H0', 'H1', 'P'])[1 + i / 3 % 3] as tier,
               (array['AFC', 'LA_KINGSTON', 'POLICE_TEST'])[1 + i / 7 % 3] as agency_code,
               (case kind when 'P' then array['CONGREGATION', 'STATION', 'TAKEAWAY_SHOP']
                     when 'L' then array['STREET_ALLEY', 'OTHER', 'STREET_ALLEY']
                     when 'A' then array['PARK', 'CAR_PARK', 'SHOPPING']
                     else array['OTHER', 'OTHER', 'OTHER'] end)[1 + i / 11 % 3] as type_code,
               case when kind <> 'N' then 'PUBLIC_REALM' when i % 2 = 0 then 'ONLINE'
                    else 'RESIDENTIAL' end as sensitivity,
               case i % 4 when 0 then array['CSE'] when 1 then array['CCE'] else '{}' end
                   as harm_codes,
               (array['PROPOSED', 'SCREENED', 'ASSESSED', 'PLAN_ACTIVE', 'CLOSED'])[1 + i / 13 % 5]
                   as state
        from made cross join lateral (
            select translate(lpad(to_hex(i), 7, '0'), '01', 'xy') as hex) as h
            cross join lateral (select upper(hex) as code) as c
    ) as given
    -- Loaded in the order that things come in, not in that of the map.
    order by md5(i::text)
"""
INSERT_INCIDENTS = """
    insert into app.incident (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
        updated_by, occurred_from, occurred_to, time_precision, place_id, geom, qk, borough_code,
        harm_code, source_agency, is_synthetic)
    select gen_random_uuid(), 'IN-' || left(code, 3) || '-' || right(code, 4), 'AFC',
           borough_codes, case when mod(i, 4) = 0 then 'P' else 'H1' end, 'PREVENT', id, id, at, at,
           'HOUR', case when mod(i, 2) = 0 then id end, geom, qk, borough_codes[1],
           case when mod(i, 3) = 0 then 'CSE' else 'CCE' end, 'AFC', true
    from (
        select place.*, now() - i * interval '10 minutes' as at,
               upper(translate(lpad(to_hex(i), 7, '0'), '01', 'xy')) as code
        from (select *, row_number() over (order by ref) as i from app.place
              where geom_kind = 'P' and borough_codes <> '{}') as place
        where i <= %(incidents)s::int
    ) as given
"""
LINKS = """
    insert into app.incident_place (incident_id, place_id, how, borough_codes, tier)
    select id, place_id, 'CHOSEN', borough_codes, tier from app.incident where place_id is not null
"""


def load(dsn: str, places: int = PLACES, incidents: int = INCIDENTS) -> None:
    """Fill an empty migrated database; about 15 s."""
    given = {"places": places, "incidents": incidents}
    with psycopg.connect(dsn) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("set work_mem = '256MB'")
        admin.execute("select setseed(0.5)")
        for statement in (SQUARES, SHAPES, CODES, INSERT_PLACES, INSERT_INCIDENTS, LINKS):
            admin.execute(statement.encode(), given if "%(" in statement else None)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("vacuum analyze app.place, app.incident, app.incident_place")
