"""When an incident was in words that people filter by: part of the day, kind of day, after dark.

Kept by a trigger, so that each way of writing has them; null says that the time is not known.
Running code does not name the columns. Reversible: they are worked out anew.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

COLUMNS = """
    alter table app.incident
        add column day_part text,
        add column day_type text,
        add column after_dark boolean
"""
COMMENTS = {
    "day_part": "Of the middle of its window, London time; null: not known to the hour",
    "day_type": "School day, holiday or weekend in its borough; null: day or terms not known",
    "after_dark": "At least half of its window had the sun 6 degrees down; null: not known",
}

# geo/rhythms/sun.py in SQL, with its symbols. Seconds since 1970, degrees.
SUN = """
create function app.sun_deg(t float8, lon float8, lat float8) returns float8
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, public, pg_temp as $$
declare
    century float8 := (t / 86400 + (2440587.5 - 2451545.0)) / 36525;
    mean float8 := radians(280.46646 + century * (36000.76983 + century * 0.0003032));
    anomaly float8 := radians(357.52911 + century * (35999.05029 - century * 0.0001537));
    e float8 := 0.016708634 - 0.000042037 * century;
    sin_m float8 := sin(anomaly);
    sin_2m float8 := 2 * sin_m * cos(anomaly);
    centre float8 := (1.914602 - 0.004817 * century) * sin_m + 0.019993 * sin_2m
        + 0.000289 * sin_m * (3 - 4 * sin_m * sin_m);
    node float8 := radians(125.04 - 1934.136 * century);
    apparent float8 := mean + radians(centre - 0.00569 - 0.00478 * sin(node));
    tilt float8 := radians(23.4392911 - 0.0130042 * century + 0.00256 * cos(node));
    sin_dec float8 := sin(tilt) * sin(apparent);
    y float8 := tan(tilt / 2) ^ 2;
    sin_2l float8 := sin(2 * mean);
    cos_2l float8 := cos(2 * mean);
    minutes float8 := 4 * degrees(y * sin_2l - 2 * e * sin_m + 4 * e * y * sin_m * cos_2l
        - y * y * sin_2l * cos_2l - 1.25 * e * e * sin_2m);
    second float8 := t - 86400 * floor(t / 86400);
    turned float8 := radians((second / 60 + minutes + 4 * lon) / 4 - 180);
    height float8 := sin(radians(lat)) * sin_dec
        + cos(radians(lat)) * sqrt(1 - sin_dec ^ 2) * cos(turned);
begin
    return degrees(asin(greatest(-1, least(1, height))));
end $$
"""
# geo/rhythms/dark.py: the middles of slices of 5 minutes. The sun moves less than 1.26 degrees in
# one, so that many slices on the same side of -6 need not be asked one by one.
DARK = """
create function app.mostly_dark(since timestamptz, until timestamptz, lon float8, lat float8)
    returns boolean language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, public, pg_temp as $$
declare
    first_s bigint := floor(extract(epoch from since));
    length_s bigint := floor(extract(epoch from until)) - first_s;
    slices bigint := greatest((length_s + 299) / 300, 1);
    n bigint := 0;
    same bigint;
    dark bigint := 0;
    over_deg float8;
begin
    while n < slices loop
        over_deg := app.sun_deg(first_s + length_s * (2 * n + 1) / (2 * slices), lon, lat) + 6;
        same := least(slices - n, 1 + floor(greatest(abs(over_deg) - 0.02, 0) / 1.2584)::bigint);
        if over_deg < 0 then
            dark := dark + same;
        end if;
        n := n + same;
    end loop;
    return 2 * dark >= slices;
end $$
"""
PART = """
create function app.day_part(at timestamptz) returns text
    language sql stable strict parallel safe
    set search_path = pg_catalog, public, pg_temp as $$
    select case when hour < 6 then 'LATE' when hour < 8 then 'MORNING'
        when hour < 9 then 'SCHOOL_RUN' when hour < 15 then 'DAYTIME'
        when hour < 18 then 'AFTER_SCHOOL' when hour < 22 then 'EVENING' else 'LATE' end
    from (select extract(hour from at at time zone 'Europe/London')) as of_day (hour)
$$
"""
# The newest term that has begun is found by its code; a break is at most 50 days, so that years
# whose terms nobody entered are not taken for one long holiday.
TYPE = """
create function app.day_type(on_day date, lad text) returns text
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
    ended date;
begin
    if extract(isodow from on_day) > 5 then
        return 'WEEKEND';
    end if;
    select (extra ->> 'last_day')::date into ended from reference.lookup
    where list = 'term' and code <= lad || ':' || on_day and code > lad || ':'
    order by code desc limit 1;
    if ended is null or on_day > ended + 50 then
        return null;
    end if;
    if on_day > ended or exists (
        select from reference.lookup where list = 'bank_holiday' and code = on_day::text
    ) then
        return 'HOLIDAY';
    end if;
    return 'SCHOOL_DAY';
end $$
"""
# Where it was: its own point, else the middle of its place, else of its borough, where the sun is
# the same within a minute. A home has no point here.
TIMES = """
create function app.incident_times(
    one app.incident, out day_part text, out day_type text, out after_dark boolean)
    language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
    length interval := one.occurred_to - one.occurred_from;
    middle timestamptz := one.occurred_from + length / 2;
    spot geometry := one.geom;
begin
    if one.time_precision not in ('EXACT', 'HOUR', 'DAY') or length > interval '25 hours' then
        return;
    end if;
    day_type := app.day_type((middle at time zone 'Europe/London')::date, one.borough_code);
    if one.time_precision = 'DAY' or length > interval '24 hours' then
        return;
    end if;
    day_part := app.day_part(middle);
    if spot is null then
        select ST_Centroid(place.geom) into spot from app.place where place.id = one.place_id;
    end if;
    if spot is null then
        select ST_Centroid(ST_Envelope(area.geom)) into spot from reference.area
        where area.code = one.borough_code and area.kind in ('borough', 'district')
        order by area.vintage desc, area.id desc limit 1;
    end if;
    spot := ST_Transform(spot, 4326);
    after_dark := app.mostly_dark(one.occurred_from, one.occurred_to, ST_X(spot), ST_Y(spot));
end $$
"""
TRIGGER_FUNCTION = """
create function app.incident_timed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select found.day_part, found.day_type, found.after_dark
    into new.day_part, new.day_type, new.after_dark from app.incident_times(new) as found;
    return new;
end $$
"""
# After terms or boundaries were loaded.
RETIMED = """
create function app.incidents_retimed() returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.incident
    set day_part = was.day_part, day_type = was.day_type, after_dark = was.after_dark
    from (select other.id, found.day_part, found.day_type, found.after_dark
          from app.incident as other
          cross join lateral app.incident_times(other) as found) as was
    where was.id = incident.id and (was.day_part, was.day_type, was.after_dark)
        is distinct from (incident.day_part, incident.day_type, incident.after_dark);
end $$
"""
FUNCTIONS = {
    "sun_deg(float8, float8, float8)": SUN,
    "mostly_dark(timestamptz, timestamptz, float8, float8)": DARK,
    "day_part(timestamptz)": PART,
    "day_type(date, text)": TYPE,
    "incident_times(app.incident)": TIMES,
    "incident_timed()": TRIGGER_FUNCTION,
    "incidents_retimed()": RETIMED,
}
# After incident_before and incident_new_version by their names: place, point and borough are known.
TRIGGERS = (
    """create trigger incident_timed_new before insert on app.incident
       for each row execute function app.incident_timed()""",
    """create trigger incident_timed_changed before update on app.incident
       for each row when (
           (new.occurred_from, new.occurred_to, new.time_precision, new.place_id, new.borough_code)
           is distinct from (old.occurred_from, old.occurred_to, old.time_precision, old.place_id,
                             old.borough_code)
           or (new.geom is null) <> (old.geom is null) or not new.geom ~= old.geom)
       execute function app.incident_timed()""",
)


def upgrade() -> None:
    op.execute(COLUMNS)
    for name, said in COMMENTS.items():
        op.execute(f"comment on column app.incident.{name} is '{said}'")
    for signature, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function app.{signature} from public")
    for trigger in TRIGGERS:
        op.execute(trigger)
    op.execute("grant execute on function app.incidents_retimed() to cs_job")
    op.execute("select app.incidents_retimed()")


def downgrade() -> None:
    op.execute("drop trigger incident_timed_new on app.incident")
    op.execute("drop trigger incident_timed_changed on app.incident")
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function app.{signature}")
    op.execute("""
        alter table app.incident drop column day_part, drop column day_type,
            drop column after_dark
    """)
