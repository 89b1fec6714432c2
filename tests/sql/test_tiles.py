"""Vector tiles decoded: nothing lost, nothing shown that should not be, indexes used."""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import mapbox_vector_tile
import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from app.core import morton
from app.core.actor import Actor, job_actor
from app.imports import pyramid
from app.imports import service as imports
from app.maps import conditions, queries
from app.maps.rules import Filters
from app.maps.tiers import TILES
from tests.people import LEAD

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
PRACTITIONER = Actor(
    id=UUID(int=7),
    role="practitioner",
    label="Practitioner of Kingston",
    boroughs=(KINGSTON,),
    tiers=("H0", "H1"),
)
SPRING = Filters(period="own", from_on=date(2025, 3, 1), to_on=date(2025, 6, 1))
ZOOMS = (0, 5, 8, 11, 13, 14, 15, 16, 18)
RUN, LINEAGE = UUID(int=11), UUID(int=12)


@pytest.fixture(scope="module")
def loaded(demo_db, tmp_path_factory):
    """Demonstration records, 3,000 published events on 400 points, and one cluster of each kind."""
    path = street_file(tmp_path_factory.mktemp("street") / "2025-synthetic-street.csv")
    imports.police_street(demo_db, [path], imports.Options(), lambda *_: None)
    with demo_db.begin(job_actor("clusters:recompute")) as session:
        add_clusters(session)
    with demo_db.begin(job_actor("reference:load")) as session:
        session.execute(
            text("""
                insert into reference.site (kind, name, easting_m, northing_m)
                select kind, 'Kingston ' || lower(kind), 518000 + 10 * n, 169300
                from unnest(array['STATION', 'SCHOOL', 'PARK', 'TOWN', 'HOTEL'])
                    with ordinality as of (kind, n)
            """)
        )
        session.execute(
            text("insert into reference.stop (name, easting_m, northing_m) values (:name, :e, :n)"),
            {"name": "Kingston bridge", "e": 518010, "n": 169310},
        )
    return demo_db


def street_file(path):
    rng = np.random.default_rng(5)
    points = np.round(rng.normal((-0.30, 51.42), (0.05, 0.03), (400, 2)), 6)
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["Month", "Longitude", "Latitude", "Location", "Crime type"])
        for at in rng.integers(0, 400, 3000):
            month = f"2025-{rng.integers(1, 13):02}"
            writer.writerow([month, *points[at], "On or near High Street", "Burglary"])
    return path


def add_clusters(session):
    session.execute(
        text("""
            insert into app.cluster_run (id, source, state, params, params_hash, code_version,
                data_window, requested_by, finished_at)
            values (:run, 'partnership', 'DONE', '{}', 'x', 'test', '[2025-01-01,2026-01-01)',
                :run, now())
        """),
        {"run": RUN},
    )
    session.execute(
        text("""
            insert into app.cluster_lineage (id, ref, source, site_ids, opened_on, last_seen_on)
            values (:lineage, 'CU-AAA-AAAA', 'partnership', '{}', '2025-01-01', '2025-12-01')
        """),
        {"lineage": LINEAGE},
    )
    session.execute(
        text("""
            insert into app.hot_cell (run_id, side, cell, column_no, row_no, lad_code,
                borough_codes, grounds, name, class, n, around, expected, q, agencies, days)
            select :run, side, 'c250:2072:677', 2072, 677, :code, codes, array[:code],
                   'Around the bridge', 'MORE', n, 20, 5, 0.01, '{}', 3
            from (values ('ALL', '{}'::text[], 12), (:code, array[:code], 9)) as v (side, codes, n)
        """),
        {"run": RUN, "code": KINGSTON},
    )
    for content, east, counts, first, last in (
        ("kingston01", 518000, {KINGSTON: 9}, "2025-01-05", "2025-01-30"),
        ("richmond01", 517000, {RICHMOND: 7}, "2025-04-01", "2025-05-01"),
        ("crossing01", 517500, {KINGSTON: 5, RICHMOND: 6}, "2025-02-01", "2025-11-30"),
    ):
        session.execute(
            CLUSTER,
            {
                "run": RUN,
                "content": content,
                "lineage": LINEAGE,
                "n": sum(counts.values()),
                "first": first,
                "last": last,
                "counts": json.dumps(counts),
                "codes": sorted(counts),
                "crossing": len(counts) > 1,
                "west": east - 250.0,
            },
        )


CLUSTER = text("""
    with given as (
        select cast(:content as text) as content, cast(:n as int) as n,
               cast(:crossing as boolean) as crossing, cast(:west as float8) as west
    )
    insert into app.cluster (id, run_id, content_id, lineage_id, name, n_incidents, n_core,
        n_places, first_on, last_on, borough_counts, borough_codes, cross_borough, r1_span,
        r2_straddle, reportable, active, hull, west_m, south_m, east_m, north_m)
    select gen_random_uuid(), :run, content, :lineage, content, n, n, 3, cast(:first as date),
           cast(:last as date), cast(:counts as jsonb), :codes, crossing, crossing, false, true,
           true, ST_MakeEnvelope(west, 169000, west + 500, 169500, 27700),
           west, 169000, west + 500, 169500
    from given
""")


def body(db, layer, zxy, actor=LEAD, filters=None):
    asked = filters or Filters()
    given = queries.tile_parameters(layer, zxy, asked, PARTNERS)
    with db.cursor(actor, keep_plans=True) as cursor:
        return queries.tile(cursor, layer, given, asked)


def decoded(*asked, **more):
    """Features of each layer of a tile: properties and geometry in tile units, y down."""
    found = body(*asked, **more)
    options = {"y_coord_down": True}
    layers = mapbox_vector_tile.decode(found, default_options=options) if found else {}
    return {name: layer["features"] for name, layer in layers.items()}


def covering(db, z):
    """Every tile of a zoom within London and its surroundings that could hold a record."""
    keys = values(
        db,
        "select qk from reference.place_point union "
        "select qk from app.incident where qk is not null union "
        "select qk from app.place where qk is not null",
    )
    found = set()
    for key in keys:
        prefix = key >> 2 * (22 - z)
        x = sum(((prefix >> 2 * bit) & 1) << bit for bit in range(22))
        y = sum(((prefix >> (2 * bit + 1)) & 1) << bit for bit in range(22))
        found.add((z, x, y))
    return sorted(found)


def values(db, query, actor=LEAD, **given):
    with db.read(actor) as session:
        return list(session.scalars(text(query), given))


def summed(db, z, **more):
    """What all tiles of a zoom show together: events of each source."""
    total = {"police": 0, "partnership": 0}
    for zxy in covering(db, z):
        for name, features in decoded(db, "incidents", zxy, **more).items():
            source = "partnership" if name == "partnership" else "police"
            total[source] += sum(feature["properties"]["n"] for feature in features)
    return total


def truth(db, filters=None, actor=LEAD):
    """The same from the tables, events with coordinates only."""
    chosen = filters or Filters()
    given = {"first": chosen.first_day, "past": chosen.last_day}
    [police] = values(
        db,
        "select coalesce(sum(n), 0)::int from reference.point_month "
        "where month >= :first and month < :past",
        actor,
        **given,
    )
    [own] = values(
        db,
        "select count(*) from app.incident where geom is not null and deleted_at is null "
        "and state <> 'WITHDRAWN' and (occurred_from at time zone 'Europe/London')::date >= :first "
        "and (occurred_from at time zone 'Europe/London')::date < :past",
        actor,
        **given,
    )
    return {"police": police, "partnership": own}


@pytest.mark.parametrize("z", ZOOMS)
def test_every_event_is_counted_once_at_every_zoom(loaded, z):
    assert truth(loaded)["police"] == 3000
    assert truth(loaded)["partnership"] > 1000
    assert summed(loaded, z) == truth(loaded)


@pytest.mark.parametrize("z", [8, 12, 14, 16])
def test_a_period_counts_the_events_of_its_months_and_days(loaded, z):
    wanted = truth(loaded, SPRING)

    assert 0 < wanted["police"] < 3000
    assert wanted["partnership"] > 0
    assert summed(loaded, z, filters=SPRING) == wanted


@pytest.mark.parametrize("z", [8, 14, 15])
def test_a_source_alone_is_shown_without_the_other(loaded, z):
    both = truth(loaded)

    police = summed(loaded, z, filters=Filters(source="police"))
    own = summed(loaded, z, filters=Filters(source="partnership"))

    assert police == {"police": both["police"], "partnership": 0}
    assert own == {"police": 0, "partnership": both["partnership"]}


@pytest.mark.parametrize("z", [10, 15])
def test_boroughs_and_outside_add_up_to_everything(loaded, z):
    parts = [
        summed(loaded, z, filters=Filters(source="police", borough=code))["police"]
        for code in (KINGSTON, RICHMOND, "outside")
    ]

    assert min(parts) > 0
    assert sum(parts) == 3000


@pytest.mark.parametrize("z", range(8, 14))
def test_ready_cells_are_those_that_would_be_counted_live(loaded, z):
    everything = Filters(period="own", from_on=date(2000, 1, 1), source="police")

    for zxy in covering(loaded, z):
        ready = decoded(loaded, "incidents", zxy, filters=Filters(source="police"))

        assert as_set(ready.get("cells", [])) == counted_live(loaded, zxy, everything)


PERIODS = [
    (None, None),
    (date(2025, 3, 1), date(2025, 6, 1)),
    (date(2025, 3, 15), date(2025, 3, 16)),
    (date(2025, 11, 2), None),
    (None, date(2025, 2, 1)),
    (date(2000, 1, 1), date(2025, 1, 1)),
    (date(2026, 1, 1), date(2027, 1, 1)),
]


def asked_of_months(borough):
    """Each period with a borough; of all dates there is another table for both."""
    for first, past in PERIODS:
        if borough != "both" or first or past:
            yield Filters(period="own", from_on=first, to_on=past, borough=borough, source="police")


@pytest.mark.parametrize("z", range(8, 14))
@pytest.mark.parametrize("borough", ["both", KINGSTON, RICHMOND, "outside"])
def test_cells_of_a_period_and_a_borough_are_ready_too(loaded, z, borough):
    tiles = covering(loaded, z)
    for zxy in tiles[:: len(tiles) // 6 + 1]:
        for filters in asked_of_months(borough):
            given = queries.tile_parameters("incidents", zxy, filters, PARTNERS)
            ready = decoded(loaded, "incidents", zxy, filters=filters).get("cells", [])

            assert given["counted"] == "incident_months"
            assert as_set(ready) == counted_live(loaded, zxy, filters)
            assert len(as_set(ready)) == len(ready), "each cell once"


def test_a_change_of_the_places_is_counted_at_once_and_ready_again_later(loaded):
    police = job_actor("imports:police_street")
    filters = replace(SPRING, borough=KINGSTON, source="police")
    zxy = max(covering(loaded, 9), key=lambda at: len(counted_live(loaded, at, filters)))
    before = counted_live(loaded, zxy, filters)
    moved = "update reference.place_point set lad_code = %s where lad_code = %s"
    try:
        with loaded.cursor(police) as cursor:
            cursor.execute(moved, ("E09000099", KINGSTON))
        during = decoded(loaded, "incidents", zxy, filters=filters).get("cells", [])
        with loaded.cursor(police) as cursor:
            assert pyramid.fill(cursor)
        after = decoded(loaded, "incidents", zxy, filters=filters).get("cells", [])
    finally:
        with loaded.cursor(police) as cursor:
            cursor.execute(moved, (KINGSTON, "E09000099"))
            pyramid.fill(cursor)
            again = pyramid.fill(cursor)

    assert before
    assert (during, after) == ([], [])
    assert not again
    assert as_set(decoded(loaded, "incidents", zxy, filters=filters)["cells"]) == before


GRID = (
    "select z, tx, ty, px, py, lad_code, shared, months::text from reference.month_grid order by "
)
ALL_CELLS = GRID + "1, 2, 3, 4, 5, 6"
# Emptied, moved to another borough, counted once more and new beside it; each in a part of its own.
CHANGES = {
    "emptied": "delete from reference.place_point where my >> 16 = %(row)s and mx >> 16 = %(cell)s",
    "moved": "update reference.place_point set lad_code = 'E09000099' "
    "where my >> 16 = %(row)s and mx >> 16 = %(cell)s",
    "counted": "update reference.place_point set months[1] = months[1] + 1, "
    "n_events = n_events + 1 where my >> 16 = %(row)s and mx >> 16 = %(cell)s",
    "far": "insert into reference.place_point (id, lon_e6, lat_e6, easting_m, northing_m, mx, my, "
    "qk, n_events, months) values (1000000, 1, 1, 1, 1, 5, 5, 3, 1, array[65537])",
    "without": "delete from reference.place_point where id = 1000000",
}


def test_counting_again_where_places_changed_gives_what_counting_all_of_them_gives(loaded):
    """Row for row and tile for tile; and the rows of what did not change are not written again."""
    police = job_actor("imports:police_street")
    filters = replace(SPRING, source="police")
    asked = [(z, x, y) for z in range(8, 14) for _z, x, y in covering(loaded, z)[:12]]
    with loaded.cursor(police) as cursor:
        pyramid.fill(cursor)
        cells = cursor.execute(
            "select distinct mx >> 16, my >> 16 from reference.place_point order by 1, 2"
        ).fetchall()
    try:
        with loaded.cursor(police, keep=False) as cursor:
            for (cell, row), change in zip(cells[2:], CHANGES.values(), strict=False):
                before = kept_rows(cursor)
                cursor.execute(change, {"cell": cell, "row": row})
                marked = cursor.execute(pyramid.MARKED).fetchall()
                assert pyramid.fill(cursor)
                some, some_tiles = grid_of(cursor, asked, filters)
                kept = before & kept_rows(cursor)
                cursor.execute("delete from reference.month_grid")
                assert pyramid.fill(cursor)
                assert (some, some_tiles) == grid_of(cursor, asked, filters), change
                assert any(some_tiles), "something was compared"
                assert len(marked) == 1, change
                assert len(kept) > len(before) / 2, change
    finally:
        with loaded.cursor(police) as cursor:
            assert not pyramid.fill(cursor)


def kept_rows(cursor):
    """Where each row lies: one that is written again lies elsewhere."""
    return set(cursor.execute("select ctid::text, z, tx, ty, px, py from reference.month_grid"))


def grid_of(cursor, asked, filters):
    tiles = []
    for zxy in asked:
        given = queries.tile_parameters("incidents", zxy, filters, PARTNERS)
        tiles.append(queries.tile(cursor, "incidents", given, filters))
    return cursor.execute(ALL_CELLS).fetchall(), tiles


def counted_live(db, zxy, filters):
    """By the statement that reads places and no counts that are kept ready."""
    given = queries.tile_parameters("incidents", zxy, filters, PARTNERS)
    with db.cursor(LEAD) as cursor:
        row = cursor.execute(queries.tile_sql("incident_cells", filters), given).fetchone()
    found = mapbox_vector_tile.decode(bytes(row[0]), default_options={"y_coord_down": True})
    return as_set(found.get("cells", {"features": []})["features"])


def as_set(features):
    return {(*f["geometry"]["coordinates"], f["properties"]["n"]) for f in features}


def test_below_zoom_15_nothing_is_nearer_than_the_middle_of_a_cell(loaded):
    for zxy in covering(loaded, 14):
        for features in decoded(loaded, "incidents", zxy).values():
            at = np.array([feature["geometry"]["coordinates"] for feature in features])
            assert set((at % 64).ravel()) == {32}


def test_a_point_is_where_its_longitude_and_latitude_are(loaded):
    with loaded.read(LEAD) as session:
        lon, lat, n = session.execute(
            text("select lon_e6 / 1e6, lat_e6 / 1e6, n_events from reference.place_point limit 1")
        ).one()
    mx, my = (int(v[0]) for v in morton.mercator(np.array([[lon, lat]], dtype=float)))

    shown = decoded(loaded, "incidents", (16, mx >> 14, my >> 14))["incidents"]

    assert ((mx >> 2) & 4095, (my >> 2) & 4095, n) in as_set(shown)


@pytest.mark.parametrize("layer", queries.LAYERS)
@pytest.mark.parametrize("z", [9, 13, 16])
def test_only_the_listed_properties_leave(loaded, layer, z):
    seen = {}
    for zxy in covering(loaded, z):
        for name, features in decoded(loaded, layer, zxy).items():
            for feature in features:
                seen.setdefault(name, set()).update(feature["properties"])

    assert seen or (layer, z) == ("context", 9)  # schools and stops only when close
    assert all(names == TILES[name] for name, names in seen.items())


def places_shown(db, z, actor=LEAD, **more):
    return {
        feature["properties"]["ref"]
        for zxy in covering(db, z)
        for feature in decoded(db, "places", zxy, actor=actor, **more).get("places", [])
    }


def test_homes_and_online_spaces_are_on_no_tile(loaded):
    located = (
        "select ref from app.place where geom is not null and state not in ('CLOSED', 'DORMANT')"
    )
    hidden = "select ref from app.place where sensitivity = 'RESIDENTIAL' or geom_kind = 'N'"

    shown = places_shown(loaded, 12)

    assert len(values(loaded, hidden)) > 5
    assert not shown & set(values(loaded, hidden))
    assert shown == set(values(loaded, located))


CSE_THERE = """('CSE' = any(harm_codes) or id in (
    select link.place_id from app.incident_place as link
    join app.incident on incident.id = link.incident_id where harm_code = 'CSE'))"""


@pytest.mark.parametrize(
    ("filters", "condition"),
    [
        (Filters(type="PARK"), "type_code = 'PARK'"),
        (Filters(borough=KINGSTON), f"'{KINGSTON}' = any(borough_codes)"),
        (Filters(borough="outside"), f"not borough_codes && array['{KINGSTON}', '{RICHMOND}']"),
        (
            Filters(harm="CSE"),
            CSE_THERE,
        ),
    ],
    ids=["type", "borough", "outside", "harm"],
)
def test_a_filter_of_places_shows_those_of_the_table(loaded, filters, condition):
    wanted = set(
        values(
            loaded,
            "select ref from app.place where geom is not null "
            "and state not in ('CLOSED', 'DORMANT') "
            f"and {condition}",
        )
    )

    assert wanted
    assert places_shown(loaded, 12, filters=filters) == wanted


def test_a_practitioner_gets_tiles_of_the_own_borough_only(loaded):
    own = "select ref from app.place where geom is not null and state not in ('CLOSED', 'DORMANT')"

    shown = places_shown(loaded, 12, actor=PRACTITIONER)

    assert shown == set(values(loaded, own, PRACTITIONER))
    assert 0 < len(shown) < len(places_shown(loaded, 12))


@pytest.mark.parametrize("z", [10, 14, 16])
def test_a_practitioner_counts_only_incidents_in_scope(loaded, z):
    partner = replace(PRACTITIONER, role="partner", tiers=("H0",))

    seen = summed(loaded, z, actor=PRACTITIONER)

    assert seen == truth(loaded, actor=PRACTITIONER)
    assert 0 < seen["partnership"] < truth(loaded)["partnership"]
    assert summed(loaded, z, actor=partner)["partnership"] == 0


@pytest.mark.parametrize("layer", queries.LAYERS)
@pytest.mark.parametrize("z", [9, 12, 14, 16])
def test_without_claims_every_tile_is_empty(loaded, layer, z):
    zxy = covering(loaded, z)[0]
    given = queries.tile_parameters(layer, zxy, Filters(), PARTNERS)

    with psycopg.connect(loaded.logins.dsn("cs_app")) as bare:
        assert queries.tile(bare.cursor(), layer, given, Filters()) == b""


def clusters_shown(db, **more):
    return {
        feature["properties"]["id"]: feature["properties"]
        for zxy in covering(db, 13)
        for feature in decoded(db, "clusters", zxy, **more).get("clusters", [])
    }


def test_a_cluster_says_its_boroughs_with_their_numbers(loaded):
    crossing = clusters_shown(loaded)["crossing01"]

    assert crossing == {
        "id": "crossing01",
        "lineage": "CU-AAA-AAAA",
        "name": "crossing01",
        "n": 11,
        "cross_borough": True,
        "boroughs": "Richmond upon Thames 6, Kingston upon Thames 5",
        "from": "2025-02-01",
        "to": "2025-11-30",
    }


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(), {"kingston01", "richmond01", "crossing01"}),
        (Filters(run=RUN), {"kingston01", "richmond01", "crossing01"}),
        (Filters(run=UUID(int=99)), set()),
        (Filters(source="police"), set()),
        (Filters(borough=RICHMOND), {"richmond01", "crossing01"}),
        (SPRING, {"richmond01", "crossing01"}),
    ],
    ids=["newest", "run", "unknown run", "source", "borough", "period"],
)
def test_a_filter_chooses_clusters(loaded, filters, wanted):
    assert set(clusters_shown(loaded, filters=filters)) == wanted


def test_of_another_borough_a_practitioner_learns_that_a_cluster_is_active_there_and_no_number(
    loaded,
):
    crossing = clusters_shown(loaded, actor=PRACTITIONER)["crossing01"]
    with loaded.read(PRACTITIONER) as session:
        rows = {row.name: row for row in queries.clusters(session, Filters(), PARTNERS)}

    assert (crossing["n"], crossing["boroughs"]) == (5, "Kingston upon Thames 5")
    assert crossing["cross_borough"] is True
    assert (rows["crossing01"].n, rows["crossing01"].boroughs) == (5, ["Kingston upon Thames 5"])
    assert rows["crossing01"].cross_borough is True


def test_what_may_be_chance_is_no_cluster_for_a_practitioner(loaded):
    with loaded.cursor(job_actor("clusters:recompute")) as cursor:
        cursor.execute("update app.cluster set reportable = false where content_id = 'kingston01'")
    try:
        seen, all_of_it = clusters_shown(loaded, actor=PRACTITIONER), clusters_shown(loaded)
    finally:
        with loaded.cursor(job_actor("clusters:recompute")) as cursor:
            cursor.execute("update app.cluster set reportable = true")

    assert set(seen) == {"crossing01"}
    assert "kingston01" in all_of_it


def test_a_practitioner_sees_clusters_that_touch_the_own_borough(loaded):
    assert set(clusters_shown(loaded, actor=PRACTITIONER)) == {"kingston01", "crossing01"}


def test_the_partnership_is_marked_among_the_boroughs(loaded):
    areas = [f["properties"] for f in decoded(loaded, "areas", (6, 31, 21))["areas"]]

    assert {a["code"] for a in areas if a["partner"]} == set(PARTNERS)
    assert len({a["code"] for a in areas}) == 33


@pytest.mark.parametrize(
    ("layer", "z", "index"),
    [
        ("places", 14, "place_qk_idx"),
        ("places", 14, "place_shape_idx"),
        ("incidents", 16, "place_point_qk_idx"),
        ("incidents", 16, "incident_qk_idx"),
        ("incidents", 12, "point_grid_pkey"),
        ("incidents of spring", 12, "month_grid_pkey"),
        ("areas", 14, "area_shape_geom_idx"),
        ("clusters", 14, "cluster_hull_idx"),
    ],
)
def test_under_policy_a_tile_reads_an_index(loaded, layer, z, index):
    """With sequential scans made dear: without a leakproof operator there would be no other way."""
    layer, _, dated = layer.partition(" of ")
    filters = SPRING if dated else Filters()
    given = queries.tile_parameters(layer, covering(loaded, z)[0], filters, PARTNERS)
    statement = queries.tile_sql(queries.statement(layer, given), filters)

    with loaded.cursor(LEAD, keep=False) as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(b"explain " + statement, given)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert index in plan
    assert "Index Cond" in plan


@pytest.mark.parametrize("layer", queries.LAYERS)
def test_a_tile_costs_two_statements(loaded, layer, monkeypatch):
    said = []
    execute = psycopg.Cursor.execute

    def recorded(self, query, *more, **options):
        said.append(query)
        return execute(self, query, *more, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", recorded)

    body(loaded, layer, (13, 4089, 2727))

    assert len(said) == 2, "claims, tile"


def test_an_instant_at_midnight_in_summer_belongs_to_the_london_day():
    first, past = conditions.instants(SPRING)

    assert first == datetime(2025, 3, 1, tzinfo=UTC)
    assert past == datetime(2025, 5, 31, 23, tzinfo=UTC)
