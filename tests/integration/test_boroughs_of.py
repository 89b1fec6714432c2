"""Boroughs of a shape as the database works them out, and as geo does."""

import numpy as np
import psycopg
import pytest
import shapely
from shapely import LineString, Point, box
from sqlalchemy import text

from app.core.actor import job_actor
from app.reference import queries as reference
from geo import boundaries

KINGSTON, RICHMOND, SUTTON = "E09000021", "E09000027", "E09000029"
SHARES = text("""
    select lad_code, share::float8 from app.boroughs_of(ST_GeomFromWKB(:shape, 27700))
    order by share desc, lad_code
""")


@pytest.fixture(scope="module")
def session(module_db):
    with module_db.read(job_actor("reference:load")) as reading:
        yield reading


@pytest.fixture(scope="module")
def lads(session):
    return reference.lads(session)


def shares(session, shape):
    found = session.execute(SHARES, {"shape": shapely.to_wkb(shape)})
    return [(code, share) for code, share in found]


SHAPES = {
    "Kingston market": (Point(517_960, 169_250), [KINGSTON]),
    "middle of the river at Kingston Bridge": (Point(517_705, 169_390), None),
    "Kingston Bridge": (LineString([(517_560, 169_440), (517_830, 169_340)]), None),
    "Teddington Lock, in the river": (Point(516_700, 171_350), None),
    "towpath along the border": (LineString([(517_740, 169_000), (517_680, 170_500)]), None),
    "over the border by Ham": (box(517_600, 170_700, 517_900, 171_000), None),
    "over three boroughs": (box(521_500, 165_000, 523_500, 169_500), None),
    "far outside London": (Point(480_000, 140_000), []),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_database_and_geo_agree(session, lads, name):
    shape, expected = SHAPES[name]

    found = shares(session, shape)
    ours = boundaries.shares(shape, lads)

    assert [code for code, _ in found] == [code for code, _ in ours]
    assert np.allclose([s for _, s in found], [s for _, s in ours], atol=1e-6)
    assert not found or abs(sum(share for _, share in found) - 1) < 1e-6
    if expected is not None:
        assert [code for code, _ in found] == expected


def test_shapes_over_a_border_have_a_share_on_each_side(session):
    bridge = shares(session, SHAPES["Kingston Bridge"][0])
    common = shares(session, SHAPES["over the border by Ham"][0])

    assert {code for code, _ in bridge} == {code for code, _ in common} == {KINGSTON, RICHMOND}
    assert all(0.05 < share < 0.95 for _, share in [*bridge, *common])


def test_a_point_in_the_river_belongs_to_the_nearest_bank(session):
    east, west = Point(517_740, 169_385), Point(517_670, 169_400)

    assert [code for code, _ in shares(session, east)] == [KINGSTON]
    assert [code for code, _ in shares(session, west)] == [RICHMOND]


def test_beyond_250_m_of_any_borough_there_is_none(session, lads):
    outline = shapely.union_all(lads.shapes)
    near, far = (outline.buffer(d, quad_segs=2).exterior.coords[0] for d in (240, 260))

    assert len(shares(session, Point(near))) == 1
    assert shares(session, Point(far)) == []


def test_random_points_and_squares_agree_with_geo(session, lads):
    rng = np.random.default_rng(20)
    corners = np.column_stack(
        [rng.uniform(512_000, 524_000, 60), rng.uniform(163_000, 177_000, 60)]
    )

    for east, north in corners.round(1):
        for shape in (Point(east, north), box(east, north, east + 800, north + 800)):
            assert dict(shares(session, shape)) == pytest.approx(
                dict(boundaries.shares(shape, lads)), abs=2e-6
            )


def test_of_two_vintages_the_newer_counts(cluster, module_db):
    """A borough loaded again for a later year replaces the older one, wherever it lies."""
    newer = f"""
        with newer as (
            insert into reference.area (kind, code, name, vintage, geom)
            select kind, code, name, 2030, ST_Translate(geom, 0, -100000)
            from reference.area where code = '{SUTTON}'
            returning id, kind, geom
        )
        insert into reference.area_piece select id, kind, (ST_Dump(geom)).geom from newer
    """
    found = (
        "select lad_code, boundary_version "
        "from app.boroughs_of(ST_SetSRID(ST_MakePoint(525748, %s), 27700))"
    )
    with psycopg.connect(cluster.dsn("postgres", module_db.logins.dbname)) as admin:
        before = admin.execute(found, (164_500,)).fetchall()
        admin.execute(newer)
        here, there = (admin.execute(found, (north,)).fetchall() for north in (164_500, 64_500))
        admin.rollback()

    assert (before, here, there) == ([(SUTTON, 2012)], [], [(SUTTON, 2030)])
