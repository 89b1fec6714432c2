"""Places of concern, incidents, children (a reference only) and the links between them.

First release, so no running code. Reversible: the records are lost.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

# domain.md 3: what every record carries.
COMMON = """
    id uuid not null,
    ref text not null,
    agency_code text not null,
    borough_codes text[] not null default '{}',
    tier text not null,
    purpose_code text not null,
    controller text not null default 'AFC',
    regime text not null default 'UK_GDPR',
    retain_until date,
    review_due date,
    hold_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid not null,
    updated_by uuid not null,
    version int not null default 1,
    provenance jsonb,
    is_synthetic boolean not null default false,
    deleted_at timestamptz,
"""

CHECKS = """
    constraint {name}_pkey primary key (id),
    constraint {name}_ref_key unique (ref),
    constraint {name}_tier_check check (tier in ('H0', 'H1', 'P', 'C')),
    constraint {name}_regime_check check (regime in ('UK_GDPR', 'PART3'))
"""

# A link or a detail carries the scope of its record, so that no policy joins.
SCOPE = """
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
"""

RECORDS = {
    "place": """
        type_code text not null references reference.place_type (code),
        name text not null,
        description text,
        sensitivity text not null,
        may_name boolean not null default false,
        may_name_reason text,
        geom geometry(Geometry, 27700),
        geom_kind text not null,
        qk bigint,
        precision_m int,
        parent_place_id uuid,
        week_grid bit(168),
        after_dark_concern boolean,
        harm_codes text[] not null default '{}',
        strengths text,
        safe_features text[] not null default '{}',
        managed_by_agency text,
        manager_contact text,
        public_access text,
        level text not null default 'CL0',
        state text not null default 'PROPOSED',
        close_code text,
        lead_agency text,
        urgent_since timestamptz,
        label_expires_on date not null,
        next_review_on date,
        last_information_at timestamptz,
        merged_into_id uuid,
        constraint place_name_check check (length(name) between 1 and 80),
        constraint place_description_check check (length(description) <= 1000),
        constraint place_geom_kind_check check (geom_kind in ('P', 'L', 'A', 'N')),
        constraint place_geom_check
            check ((geom is null) = (geom_kind = 'N' or sensitivity = 'RESIDENTIAL')),
        constraint place_shape_check check (geom is null or geom_kind = case
            GeometryType(geom) when 'POINT' then 'P' when 'LINESTRING' then 'L'
            when 'MULTILINESTRING' then 'L' when 'POLYGON' then 'A' when 'MULTIPOLYGON' then 'A'
            else '-' end),
        constraint place_vertices_check check (geom is null or ST_NPoints(geom) <= 500),
        constraint place_precision_m_check check (precision_m >= 1),
        constraint place_level_check check (level in ('CL0', 'CL1', 'CL2', 'CL3', 'CL4')),
        constraint place_state_check check (state in ('PROPOSED', 'SCREENED', 'IDENTIFIED',
            'ASSESSING', 'ASSESSED', 'CONFERENCE', 'PLAN_ACTIVE', 'MONITORING', 'DORMANT',
            'CLOSED')),
        constraint place_restricted_check check (type_code not in ('GROUP_TERRITORY',
            'CONFLICT_ZONE')
            or label_expires_on <= (created_at at time zone 'Europe/London')::date + 90)
    """,
    "incident": """
        occurred_from timestamptz not null,
        occurred_to timestamptz not null,
        time_precision text not null,
        place_id uuid references app.place (id),
        geom geometry(Point, 27700),
        qk bigint,
        uncertainty_m int,
        borough_code text,
        harm_code text not null references reference.harm (code),
        other_harm_codes text[] not null default '{}',
        line_linked boolean not null default false,
        confidence text not null default 'REPORTED',
        discovered_by text not null default 'OTHER',
        source_agency text not null,
        child_count_band text not null default 'NOT_KNOWN',
        outcome_band text not null default 'NOT_KNOWN',
        summary text,
        is_late boolean not null default false,
        state text not null default 'RECORDED',
        constraint incident_period_check check (occurred_from <= occurred_to),
        constraint incident_time_precision_check
            check (time_precision in ('EXACT', 'HOUR', 'DAY', 'WEEK', 'MONTH')),
        constraint incident_uncertainty_m_check check (uncertainty_m between 0 and 5000),
        constraint incident_confidence_check
            check (confidence in ('REPORTED', 'CORROBORATED', 'CONFIRMED')),
        constraint incident_state_check check (state in ('RECORDED', 'CONFIRMED', 'WITHDRAWN')),
        constraint incident_summary_check check (length(summary) <= 500),
        constraint incident_somewhere_check check (geom is not null or place_id is not null)
    """,
    "child": """
        home_lad_code text not null,
        age_band text not null,
        age_band_as_of date not null,
        state text not null default 'OPEN',
        constraint child_age_band_check
            check (age_band in ('A10_12', 'A13_15', 'A16_17', 'A18_25')),
        constraint child_state_check check (state in ('OPEN', 'CLOSED'))
    """,
}

DETAILS = {
    "place_area": f"""
        place_id uuid not null references app.place (id),
        {SCOPE}
        lad_code text not null,
        ward_code text,
        lsoa_code text,
        share numeric(7, 6) not null,
        boundary_version int not null,
        constraint place_area_pkey primary key (place_id, lad_code),
        constraint place_area_share_check check (share between 0 and 1)
    """,
    "place_exact": f"""
        place_id uuid not null references app.place (id),
        {SCOPE}
        geom geometry(Point, 27700) not null,
        uprn text,
        address text,
        victim_warning boolean not null default false,
        snap_geom geometry(Point, 27700),
        snap_catchment int,
        constraint place_exact_pkey primary key (place_id),
        constraint place_exact_address_check check (length(address) <= 200),
        constraint place_exact_catchment_check
            check ((snap_geom is null) = (snap_catchment is null) and snap_catchment >= 8)
    """,
    "online_space": f"""
        place_id uuid not null references app.place (id),
        {SCOPE}
        platform_code text not null,
        host text not null,
        handle_norm text,
        url_defanged text not null,
        audience text not null default 'UNKNOWN',
        first_seen_on date,
        last_seen_on date,
        takedown_state text not null default 'NONE',
        constraint online_space_pkey primary key (place_id),
        constraint online_space_url_check
            check (length(url_defanged) <= 600 and url_defanged ~ '^hxxps?://'),
        constraint online_space_audience_check check (audience in ('PUBLIC', 'CLOSED', 'UNKNOWN'))
    """,
    "place_state_change": f"""
        id bigint generated always as identity,
        place_id uuid not null references app.place (id),
        {SCOPE}
        from_state text,
        to_state text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text,
        constraint place_state_change_pkey primary key (id)
    """,
    "incident_place": f"""
        incident_id uuid not null references app.incident (id),
        place_id uuid not null references app.place (id),
        {SCOPE}
        how text not null,
        constraint incident_place_pkey primary key (incident_id, place_id),
        constraint incident_place_how_check check (how in ('CHOSEN', 'FOOTPRINT'))
    """,
    "child_home": f"""
        id uuid not null,
        child_id uuid not null references app.child (id),
        {SCOPE}
        lad_code text not null,
        from_on date not null,
        to_on date,
        constraint child_home_pkey primary key (id),
        constraint child_home_period_check check (to_on is null or from_on < to_on)
    """,
    "child_place_link": f"""
        id uuid not null,
        child_id uuid not null references app.child (id),
        place_id uuid not null references app.place (id),
        {SCOPE}
        role text not null,
        from_on date not null,
        to_on date,
        confidence text not null default 'REPORTED',
        source_agency text not null,
        basis text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        is_synthetic boolean not null default false,
        constraint child_place_link_pkey primary key (id),
        constraint child_place_link_role_check check (role in ('harmed_here', 'at_risk_here',
            'frequents', 'avoids', 'feels_safe', 'found_here_missing', 'travels_through')),
        constraint child_place_link_basis_check check (length(basis) <= 200)
    """,
    "child_incident_link": f"""
        child_id uuid not null references app.child (id),
        incident_id uuid not null references app.incident (id),
        {SCOPE}
        role text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        is_synthetic boolean not null default false,
        constraint child_incident_link_pkey primary key (child_id, incident_id),
        constraint child_incident_link_role_check
            check (role in ('harmed_here', 'at_risk_here', 'found_here_missing'))
    """,
}

SCOPED = "(select sec.all_boroughs()) or borough_codes && (select sec.boroughs())"
TIERED = "tier = any ((select sec.tiers())::text[])"
IN_SCOPE = f"{TIERED} and ({SCOPED})"
WITH_PURPOSE = f"{IN_SCOPE} and (select sec.purpose()) is not null"
NEEDS_PURPOSE = {"child", "child_home", "child_place_link", "child_incident_link", "place_exact"}
FOR_CLUSTERS = "(select sec.job()) in ('clusters:recompute', 'demo:load')"

BOROUGHS_OF = """
create function app.boroughs_of(shape geometry)
    returns table (lad_code text, share numeric, boundary_version int)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    -- One plan a session: 0.06 ms a point; 0.25 planned each time, 0.36 as a function in SQL.
    set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    -- Share by area, length, or 1 for a point on it (the lowest code of several).
    -- Of a code loaded in several years the newest counts.
    return query
    with current as (
        select distinct on (code) id, code, vintage from reference.area
        where kind in ('borough', 'district')
        order by code, vintage desc, id desc
    ),
    part as (
        select current.code, current.vintage, sum(case ST_Dimension(shape)
                   when 2 then ST_Area(ST_Intersection(piece.geom, shape))
                   when 1 then ST_Length(ST_Intersection(piece.geom, shape))
                   else 1 end) as amount
        from reference.area_piece as piece
        join current on current.id = piece.area_id
        where piece.geom && shape and ST_Intersects(piece.geom, shape)
        group by current.code, current.vintage
    ),
    counted as (
        select code, vintage, amount, sum(amount) over () as total,
               row_number() over (order by code) as place
        from part
    ),
    -- The shipped boundaries leave out the tidal Thames: bridges and towpaths go to the
    -- nearest borough within 250 m.
    nearest as (
        select current.code, current.vintage
        from reference.area_piece as piece
        join current on current.id = piece.area_id
        where piece.geom && ST_Expand(shape, 250) and ST_DWithin(piece.geom, shape, 250)
          and not exists (select from part where amount > 0)
        order by ST_Distance(piece.geom, shape), current.code
        limit 1
    )
    select code, (case when ST_Dimension(shape) = 0 then 1 else amount / total end)::numeric,
           vintage
    from counted
    where (ST_Dimension(shape) = 0 and place = 1)
       or (ST_Dimension(shape) > 0 and amount / nullif(total, 0) >= 1e-6)
    union all
    select code, 1::numeric, vintage from nearest;
end $$
"""

MORTON = """
create function app.morton(point geometry) returns bigint
    language plpgsql immutable parallel safe set search_path = pg_catalog, public, pg_temp as $$
declare
    here geometry := ST_Transform(point, 3857);
    edge constant float8 := 20037508.342789244;
    x bigint := least(4194303, greatest(0, floor((ST_X(here) + edge) / (2 * edge) * 4194304)));
    y bigint := least(4194303, greatest(0, floor((edge - ST_Y(here)) / (2 * edge) * 4194304)));
    key bigint := 0;
begin
    for i in 0..21 loop
        key := key | (((x >> i) & 1) << (2 * i)) | (((y >> i) & 1) << (2 * i + 1));
    end loop;
    return key;
end $$
"""

PLACE_BEFORE = """
create function app.place_before() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    -- A version is what a person changed; newest information and scopes follow by themselves.
    if tg_op = 'UPDATE' and new.version <> old.version then
        new.updated_at := now();
    end if;
    if new.geom is not null
       and (tg_op = 'INSERT' or not ST_OrderingEquals(new.geom, old.geom)) then
        new.qk := case when GeometryType(new.geom) = 'POINT' then app.morton(new.geom) end;
        new.borough_codes := array(select lad_code from app.boroughs_of(new.geom) order by 1);
    end if;
    return new;
end $$
"""

PLACE_AFTER = """
create function app.place_after() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.geom is distinct from old.geom
       or new.borough_codes is distinct from old.borough_codes or new.tier <> old.tier then
        delete from app.place_area where place_id = new.id;
        if new.geom is not null then
            insert into app.place_area (place_id, borough_codes, tier, lad_code, share,
                                        boundary_version)
            select new.id, new.borough_codes, new.tier, lad_code, share, boundary_version
            from app.boroughs_of(new.geom);
        end if;
    end if;
    -- What hangs on a place moves with it: its own triggers read the scope again.
    if tg_op = 'UPDATE'
       and (new.borough_codes is distinct from old.borough_codes or new.tier <> old.tier) then
        update app.place_exact set tier = tier where place_id = new.id;
        update app.online_space set tier = tier where place_id = new.id;
        update app.child_place_link set tier = tier where place_id = new.id;
        update app.incident set place_id = place_id where place_id = new.id;
        update app.place_state_change set borough_codes = new.borough_codes, tier = new.tier
        where place_id = new.id;
    end if;
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.place_state_change (place_id, borough_codes, tier, from_state, to_state, by)
        values (new.id, new.borough_codes, new.tier,
                case when tg_op = 'UPDATE' then old.state end, new.state, new.updated_by);
    end if;
    return null;
end $$
"""

INCIDENT_BEFORE = """
create function app.incident_before() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    place app.place;
begin
    if new.place_id is not null then
        select * into place from app.place where id = new.place_id;
        if place.sensitivity = 'RESIDENTIAL' then
            new.geom := null;  -- the point would be the address
            new.tier := 'H1';
        end if;
    end if;
    new.qk := case when new.geom is not null then app.morton(new.geom) end;
    if new.geom is not null then
        new.borough_codes := array(select lad_code from app.boroughs_of(new.geom) order by 1);
    elsif place.id is not null then
        new.borough_codes := place.borough_codes;
    end if;
    new.borough_code := case when new.geom is not null or cardinality(new.borough_codes) = 1
        then new.borough_codes[1]
        else (select lad_code from app.place_area where place_id = new.place_id
              order by share desc, lad_code limit 1) end;
    -- A version is what a person changed; newest information and scopes follow by themselves.
    if tg_op = 'UPDATE' and new.version <> old.version then
        new.updated_at := now();
    end if;
    return new;
end $$
"""

INCIDENT_AFTER = """
create function app.incident_after() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.borough_codes is distinct from old.borough_codes or new.tier <> old.tier then
        update app.incident_place set tier = tier where incident_id = new.id;
        update app.child_incident_link set tier = tier where incident_id = new.id;
    end if;
    return null;
end $$
"""

# Runs as the owner: whose incident it is must not decide which places it belongs to, and a
# person who enters one may see less than all of them.
LINK_INCIDENTS = """
create function app.link_incidents(of_incidents uuid[], of_places uuid[]) returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    made int;
begin
    delete from app.incident_place
    where incident_id = any (of_incidents) or place_id = any (of_places);
    with pair as (
        select incident.id as incident_id, incident.place_id, 'CHOSEN' as how
        from app.incident
        where (incident.id = any (of_incidents) or incident.place_id = any (of_places))
          and incident.place_id is not null
        union all
        select incident.id, place.id, 'FOOTPRINT'
        from unnest(of_incidents) as wanted (id)
        join app.incident on incident.id = wanted.id
        join app.place on place.geom && ST_Expand(incident.geom, 50)
        where app.belongs(incident.geom, incident.uncertainty_m, place.geom)
          and place.deleted_at is null
        union all
        select incident.id, place.id, 'FOOTPRINT'
        from unnest(of_places) as wanted (id)
        join app.place on place.id = wanted.id and place.deleted_at is null
        join app.incident on incident.geom && ST_Expand(place.geom, 50)
        where app.belongs(incident.geom, incident.uncertainty_m, place.geom)
    )
    insert into app.incident_place (incident_id, place_id, how)
    select distinct on (pair.incident_id, pair.place_id) pair.incident_id, pair.place_id, pair.how
    from pair join app.incident on incident.id = pair.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN'
    order by pair.incident_id, pair.place_id, pair.how
    on conflict do nothing;
    get diagnostics made = row_count;
    update app.place set last_information_at = newest.at
    from (
        select link.place_id, max(least(incident.occurred_to, now())) as at
        from app.incident_place as link
        join app.incident on incident.id = link.incident_id
        where link.incident_id = any (of_incidents) or link.place_id = any (of_places)
        group by link.place_id
    ) as newest
    where place.id = newest.place_id
      and (place.last_information_at is null or place.last_information_at < newest.at);
    return made;
end $$
"""

# Boundaries of another year came in: what follows from a shape is worked out again. The triggers
# see to everything that hangs on a place or an incident.
BOROUGHS_CHANGED = """
create function app.boroughs_changed() returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    moved int;
begin
    if sec.job() is null then
        raise insufficient_privilege using message = 'only a job changes boundaries';
    end if;
    delete from app.place_area where place_id in (select id from app.place where geom is not null);
    insert into app.place_area (place_id, borough_codes, tier, lad_code, share, boundary_version)
    select place.id, place.borough_codes, place.tier, now.lad_code, now.share, now.boundary_version
    from app.place cross join lateral app.boroughs_of(place.geom) as now
    where place.geom is not null;
    update app.place set borough_codes = now.codes
    from (
        select place.id, array(select lad_code
                               from app.boroughs_of(coalesce(place.geom, exact.geom))
                               order by 1) as codes
        from app.place left join app.place_exact as exact on exact.place_id = place.id
        where coalesce(place.geom, exact.geom) is not null
    ) as now
    where now.id = place.id and now.codes <> place.borough_codes;
    get diagnostics moved = row_count;
    update app.incident set qk = qk
    where geom is not null
      and borough_codes <> array(select lad_code from app.boroughs_of(geom) order by 1);
    return moved;
end $$
"""

BELONGS = """
create function app.belongs(point geometry, uncertainty_m int, shape geometry) returns boolean
    language sql immutable parallel safe as $$
    select ST_DWithin(point, shape, case ST_Dimension(shape)
        when 0 then 50
        when 1 then 25
        else least(coalesce(uncertainty_m, 0), 50) end)
$$
"""

# A link or a detail takes the scope of the record it hangs on.
SCOPE_FROM = """
create function app.scope_from_{parent}() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select borough_codes, tier into new.borough_codes, new.tier
    from app.{parent} where id = new.{parent}_id;
    return new;
end $$
"""

SCOPED_BY = {
    "place_exact": "place",
    "online_space": "place",
    "incident_place": "incident",
    "child_home": "child",
    "child_place_link": "place",
    "child_incident_link": "incident",
}


def protect(table: str, purpose: bool) -> None:
    rule = WITH_PURPOSE if purpose else IN_SCOPE
    name = table.removeprefix("app.")
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy {name}_select on {table} for select to cs_app using ({rule})")
    op.execute(f"create policy {name}_insert on {table} for insert to cs_app with check ({rule})")
    op.execute(
        f"create policy {name}_update on {table} for update to cs_app "
        f"using ({rule}) with check ({rule})"
    )
    op.execute(f"create policy {name}_job on {table} for select to cs_job using ({FOR_CLUSTERS})")
    op.execute(
        f"create policy {name}_demo on {table} for all to cs_job "
        "using ((select sec.job()) = 'demo:load' and "
        f"{'is_synthetic' if name in RECORDS else 'true'}) "
        "with check ((select sec.job()) = 'demo:load')"
    )
    # Triggers run as the owner, which FORCE subjects to policies too.
    op.execute(f"create policy {name}_owner on {table} for all to cs_owner using (true)")
    op.execute(f"grant select, insert, update on {table} to cs_app")
    op.execute(f"grant select, insert, update, delete on {table} to cs_job")


INDEXES = [
    "create index place_geom_idx on app.place using gist (geom)",
    "create index place_qk_idx on app.place (qk)",
    "create index place_boroughs_idx on app.place using gin (borough_codes)",
    "create index incident_qk_idx on app.incident (qk)",
    "create index incident_geom_idx on app.incident using gist (geom)",
    "create index incident_place_idx on app.incident (place_id)",
    "create index incident_occurred_idx on app.incident (occurred_from)",
    "create index incident_place_place_idx on app.incident_place (place_id)",
    "create index child_place_link_place_idx on app.child_place_link (place_id)",
    "create index child_place_link_child_idx on app.child_place_link (child_id)",
    "create index child_incident_link_incident_idx on app.child_incident_link (incident_id)",
]

COMMENTS = {
    "table app.place": "A context: a place, route, territory or online space of concern",
    "column app.place.geom": "British National Grid; null for online and residential places",
    "column app.place.week_grid": "Hours of concern; bit 0 is Monday 00:00 local time",
    "column app.place.last_information_at": "Newest linked report, incident or review",
    "table app.place_exact": "Exact residential points. Never joined by a tile, list or export",
    "table app.child": "A reference, a home borough and an age band. Nothing else, ever",
    "table app.child_place_link": "What happened at the place, not what a child is",
    "table app.incident_place": "Places an incident belongs to: chosen, or inside the footprint",
    "column app.incident.uncertainty_m": "How far the true place may be from the point",
}


def upgrade() -> None:
    create_tables()
    create_triggers()
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on all functions in schema app to cs_app, cs_job")
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def create_tables() -> None:
    op.execute(BOROUGHS_OF)
    op.execute(MORTON)
    for name, columns in RECORDS.items():
        op.execute(f"create table app.{name} ({COMMON} {columns}, {CHECKS.format(name=name)})")
    for name, columns in DETAILS.items():
        op.execute(f"create table app.{name} ({columns})")
    for name in (*RECORDS, *DETAILS):
        protect(f"app.{name}", purpose=name in NEEDS_PURPOSE)


def create_triggers() -> None:
    for function in (PLACE_BEFORE, PLACE_AFTER, INCIDENT_BEFORE, INCIDENT_AFTER):
        op.execute(function)
    op.execute(BELONGS)
    op.execute(LINK_INCIDENTS)
    op.execute(BOROUGHS_CHANGED)
    for parent in sorted(set(SCOPED_BY.values())):
        op.execute(SCOPE_FROM.format(parent=parent))
    op.execute(
        "create trigger place_before before insert or update on app.place "
        "for each row execute function app.place_before()"
    )
    op.execute(
        "create trigger place_after after insert or update on app.place "
        "for each row execute function app.place_after()"
    )
    op.execute(
        "create trigger incident_before before insert or update on app.incident "
        "for each row execute function app.incident_before()"
    )
    op.execute(
        "create trigger incident_after after update on app.incident "
        "for each row execute function app.incident_after()"
    )
    for table, parent in SCOPED_BY.items():
        op.execute(
            f"create trigger {table}_scope before insert or update on app.{table} "
            f"for each row execute function app.scope_from_{parent}()"
        )


def downgrade() -> None:
    for name in reversed((*RECORDS, *DETAILS)):
        op.execute(f"drop table app.{name}")
    op.execute("""
        drop function app.scope_from_place, app.scope_from_incident, app.scope_from_child,
            app.place_before, app.place_after, app.incident_before, app.incident_after,
            app.link_incidents, app.boroughs_changed, app.belongs, app.morton, app.boroughs_of
    """)
