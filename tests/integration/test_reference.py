"""Boundaries, postcodes and code lists."""

import csv
import gzip
import json

import numpy as np
import psycopg
import pytest
import shapely
from sqlalchemy import text

from app.core.actor import job_actor
from app.reference import boundaries as areas
from app.reference import queries, service
from geo import crs
from geo.boundaries import Lads, lad_of

JOB = job_actor("reference:load")


def test_loading_again_changes_nothing(module_db):
    assert service.load_packaged(module_db) is False


def test_the_packaged_boundaries_are_whole_at_every_zoom(module_db):
    with module_db.read(JOB) as session:
        boroughs = queries.boroughs(session)
        shapes = session.execute(
            text("select min_zoom, count(distinct area_id) from reference.area_shape group by 1")
        ).all()
        cut = session.execute(
            text("""
                select max(abs(ST_Area(area.geom) - pieces.area) / ST_Area(area.geom)),
                       max(pieces.points)
                from reference.area join (
                    select area_id, sum(ST_Area(geom)) as area, max(ST_NPoints(geom)) as points
                    from reference.area_piece group by area_id) as pieces on area_id = area.id
            """)
        ).one()

        borders = dict(
            session.execute(
                text("""
                    select shape.min_zoom, sum(ST_Length(shape.geom)) / sum(distinct whole.metres)
                    from reference.area_shape as shape, (
                        select sum(ST_Perimeter(ST_Transform(geom, 3857))) as metres
                        from reference.area) as whole
                    where ST_Dimension(shape.geom) = 1 group by 1
                """)
            ).all()
        )

    assert borders[14] == pytest.approx(1, abs=1e-6)
    assert set(borders) == {0, 10, 12, 14}
    assert len(boroughs) == 33
    assert dict(shapes) == {0: 33, 10: 33, 12: 33, 14: 33}
    assert cut[0] < 1e-9
    assert cut[1] <= 256


def test_every_place_type_and_harm_of_the_taxonomy_is_there(module_db):
    with module_db.read(JOB) as session:
        types, harms = queries.place_types(session), queries.harms(session)
        roles = [code for code, _ in queries.codes(session, "link_role")]
        rules = queries.language_rules(session)

    assert len(types) == 35
    assert {t.sensitivity for t in types if t.code in {"CUCKOOED", "RESIDENTIAL"}} == {
        "RESIDENTIAL"
    }
    assert len(harms) == 37
    assert len(roles) == 7
    assert any(rule.severity == "stop" for rule in rules)


@pytest.mark.parametrize("typed", ["KT1 1EU", "kt11eu", " Kt1-1eu "])
def test_a_postcode_is_found_however_it_is_typed(module_db, typed):
    with module_db.read(JOB) as session:
        found = queries.postcode(session, typed)

    assert found is not None
    assert (found.postcode, found.lad_code) == ("KT1 1EU", "E09000021")


def test_an_unknown_postcode_is_none(module_db):
    with module_db.read(JOB) as session:
        assert queries.postcode(session, "ZZ99 9ZZ") is None


def test_postgis_and_geo_agree_on_coordinates(module_db):
    lonlat = np.array([(-0.3064, 51.4104), (-0.2825, 51.4613), (-0.4, 51.33), (0.1, 51.6)])
    with module_db.read(JOB) as session:
        theirs = session.execute(
            text("""
                select ST_X(g), ST_Y(g) from unnest(:lon, :lat) with ordinality as p(lon, lat, i),
                lateral ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 27700) as g
                order by i
            """),
            {"lon": lonlat[:, 0].tolist(), "lat": lonlat[:, 1].tolist()},
        ).all()

    assert np.abs(crs.to_bng(lonlat) - np.array(theirs)).max() < 0.1


def test_the_morton_key_of_database_and_import_agree(module_db):
    from app.core import morton

    lonlat = np.array([(-0.3064, 51.4104), (-0.28, 51.46)])
    mx, my = morton.mercator(lonlat)
    ours = morton.interleaved(mx >> 8, my >> 8).tolist()
    with module_db.begin(JOB) as session:
        theirs = [
            session.scalar(
                text("select app.morton(ST_SetSRID(ST_MakePoint(:x, :y), 4326))"), {"x": x, "y": y}
            )
            for x, y in lonlat.tolist()
        ]

    assert ours == theirs


@pytest.mark.shared
def test_boroughs_of_postcodes_agree_with_the_publisher(module_db, shared):
    path = shared / "data/open/postcodes/code_point_open_2025-05_nine_districts.csv.gz"
    with gzip.open(path, "rt") as lines:
        rows = list(csv.DictReader(lines))
    wider = areas.read(
        shared / "data/open/boundaries/core_and_neighbours.geojson",
        code_field=_code_field(shared),
        name_field="name",
    )
    with module_db.read(JOB) as session:
        lads = queries.lads(session)
    surrey = [b for b in wider if b.code.startswith("E07")]
    both = Lads(
        (*lads.codes, *(b.code for b in surrey)),
        np.array([*lads.shapes, *(b.shape_m for b in surrey)], dtype=object),
    )
    xy_m = np.array([(float(r["easting"]), float(r["northing"])) for r in rows])

    found = lad_of(xy_m, both)

    agree = np.mean([both.codes[i] == r["lad_code"] for i, r in zip(found, rows, strict=True)])
    assert len(rows) == 34_864
    assert agree >= 0.999


def _code_field(shared):
    path = shared / "data/open/boundaries/core_and_neighbours.geojson"
    properties = json.loads(path.read_text())["features"][0]["properties"]
    return next(k for k, v in properties.items() if str(v).startswith(("E07", "E09")))


def test_areas_are_served_as_geojson(client):
    answer = client.get("/api/v1/areas?bbox=-0.35,51.38,-0.25,51.45")

    features = answer.json()["features"]
    assert answer.status_code == 200
    assert {"E09000021", "E09000027"} <= {f["properties"]["code"] for f in features}
    assert all(shapely.from_geojson(json.dumps(f["geometry"])).is_valid for f in features)


def test_the_application_cannot_change_reference_data(module_db):
    with (
        psycopg.connect(module_db.logins.dsn("cs_app")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from reference.area")
