"""The life of a place: aliases, parents, merge and split, times of concern, guardians, history.

Running code does not know what is added, and writes states as before; what the guard refuses it
never wrote. Reversible: aliases, links, guardians, versions and the memory of merges are lost.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

COLUMNS = """
    alter table app.place
        add column lead_user_id uuid,
        add column boundary_note text,
        add column urgent_reason text,
        add column label_renewed_at timestamptz,
        add column dormant_at timestamptz,
        add column closed_at timestamptz
"""
# Checked for what is written from now on; rows of before are looked at by `validate`.
CHECKS = {
    "strengths": "length(strengths) <= 1000",
    "contact": "length(manager_contact) <= 200",
    "may_name": "not may_name or length(may_name_reason) between 10 and 300",
    "access": "public_access in ('OPEN', 'HOURS', 'PRIVATE')",
    "boundary": "length(boundary_note) <= 500",
    "urgent": "length(urgent_reason) <= 300",
    "close_code": "close_code in ('SAFER', 'NOT_SUBSTANTIATED', 'MERGED', 'DISPLACED', 'EXPIRED', "
    "'ONLINE_REMOVED')",
    "merged": "(close_code is not distinct from 'MERGED') = (merged_into_id is not null)",
    "parent": "parent_place_id <> id",
}

OF_PLACE = """
    place_id uuid not null references app.place (id),
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
"""
OF_BOTH = """
    from_place_id uuid not null references app.place (id),
    to_place_id uuid not null references app.place (id),
    borough_codes text[] not null default '{}',
    far_codes text[] not null default '{}',
    tier text not null default 'H1',
    listed boolean not null default false,
"""
MADE = """
    created_at timestamptz not null default now(),
    created_by uuid not null,
    is_synthetic boolean not null default false,
"""
TABLES = {
    "place_alias": f"""
        id uuid not null,
        {OF_PLACE} {MADE}
        name text not null,
        removed_at timestamptz,
        removed_by uuid,
        constraint place_alias_pkey primary key (id),
        constraint place_alias_name_check check (length(name) between 1 and 80),
        constraint place_alias_removed_check check ((removed_at is null) = (removed_by is null))
    """,
    "guardian_slot": f"""
        id uuid not null,
        {OF_PLACE} {MADE}
        listed boolean not null default false,
        kind text not null,
        week_grid bit(168) not null,
        guardian_agency text not null,
        trained boolean,
        trusted text not null default 'NOT_ASKED',
        valid_from_on date not null,
        valid_to_on date,
        note text,
        updated_at timestamptz not null default now(),
        updated_by uuid not null,
        version int not null default 1,
        constraint guardian_slot_pkey primary key (id),
        constraint guardian_slot_kind_check check (kind in ('YOUTH_WORKER', 'STAFF', 'TRANSPORT',
            'POLICE', 'VOLUNTEER', 'PARENTS', 'VENUE_OPEN')),
        constraint guardian_slot_trusted_check
            check (trusted in ('YES', 'MIXED', 'NO', 'NOT_ASKED')),
        constraint guardian_slot_period_check
            check (valid_to_on is null or valid_from_on <= valid_to_on),
        constraint guardian_slot_note_check check (length(note) <= 300)
    """,
    "place_version": f"""
        {OF_PLACE}
        version int not null,
        at timestamptz not null default now(),
        by uuid not null,
        content jsonb not null,
        constraint place_version_pkey primary key (place_id, version)
    """,
    "place_link": f"""
        id uuid not null,
        {OF_BOTH} {MADE}
        relation text not null,
        since_on date,
        evidence_id uuid,
        note text,
        removed_at timestamptz,
        removed_by uuid,
        constraint place_link_pkey primary key (id),
        constraint place_link_relation_check check (relation in ('same_journey', 'displaced_to',
            'shown_in_video', 'feeder_school', 'near_entrance', 'same_manager')),
        constraint place_link_ends_check check (from_place_id <> to_place_id),
        constraint place_link_note_check check (length(note) <= 300),
        constraint place_link_removed_check check ((removed_at is null) = (removed_by is null))
    """,
    "place_merge": f"""
        id uuid not null,
        {OF_BOTH}
        kind text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text not null,
        was_state text not null,
        undone_at timestamptz,
        undone_by uuid,
        constraint place_merge_pkey primary key (id),
        constraint place_merge_kind_check check (kind in ('MERGE', 'SPLIT')),
        constraint place_merge_reason_check check (length(reason) between 10 and 500),
        constraint place_merge_undone_check check ((undone_at is null) = (undone_by is null))
    """,
    # What followed, for the way back. Nobody reads it: it also names what few may know of.
    "place_merge_moved": """
        merge_id uuid not null references app.place_merge (id),
        what text not null,
        key uuid not null,
        was jsonb,
        constraint place_merge_moved_pkey primary key (merge_id, what, key)
    """,
}
BY_DATABASE = ("place_version", "place_merge", "place_merge_moved")
SCOPED = {"place_alias": "place", "guardian_slot": "place", "place_version": "place"}

# Both ends must be in sight: the stricter tier, and the boroughs of each.
SCOPE_FROM_ENDS = """
create function app.scope_from_ends() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select near.borough_codes, far.borough_codes, near.listed and far.listed,
           (array['H0', 'H1', 'P', 'C'])[greatest(
               array_position(array['H0', 'H1', 'P', 'C'], near.tier),
               array_position(array['H0', 'H1', 'P', 'C'], far.tier))]
    into new.borough_codes, new.far_codes, new.listed, new.tier
    from app.place as near, app.place as far
    where near.id = new.from_place_id and far.id = new.to_place_id;
    return new;
end $$
"""
CONTENT = """
create function app.place_content(place app.place) returns jsonb
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select jsonb_build_object(
        'type_code', place.type_code, 'name', place.name, 'description', place.description,
        'sensitivity', place.sensitivity, 'tier', place.tier, 'may_name', place.may_name,
        'may_name_reason', place.may_name_reason, 'shape', ST_AsText(place.geom),
        'precision_m', place.precision_m, 'parent_place_id', place.parent_place_id,
        'week_grid', place.week_grid::text, 'after_dark_concern', place.after_dark_concern,
        'harm_codes', to_jsonb(place.harm_codes), 'strengths', place.strengths,
        'safe_features', to_jsonb(place.safe_features),
        'managed_by_agency', place.managed_by_agency, 'manager_contact', place.manager_contact,
        'public_access', place.public_access, 'level', place.level, 'state', place.state,
        'close_code', place.close_code, 'lead_agency', place.lead_agency,
        'lead_user_id', place.lead_user_id, 'boundary_note', place.boundary_note,
        'urgent_since', place.urgent_since, 'urgent_reason', place.urgent_reason,
        'label_expires_on', place.label_expires_on, 'next_review_on', place.next_review_on)
$$
"""
# A version is what a person changed; who and when stand beside it.
KEPT = """
create function app.place_kept() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.version <> old.version then
        insert into app.place_version (place_id, version, at, by, content)
        values (new.id, new.version, now(), new.updated_by, app.place_content(new))
        on conflict (place_id, version) do update
            set content = excluded.content, at = excluded.at, by = excluded.by;
    end if;
    if tg_op = 'UPDATE' and (new.borough_codes, new.tier, new.listed)
                            is distinct from (old.borough_codes, old.tier, old.listed) then
        update app.place_alias set tier = tier where place_id = new.id;
        update app.place_version set tier = tier where place_id = new.id;
        update app.guardian_slot set listed = new.listed where place_id = new.id;
        update app.place_link set tier = tier where new.id in (from_place_id, to_place_id);
        update app.place_merge set tier = tier where new.id in (from_place_id, to_place_id);
    end if;
    return null;
end $$
"""
# The moves of domain.md 5.2 and who makes them, whatever program asks. Jobs and the functions
# below have their own ways; guards that look at evidence are in app/places/life.py.
GUARD = """
create function app.place_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user <> 'cs_app' or sec.job() is not null then
        return null;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'PROPOSED' then
            raise check_violation using message = 'a place begins as proposed';
        end if;
        return null;
    end if;
    if new.state <> old.state and not exists (
        select from (values
            ('PROPOSED', 'SCREENED', 'cs_lead police_analyst practitioner'),
            ('SCREENED', 'IDENTIFIED', 'cs_lead police_analyst'),
            ('IDENTIFIED', 'MONITORING', 'cs_lead'), ('IDENTIFIED', 'ASSESSING', 'cs_lead'),
            ('ASSESSING', 'ASSESSED', 'cs_lead'), ('ASSESSED', 'CONFERENCE', 'cs_lead'),
            ('ASSESSED', 'PLAN_ACTIVE', 'cs_lead'), ('CONFERENCE', 'PLAN_ACTIVE', 'cs_lead'),
            ('PLAN_ACTIVE', 'MONITORING', 'cs_lead'), ('MONITORING', 'PLAN_ACTIVE', 'cs_lead'),
            ('DORMANT', 'IDENTIFIED', 'cs_lead'), ('CLOSED', 'IDENTIFIED', 'cs_lead')
        ) as move (was, becomes, who)
        where was = old.state and becomes = new.state
          and sec.role() = any (string_to_array(who, ' '))
        union all
        select from (select 1) as closing
        where new.state = 'CLOSED' and sec.role() = 'cs_lead' and new.close_code is not null
    ) then
        raise check_violation using message = 'this move of a place is not allowed';
    end if;
    if old.urgent_since is not null and new.urgent_since is null and sec.role() <> 'cs_lead' then
        raise check_violation using message = 'only a lead says that a place is not urgent';
    end if;
    if old.merged_into_id is distinct from new.merged_into_id and new.merged_into_id is not null
    then
        raise check_violation using message = 'places are merged by app.merge_place';
    end if;
    return null;
end $$
"""
# One at a time: two people could else make each the parent of the other.
PARENT = """
create function app.place_parent() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    above int;
    below int;
begin
    if new.parent_place_id is null then
        return null;
    end if;
    perform pg_advisory_xact_lock(7103);
    with recursive up (id, parent, depth) as (
        select id, parent_place_id, 1 from app.place where id = new.parent_place_id
        union all
        select place.id, place.parent_place_id, depth + 1
        from up join app.place on place.id = up.parent where depth < 12
    )
    select case when bool_or(id = new.id) then 99 else max(depth) end into above from up;
    with recursive down (id, depth) as (
        select new.id, 1
        union all
        select place.id, depth + 1
        from down join app.place on place.parent_place_id = down.id where depth < 12
    )
    select max(depth) into below from down;
    if above + below > 5 then
        raise check_violation using message = 'places are nested in a loop or too deep',
            constraint = 'place_parent_depth', table = 'place', schema = 'app';
    end if;
    return null;
end $$
"""
STATE_CHANGE = """
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.place_state_change (place_id, borough_codes, tier, from_state, to_state, by)
        values (new.id, new.borough_codes, new.tier,
                case when tg_op = 'UPDATE' then old.state end, new.state, new.updated_by);
    end if;
"""
WITH_REASON = """
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.place_state_change
            (place_id, borough_codes, tier, from_state, to_state, by, reason)
        values (new.id, new.borough_codes, new.tier,
                case when tg_op = 'UPDATE' then old.state end, new.state, new.updated_by,
                nullif(current_setting('cs.reason', true), ''));
    end if;
"""
# The rest of the function stays as it stands, whatever another migration made of it.
REPLACE = """
do $$
declare
    body text := pg_get_functiondef('app.place_after()'::regprocedure);
begin
    if position($was${was}$was$ in body) = 0 then
        raise exception 'app.place_after is not what it was';
    end if;
    execute replace(body, $was${was}$was$, $now${now}$now$);
end $$
"""

MERGE = """
create function app.merge_place(source uuid, target uuid, why text) returns uuid
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone app.place;
    kept app.place;
    made uuid := gen_random_uuid();
begin
    if sec.role() is distinct from 'cs_lead' or sec.job() is not null then
        raise insufficient_privilege using message = 'only a lead merges places';
    end if;
    perform from app.place where id in (source, target) order by id for update;
    select * into gone from app.place where id = source;
    select * into kept from app.place where id = target;
    if gone.id is null or kept.id is null or source = target
       or gone.deleted_at is not null or kept.deleted_at is not null
       or gone.tier <> all (sec.tiers()) or kept.tier <> all (sec.tiers()) then
        raise insufficient_privilege using message = 'no such places';
    end if;
    if gone.state = 'CLOSED' or kept.state = 'CLOSED'
       or (gone.sensitivity = 'RESIDENTIAL') <> (kept.sensitivity = 'RESIDENTIAL')
       or (gone.geom_kind = 'N') <> (kept.geom_kind = 'N') then
        raise check_violation using message = 'these places cannot be merged';
    end if;
    insert into app.place_merge (id, from_place_id, to_place_id, kind, by, reason, was_state)
    values (made, source, target, 'MERGE', sec.actor(), why, gone.state);
    perform app.move_links(made, source, target, null);
    perform set_config('cs.reason', why, true);
    update app.place set state = 'CLOSED', close_code = 'MERGED', merged_into_id = target,
        closed_at = now(), urgent_since = null, urgent_reason = null, version = version + 1,
        updated_by = sec.actor()
    where id = source;
    update app.place set version = version + 1, updated_by = sec.actor(),
        last_information_at = greatest(last_information_at, gone.last_information_at)
    where id = target;
    return made;
end $$
"""
# `only`: the keys that go; null is all of them. Whatever moves is written down, with where it was
# where the way back could not tell.
MOVE_LINKS = """
create function app.move_links(made uuid, source uuid, target uuid, only_keys uuid[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    touched uuid[];
begin
    with moved as (
        update app.incident set place_id = target
        where place_id = source and (only_keys is null or id = any (only_keys)) returning id
    )
    insert into app.place_merge_moved (merge_id, what, key) select made, 'incident', id from moved;
    -- Chosen beside another place (the columns of migration 0014).
    with before as (
        select id, also_place_ids as ids from app.incident
        where source = any (also_place_ids) and (only_keys is null or id = any (only_keys))
    ),
    moved as (
        update app.incident set also_place_ids = array(
            select distinct each from unnest(array_replace(ids, source, target)) as each
            where each is distinct from incident.place_id order by each)
        from before where incident.id = before.id returning incident.id, ids
    )
    insert into app.place_merge_moved (merge_id, what, key, was)
    select made, 'incident', id, jsonb_build_object('also', to_jsonb(ids)) from moved
    on conflict (merge_id, what, key) do update set was = excluded.was;
    -- What lay inside the outline of the old place, and was of no other one by choice.
    with moved as (
        update app.incident set place_id = target, without_place_ids =
            array_remove(without_place_ids, target)
        from app.incident_place as link
        where link.incident_id = incident.id and link.place_id = source
          and link.how = 'FOOTPRINT' and incident.place_id is null
          and (only_keys is null or incident.id = any (only_keys))
        returning incident.id
    )
    insert into app.place_merge_moved (merge_id, what, key, was)
    select made, 'incident', id, '{"footprint": true}' from moved
    on conflict (merge_id, what, key) do nothing;
    with moved as (
        update app.child_place_link set place_id = target
        where place_id = source and (only_keys is null or id = any (only_keys)) returning id
    )
    insert into app.place_merge_moved (merge_id, what, key) select made, 'child', id from moved;
    with moved as (
        update app.report_outcome set place_id = target
        where place_id = source and (only_keys is null or report_id = any (only_keys)) returning id
    )
    insert into app.place_merge_moved (merge_id, what, key) select made, 'report', id from moved;
    with moved as (
        update app.guardian_slot set place_id = target
        where place_id = source and (only_keys is null or id = any (only_keys)) returning id
    )
    insert into app.place_merge_moved (merge_id, what, key) select made, 'guardian', id from moved;
    with moved as (
        update app.place_alias set place_id = target
        where place_id = source and (only_keys is null or id = any (only_keys)) returning id
    )
    insert into app.place_merge_moved (merge_id, what, key) select made, 'alias', id from moved;
    if only_keys is null then
        with moved as (
            update app.place set parent_place_id = nullif(target, id)
            where parent_place_id = source returning id
        )
        insert into app.place_merge_moved (merge_id, what, key) select made, 'part', id from moved;
    end if;
    perform app.move_ends(made, source, target, only_keys);
    perform app.move_intelligence(made, source, target, only_keys);
    select array_agg(key) into touched from app.place_merge_moved
    where merge_id = made and what = 'incident';
    perform app.relink(coalesce(touched, '{}'), array[source, target]);
end $$
"""
# A link of a place with itself, or one that stands twice, ends with the merge.
MOVE_ENDS = """
create function app.move_ends(made uuid, source uuid, target uuid, only_keys uuid[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    link app.place_link;
    near uuid;
    far uuid;
begin
    for link in
        select * from app.place_link
        where source in (from_place_id, to_place_id) and removed_at is null
          and (only_keys is null or id = any (only_keys))
        order by id
    loop
        near := case link.from_place_id when source then target else link.from_place_id end;
        far := case link.to_place_id when source then target else link.to_place_id end;
        insert into app.place_merge_moved (merge_id, what, key, was)
        values (made, 'link', link.id,
                jsonb_build_object('from', link.from_place_id, 'to', link.to_place_id));
        if near = far or exists (
            select from app.place_link as same
            where same.from_place_id = near and same.to_place_id = far
              and same.relation = link.relation and same.removed_at is null
        ) then
            update app.place_link set removed_at = now(), removed_by = sec.actor()
            where id = link.id;
        else
            update app.place_link set from_place_id = near, to_place_id = far where id = link.id;
        end if;
    end loop;
end $$
"""
# Whoever merges need not see all items of intelligence, and learns nothing of them: one that will
# not move stays where it was, without a word.
MOVE_INTELLIGENCE = """
create function app.move_intelligence(made uuid, source uuid, target uuid, only_keys uuid[])
    returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    link app.intel_item_place;
begin
    for link in
        select * from app.intel_item_place as hung
        where hung.place_id = source
          and (only_keys is null or hung.id = any (only_keys)
               or hung.intel_item_id = any (only_keys))
          and not exists (select from app.intel_item_place as there
                          where there.intel_item_id = hung.intel_item_id
                            and there.place_id = target)
        order by hung.id
    loop
        begin
            update app.intel_item_place set place_id = target where id = link.id;
            insert into app.place_merge_moved (merge_id, what, key)
            values (made, 'intelligence', link.id) on conflict do nothing;
        exception when check_violation or insufficient_privilege then
            null;
        end;
    end loop;
end $$
"""
# A link that is erased leaves no trace here either.
FORGET = """
create function app.place_moved_forgets() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from app.place_merge_moved where key = old.id;
    return null;
end $$
"""
SPLIT = """
create function app.split_place(source uuid, target uuid, why text, only_keys uuid[]) returns uuid
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    made uuid := gen_random_uuid();
    was text;
begin
    if sec.role() is distinct from 'cs_lead' or sec.job() is not null then
        raise insufficient_privilege using message = 'only a lead splits places';
    end if;
    perform from app.place where id in (source, target) order by id for update;
    select state into was from app.place
    where id = source and deleted_at is null and tier = any (sec.tiers()) and state <> 'CLOSED';
    if was is null or not exists (
        select from app.place where id = target and created_by = sec.actor()
          and created_at = now() and state = 'PROPOSED'
    ) then
        raise insufficient_privilege using message = 'no such places';
    end if;
    insert into app.place_merge (id, from_place_id, to_place_id, kind, by, reason, was_state)
    values (made, source, target, 'SPLIT', sec.actor(), why, was);
    perform app.move_links(made, source, target, only_keys);
    update app.place set version = version + 1, updated_by = sec.actor() where id = source;
    return made;
end $$
"""
UNMERGE = """
create function app.unmerge_place(of_merge uuid, why text) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    made app.place_merge;
    one app.place_merge_moved;
    touched uuid[];
begin
    if sec.role() is distinct from 'cs_lead' or sec.job() is not null then
        raise insufficient_privilege using message = 'only a lead takes a merge back';
    end if;
    select * into made from app.place_merge
    where id = of_merge and kind = 'MERGE' and tier = any (sec.tiers()) for update;
    if made.id is null then
        raise insufficient_privilege using message = 'no such merge';
    end if;
    perform from app.place where id in (made.from_place_id, made.to_place_id)
    order by id for update;
    if made.undone_at is not null
       or not exists (select from app.place where id = made.from_place_id and state = 'CLOSED'
                      and merged_into_id = made.to_place_id)
       or exists (select from app.place where id = made.to_place_id and state = 'CLOSED') then
        raise check_violation using message = 'this merge cannot be taken back';
    end if;
    -- What has gone elsewhere since then stays there.
    for one in select * from app.place_merge_moved where merge_id = made.id loop
        case one.what
        when 'incident' then
            update app.incident
            set place_id = case when one.was ? 'footprint' then null else made.from_place_id end
            where id = one.key and place_id = made.to_place_id
              and not coalesce(one.was ? 'also', false);
            update app.incident set also_place_ids = array(
                select distinct each
                from unnest(array_replace(also_place_ids, made.to_place_id, made.from_place_id)
                    || case when made.to_place_id::text in
                            (select jsonb_array_elements_text(one.was -> 'also'))
                       then array[made.to_place_id] else '{}' end) as each
                where each is distinct from incident.place_id order by each)
            where id = one.key and one.was ? 'also';
        when 'child' then
            update app.child_place_link set place_id = made.from_place_id
            where id = one.key and place_id = made.to_place_id;
        when 'report' then
            update app.report_outcome set place_id = made.from_place_id
            where id = one.key and place_id = made.to_place_id;
        when 'guardian' then
            update app.guardian_slot set place_id = made.from_place_id
            where id = one.key and place_id = made.to_place_id;
        when 'alias' then
            update app.place_alias set place_id = made.from_place_id
            where id = one.key and place_id = made.to_place_id;
        when 'part' then
            update app.place set parent_place_id = made.from_place_id
            where id = one.key and parent_place_id is not distinct from
                nullif(made.to_place_id, one.key);
        when 'link' then
            update app.place_link set from_place_id = (one.was ->> 'from')::uuid,
                to_place_id = (one.was ->> 'to')::uuid, removed_at = null, removed_by = null
            where id = one.key;
        else
            null;
        end case;
    end loop;
    perform app.move_intelligence(made.id, made.to_place_id, made.from_place_id,
        array(select key from app.place_merge_moved
              where merge_id = made.id and what = 'intelligence'));
    perform set_config('cs.reason', why, true);
    update app.place set state = made.was_state, close_code = null, merged_into_id = null,
        closed_at = null, version = version + 1, updated_by = sec.actor()
    where id = made.from_place_id;
    update app.place set version = version + 1, updated_by = sec.actor()
    where id = made.to_place_id;
    update app.place_merge set undone_at = now(), undone_by = sec.actor() where id = made.id;
    select array_agg(key) into touched from app.place_merge_moved
    where merge_id = made.id and what = 'incident';
    perform app.relink(coalesce(touched, '{}'), array[made.from_place_id, made.to_place_id]);
end $$
"""
FOR_PEOPLE = ("merge_place(uuid, uuid, text)", "unmerge_place(uuid, text)")
FOR_PEOPLE += ("split_place(uuid, uuid, text, uuid[])",)
FUNCTIONS = (SCOPE_FROM_ENDS, CONTENT, KEPT, GUARD, PARENT, MOVE_ENDS, MOVE_INTELLIGENCE)
FUNCTIONS += (MOVE_LINKS, FORGET, MERGE, SPLIT, UNMERGE)

INDEXES = [
    "create index place_alias_place_idx on app.place_alias (place_id)",
    "create index guardian_slot_place_idx on app.guardian_slot (place_id)",
    "create index place_link_from_idx on app.place_link (from_place_id)",
    "create index place_link_to_idx on app.place_link (to_place_id)",
    "create index place_merge_from_idx on app.place_merge (from_place_id)",
    "create index place_merge_moved_key_idx on app.place_merge_moved (key)",
    "create index place_merge_to_idx on app.place_merge (to_place_id)",
    """
    create unique index place_link_once_idx on app.place_link
        (from_place_id, to_place_id, relation) where removed_at is null
    """,
    """
    create index place_parent_idx on app.place (parent_place_id)
        where parent_place_id is not null
    """,
    """
    create index place_label_idx on app.place (label_expires_on)
        where state not in ('CLOSED', 'DORMANT')
    """,
]
COMMENTS = {
    "table app.place_alias": "Other neutral names of a place, for searching",
    "table app.guardian_slot": "Who looks after children at a place, and in which hours",
    "table app.place_version": "What a place was after each change, with who and when",
    "table app.place_link": "Two places that have to do with each other; seen with both",
    "table app.place_merge": "Merges and splits; a merge can be taken back",
    "table app.place_merge_moved": "What followed a merge; read by functions only",
    "column app.place.label_renewed_at": "Renewal needs information newer than this",
}


def upgrade() -> None:
    op.execute(COLUMNS)
    for name, rule in CHECKS.items():
        op.execute(f"alter table app.place add constraint place_{name}_check check ({rule})")
    for name, columns in TABLES.items():
        op.execute(f"create table app.{name} ({columns})")
        protect(name)
    for function in FUNCTIONS:
        op.execute(function)
    op.execute(REPLACE.format(was=STATE_CHANGE.strip(), now=WITH_REASON.strip()))
    triggers()
    op.execute("revoke execute on all functions in schema app from public")
    for signature in FOR_PEOPLE:
        op.execute(f"grant execute on function app.{signature} to cs_app")
    op.execute("""
        insert into app.place_version (place_id, version, at, by, content)
        select id, version, updated_at, updated_by, app.place_content(place) from app.place
    """)
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def protect(name: str) -> None:
    op.execute(f"alter table app.{name} enable row level security")
    op.execute(f"alter table app.{name} force row level security")
    op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
    if name == "place_merge_moved":
        return
    may = "select" if name in BY_DATABASE else "select, insert, update"
    op.execute(f"grant {may} on app.{name} to cs_app")
    op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")


def triggers() -> None:
    for table, parent in SCOPED.items():
        op.execute(
            f"create trigger {table}_scope before insert or update on app.{table} "
            f"for each row execute function app.scope_from_{parent}()"
        )
    op.execute(
        "create trigger guardian_slot_listed before insert or update of place_id "
        "on app.guardian_slot for each row execute function app.listed_from_place()"
    )
    for table in ("place_link", "place_merge"):
        op.execute(
            f"create trigger {table}_scope before insert or update on app.{table} "
            "for each row execute function app.scope_from_ends()"
        )
    for table in ("child_place_link", "incident", "report_outcome"):
        op.execute(
            f"create trigger {table}_forgotten after delete on app.{table} "
            "for each row execute function app.place_moved_forgets()"
        )
    for name, when in (
        ("kept", "insert or update"),
        ("guard", "insert or update"),
        ("parent", "insert or update of parent_place_id"),
    ):
        op.execute(
            f"create trigger place_{name} after {when} on app.place "
            f"for each row execute function app.place_{name}()"
        )


def downgrade() -> None:
    op.execute(REPLACE.format(was=WITH_REASON.strip(), now=STATE_CHANGE.strip()))
    for name in ("kept", "guard", "parent"):
        op.execute(f"drop trigger place_{name} on app.place")
    for table in ("child_place_link", "incident", "report_outcome"):
        op.execute(f"drop trigger {table}_forgotten on app.{table}")
    op.execute("drop index app.place_parent_idx, app.place_label_idx")
    for name in reversed(TABLES):
        op.execute(f"drop table app.{name}")
    op.execute("""
        drop function app.merge_place, app.split_place, app.unmerge_place, app.move_links,
            app.move_ends, app.move_intelligence, app.scope_from_ends, app.place_kept,
            app.place_guard, app.place_parent, app.place_content, app.place_moved_forgets
    """)
    for name in CHECKS:
        op.execute(f"alter table app.place drop constraint place_{name}_check")
    op.execute("""
        alter table app.place drop column lead_user_id, drop column boundary_note,
            drop column urgent_reason, drop column label_renewed_at, drop column dormant_at,
            drop column closed_at
    """)
