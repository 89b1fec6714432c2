"""The hot-spot layer: squares stored with a run, each side alone, as tiles, items and a table."""

import re
from datetime import date
from html import unescape
from uuid import UUID

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from app.clusters import service
from app.clusters import squares as stored
from app.clusters.schemas import RunIn
from app.core.actor import Actor
from app.maps import hotspots, queries
from app.maps.rules import Filters
from app.places.queries import partner_codes
from tests.conftest import cloned
from tests.people import LEAD, browser, sign_in_as

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
PRACTITIONER = Actor(
    id=UUID(int=7),
    role="practitioner",
    label="Practitioner of Kingston",
    boroughs=(KINGSTON,),
    tiers=("H0", "H1"),
)
HOT = Filters(layer="hotspots")
WORLD = "bbox=-2,50,2,53&z=9"


def calculated(db, settings):
    partners = partner_codes(settings.partnership)
    with db.begin(service.JOB) as session:
        (run,) = service.ask(session, service.JOB, RunIn(source="partnership"), partners)
    service.recompute(db, run.id)
    return run.id


@pytest.fixture(scope="module")
def hot_db(cluster, clusters_template):
    with cloned(cluster, clusters_template, "hot_squares") as database:
        yield database


def squares(db, actor=LEAD, filters=HOT):
    with db.read(actor) as session:
        return hotspots.squares(session, filters)


def rows(db, query, actor=LEAD, **given):
    with db.read(actor) as session:
        return session.execute(text(query), given).all()


def test_the_squares_of_all_sides_hold_the_incidents_of_the_run(hot_db):
    found = squares(hot_db)
    [(events,)] = rows(hot_db, "select n_events from app.cluster_run")

    assert {square.code for square in found} <= set(hotspots.SQUARES)
    assert any(square.code == "MORE" for square in found)
    assert 0.8 * events < sum(square.n for square in found) <= events
    assert all(square.days <= square.n for square in found)
    assert all(square.agencies for square in found if square.n)
    assert len({square.id for square in found}) == len(found)


def test_a_square_lies_on_the_national_grid_and_its_ring_is_its_corners(hot_db):
    square = squares(hot_db)[0]
    side, column, row = (int(part) for part in re.findall(r"\d+", square.id))

    [(east, north)] = rows(
        hot_db,
        "select ST_X(at), ST_Y(at) from (select ST_Transform(ST_SetSRID(ST_MakePoint(:lon, :lat), "
        "4326), 27700) as at) as point",
        lon=square.lon,
        lat=square.lat,
    )

    assert (side, east // 250, north // 250) == (250, column, row)
    assert len(square.ring) == 5
    assert square.ring[0] == square.ring[-1]


def test_a_reader_of_one_borough_has_squares_of_its_own_records_alone(hot_db):
    own = squares(hot_db, PRACTITIONER)
    [(counted,)] = rows(
        hot_db,
        """
        select count(*)::int from app.incident
        left join app.place on place.id = incident.place_id
        where incident.state <> 'WITHDRAWN' and incident.deleted_at is null
          and place.sensitivity is distinct from 'RESIDENTIAL'
          and :code = any(incident.borough_codes)
        """,
        code=KINGSTON,
    )

    assert 0 < sum(square.n for square in own) <= counted
    assert {name for square in own for name in square.boroughs} == {"Kingston upon Thames"}
    assert sum(square.n for square in own) < sum(square.n for square in squares(hot_db))


def test_what_happens_in_another_borough_or_a_home_changes_no_square_of_the_reader(
    cluster, clusters_template, settings
):
    with cloned(cluster, clusters_template, "hot_sides") as db:
        before, whole = squares(db, PRACTITIONER), squares(db)
        with db.begin(LEAD) as session:
            moved = session.execute(
                text("""
                    update app.incident set state = 'WITHDRAWN' where id in (
                        select incident.id from app.incident
                        left join app.place on place.id = incident.place_id
                        where incident.borough_codes = array[:other]
                           or place.sensitivity = 'RESIDENTIAL')
                """),
                {"other": RICHMOND},
            )
        calculated(db, settings)

        assert moved.rowcount > 100
        assert squares(db, PRACTITIONER) == before
        assert squares(db) != whole


@pytest.mark.parametrize("role", ["partner", "vca_member", "auditor", "administrator"])
def test_who_may_not_read_clusters_finds_no_such_layer(hot_db, settings, role):
    with browser(hot_db, settings, sign_in_as(hot_db, role)) as reader:
        answers = [
            reader.get(path).status_code
            for path in (
                "/tiles/hotspots/12/2045/1362.pbf",
                f"/map/items?layer=hotspots&{WORLD}",
                "/map?layer=hotspots",
            )
        ]

    assert set(answers) <= {403, 404}


@pytest.mark.parametrize("role", ["cs_lead", "police_analyst", "practitioner"])
def test_map_table_and_sentence_are_the_same_squares(hot_db, settings, role):
    listed, number = [], 1
    with browser(hot_db, settings, sign_in_as(hot_db, role)) as reader:
        found = reader.get(f"/map/items?layer=hotspots&{WORLD}").json()
        while number:
            address = f"/map?layer=hotspots&page={number}"
            page = reader.get(address, headers={"Accept": "text/html"}).text
            listed += re.findall(r'data-id="(c250:\d+:\d+)"', page)
            number = number + 1 if f"page={number + 1}" in page else 0

    drawn = sum(i["count"] if i["kind"] == "group" else 1 for i in found["items"])
    sentence = re.search(r'id="count"><strong>(.*?)</strong>', page)[1]
    first, on_map, off_map = map(int, re.findall(r"[\d,]+(?= (?:squares|on|not))", sentence))
    assert first == on_map == len(listed) == found["matches"] == found["in_view"] == drawn
    assert len(set(listed)) == len(listed)
    assert off_map == 0
    assert len(found["items"]) <= 300


def tile_squares(db, z, actor=LEAD, filters=HOT):
    """Class and number of each square over all tiles of a zoom, around both boroughs."""
    n = 2**z
    found = {}
    with db.read(LEAD) as session:
        corners = session.execute(
            text("""
                select ST_X(at), ST_Y(at) from (
                    select ST_Transform(ST_SetSRID(ST_MakePoint(column_no * 250 + dx * 250,
                        row_no * 250 + dy * 250), 27700), 3857) as at
                    from app.hot_cell, (values (0, 0), (1, 0), (0, 1), (1, 1)) as side (dx, dy)
                ) as corner
            """)
        ).all()
    half = 20037508.342789244
    tiles = {
        (int((x + half) / (2 * half) * n), int((half - y) / (2 * half) * n)) for x, y in corners
    }
    for x, y in sorted(tiles):
        given = queries.tile_parameters("hotspots", (z, x, y), filters, PARTNERS)
        with db.cursor(actor, keep_plans=True) as cursor:
            body = queries.tile(cursor, "hotspots", given, filters)
        for feature in mapbox_vector_tile.decode(body)["hotspots"]["features"] if body else []:
            assert set(feature["properties"]) == {"cell", "class", "n"}
            found[feature["properties"]["cell"]] = feature["properties"]
    return found


@pytest.mark.parametrize("z", [9, 12, 14])
@pytest.mark.parametrize("actor", [LEAD, PRACTITIONER], ids=["lead", "practitioner"])
def test_tiles_of_each_zoom_show_the_squares_of_the_table(hot_db, z, actor):
    drawn = tile_squares(hot_db, z, actor)
    listed = {square.id: (square.code, square.n) for square in squares(hot_db, actor)}

    known = {key: (p["class"], p["n"]) for key, p in drawn.items() if p["class"] != "UNKNOWN"}
    assert known == {key: value for key, value in listed.items() if value[0] != "UNKNOWN"}


def test_a_borough_shows_the_squares_that_lie_in_it(hot_db):
    both, kingston = squares(hot_db), squares(hot_db, filters=Filters(borough=KINGSTON))

    assert kingston == [s for s in both if "Kingston upon Thames" in s.boroughs]
    assert 0 < len(kingston) < len(both)


def test_the_page_says_of_which_period_and_who_reported(hot_db, settings):
    with browser(hot_db, settings, sign_in_as(hot_db, "cs_lead")) as lead:
        page = lead.get("/map?layer=hotspots&period=all", headers={"Accept": "text/html"}).text
        filtered = lead.get(
            "/map?layer=hotspots&period=all&harm=CSE", headers={"Accept": "text/html"}
        ).text
    [(first, last)] = rows(
        hot_db, "select lower(data_window), upper(data_window) - 1 from app.cluster_run"
    )

    assert isinstance(first, date)
    said = " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())
    assert f"Counted from {first.day} {first:%b %Y} to {last.day} {last:%b %Y}" in said
    assert "Who reported in this period" in page
    assert "Your other filters do not change it" in filtered
    assert "Your other filters do not change it" not in page


def test_without_a_calculation_the_layer_says_so(db, settings):
    with browser(db, settings, sign_in_as(db, "cs_lead")) as lead:
        page = lead.get("/map?layer=hotspots", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert hotspots.NOTHING in page.text


def test_older_squares_of_a_series_are_forgotten(db):
    runs = [UUID(int=n) for n in range(1, stored.KEPT_RUNS + 3)]
    with db.cursor(service.JOB) as cursor:
        for n, run in enumerate(runs):
            cursor.execute(
                """
                insert into app.cluster_run (id, source, state, params, params_hash, series,
                    code_version, data_window, requested_by, finished_at)
                values (%(run)s, 'police', 'DONE', '{}', 'x', 'x', 'test',
                    '[2025-01-01,2026-01-01)', %(run)s, now() + %(n)s * interval '1 second')
                """,
                {"run": run, "n": n},
            )
            cursor.execute(
                """
                insert into app.hot_cell (run_id, side, cell, column_no, row_no, lad_code,
                    borough_codes, grounds, name, class, n, around, expected, q, agencies, days)
                values (%s, 'ALL', 'c250:1:1', 1, 1, 'x', '{}', '{}', 'x', 'MORE', 1, 1, 1, 0,
                    '{}', 1)
                """,
                (run,),
            )
        stored.forget(cursor, runs[-1])

    kept = {run for (run,) in rows(db, "select distinct run_id from app.hot_cell")}
    assert kept == set(runs[2:])
