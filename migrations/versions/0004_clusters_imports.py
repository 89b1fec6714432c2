"""Cluster runs, clusters, their members and lineage; import batches.

First release, so no running code. Reversible: runs and import history are lost.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = {
    "cluster_run": """
        id uuid not null,
        source text not null,
        state text not null default 'QUEUED',
        params jsonb not null,
        params_hash text not null,
        series text not null default '',
        seed bigint,
        code_version text not null,
        data_window daterange not null,
        snapshot_hash text,
        coverage jsonb,
        largest_share numeric,
        n_events int,
        n_clusters int,
        n_cross_borough int,
        requested_at timestamptz not null default now(),
        requested_by uuid not null,
        started_at timestamptz,
        finished_at timestamptz,
        failure text,
        constraint cluster_run_pkey primary key (id),
        constraint cluster_run_source_check check (source in ('police', 'partnership')),
        constraint cluster_run_state_check check (state in ('QUEUED', 'RUNNING', 'DONE', 'FAILED'))
    """,
    "cluster_lineage": """
        id uuid not null,
        ref text not null,
        source text not null,
        series text not null default '',
        site_ids text[] not null,
        state text not null default 'OPEN',
        opened_on date not null,
        last_seen_on date not null,
        closed_on date,
        merged_into_id uuid,
        split_from_id uuid,
        constraint cluster_lineage_pkey primary key (id),
        constraint cluster_lineage_ref_key unique (ref),
        constraint cluster_lineage_state_check check (state in ('OPEN', 'GONE', 'CLOSED'))
    """,
    "cluster": """
        id uuid not null,
        run_id uuid not null references app.cluster_run (id) on delete cascade,
        content_id char(10) not null,
        lineage_id uuid not null references app.cluster_lineage (id),
        name text not null,
        n_incidents int not null,
        n_core int not null,
        n_places int not null,
        first_on date not null,
        last_on date not null,
        borough_counts jsonb not null,
        borough_codes text[] not null,
        cross_borough boolean not null,
        r1_span boolean not null,
        r2_straddle boolean not null,
        r3_flow boolean,
        r4_link boolean,
        reportable boolean not null,
        active boolean not null,
        why_not text,
        evidence jsonb not null default '{}',
        p_emerging numeric,
        p_persistent numeric,
        stability int,
        hull geometry(Polygon, 27700) not null,
        west_m float8 not null,
        south_m float8 not null,
        east_m float8 not null,
        north_m float8 not null,
        state text not null default 'CANDIDATE',
        constraint cluster_pkey primary key (id),
        constraint cluster_content_key unique (run_id, content_id),
        constraint cluster_name_check check (length(name) <= 80),
        constraint cluster_stability_check check (stability between 0 and 9),
        constraint cluster_state_check
            check (state in ('CANDIDATE', 'REVIEWED', 'ADOPTED', 'DISMISSED', 'WATCH'))
    """,
    "cluster_member": """
        run_id uuid not null,
        cluster_id uuid not null,
        site_id text not null,
        place_point_id int,
        place_id uuid,
        incident_id uuid,
        day date,
        n int not null,
        is_core boolean not null
    """,
    "import_batch": """
        id uuid not null,
        ref text not null,
        kind text not null,
        file_name text not null,
        file_sha256 text not null,
        mapping jsonb not null default '{}',
        tallies jsonb not null,
        state text not null,
        started_at timestamptz not null,
        finished_at timestamptz not null default now(),
        by uuid not null,
        undo_until timestamptz,
        constraint import_batch_pkey primary key (id),
        constraint import_batch_ref_key unique (ref),
        constraint import_batch_state_check
            check (state in ('STAGED', 'DRY_RUN', 'APPLIED', 'UNDONE', 'REFUSED'))
    """,
}

# Members carry the run's scope by belonging to a run: both boroughs and the halo, analysts only.
READ = {
    "cluster_run": "(select sec.role()) is not null",
    "cluster_lineage": "(select sec.role()) is not null",
    "cluster": "(select sec.all_boroughs()) or borough_codes && (select sec.boroughs())",
    "cluster_member": "(select sec.role()) in ('police_analyst', 'cs_lead')",
    "import_batch": "(select sec.role()) in ('police_analyst', 'cs_lead')",
}
ASK = {"cluster_run", "import_batch"}  # what a person may start; the job does the rest
CHANGE = {"cluster"}  # review states

INDEXES = [
    "create index cluster_hull_idx on app.cluster using gist (hull)",
    "create index cluster_run_idx on app.cluster (run_id)",
    "create index cluster_lineage_idx on app.cluster (lineage_id)",
    "create index cluster_member_cluster_idx on app.cluster_member (cluster_id)",
    "create index cluster_run_finished_idx on app.cluster_run (source, finished_at desc)",
]

COMMENTS = {
    "column app.cluster.content_id": "Same parameters and same core incidents give the same id",
    "column app.cluster.lineage_id": "The same pattern through successive runs",
    "column app.cluster_lineage.series": (
        "Runs that are compared: one source and parameters, and dates where they were asked for"
    ),
    "column app.cluster.cross_borough": "Members in two boroughs or more: a plain fact",
    "column app.cluster.r1_span": "Core incidents in two boroughs, each with its minimum share",
    "column app.cluster.r2_straddle": "Not R1, but the footprint reaches into a second borough",
    "column app.cluster.hull": "Convex hull of 500 m cell centres; never of points",
    "table app.cluster_member": "One row per site and day; police events are counted, not listed",
    "column app.import_batch.tallies": "Rows of the file: imported + already_known + rejected",
}

# A foreign key would be checked row by row: 0.3 s of the 0.5 s that 90,000 members take to write.
MEMBERS_GO_WITH_RUN = """
create function app.members_go_with_run() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from app.cluster_member where run_id in (select id from gone);
    return null;
end $$
"""


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(f"create table app.{name} ({columns})")
        op.execute(f"alter table app.{name} enable row level security")
        op.execute(f"alter table app.{name} force row level security")
        op.execute(
            f"create policy {name}_select on app.{name} for select to cs_app using ({READ[name]})"
        )
        op.execute(
            f"create policy {name}_job on app.{name} for all to cs_job "
            "using ((select sec.job()) is not null) with check ((select sec.job()) is not null)"
        )
        # Foreign keys are checked as the owner.
        op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
        op.execute(f"grant select on app.{name} to cs_app")
        op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")
    for name in sorted(ASK):
        op.execute(
            f"create policy {name}_insert on app.{name} for insert to cs_app "
            f"with check ({READ[name]})"
        )
        op.execute(f"grant insert on app.{name} to cs_app")
    for name in sorted(CHANGE):
        op.execute(
            f"create policy {name}_update on app.{name} for update to cs_app "
            f"using ({READ[name]}) with check ({READ[name]})"
        )
        op.execute(f"grant update (state) on app.{name} to cs_app")
    op.execute(MEMBERS_GO_WITH_RUN)
    op.execute("revoke execute on function app.members_go_with_run() from public")
    op.execute(
        "create trigger cluster_run_gone after delete on app.cluster_run "
        "referencing old table as gone for each statement "
        "execute function app.members_go_with_run()"
    )
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    for name in ("cluster_member", "cluster", "cluster_lineage", "cluster_run", "import_batch"):
        op.execute(f"drop table app.{name}")
    op.execute("drop function app.members_go_with_run")
