"""The gazetteer: streets, sites, stops, and functions that somebody without an account may ask.

Running code does not know the tables. Reversible: everything here can be loaded again.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

# A point to the metre, so that loading a file again finds each row by its name and place.
COMMON = """
        id int generated always as identity,
        name text not null,
        search text generated always as (reference.folded(name)) stored,
        easting_m int not null,
        northing_m int not null,
        geom geometry(Point, 27700) not null generated always as
            (ST_SetSRID(ST_MakePoint(easting_m, northing_m), 27700)) stored,
        lad_code text,
        district text,
"""
TABLES = {
    "street": "main boolean not null default true,",
    "site": "kind text not null,",
    "stop": "",
}
KEYS = {"street": "name", "site": "kind, name", "stop": "name"}
COMMENTS = {
    "table reference.street": "Named points on streets; open data, never places of concern",
    "column reference.street.main": "The middle of its points within one postcode district",
    "table reference.site": "Stations, parks, schools, car parks, towns; kinds of place_type",
    "table reference.stop": "Bus stops",
    "column reference.site.search": "The name as reference.folded writes it: what is compared",
    "column reference.site.district": "Postcode district, which tells two of the same name apart",
}
INDEXES = [
    # Loaded at once and read for years: rows that wait to be sorted in cost 4 ms each question.
    """create index {0}_search_trgm_idx on reference.{0} using gin (search gin_trgm_ops)
       with (fastupdate = off)""",
    "create index {0}_search_idx on reference.{0} (search text_pattern_ops)",
    "create index {0}_geom_idx on reference.{0} using gist (geom)",
]
POSTCODES = [
    "create index postcode_geom_idx on reference.postcode using gist (geom)",
    "create index postcode_text_idx on reference.postcode (postcode text_pattern_ops)",
]

# One spelling of a name: small letters, no accents or marks, abbreviations written out.
FOLDED = r"""
create function reference.folded(words text) returns text
    language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
declare
    said text := translate(lower(words), 'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ',
                           'aaaaaaceeeeiiiinooooouuuuyy');
begin
    said := regexp_replace(said, '[''`.\u2018\u2019\u00b4]', '', 'g');
    said := replace(said, '&', ' and ');
    said := btrim(regexp_replace(said, '[^a-z0-9]+', ' ', 'g'));
    said := regexp_replace(said, '\mrd\M', 'road', 'g');
    said := regexp_replace(said, '\mave?\M', 'avenue', 'g');
    said := regexp_replace(said, '\mln\M', 'lane', 'g');
    said := regexp_replace(said, '\mgdns?\M', 'gardens', 'g');
    said := regexp_replace(said, '\msq\M', 'square', 'g');
    said := regexp_replace(said, '\mcres\M', 'crescent', 'g');
    said := regexp_replace(said, '\msaint\M', 'st', 'g');
    said := regexp_replace(said, '\mcarpark\M', 'car park', 'g');
    said := regexp_replace(said, '\m(railway |rail |train |tube |underground )?(station|stn)\M',
                           'station', 'g');
    return regexp_replace(said, '(?<=.) st$', ' street');
end $$
"""

LAD_NAME = """coalesce(
    (select area.name from reference.area where area.kind in ('borough', 'district')
        and area.code = {0} order by area.vintage desc, area.id desc limit 1),
    (select lookup.label from reference.lookup where lookup.list = 'lad' and lookup.code = {0}))"""

# The weight lets a town or station stand before the streets that are named after it.
WEIGHT = "case kind when 'TOWN' then 0.4 when 'STATION' then 0.3 when 'PARK' then 0.2 else 0 end"
# `~>=~` compares letter by letter, as the index does, whatever the language of the database.
BEGINS = "search ~>=~ q and search ~<~ (q || '~')"
HEADED = "search = head"
LOOSE = "search like '% ' || q || '%' or search % q"


def _hits(condition: str, also: str = "") -> str:
    branches = (
        ("street", "'STREET'", f"main and ({condition})", "0.0"),
        ("site", "kind", condition, WEIGHT),
        ("stop", "'BUS_STOP'", condition, "-0.4"),
    )
    return " union all ".join(
        f"""
            select {kind}, name, search, district, lad_code, geom, {weight}
            from {also} reference.{table} where {where}
        """
        for table, kind, where, weight in branches
    )


# Likeness is looked for only where nothing begins with what was typed: it costs most.
NAMED_HITS = f"""
create function reference.named_hits(q text, heads text[])
    returns table (kind text, name text, search text, district text, lad_code text,
                   geom geometry, weight numeric)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp
    -- The planner takes a likeness for as cheap as a sum: 15 ms without the index, 3 with it.
    set enable_seqscan = off
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query {_hits(HEADED, "unnest(heads) as head,")};
    return query {_hits(BEGINS)};
    if not found then
        perform set_config('pg_trgm.similarity_threshold', '0.42', true);
        return query {_hits(LOOSE)};
    end if;
end $$
"""

FIND_NAMED = rf"""
create function reference.find_named(query text, partners text[])
    returns table (kind text, label text, borough text, lad_code text,
                   easting float8, northing float8, exact boolean)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    q text := reference.folded(left(query, 200));
    unit text := array_to_string(regexp_match(upper(left(query, 200)),
        '\m([A-Z]{{1,2}}[0-9][A-Z0-9]?)[^A-Z0-9]*([0-9][A-Z]{{2}})\M'), ' ');
    squeezed text := upper(replace(q, ' ', ''));
    words text[];
    heads text[] := '{{}}';
begin
    if unit is null and squeezed ~ '^[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][A-Z]{{2}}$' then
        unit := left(squeezed, -3) || ' ' || right(squeezed, 3);
    end if;
    if unit is not null then
        return query
            select 'POSTCODE', code.postcode, {LAD_NAME.format("code.lad_code")}, code.lad_code,
                   ST_X(code.geom), ST_Y(code.geom), true
            from reference.postcode as code where code.postcode = unit;
        if found then
            return;
        end if;
        -- A postcode that nobody knows: its sector, or what else was said.
        squeezed := case when replace(unit, ' ', '') = squeezed
                         then left(squeezed, -2) else squeezed end;
        q := btrim(regexp_replace(q, '\m' || replace(lower(unit), ' ', ' ?') || '\M', ' '));
    end if;
    if squeezed ~ '^[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9]?[A-Z]?$' then
        return query select * from reference.find_district(squeezed);
        return;
    end if;
    q := regexp_replace(q, '^([0-9]+[a-z]? )+(?=[a-z])', '');
    q := regexp_replace(q, '^(near|outside|behind|opposite|by|at|in) (?=[a-z])', '');
    q := regexp_replace(q, '(?<=[a-z0-9]) (london|surrey|middlesex|uk)$', '');
    if length(q) < 2 then
        return;
    end if;
    words := string_to_array(q, ' ');
    if cardinality(words) between 2 and 12 then
        -- What the name may be when words after it say where it is; `the` may be left out.
        heads := array(select reference.folded(array_to_string(words[first:last], ' '))
                       from generate_series(1, case words[1] when 'the' then 2 else 1 end) as first,
                            generate_series(first, cardinality(words)) as last
                       where last - first + 1 < cardinality(words)
                         and words[first:last] <> '{{the}}');
    end if;
    return query
    with hit as (
        select *, case when q like search || ' %' then substr(q, length(search) + 2)
                       when q like 'the ' || search || ' %' then substr(q, length(search) + 6)
                       else '' end as after
        from reference.named_hits(q, heads)
    ),
    scored as (
        select hit.*, case
            when search = q then 4
            when 'the ' || search = q then 3.9
            when rest <> '' and (lower(district) = rest or exists (
                    select from reference.area where area.code = hit.lad_code
                    and reference.folded(area.name) like rest || '%')) then 4
            when town.far <= 3000 then 4 - town.far / 6000
            when search like q || '%' then 3
            when search like '% ' || q || '%' then 2
            when search = any (heads) then case when search like '% %' then 1.6 else 0 end
            else 1 + similarity(search, q) end as likeness
        from hit
        cross join lateral (select regexp_replace(after, '^(in|near|at|by) ', '') as rest) as said
        left join lateral (select min(ST_Distance(town.geom, hit.geom)) as far
            from reference.site as town
            where town.search = rest and town.kind = 'TOWN') as town on rest <> ''
    ),
    likely as (
        select *, row_number() over (order by likeness + weight
            + case when lad_code = any (partners) then 1.5 else 0 end desc,
            name, district, ST_X(geom)) as n
        from scored
        where likeness > 0 and (likeness >= 2 or (select max(likeness) from scored) < 3)
        order by n limit 60
    ),
    single as (
        select * from likely where not exists (
            select from likely as better where better.n < likely.n
              and better.search = likely.search and better.geom && ST_Expand(likely.geom, 400)
              and ST_DWithin(better.geom, likely.geom, 400))
    )
    select kind, name || coalesce(', ' || district, ''), {LAD_NAME.format("single.lad_code")},
           lad_code, ST_X(geom), ST_Y(geom), likeness > 3.5
    from single order by n limit 8;
end $$
"""

FIND_DISTRICT = f"""
create function reference.find_district(squeezed text)
    returns table (kind text, label text, borough text, lad_code text,
                   easting float8, northing float8, exact boolean)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if squeezed ~ '[A-Z]$' and length(squeezed) > 4 then -- all of it but the last letter
        return query
            select 'POSTCODE', code.postcode, {LAD_NAME.format("code.lad_code")}, code.lad_code,
                   ST_X(code.geom), ST_Y(code.geom), false
            from reference.postcode as code
            where code.postcode ~>=~ (left(squeezed, -2) || ' ' || right(squeezed, 2))
              and code.postcode ~<~ (left(squeezed, -2) || ' ' || right(squeezed, 2) || '~')
            order by code.postcode limit 8;
        return;
    end if;
    return query
    select 'POSTCODE_AREA', part.name, {LAD_NAME.format("inside.lad_code")}, inside.lad_code,
           inside.easting, inside.northing, true
    from (values (squeezed, squeezed || ' '),
                 (left(squeezed, -1) || ' ' || right(squeezed, 1),
                  left(squeezed, -1) || ' ' || right(squeezed, 1))) as part (name, prefix),
    lateral (
        select mode() within group (order by code.lad_code) as lad_code,
               round(avg(ST_X(code.geom))) as easting, round(avg(ST_Y(code.geom))) as northing,
               count(*) as n
        from reference.postcode as code
        where code.postcode ~>=~ part.prefix and code.postcode ~<~ (part.prefix || '~')
    ) as inside
    where inside.n > 0
    order by part.name;
end $$
"""

NEAREST_NAMED = f"""
create function reference.nearest_named(easting float8, northing float8)
    returns table (label text, distance_m float8, lad_code text, borough text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    here geometry := ST_SetSRID(ST_MakePoint(easting, northing), 27700);
begin
    return query
    with street as (
        select name || coalesce(', ' || district, '') as label, ST_Distance(geom, here) as far
        from reference.street order by geom <-> here limit 1
    ),
    code as (
        select postcode as label, ST_Distance(geom, here) as far, lad_code
        from reference.postcode order by geom <-> here limit 1
    ),
    nearest as (
        -- People know streets by name: one within 150 m is told before a nearer postcode.
        select label, far, far > 150 as less from street where far <= 1000
        union all
        select label, far, true from code where far <= 1000
        order by 3, 2 limit 1
    ),
    lies as (
        select coalesce((select lad_code from app.boroughs_of(here) limit 1),
                        (select lad_code from code where far <= 1000)) as lad_code
    )
    select nearest.label, nearest.far, lies.lad_code, {LAD_NAME.format("lies.lad_code")}
    from lies left join nearest on true;
end $$
"""

REACH = """
create function reference.reach(easting float8, northing float8, partners text[])
    returns table (verdict text, lad_code text, borough text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
    here geometry := ST_SetSRID(ST_MakePoint(easting, northing), 27700);
begin
    return query
    select case when near.lad_code = any (partners) then 'inside'
                when exists (
                    select from reference.area_piece as piece
                    join reference.area on area.id = piece.area_id
                    where area.code = any (partners) and area.kind in ('borough', 'district')
                      and piece.geom && ST_Expand(here, 10000)
                      and ST_DWithin(piece.geom, here, 10000)) then 'outside'
                else 'too_far' end,
           near.lad_code, near.borough
    from reference.nearest_named(easting, northing) as near;
end $$
"""

# What a picture of the map shows beside the street map: borders, names, postcodes as dots.
DRAWN = """
create function reference.drawn(west float8, south float8, east float8, north float8, zoom int)
    returns table (kind text, code text, label text, easting float8, northing float8, shape bytea)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    box geometry := ST_MakeEnvelope(west, south, east, north, 27700);
begin
    return query
    select 'BOROUGH', newest.code, newest.name, null::float8, null::float8,
           ST_AsBinary(ST_ClipByBox2D(newest.geom, ST_Expand(box, 50)))
    from (select distinct on (area.code) area.code, area.name, area.geom from reference.area
          where area.kind in ('borough', 'district')
          order by area.code, area.vintage desc, area.id desc) as newest
    where newest.geom && box;
    return query
    select site.kind, '', site.name, ST_X(site.geom), ST_Y(site.geom), null::bytea
    from reference.site
    where site.geom && box and (site.kind in ('TOWN', 'STATION')
        or zoom >= 13 and site.kind = 'PARK'
        or zoom >= 15 and site.kind in ('CAR_PARK', 'SCHOOL', 'LIBRARY_YOUTH', 'SHOPPING',
                                        'HEALTH_SITE'))
    order by site.id limit 300;
    if zoom = 14 then -- the long ones
        return query
        select 'STREET', '', street.name, avg(ST_X(street.geom)), avg(ST_Y(street.geom)),
               null::bytea
        from reference.street where street.geom && box
        group by street.name, street.district having count(*) > 2 limit 400;
    elsif zoom > 14 then
        return query
        select 'STREET', '', street.name, ST_X(street.geom), ST_Y(street.geom), null::bytea
        from reference.street where street.geom && box order by street.id limit 400;
    end if;
    if zoom >= 15 then
        return query
        select 'POSTCODE', '', code.postcode, ST_X(code.geom), ST_Y(code.geom), null::bytea
        from reference.postcode as code where code.geom && box order by code.postcode limit 1500;
    else
        return query
        select 'SECTOR', '', sector.name, avg(ST_X(sector.geom)), avg(ST_Y(sector.geom)),
               null::bytea
        from (select case when zoom >= 13 then left(code.postcode, -2)
                          else split_part(code.postcode, ' ', 1) end as name, code.geom
              from reference.postcode as code where code.geom && box) as sector
        group by sector.name having count(*) > 20 order by count(*) desc;
    end if;
end $$
"""

FUNCTIONS = {
    "reference.drawn(float8, float8, float8, float8, int)": DRAWN,
    "reference.named_hits(text, text[])": NAMED_HITS,
    "reference.find_named(text, text[])": FIND_NAMED,
    "reference.find_district(text)": FIND_DISTRICT,
    "reference.nearest_named(float8, float8)": NEAREST_NAMED,
    "reference.reach(float8, float8, text[])": REACH,
}
INNER = {"reference.named_hits(text, text[])", "reference.find_district(text)"}


def upgrade() -> None:
    op.execute(FOLDED)
    op.execute("revoke execute on function reference.folded from public")
    op.execute("grant execute on function reference.folded to cs_app, cs_job")
    for name, own in TABLES.items():
        _create(name, own)
    for index in POSTCODES:
        op.execute(index)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")
    op.execute("grant usage on schema reference to cs_public")
    for signature, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"revoke execute on function {signature} from public")
        if signature not in INNER:
            op.execute(f"grant execute on function {signature} to cs_public, cs_app, cs_job")


def _create(name: str, own: str) -> None:
    op.execute(f"""
        create table reference.{name} ({COMMON} {own}
            constraint {name}_pkey primary key (id),
            constraint {name}_name_key unique ({KEYS[name]}, easting_m, northing_m)
        )
    """)
    op.execute(f"alter table reference.{name} enable row level security")
    op.execute(f"alter table reference.{name} force row level security")
    # Readers and jobs get theirs from the permission file; the functions read as the owner.
    op.execute(
        f"create policy {name}_owner on reference.{name} for select to cs_owner using (true)"
    )
    op.execute(f"grant select on reference.{name} to cs_app, cs_job")
    op.execute(f"grant insert, update, delete on reference.{name} to cs_job")
    for index in INDEXES:
        op.execute(index.format(name))


def downgrade() -> None:
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function {signature}")
    op.execute("revoke usage on schema reference from cs_public")
    for name in reversed(TABLES):
        op.execute(f"drop table reference.{name}")
    op.execute("drop index reference.postcode_geom_idx, reference.postcode_text_idx")
    op.execute("drop function reference.folded(text)")
