"""Stop and search, counts and lines of open data; what an import changed, to be undone.

Running code does not know what is added: its rows of streets, sites and labels belong to no batch.
Reversible: searches, counts and lines can be loaded again; imports before can no longer be undone.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = {
    # No person: neither age, sex, ethnicity nor the outcome of a search is kept, nor its minute.
    "police_search": """
        key uuid not null,
        day date not null,
        type text not null,
        object text,
        lon_e6 int,
        lat_e6 int,
        geom geometry(Point, 27700),
        batch_id uuid not null,
        constraint police_search_pkey primary key (key),
        constraint police_search_geom_check check ((geom is null) = (lon_e6 is null)),
        constraint police_search_lonlat_check check ((lon_e6 is null) = (lat_e6 is null))
    """,
    "area_count": """
        key uuid not null,
        series text not null,
        area_kind text not null,
        area_code text not null,
        area_name text,
        month date not null,
        code text not null,
        label text not null,
        n int not null,
        batch_id uuid not null,
        constraint area_count_pkey primary key (key),
        constraint area_count_month_check check (extract(day from month) = 1),
        constraint area_count_n_check check (n >= 0),
        constraint area_count_area_kind_check
            check (area_kind in ('borough', 'ward', 'lsoa', 'neighbourhood'))
    """,
    "line": """
        key uuid not null,
        kind text not null,
        code text not null,
        name text,
        geom geometry(LineString, 27700) not null,
        batch_id uuid not null,
        constraint line_pkey primary key (key),
        constraint line_kind_check check (kind in ('ROUTE_BUS', 'ROUTE_RAIL'))
    """,
    "route_stop": """
        key uuid not null,
        route text not null,
        run int not null,
        sequence int not null,
        stop_code text,
        name text not null,
        geom geometry(Point, 27700) not null,
        batch_id uuid not null,
        constraint route_stop_pkey primary key (key)
    """,
}
# Rows of a file that were stored already, so that they stay when the batch that stored them goes.
# Arrays, 100,000 rows each: a row apiece would double the work of publishing a month again.
CLAIM = """
    batch_id uuid not null,
    target text not null,
    part int not null,
    keys uuid[] not null,
    was int[],
    said int[],
    extra int[],
    constraint import_claim_pkey primary key (batch_id, target, part)
"""
NAMED = ("street", "site", "stop")

INDEXES = [
    "create index police_search_geom_idx on reference.police_search using gist (geom)",
    "create index police_search_day_idx on reference.police_search (day)",
    "create index area_count_series_idx on reference.area_count (series, area_code, month)",
    "create index line_geom_idx on reference.line using gist (geom)",
    "create index route_stop_route_idx on reference.route_stop (route, run, sequence)",
]
COMMENTS = {
    "table reference.police_search": "Stop and search: where and when police looked, and for what",
    "column reference.police_search.key": (
        "Hash of kind, minute, point, law and object, and the number among equal rows"
    ),
    "column reference.police_search.day": "The publisher gives the minute; it is not kept",
    "table reference.area_count": "Published counts by area and month; never single events",
    "column reference.area_count.code": "What was counted, within its series",
    "table reference.line": "Bus routes and railways as lines",
    "table reference.route_stop": "Stops of a bus route in their order",
    "table reference.import_claim": "Rows of a batch that an earlier one had stored already",
    "column reference.import_claim.was": "Outcome or count before the batch, null where none",
    "column reference.import_claim.said": "Outcome or count that the file gave, null where none",
    "column reference.import_claim.extra": "LSOA label that the file gave",
    "column app.import_batch.seq": "Order of the imports: the last word about a row counts",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        _create(name, columns)
        # Readers and jobs get their policies from the permission file.
        op.execute(f"grant select on reference.{name} to cs_app, cs_job")
    _create("import_claim", CLAIM)
    op.execute("grant select on reference.import_claim to cs_job")
    # The auditor reads which data is loaded; the view shows them what their policies do.
    op.execute("grant select on reference.point_month to cs_audit")
    op.execute(
        "create policy import_claim_job on reference.import_claim for all to cs_job "
        "using ((select sec.job()) is not null) with check ((select sec.job()) is not null)"
    )
    for column in ("keys", "was", "said", "extra"):  # random bits do not compress
        op.execute(f"alter table reference.import_claim alter {column} set storage external")
    for name in NAMED:
        op.execute(f"alter table reference.{name} add column batch_id uuid")
    op.execute("alter table reference.police_label add column batch_id uuid")
    op.execute("create sequence app.import_batch_seq")
    op.execute("grant usage on sequence app.import_batch_seq to cs_job")
    op.execute("alter table app.import_batch add column seq bigint")
    op.execute("alter table app.import_batch add column undone_by uuid")
    for index in INDEXES:
        op.execute(index)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def _create(name: str, columns: str) -> None:
    op.execute(f"create table reference.{name} ({columns})")
    op.execute(f"alter table reference.{name} enable row level security")
    op.execute(f"alter table reference.{name} force row level security")
    op.execute(
        f"create policy {name}_owner on reference.{name} for select to cs_owner using (true)"
    )
    op.execute(f"grant insert, update, delete on reference.{name} to cs_job")


def downgrade() -> None:
    op.execute("revoke select on reference.point_month from cs_audit")
    for column in ("seq", "undone_by"):
        op.execute(f"alter table app.import_batch drop column {column}")
    op.execute("drop sequence app.import_batch_seq")
    op.execute("alter table reference.police_label drop column batch_id")
    for name in NAMED:
        op.execute(f"alter table reference.{name} drop column batch_id")
    op.execute("drop table reference.import_claim")
    for name in reversed(TABLES):
        op.execute(f"drop table reference.{name}")
