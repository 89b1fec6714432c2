"""Work with a context: assessment, weighting, plan, actions, outcomes, meetings, priority.

Running code does not know the tables. Everything hangs on a place and has its boroughs and tier;
what is said about a meeting is open to who is named in it, for a time. States move here as they
may move, whatever program asks. Reversible: the records are lost.
"""

from alembic import op

revision = "0026"
down_revision = "0025"

# A detail: who wrote it, when, and the scope of its place.
DETAIL = """
    id uuid not null,
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid not null,
    updated_by uuid not null,
    version int not null default 1,
    is_synthetic boolean not null default false,
    deleted_at timestamptz,
"""
# A record: what every record carries (domain.md 3).
RECORD = f"""
    {DETAIL}
    ref text not null,
    agency_code text not null,
    purpose_code text not null,
    controller text not null default 'AFC',
    regime text not null default 'UK_GDPR',
    retain_until date,
    review_due date,
    hold_id uuid,
    provenance jsonb,
"""
OF_PLACE = "place_id uuid not null references app.place (id) on delete cascade,"
OF_MEETING = """
    member_ids uuid[] not null default '{}',
    access_ends_at timestamptz not null default now(),
"""
BANDS = "'NONE', 'B1_2', 'B3_7', 'B8_19', 'B20_PLUS', 'NOT_KNOWN'"
VIEWS = "'CHILDREN', 'PARENTS_CARERS', 'GUARDIANS', 'RESIDENTS', 'PRACTITIONERS', 'DATA', 'SETTLED'"
METHODS = """'DESKTOP', 'OBSERVATION', 'CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP', 'WALKABOUT',
    'PARENT', 'MANAGER', 'RESIDENT_SURVEY', 'PRACTITIONER_SURVEY', 'ONLINE_SCAN', 'PEER_COUNTS'"""
VOICES = "'CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP', 'WALKABOUT'"
INDICATORS = """'D1_USE', 'D1_ABSENT', 'D1_NAMED_HARM', 'D1_VIEW_GAP', 'D1_BELONGING',
    'D1_PEER_RULES', 'D1_HEALTH', 'D1_ROUTES', 'D1_TRANSITIONS', 'D2_PRESENT', 'D2_TRUST',
    'D2_SKILL', 'D2_ACT', 'D2_BARRIERS', 'D2_ATTITUDE', 'D2_POLICE', 'D2_FAMILIES', 'D2_OUTREACH',
    'D3_LIGHT', 'D3_COMFORT', 'D3_HOURS', 'D3_TRANSPORT', 'D3_RESPONSIBLE', 'D3_RULES',
    'D3_ALTERNATIVES', 'D3_ONLINE', 'D3_SYSTEM'"""
CONTEXTS = ("HOME", "PEER", "SCHOOL", "NEIGHBOURHOOD", "ONLINE", "SERVICES", "STRUCTURAL")
GOALS = """'G_TRUSTED_ADULT', 'G_FEEL_SAFE', 'G_NOT_MOVED_ON', 'G_MANAGERS_KNOW', 'G_NORM',
    'G_ROUTE_HOME', 'G_LIT_OVERSEEN', 'G_AFTER_DARK', 'G_ONLINE_GONE', 'G_ALL_CHILDREN',
    'G_WELFARE_FIRST', 'G_GUARDED_HOURS'"""
RESPONSES = {
    "welfare": "'YOUTH_DETACHED', 'SAFE_SPACE', 'MENTOR_GROUP', 'BYSTANDER', 'GUARDIAN_TRAIN', "
    "'SCHOOL_POLICY', 'RESTORATIVE', 'COMMUNITY_MEETING', 'STRUCTURAL_ADVOCACY'",
    "environmental": "'DESIGN_OUT', 'HOURS_ACCESS'",
    "regulatory": "'ONLINE_TAKEDOWN', 'LICENSING', 'HOTEL_INFO'",
    "enforcement": "'CLOSURE', 'PSPO', 'CPN', 'PATROL', 'CAWN_SRO'",
}
OF_A_KIND = " or ".join(
    f"(kind = '{kind}' and response_code in ({codes}))" for kind, codes in RESPONSES.items()
)
POINTS = " + ".join(f"(points ->> '{one}')::int" for one in CONTEXTS)
NO_LESS = " and ".join(f"(points ->> '{one}')::int >= 0" for one in CONTEXTS)
ALL_CONTEXTS = ", ".join(f"'{one}'" for one in CONTEXTS)

ASSESSMENT = {
    "context_assessment": f"""
        {RECORD} {OF_PLACE}
        state text not null default 'DRAFT',
        assessor_user_id uuid not null,
        prompted_by text not null default 'REPORT',
        prompted_text text,
        boundary geometry(Polygon, 27700),
        boundary_reason text,
        scope text,
        managed_by text,
        hours_of_concern bit(168),
        harm_codes text[] not null default '{{}}',
        child_count_band text not null default 'NOT_KNOWN',
        previous_responses text,
        what_works text,
        policing_history text,
        consents text,
        slots_reason text,
        no_voice_reason text,
        voice_due_on date,
        limits text,
        started_on date,
        due_on date,
        d1 int, d2 int, d3 int,
        d1_known int not null default 0,
        d2_known int not null default 0,
        d3_known int not null default 0,
        approved_by uuid,
        approved_at timestamptz,
        supersedes_id uuid,
        constraint context_assessment_state_check check (state in ('DRAFT', 'SCOPING', 'GATHERING',
            'ANALYSIS', 'PEER_REVIEW', 'APPROVED', 'SUPERSEDED')),
        constraint context_assessment_prompted_check
            check (prompted_by in ('REPORT', 'INTEL', 'CLUSTER', 'PANEL', 'REVIEW')),
        constraint context_assessment_band_check check (child_count_band in ({BANDS})),
        constraint context_assessment_500_check check (length(prompted_text) <= 500
            and length(boundary_reason) <= 500 and length(consents) <= 500
            and length(limits) <= 500 and length(managed_by) <= 200),
        constraint context_assessment_1000_check check (length(scope) <= 1000
            and length(previous_responses) <= 1000 and length(what_works) <= 1000
            and length(policing_history) <= 1000),
        constraint context_assessment_slots_check check (length(slots_reason) between 20 and 500),
        constraint context_assessment_voice_check
            check (length(no_voice_reason) between 40 and 500),
        constraint context_assessment_d_check
            check (d1 between 0 and 100 and d2 between 0 and 100 and d3 between 0 and 100),
        constraint context_assessment_known_check check (d1_known between 0 and 9
            and d2_known between 0 and 9 and d3_known between 0 and 9),
        constraint context_assessment_vertices_check check (ST_NPoints(boundary) <= 500),
        constraint context_assessment_approved_check check (
            (state in ('APPROVED', 'SUPERSEDED'))
            = (approved_by is not null and approved_at is not null)),
        constraint context_assessment_approver_check
            check (approved_by <> created_by and approved_by <> assessor_user_id)
    """,
    "assessment_method": f"""
        {DETAIL} {OF_PLACE}
        assessment_id uuid not null references app.context_assessment (id)
            on delete cascade,
        method_code text not null,
        planned boolean not null default true,
        held_on date,
        day_part text,
        after_dark boolean,
        n_children int,
        n_adults int,
        note text,
        constraint assessment_method_code_check check (method_code in ({METHODS})),
        constraint assessment_method_part_check check (day_part in ('MORNING', 'SCHOOL_RUN',
            'DAYTIME', 'AFTER_SCHOOL', 'EVENING', 'LATE')),
        constraint assessment_method_n_check check (n_children >= 0 and n_adults >= 0),
        constraint assessment_method_note_check check (length(note) <= 500)
    """,
    "assessment_answer": f"""
        {DETAIL} {OF_PLACE}
        assessment_id uuid not null references app.context_assessment (id)
            on delete cascade,
        indicator_code text not null,
        view text not null,
        rating int,
        confidence text not null default 'M',
        note text,
        evidence_ids uuid[] not null default '{{}}',
        constraint assessment_answer_once_key unique (assessment_id, indicator_code, view),
        constraint assessment_answer_code_check check (indicator_code in ({INDICATORS})),
        constraint assessment_answer_view_check check (view in ({VIEWS})),
        constraint assessment_answer_rating_check check (rating between 0 and 4),
        constraint assessment_answer_confidence_check check (confidence in ('L', 'M', 'H')),
        constraint assessment_answer_note_check check (length(note) <= 1000)
    """,
}
WEIGHTING = {
    "meeting": f"""
        {RECORD} {OF_MEETING}
        kind text not null,
        held_at timestamptz not null,
        place_ids uuid[] not null default '{{}}',
        pack_briefing_id uuid,
        minutes text,
        state text not null default 'PLANNED',
        constraint meeting_kind_check check (kind in ('MARVE', 'MISSING', 'DRB', 'ROME', 'IOM',
            'YIOM', 'VCA', 'CONTEXT_CONFERENCE')),
        constraint meeting_state_check
            check (state in ('PLANNED', 'PACK_ISSUED', 'HELD', 'MINUTES_AGREED')),
        constraint meeting_minutes_check check (length(minutes) <= 5000)
    """,
    "meeting_member": f"""
        {DETAIL} {OF_MEETING}
        meeting_id uuid not null references app.meeting (id)
            on delete cascade,
        user_id uuid not null,
        agency_code text not null,
        is_chair boolean not null default false,
        rates boolean not null default true,
        attended boolean,
        constraint meeting_member_once_key unique (meeting_id, user_id)
    """,
    "meeting_item": f"""
        {DETAIL} {OF_MEETING}
        meeting_id uuid not null references app.meeting (id)
            on delete cascade,
        section text not null,
        position int not null default 0,
        subject_kind text not null,
        subject_id uuid,
        body text not null,
        decision text,
        action_ids uuid[] not null default '{{}}',
        constraint meeting_item_section_check check (section in ('V', 'O', 'L', 'T', 'S')),
        constraint meeting_item_kind_check check (subject_kind in ('CHILD', 'POLICE_RECORD',
            'PLACE', 'CLUSTER', 'THEME', 'STRENGTH')),
        constraint meeting_item_body_check check (length(body) between 1 and 500),
        constraint meeting_item_decision_check check (length(decision) <= 500)
    """,
    "context_weighting": f"""
        {DETAIL} {OF_PLACE} {OF_MEETING}
        subject_kind text not null default 'PLACE',
        session_id uuid not null references app.meeting (id)
            on delete cascade,
        rater_id uuid not null,
        rater_kind text not null,
        points jsonb not null,
        must_change_first text not null,
        rationale text not null,
        all_rated boolean not null default false,
        constraint context_weighting_once_key unique (session_id, place_id, rater_id, rater_kind),
        constraint context_weighting_subject_check check (subject_kind = 'PLACE'),
        constraint context_weighting_rater_check check (rater_kind in ('PRACTITIONER', 'POLICE',
            'SCHOOL', 'PARENT_CARER', 'CHILD', 'OTHER')),
        constraint context_weighting_points_check check (
            points ?& array[{ALL_CONTEXTS}] and points - array[{ALL_CONTEXTS}] = '{{}}'
            and {POINTS} = 100 and {NO_LESS}),
        constraint context_weighting_first_check check (must_change_first in ({ALL_CONTEXTS})),
        constraint context_weighting_why_check check (length(rationale) between 1 and 500)
    """,
}
PLAN = {
    "context_plan": f"""
        {RECORD} {OF_PLACE}
        assessment_id uuid references app.context_assessment (id) on delete set null,
        conference_id uuid references app.meeting (id) on delete set null,
        state text not null default 'DRAFT',
        agreed_on date,
        active_on date,
        equality_check text,
        consultation text,
        summary_plain text,
        shown_on date,
        ring_m int,
        measures_hash text,
        constraint context_plan_state_check check (state in ('DRAFT', 'AGREED', 'ACTIVE',
            'REVIEWED', 'COMPLETED', 'ABANDONED')),
        constraint context_plan_words_check check (length(equality_check) <= 1000
            and length(consultation) <= 1000 and length(summary_plain) <= 600),
        constraint context_plan_ring_check check (ring_m between 50 and 2000),
        constraint context_plan_hash_check check (measures_hash ~ '^[0-9a-f]{{64}}$')
    """,
    "plan_goal": f"""
        {DETAIL} {OF_PLACE}
        plan_id uuid not null references app.context_plan (id)
            on delete cascade,
        goal_code text not null,
        position int not null default 0,
        body text not null,
        indicator_code text not null,
        result text,
        constraint plan_goal_code_check check (goal_code in ({GOALS})),
        constraint plan_goal_body_check check (length(body) between 1 and 200),
        constraint plan_goal_indicator_check check (indicator_code in ({INDICATORS})),
        constraint plan_goal_result_check
            check (result in ('MET', 'PARTLY', 'NOT_MET', 'NOT_MEASURED'))
    """,
    "plan_measure": f"""
        {DETAIL} {OF_PLACE}
        goal_id uuid not null references app.plan_goal (id)
            on delete cascade,
        kind text not null,
        is_change boolean not null,
        body text not null,
        unit text not null default '',
        direction text not null,
        baseline numeric,
        baseline_n int,
        baseline_on date,
        target numeric,
        due_on date,
        method_code text,
        design jsonb,
        design_hash text,
        constraint plan_measure_kind_check check (kind in ('SURVEY_SHARE', 'SAFETY_SCALE',
            'SAFETY_MAP_SHARE', 'INDICATOR', 'OBSERVATION', 'TAKEDOWN_DAYS', 'GUARDIAN_HOURS',
            'INCIDENT_WDD', 'EFFORT')),
        constraint plan_measure_effort_check check (kind <> 'EFFORT' or not is_change),
        constraint plan_measure_body_check check (length(body) between 1 and 200),
        constraint plan_measure_unit_check check (length(unit) <= 40),
        constraint plan_measure_direction_check check (direction in ('UP', 'DOWN')),
        constraint plan_measure_n_check check (baseline_n >= 0),
        constraint plan_measure_method_check check (method_code in ({METHODS})),
        constraint plan_measure_design_check check (
            (design is null) = (design_hash is null)
            and (design is null or kind = 'INCIDENT_WDD') and design_hash ~ '^[0-9a-f]{{64}}$')
    """,
    "measure_observation": f"""
        {DETAIL} {OF_PLACE}
        measure_id uuid not null references app.plan_measure (id)
            on delete cascade,
        on_date date not null,
        value numeric not null,
        n int,
        method_id uuid references app.assessment_method (id) on delete set null,
        note text,
        constraint measure_observation_n_check check (n >= 0),
        constraint measure_observation_note_check check (length(note) <= 300)
    """,
    "plan_action": f"""
        {RECORD} {OF_PLACE}
        plan_id uuid references app.context_plan (id) on delete cascade,
        goal_id uuid references app.plan_goal (id) on delete set null,
        meeting_id uuid references app.meeting (id) on delete set null,
        goal_text text,
        response_code text not null,
        kind text not null,
        body text not null,
        owner_agency text not null,
        owner_user_id uuid,
        due_on date not null,
        state text not null default 'OPEN',
        evidence text,
        help_wanted boolean not null default false,
        done_by uuid,
        done_at timestamptz,
        confirmed_by uuid,
        confirmed_at timestamptz,
        constraint plan_action_state_check check (state in ('OPEN', 'IN_PROGRESS',
            'DONE_PENDING_EVIDENCE', 'DONE', 'WITHDRAWN')),
        constraint plan_action_kind_check check ({OF_A_KIND}),
        constraint plan_action_body_check check (length(body) between 1 and 200),
        constraint plan_action_words_check check (length(evidence) <= 500),
        constraint plan_action_done_check check (state <> 'DONE' or (confirmed_by is not null
            and length(evidence) > 0)),
        constraint plan_action_second_check
            check (confirmed_by <> owner_user_id and confirmed_by <> done_by)
    """,
}
OUTCOME = {
    "wdd_result": f"""
        {DETAIL} {OF_PLACE}
        measure_id uuid not null references app.plan_measure (id)
            on delete cascade,
        design_hash text not null,
        run_at timestamptz not null,
        t0 int, t1 int, c0 int, c1 int, d0 int, d1 int, cd0 int, cd1 int,
        u jsonb,
        phi float8,
        est float8, se float8, low float8, high float8, sdc float8,
        verdict text not null,
        verdict_without_proactive text,
        displacement_est float8,
        reason text,
        code_version text not null,
        constraint wdd_result_hash_check check (design_hash ~ '^[0-9a-f]{{64}}$'),
        constraint wdd_result_verdict_check check (verdict in ('WITHHELD_FEW', 'WITHHELD_DESIGN',
            'FELL', 'ROSE', 'UNCLEAR') and verdict_without_proactive in ('WITHHELD_FEW',
            'WITHHELD_DESIGN', 'FELL', 'ROSE', 'UNCLEAR')),
        constraint wdd_result_reason_check check (length(reason) <= 300)
    """,
    "outcome_review": f"""
        {RECORD} {OF_PLACE}
        plan_id uuid not null references app.context_plan (id)
            on delete cascade,
        assessment_id uuid references app.context_assessment (id) on delete set null,
        round text not null,
        due_on date,
        held_on date,
        voice_method_ids uuid[] not null default '{{}}',
        no_voice_reason text,
        wdd_result_id uuid references app.wdd_result (id) on delete set null,
        decision text,
        displacement text not null default 'NOT_CHECKED',
        displacement_text text,
        reason text,
        decided_by uuid,
        decided_at timestamptz,
        second_by uuid,
        second_at timestamptz,
        constraint outcome_review_round_check check (round in ('M3', 'M6', 'M12', 'EXTRA')),
        constraint outcome_review_decision_check check (decision in ('CONTINUE', 'CHANGE_PLAN',
            'STEP_DOWN', 'STEP_UP', 'CLOSE_SAFER', 'CLOSE_OTHER')),
        constraint outcome_review_displacement_check
            check (displacement in ('NONE_SEEN', 'SEEN', 'NOT_CHECKED')),
        constraint outcome_review_words_check
            check (length(displacement_text) <= 500 and length(reason) <= 500),
        constraint outcome_review_voice_check check (length(no_voice_reason) between 40 and 500),
        constraint outcome_review_decided_check check ((decision is null) = (decided_by is null)
            and (decided_by is null) = (decided_at is null)
            and (decided_by is null or (held_on is not null and reason is not null))),
        constraint outcome_review_second_check check ((second_by is null) = (second_at is null)
            and second_by <> decided_by and (second_by is null or decided_by is not null)),
        constraint outcome_review_safer_check check (decision is distinct from 'CLOSE_SAFER' or (
            displacement <> 'NOT_CHECKED'
            and (cardinality(voice_method_ids) > 0 or no_voice_reason is not null)))
    """,
    "signs_panel": f"""
        {DETAIL} {OF_PLACE}
        assessment_id uuid references app.context_assessment (id) on delete cascade,
        review_id uuid references app.outcome_review (id) on delete cascade,
        column_code text not null,
        position int not null default 0,
        body text not null,
        view text not null,
        evidence_ids uuid[] not null default '{{}}',
        constraint signs_panel_subject_check check (num_nonnulls(assessment_id, review_id) = 1),
        constraint signs_panel_column_check check (column_code in ('WORKING', 'WORRIED', 'NEEDS')),
        constraint signs_panel_body_check check (length(body) between 1 and 300),
        constraint signs_panel_view_check check (view in ({VIEWS}))
    """,
    "safety_scale": f"""
        {DETAIL} {OF_PLACE}
        assessment_id uuid references app.context_assessment (id) on delete cascade,
        review_id uuid references app.outcome_review (id) on delete cascade,
        party text not null,
        n_people int not null,
        score int not null,
        why text,
        one_point text,
        on_date date not null,
        constraint safety_scale_subject_check check (num_nonnulls(assessment_id, review_id) = 1),
        constraint safety_scale_party_check check (party in ('CHILDREN', 'PARENTS_CARERS',
            'PLACE_MANAGER', 'RESIDENTS', 'YOUTH_WORK', 'SCHOOL', 'SOCIAL_CARE', 'POLICE',
            'OTHER')),
        constraint safety_scale_n_check check (n_people >= 1),
        constraint safety_scale_score_check check (score between 0 and 10),
        constraint safety_scale_words_check
            check (length(why) <= 300 and length(one_point) <= 300)
    """,
    "safety_map": f"""
        {DETAIL} {OF_PLACE}
        assessment_id uuid references app.context_assessment (id) on delete set null,
        session_on date not null,
        sheet_id uuid not null,
        group_size int not null,
        area_label text not null,
        drawing geometry(MultiPolygon, 27700) not null,
        colour text not null,
        after_dark boolean not null default false,
        note text,
        state text not null default 'COLLECTED',
        constraint safety_map_state_check
            check (state in ('COLLECTED', 'CHECKED', 'RELEASED', 'WITHHELD')),
        constraint safety_map_colour_check check (colour in ('RED', 'AMBER', 'GREEN')),
        constraint safety_map_group_check check (group_size >= 1),
        constraint safety_map_label_check check (length(area_label) between 1 and 80),
        constraint safety_map_note_check check (length(note) <= 200),
        constraint safety_map_vertices_check check (ST_NPoints(drawing) <= 500)
    """,
    "place_priority": f"""
        {OF_PLACE}
        borough_codes text[] not null default '{{}}',
        tier text not null default 'H1',
        deleted_at timestamptz,
        run_on date not null,
        p numeric(4, 1) not null,
        p_without_proactive numeric(4, 1) not null,
        band text not null,
        confidence text not null,
        voice_items int not null default 0,
        terms jsonb not null,
        weights_version text not null,
        band_override text,
        override_reason text,
        override_expires_on date,
        override_by uuid,
        override_role text,
        updated_at timestamptz not null default now(),
        is_synthetic boolean not null default false,
        constraint place_priority_pkey primary key (place_id, run_on),
        constraint place_priority_p_check
            check (p between 0 and 100 and p_without_proactive between 0 and 100),
        constraint place_priority_band_check check (band in ('LOW', 'MEDIUM', 'HIGH', 'URGENT')
            and band_override in ('LOW', 'MEDIUM', 'HIGH', 'URGENT')),
        constraint place_priority_confidence_check check (confidence in ('L', 'M', 'H')),
        constraint place_priority_reason_check check (length(override_reason) between 20 and 500),
        constraint place_priority_override_check check (num_nonnulls(band_override,
            override_reason, override_expires_on, override_by, override_role) in (0, 5))
    """,
}
TABLES = ASSESSMENT | WEIGHTING | PLAN | OUTCOME
MEETINGS = ("meeting", "meeting_member", "meeting_item")
BY_PLACE = tuple(name for name in TABLES if name not in MEETINGS)
RECORDS = ("context_assessment", "meeting", "context_plan", "plan_action", "outcome_review")
WITH_STATES = ("context_assessment", "context_plan", "plan_action", "safety_map", "meeting")

NOT_ASKED = """
    if current_user not in ('cs_app', 'cs_job') or sec.job() = 'demo:load' then
        return null;
    end if;
"""
# What hangs on a place has its boroughs and its tier, and is gone with it.
SCOPE = """
create function app.context_scope() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    here app.place;
begin
    case tg_table_name
    when 'assessment_method', 'assessment_answer' then
        new.place_id := (select place_id from app.context_assessment where id = new.assessment_id);
    when 'plan_goal', 'outcome_review' then
        new.place_id := (select place_id from app.context_plan where id = new.plan_id);
    when 'plan_measure' then
        new.place_id := (select place_id from app.plan_goal where id = new.goal_id);
    when 'measure_observation', 'wdd_result' then
        new.place_id := (select place_id from app.plan_measure where id = new.measure_id);
    when 'signs_panel', 'safety_scale' then
        new.place_id := coalesce(
            (select place_id from app.context_assessment where id = new.assessment_id),
            (select place_id from app.outcome_review where id = new.review_id));
    when 'plan_action' then
        if new.plan_id is not null then
            new.place_id := (select place_id from app.context_plan where id = new.plan_id);
        end if;
        new.goal_text := (select body from app.plan_goal where id = new.goal_id);
    when 'context_weighting' then
        select member_ids, access_ends_at into new.member_ids, new.access_ends_at
        from app.meeting where id = new.session_id;
        new.member_ids := coalesce(new.member_ids, '{}');
        new.access_ends_at := coalesce(new.access_ends_at, now());
    else
        null;
    end case;
    select * into here from app.place where id = new.place_id;
    new.borough_codes := coalesce(here.borough_codes, '{}');
    new.tier := coalesce(here.tier, 'H1');
    if tg_table_name = 'safety_map' and new.tier = 'H0' then
        new.tier := 'H1';
    end if;
    new.deleted_at := coalesce(new.deleted_at, here.deleted_at);
    if tg_op = 'UPDATE' then
        new.updated_at := now();
    end if;
    return new;
end $$
"""
# A meeting is about places of several boroughs; who is named in it sees it until its time is up.
MEETING_BEFORE = """
create function app.meeting_before() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.borough_codes := array(
        select distinct code from app.place, unnest(borough_codes) as code
        where place.id = any (new.place_ids) order by code);
    new.tier := coalesce((select max(greatest(tier, 'H1')) from app.place
                          where id = any (new.place_ids) and tier in ('H0', 'H1', 'P')), 'H1');
    new.access_ends_at := new.held_at + case new.kind
        when 'DRB' then interval '48 hours' when 'MISSING' then interval '7 days'
        else interval '14 days' end;
    if tg_op = 'UPDATE' then
        new.updated_at := now();
    end if;
    return new;
end $$
"""
MEETING_PART = """
create function app.meeting_part() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select borough_codes, tier, member_ids, access_ends_at,
           coalesce(new.deleted_at, deleted_at)
    into new.borough_codes, new.tier, new.member_ids, new.access_ends_at, new.deleted_at
    from app.meeting where id = new.meeting_id;
    if tg_op = 'UPDATE' then
        new.updated_at := now();
    end if;
    return new;
end $$
"""
MEETING_FOLLOWS = """
create function app.meeting_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.meeting_member set tier = tier where meeting_id = new.id;
    update app.meeting_item set tier = tier where meeting_id = new.id;
    update app.context_weighting set tier = tier where session_id = new.id;
    update app.meeting_state_change
    set borough_codes = new.borough_codes, tier = new.tier, member_ids = new.member_ids,
        access_ends_at = new.access_ends_at, deleted_at = new.deleted_at
    where record_id = new.id;
    return null;
end $$
"""
# Nobody sees what others said before everybody who rates has said it.
MEMBERS = """
create function app.meeting_members() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    here uuid := case tg_table_name when 'meeting_member' then to_jsonb(new) ->> 'meeting_id'
                 else to_jsonb(new) ->> 'session_id' end;
begin
    if tg_table_name = 'meeting_member' then
        update app.meeting set member_ids = array(
            select user_id from app.meeting_member
            where meeting_id = here and deleted_at is null order by user_id)
        where id = here;
    end if;
    update app.context_weighting as said set all_rated = not said.all_rated
    where said.session_id = here and said.all_rated = exists (
        select from app.meeting_member as member
        where member.meeting_id = here and member.deleted_at is null and member.rates
          and member.attended is distinct from false
          and not exists (
              select from app.context_weighting as own
              where own.session_id = here and own.place_id = said.place_id
                and own.rater_id = member.user_id and own.deleted_at is null));
    return null;
end $$
"""
# What a statement of a person never changes, whatever it says.
KEEPS = """
create function app.context_keeps() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user <> 'cs_app' then
        return new;
    end if;
    case tg_table_name
    when 'meeting' then
        new.member_ids := old.member_ids;
    when 'meeting_member', 'meeting_item' then
        new.meeting_id := old.meeting_id;
    else
        new.place_id := old.place_id;
    end case;
    if tg_table_name = 'context_weighting' then
        new.all_rated := old.all_rated;
        new.rater_id := old.rater_id;
        new.session_id := old.session_id;
    end if;
    return new;
end $$
"""
STATE_CHANGE = """
create function app.context_state_change() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    why text := left(nullif(current_setting('cs.reason', true), ''), 500);
    was text;
begin
    if tg_op = 'UPDATE' then
        was := old.state;
    end if;
    if was = new.state then
        return null;
    end if;
    if tg_table_name = 'meeting' then
        insert into app.meeting_state_change (record_id, borough_codes, tier, member_ids,
            access_ends_at, deleted_at, from_state, to_state, by, reason)
        select id, borough_codes, tier, member_ids, access_ends_at, deleted_at, was, new.state,
               new.updated_by, why
        from app.meeting where id = new.id;
        return null;
    end if;
    execute format('insert into app.%I (record_id, place_id, borough_codes, tier, from_state, '
                   'to_state, by, reason) values ($1, $2, $3, $4, $5, $6, $7, $8)',
                   tg_table_name || '_state_change')
    using new.id, new.place_id, new.borough_codes, new.tier, was, new.state, new.updated_by, why;
    return null;
end $$
"""
FOLLOWS = """
create function app.context_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    one text;
begin
    foreach one in array array[{tables}] loop
        if old.deleted_at is not null and new.deleted_at is null then
            execute format('update app.%I set deleted_at = null '
                           'where place_id = $1 and deleted_at = $2', one)
            using new.id, old.deleted_at;
        end if;
        execute format('update app.%I set tier = tier where place_id = $1', one) using new.id;
    end loop;
    foreach one in array array[{changes}] loop
        execute format('update app.%I set borough_codes = $2, tier = $3, deleted_at = $4 '
                       'where place_id = $1', one || '_state_change')
        using new.id, new.borough_codes, new.tier, new.deleted_at;
    end loop;
    update app.meeting set tier = tier where place_ids @> array[new.id];
    return null;
end $$
"""
# Newest information of a place: also what was measured, done and decided there.
HEARD = """
create function app.context_heard() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.place set last_information_at = now()
    where id = new.place_id and (last_information_at is null or last_information_at < now());
    return null;
end $$
"""
GOAL_TOLD = """
create function app.plan_goal_told() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.plan_action set goal_text = new.body where goal_id = new.id;
    return null;
end $$
"""
# The newer assessment of a place takes the place of the older one.
SUPERSEDES = """
create function app.assessment_supersedes() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.context_assessment
    set state = 'SUPERSEDED', version = version + 1, updated_by = new.approved_by
    where place_id = new.place_id and id <> new.id and state = 'APPROVED';
    return null;
end $$
"""
# Children were asked: by a method that counts as their voice, held, with one child at least.
VOICE = f"""
create function app.children_were_asked(of_assessment uuid) returns boolean
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select exists (
        select from app.assessment_method
        where assessment_id = of_assessment and method_code in ({VOICES})
          and held_on is not null and n_children >= 1 and deleted_at is null)
$$
"""
ASSESSMENT_GUARD = f"""
create function app.context_assessment_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    kept constant text[] := array['state', 'version', 'updated_at', 'updated_by', 'deleted_at',
        'borough_codes', 'tier', 'retain_until', 'review_due', 'hold_id'];
begin
    {NOT_ASKED}
    if tg_op = 'INSERT' then
        if new.state <> 'DRAFT' then
            raise check_violation using message = 'an assessment begins as a draft';
        end if;
        return null;
    end if;
    if old.state in ('APPROVED', 'SUPERSEDED')
       and to_jsonb(new) - kept is distinct from to_jsonb(old) - kept then
        raise check_violation using message = 'an approved assessment is not changed';
    end if;
    if new.state = old.state then
        return null;
    end if;
    if (old.state, new.state) not in (('DRAFT', 'SCOPING'), ('SCOPING', 'GATHERING'),
            ('GATHERING', 'ANALYSIS'), ('ANALYSIS', 'PEER_REVIEW'), ('PEER_REVIEW', 'APPROVED'))
    then
        raise check_violation using message = 'this move of an assessment is not allowed';
    end if;
    if new.state = 'SCOPING' and (new.boundary_reason is null or not exists (
            select from app.place where id = new.place_id and state = 'ASSESSING')) then
        raise check_violation using message = 'a place that is being assessed, and its boundary';
    end if;
    if new.state = 'PEER_REVIEW' and (
            select count(*) from app.assessment_answer
            where assessment_id = new.id and view = 'SETTLED' and deleted_at is null) <> 27 then
        raise check_violation using message = 'every indicator is settled first';
    end if;
    if new.state = 'APPROVED' then
        if sec.role() is distinct from 'cs_lead' or new.approved_by is distinct from sec.actor()
           or sec.actor() in (new.created_by, new.assessor_user_id) then
            raise check_violation using message = 'someone other than the author approves';
        end if;
        if not app.children_were_asked(new.id)
           and (new.no_voice_reason is null or new.voice_due_on is null) then
            raise check_violation using message = 'the voice of children is missing';
        end if;
    end if;
    return null;
end $$
"""
# What was approved or agreed stays as it was.
PART_GUARD = f"""
create function app.context_part_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    kept text[] := array['version', 'updated_at', 'updated_by', 'borough_codes', 'tier'];
    stands text;
begin
    {NOT_ASKED}
    if tg_op = 'UPDATE' and to_jsonb(new) - kept is not distinct from to_jsonb(old) - kept then
        return null;
    end if;
    case tg_table_name
    when 'assessment_method', 'assessment_answer' then
        stands := (select state from app.context_assessment where id = new.assessment_id);
        if stands in ('APPROVED', 'SUPERSEDED') then
            raise check_violation using message = 'an approved assessment is not changed';
        end if;
    when 'plan_goal' then
        stands := (select state from app.context_plan where id = new.plan_id);
        kept := kept || array['result'];
        if stands <> 'DRAFT' and (tg_op = 'INSERT'
                or to_jsonb(new) - kept is distinct from to_jsonb(old) - kept) then
            raise check_violation using message = 'an agreed plan keeps its goals';
        end if;
    when 'plan_measure' then
        stands := (select plan.state from app.context_plan as plan
                   join app.plan_goal as goal on goal.plan_id = plan.id
                   where goal.id = new.goal_id);
        if stands <> 'DRAFT' then
            raise check_violation using message = 'an agreed plan keeps its measures';
        end if;
    when 'signs_panel', 'safety_scale' then
        stands := (select state from app.context_assessment where id = new.assessment_id);
        if stands in ('APPROVED', 'SUPERSEDED') or exists (
                select from app.outcome_review
                where id = new.review_id and decided_by is not null) then
            raise check_violation using message = 'what was decided on is not changed';
        end if;
    end case;
    return null;
end $$
"""
# The measures of a plan, as they were agreed: whoever changes one afterwards is found out.
HASH = """
create function app.measures_hash(of_plan uuid) returns text
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', goal.goal_code, goal.body,
        measure.kind, measure.is_change, measure.body, measure.unit, measure.direction,
        measure.baseline, measure.baseline_n, measure.baseline_on, measure.target,
        measure.due_on, measure.method_code, measure.design_hash), chr(10)
        order by goal.id, measure.id), ''), 'UTF8')), 'hex')
    from app.plan_goal as goal
    join app.plan_measure as measure on measure.goal_id = goal.id and measure.deleted_at is null
    where goal.plan_id = of_plan and goal.deleted_at is null
$$
"""
FREEZE = """
create function app.context_plan_freezes() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if old.state = 'DRAFT' and new.state = 'AGREED' then
        new.measures_hash := app.measures_hash(new.id);
    elsif current_user = 'cs_app' then
        new.measures_hash := old.measures_hash;
    end if;
    return new;
end $$
"""
PLAN_GUARD = f"""
create function app.context_plan_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    goals int;
begin
    {NOT_ASKED}
    if tg_op = 'INSERT' then
        if new.state <> 'DRAFT' then
            raise check_violation using message = 'a plan begins as a draft';
        end if;
        return null;
    end if;
    if old.state <> 'DRAFT' and (new.assessment_id, new.equality_check, new.ring_m, new.agreed_on)
            is distinct from (old.assessment_id, old.equality_check, old.ring_m, old.agreed_on) then
        raise check_violation using message = 'what was agreed is not changed';
    end if;
    if new.state = old.state then
        return null;
    end if;
    if (old.state, new.state) not in (('DRAFT', 'AGREED'), ('AGREED', 'ACTIVE'),
            ('ACTIVE', 'REVIEWED'), ('REVIEWED', 'ACTIVE'), ('REVIEWED', 'COMPLETED'),
            ('REVIEWED', 'ABANDONED')) then
        raise check_violation using message = 'this move of a plan is not allowed';
    end if;
    if new.state = 'AGREED' then
        select count(*) into goals from app.plan_goal
        where plan_id = new.id and deleted_at is null;
        if goals not between 1 and 5 or new.equality_check is null or new.agreed_on is null
           or exists (
                select from app.plan_goal as goal
                where goal.plan_id = new.id and goal.deleted_at is null and not exists (
                    select from app.plan_measure as measure
                    where measure.goal_id = goal.id and measure.deleted_at is null
                      and measure.baseline is not null and measure.target is not null
                      and measure.due_on is not null))
           or not exists (
                select from app.plan_goal as goal
                join app.plan_measure as measure on measure.goal_id = goal.id
                where goal.plan_id = new.id and measure.is_change
                  and goal.deleted_at is null and measure.deleted_at is null) then
            raise check_violation using message = 'this plan cannot be agreed yet';
        end if;
    end if;
    if new.state = 'ACTIVE' and not exists (
            select from app.context_assessment as made
            where made.id = new.assessment_id and made.state = 'APPROVED'
              and made.deleted_at is null
              and (app.children_were_asked(made.id) or made.no_voice_reason is not null)) then
        raise check_violation using message = 'an approved assessment is missing';
    end if;
    if new.state = 'ABANDONED' and nullif(current_setting('cs.reason', true), '') is null then
        raise check_violation using message = 'abandoning a plan needs a reason';
    end if;
    return null;
end $$
"""
ACTION_GUARD = f"""
create function app.plan_action_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    {NOT_ASKED}
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' then
            raise check_violation using message = 'an action begins as open';
        end if;
        return null;
    end if;
    if new.state = old.state then
        if old.state in ('DONE', 'WITHDRAWN') and (new.evidence, new.body, new.confirmed_by)
                is distinct from (old.evidence, old.body, old.confirmed_by) then
            raise check_violation using message = 'an action that is over is not changed';
        end if;
        return null;
    end if;
    if (old.state, new.state) not in (('OPEN', 'IN_PROGRESS'),
            ('IN_PROGRESS', 'DONE_PENDING_EVIDENCE'), ('DONE_PENDING_EVIDENCE', 'DONE'),
            ('OPEN', 'WITHDRAWN'), ('IN_PROGRESS', 'WITHDRAWN'),
            ('DONE_PENDING_EVIDENCE', 'WITHDRAWN')) then
        raise check_violation using message = 'this move of an action is not allowed';
    end if;
    if new.state = 'DONE_PENDING_EVIDENCE' and new.done_by is distinct from sec.actor() then
        raise check_violation using message = 'who says that an action is done is named';
    end if;
    if new.state = 'DONE' and (new.confirmed_by is distinct from sec.actor()
            or old.done_by = sec.actor() or old.owner_user_id = sec.actor()
            or new.done_by is distinct from old.done_by
            or new.owner_user_id is distinct from old.owner_user_id) then
        raise check_violation using message = 'a second person confirms that an action is done';
    end if;
    return null;
end $$
"""
REVIEW_GUARD = f"""
create function app.outcome_review_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    kept constant text[] := array['version', 'updated_at', 'updated_by', 'deleted_at',
        'borough_codes', 'tier', 'second_by', 'second_at', 'retain_until', 'review_due', 'hold_id'];
begin
    {NOT_ASKED}
    if tg_op = 'UPDATE' and old.decided_by is not null
       and to_jsonb(new) - kept is distinct from to_jsonb(old) - kept then
        raise check_violation using message = 'a review that was decided is not changed';
    end if;
    if new.decided_by is not null and (tg_op = 'INSERT' or old.decided_by is null) and (
            new.decided_by <> sec.actor() or sec.role() is distinct from 'cs_lead') then
        raise check_violation using message = 'a lead decides, in the own name';
    end if;
    if new.second_by is not null and (tg_op = 'INSERT' or old.second_by is null) and (
            new.second_by <> sec.actor() or new.decided_by = sec.actor() or tg_op = 'INSERT'
            or old.decided_by is null) then
        raise check_violation using message = 'a second person agrees, in the own name';
    end if;
    if tg_op = 'UPDATE' and old.second_by is not null
       and new.second_by is distinct from old.second_by then
        raise check_violation using message = 'a review that was decided is not changed';
    end if;
    if new.second_by is not null and new.decision = 'CLOSE_SAFER' and not exists (
            select from app.plan_goal as goal
            join app.plan_measure as measure on measure.goal_id = goal.id and measure.is_change
            where goal.plan_id = new.plan_id and goal.result = 'MET'
              and goal.deleted_at is null and measure.deleted_at is null) then
        raise check_violation using message = 'no goal of change was met';
    end if;
    return null;
end $$
"""
MAP_GUARD = f"""
create function app.safety_map_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    {NOT_ASKED}
    if tg_op = 'INSERT' then
        if new.state <> 'COLLECTED' then
            raise check_violation using message = 'a drawing begins as collected';
        end if;
        return null;
    end if;
    if new.state = old.state then
        return null;
    end if;
    if (old.state, new.state) not in (('COLLECTED', 'CHECKED'), ('CHECKED', 'RELEASED'),
            ('CHECKED', 'WITHHELD')) then
        raise check_violation using message = 'this move of a drawing is not allowed';
    end if;
    if new.state in ('RELEASED', 'WITHHELD') and sec.role() is distinct from 'cs_lead' then
        raise check_violation using message = 'a lead releases drawings';
    end if;
    if new.state = 'RELEASED' and (
            select count(distinct sheet_id) from app.safety_map
            where place_id = new.place_id and area_label = new.area_label
              and state in ('CHECKED', 'RELEASED') and deleted_at is null) < 10 then
        raise check_violation using message = 'ten drawings of the same area are needed';
    end if;
    return null;
end $$
"""
MEETING_GUARD = f"""
create function app.meeting_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    {NOT_ASKED}
    if tg_op = 'INSERT' then
        if new.state <> 'PLANNED' then
            raise check_violation using message = 'a meeting begins as planned';
        end if;
        return null;
    end if;
    if old.state = 'MINUTES_AGREED' and (new.minutes, new.place_ids, new.held_at, new.kind)
            is distinct from (old.minutes, old.place_ids, old.held_at, old.kind) then
        raise check_violation using message = 'minutes that were agreed are not changed';
    end if;
    if new.state = old.state then
        return null;
    end if;
    if (old.state, new.state) not in (('PLANNED', 'PACK_ISSUED'), ('PACK_ISSUED', 'HELD'),
            ('HELD', 'MINUTES_AGREED')) then
        raise check_violation using message = 'this move of a meeting is not allowed';
    end if;
    if new.state = 'MINUTES_AGREED' and (new.minutes is null or not exists (
            select from app.meeting_member
            where meeting_id = new.id and user_id = sec.actor() and is_chair
              and deleted_at is null)) then
        raise check_violation using message = 'the chair agrees the minutes';
    end if;
    return null;
end $$
"""
WEIGHTING_GUARD = f"""
create function app.context_weighting_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    {NOT_ASKED}
    if new.rater_id <> sec.actor() then
        raise check_violation using message = 'nobody rates for somebody else';
    end if;
    if tg_op = 'UPDATE' and old.all_rated
       and (new.points, new.must_change_first) is distinct from (old.points, old.must_change_first)
    then
        raise check_violation using message = 'everybody has seen these points already';
    end if;
    return null;
end $$
"""
# Whose task it is says how it stands, and changes nothing else of it.
OWN_ACTION = """
create function app.tell_own_action(
    wanted text, expected int, becomes text, said text, help boolean) returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    found app.plan_action;
begin
    if sec.role() not in ('partner', 'police_analyst', 'practitioner', 'cs_lead')
       or sec.job() is not null then
        raise insufficient_privilege using message = 'no such action';
    end if;
    select * into found from app.plan_action
    where ref = wanted and deleted_at is null and tier in ('H0', 'H1')
      and (owner_user_id = sec.actor() or owner_agency = sec.agency())
    for update;
    if found.id is null then
        raise insufficient_privilege using message = 'no such action';
    end if;
    if found.version <> expected then
        return null;
    end if;
    if found.state in ('DONE', 'WITHDRAWN') or (becomes <> found.state and (found.state, becomes)
            not in (('OPEN', 'IN_PROGRESS'), ('OPEN', 'DONE_PENDING_EVIDENCE'),
                    ('IN_PROGRESS', 'DONE_PENDING_EVIDENCE'))) then
        raise check_violation using message = 'this move of an action is not allowed';
    end if;
    if found.state = 'OPEN' and becomes = 'DONE_PENDING_EVIDENCE' then
        update app.plan_action set state = 'IN_PROGRESS', updated_by = sec.actor()
        where id = found.id;
    end if;
    update app.plan_action
    set state = becomes, evidence = said, help_wanted = help, version = version + 1,
        updated_by = sec.actor(),
        done_by = case becomes when 'DONE_PENDING_EVIDENCE' then sec.actor() end,
        done_at = case becomes when 'DONE_PENDING_EVIDENCE' then coalesce(done_at, now()) end
    where id = found.id;
    return found.version + 1;
end $$
"""
# The facts that moves of a place ask for; each counts since the place came into its state.
FACTS = """
create function app.place_work(wanted uuid) returns table (
    owned_actions int, assessment_approved boolean, conference_dated boolean,
    plan_active boolean, has_change_measure boolean, voice_or_reason boolean,
    actions_are_over boolean, more_work_decided boolean, safer_decided boolean,
    review_with_voice boolean, displacement_checked boolean)
    language sql stable set search_path = pg_catalog, public, pg_temp as $$
    with since as (
        select max(at) filter (where to_state = 'ASSESSING') as assessing,
               max(at) filter (where to_state = 'ASSESSED') as assessed,
               max(at) filter (where to_state = 'MONITORING') as monitoring,
               max(at) filter (where to_state = 'IDENTIFIED') as identified
        from app.place_state_change where place_id = wanted
    ),
    plan as (
        select id, assessment_id from app.context_plan
        where place_id = wanted and state = 'ACTIVE' and deleted_at is null
    ),
    -- The decision that stands: the newest one, once a second person agreed.
    review as (
        select * from app.outcome_review
        where place_id = wanted and decided_at is not null and deleted_at is null
        order by decided_at desc limit 1
    )
    select
        (select count(*)::int from app.plan_action
         where place_id = wanted and state not in ('DONE', 'WITHDRAWN') and deleted_at is null),
        exists (select from app.context_assessment, since
                where place_id = wanted and state = 'APPROVED' and deleted_at is null
                  and approved_at >= coalesce(assessing, approved_at)),
        exists (select from app.meeting, since
                where kind = 'CONTEXT_CONFERENCE' and place_ids @> array[wanted]
                  and deleted_at is null and held_at >= coalesce(assessed, held_at)),
        exists (select from plan),
        exists (select from plan join app.plan_goal as goal on goal.plan_id = plan.id
                join app.plan_measure as measure on measure.goal_id = goal.id
                where measure.is_change and goal.deleted_at is null
                  and measure.deleted_at is null),
        exists (select from plan join app.context_assessment as made
                on made.id = plan.assessment_id
                where app.children_were_asked(made.id) or made.no_voice_reason is not null),
        exists (select from app.plan_action where place_id = wanted and deleted_at is null)
            and not exists (select from app.plan_action
                            where place_id = wanted and deleted_at is null
                              and state not in ('DONE', 'WITHDRAWN')),
        exists (select from review, since
                where decision in ('CONTINUE', 'CHANGE_PLAN', 'STEP_UP')
                  and decided_at >= coalesce(monitoring, decided_at)),
        exists (select from review, since
                where decision = 'CLOSE_SAFER' and second_by is not null
                  and decided_at >= coalesce(identified, decided_at)),
        exists (select from review
                where cardinality(voice_method_ids) > 0 or no_voice_reason is not null),
        exists (select from review where displacement <> 'NOT_CHECKED')
$$
"""
FUNCTIONS = (
    *(SCOPE, MEETING_BEFORE, MEETING_PART, MEETING_FOLLOWS, MEMBERS, KEEPS, STATE_CHANGE, HEARD),
    *(GOAL_TOLD, SUPERSEDES, VOICE, HASH, FREEZE, OWN_ACTION, FACTS, PART_GUARD),
    *(ASSESSMENT_GUARD, PLAN_GUARD, ACTION_GUARD, REVIEW_GUARD, MAP_GUARD, MEETING_GUARD),
    WEIGHTING_GUARD,
)
GUARDED = (*WITH_STATES, "outcome_review", "context_weighting")
FROZEN = ("assessment_method", "assessment_answer", "plan_goal", "plan_measure", "signs_panel")
FROZEN += ("safety_scale",)
OWN_ACTION_SIGNATURE = "tell_own_action(text, int, text, text, boolean)"
FOR_LOGINS = ("children_were_asked(uuid)", "measures_hash(uuid)", "place_work(uuid)")
STATES_OF = """
    create table app.{name}_state_change (
        id bigint generated always as identity,
        record_id uuid not null references app.{name} (id) on delete cascade,
        {scope}
        borough_codes text[] not null default '{{}}',
        tier text not null default 'H1',
        deleted_at timestamptz,
        from_state text,
        to_state text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text,
        constraint {name}_state_change_pkey primary key (id)
    )
"""
INDEXES = {
    "context_assessment_state_idx": "context_assessment (state, due_on)",
    "assessment_method_of_idx": "assessment_method (assessment_id)",
    "signs_panel_of_idx": "signs_panel (assessment_id)",
    "signs_panel_review_idx": "signs_panel (review_id) where review_id is not null",
    "safety_scale_of_idx": "safety_scale (assessment_id)",
    "safety_scale_review_idx": "safety_scale (review_id) where review_id is not null",
    "context_plan_state_idx": "context_plan (state)",
    "context_plan_assessment_idx": "context_plan (assessment_id)",
    "context_plan_conference_idx": "context_plan (conference_id)",
    "plan_goal_plan_idx": "plan_goal (plan_id)",
    "plan_measure_goal_idx": "plan_measure (goal_id)",
    "measure_observation_measure_idx": "measure_observation (measure_id, on_date)",
    "measure_observation_method_idx": "measure_observation (method_id)",
    "plan_action_plan_idx": "plan_action (plan_id)",
    "plan_action_goal_idx": "plan_action (goal_id)",
    "plan_action_meeting_idx": "plan_action (meeting_id)",
    "plan_action_due_idx": "plan_action (due_on) where state not in ('DONE', 'WITHDRAWN')",
    "plan_action_owner_idx": "plan_action (owner_user_id)",
    "plan_action_agency_idx": "plan_action (owner_agency, state)",
    "outcome_review_plan_idx": "outcome_review (plan_id)",
    "outcome_review_assessment_idx": "outcome_review (assessment_id)",
    "outcome_review_due_idx": "outcome_review (due_on) where decided_at is null",
    "outcome_review_wdd_idx": "outcome_review (wdd_result_id)",
    "wdd_result_measure_idx": "wdd_result (measure_id, run_at)",
    "safety_map_state_idx": "safety_map (state)",
    "safety_map_assessment_idx": "safety_map (assessment_id)",
    "meeting_held_idx": "meeting (held_at)",
    "meeting_places_idx": "meeting using gin (place_ids)",
    "meeting_member_user_idx": "meeting_member (user_id)",
    "meeting_item_meeting_idx": "meeting_item (meeting_id, section, position)",
    "meeting_item_subject_idx": "meeting_item (subject_id)",
}
COMMENTS = {
    "table app.context_assessment": "A location or neighbourhood assessment of a place",
    "table app.assessment_method": "How somebody looked or asked; numbers of people, never who",
    "table app.assessment_answer": "One indicator as one view sees it; no rating = not known",
    "table app.signs_panel": "What works, what worries, what needs to happen; whose view",
    "table app.safety_scale": "0 to 10, by party; never averaged",
    "table app.context_weighting": "100 points over seven contexts; seen once all have rated",
    "table app.context_plan": "Goals, measures and actions of a place",
    "column app.context_plan.measures_hash": "Of the measures as they were agreed",
    "table app.plan_measure": "How change is seen; frozen when the plan is agreed",
    "column app.plan_measure.design": "Of INCIDENT_WDD: areas, windows, harms, control",
    "table app.plan_action": "Who does what by when; its owner sees this row and no other",
    "column app.plan_action.goal_text": "Of the goal, for owners who see no plan",
    "table app.outcome_review": "What changed, and what is decided; a second person agrees",
    "table app.wdd_result": "Weighted displacement difference of one measure",
    "table app.safety_map": "Drawn by children; out only as an aggregate of ten or more",
    "column app.safety_map.sheet_id": "One drawing of one child, in up to three colours; random",
    "table app.meeting": "A panel or conference; seen by who is named in it, for a time",
    "column app.meeting.access_ends_at": "From then on only leads see it",
    "table app.place_priority": "One row for each place and night: an aid, a person decides",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        keys = []
        if name != "place_priority":
            keys.append(f"constraint {name}_pkey primary key (id)")
        if name in RECORDS:
            keys.append(f"constraint {name}_ref_key unique (ref)")
            keys.append(f"constraint {name}_regime_check check (regime in ('UK_GDPR', 'PART3'))")
        keys.append(f"constraint {name}_tier_check check (tier in ('H0', 'H1', 'P', 'C'))")
        op.execute(f"create table app.{name} ({columns}, {', '.join(keys)})")
        protect(name)
    for name in WITH_STATES:
        scope = OF_MEETING if name == "meeting" else OF_PLACE
        op.execute(STATES_OF.format(name=name, scope=scope))
        protect(f"{name}_state_change")
    for function in FUNCTIONS:
        op.execute(function)
    tables = ", ".join(f"'{name}'" for name in BY_PLACE)
    changes = ", ".join(f"'{name}'" for name in WITH_STATES if name != "meeting")
    op.execute(FOLLOWS.format(tables=tables, changes=changes))
    triggers()
    op.execute("revoke execute on all functions in schema app from public")
    for signature in FOR_LOGINS:
        op.execute(f"grant execute on function app.{signature} to cs_app, cs_job")
    op.execute(
        "grant execute on function app.tell_own_action(text, int, text, text, boolean) to cs_app"
    )
    indexes()
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def protect(name: str) -> None:
    op.execute(f"alter table app.{name} enable row level security")
    op.execute(f"alter table app.{name} force row level security")
    op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
    may = {"place_priority": "select, update"}.get(name, "select, insert, update")
    may = "select" if name.endswith("_state_change") else may
    op.execute(f"grant {may} on app.{name} to cs_app")
    op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")


def indexes() -> None:
    for name in BY_PLACE:
        if name != "place_priority":
            op.execute(f"create index {name}_place_idx on app.{name} (place_id)")
    for name in WITH_STATES:
        op.execute(
            f"create index {name}_state_change_of_idx on app.{name}_state_change (record_id)"
        )
        if name != "meeting":
            op.execute(
                f"create index {name}_state_change_place_idx on app.{name}_state_change (place_id)"
            )
    for name, on in INDEXES.items():
        op.execute(f"create index {name} on app.{on}")


def triggers() -> None:
    scopes()
    guards()
    facts()


def scopes() -> None:
    for name in TABLES:
        if name != "place_priority":
            before(name, "changed_by", "insert or update", "changed_by")
        before(name, "keeps", "update", "context_keeps")
    for name in BY_PLACE:
        before(name, "scope", "insert or update", "context_scope")
    before("meeting", "scope", "insert or update", "meeting_before")
    for name in ("meeting_member", "meeting_item"):
        before(name, "scope", "insert or update", "meeting_part")
    before("context_plan", "freezes", "update of state, measures_hash", "context_plan_freezes")


def guards() -> None:
    for name in WITH_STATES:
        after(name, "state_change", "insert or update", "context_state_change")
    for name in GUARDED:
        after(name, "guard", "insert or update", f"{name}_guard")
    for name in FROZEN:
        after(name, "guard", "insert or update", "context_part_guard")


def facts() -> None:
    after("meeting_member", "members", "insert", "meeting_members")
    after(
        "meeting_member",
        "members_change",
        "update of user_id, deleted_at, attended, rates",
        "meeting_members",
    )
    after("context_weighting", "shown", "insert", "meeting_members")
    after("plan_goal", "told", "update of body", "plan_goal_told")
    after("measure_observation", "heard", "insert", "context_heard")
    for name, when in (
        ("plan_action", "new.state = 'DONE' and old.state <> 'DONE'"),
        ("outcome_review", "new.decided_by is not null and old.decided_by is null"),
    ):
        after(name, "heard", "update", "context_heard", when)
    approved = "new.state = 'APPROVED' and old.state <> 'APPROVED'"
    after("context_assessment", "supersedes", "update", "assessment_supersedes", approved)
    moved = "(old.borough_codes, old.tier, old.deleted_at) is distinct from "
    moved += "(new.borough_codes, new.tier, new.deleted_at)"
    after("place", "context", "update", "context_follows", moved)
    moved = "(old.borough_codes, old.tier, old.deleted_at, old.member_ids, old.access_ends_at) "
    moved += "is distinct from "
    moved += "(new.borough_codes, new.tier, new.deleted_at, new.member_ids, new.access_ends_at)"
    after("meeting", "follows", "update", "meeting_follows", moved)


def before(table: str, name: str, when: str, function: str) -> None:
    op.execute(
        f"create trigger {table}_{name} before {when} on app.{table} "
        f"for each row execute function app.{function}()"
    )


def after(table: str, name: str, when: str, function: str, only: str = "true") -> None:
    op.execute(
        f"create trigger {table}_{name} after {when} on app.{table} "
        f"for each row when ({only}) execute function app.{function}()"
    )


def downgrade() -> None:
    op.execute("drop trigger place_context on app.place")
    for name in WITH_STATES:
        op.execute(f"drop table app.{name}_state_change")
    for name in reversed(TABLES):
        op.execute(f"drop table app.{name}")
    op.execute("""
        drop function app.context_scope, app.meeting_before, app.meeting_part,
            app.meeting_follows, app.meeting_members, app.context_keeps, app.context_state_change,
            app.context_follows, app.context_heard, app.plan_goal_told, app.assessment_supersedes,
            app.children_were_asked, app.measures_hash, app.context_plan_freezes,
            app.tell_own_action, app.place_work, app.context_part_guard,
            app.context_assessment_guard, app.context_plan_guard, app.plan_action_guard,
            app.outcome_review_guard, app.safety_map_guard, app.meeting_guard,
            app.context_weighting_guard
    """)
