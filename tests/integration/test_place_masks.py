"""Homes get a public point that stands for them: once for each square of 50 m, whatever happens."""

import numpy as np
import psycopg
import pytest

from app.places import masks
from tests.reports import rows

KEY, OTHER_KEY = b"a key of tests, synthetic", b"another key of the tests"
KINGSTON = "E09000021"
AT = (518_010, 169_310)
HOME = {"type_code": "RESIDENTIAL", "name": "A home", "purpose": "PLAN"}
SNAPS = """
    select ST_X(exact.snap_geom), ST_Y(exact.snap_geom), exact.snap_catchment
    from app.place_exact as exact order by place_id
"""


@pytest.fixture
def streets(db):
    """A named point each 150 m, and a postcode each 50 m."""
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("truncate reference.street, reference.site, reference.postcode cascade")
        admin.execute("""
            insert into reference.street (name, easting_m, northing_m, lad_code)
            select 'Synthetic street ' || e || ' ' || n, 518000 + 150 * e, 169300 + 150 * n,
                   'E09000021'
            from generate_series(-8, 8) as e, generate_series(-8, 8) as n""")
        admin.execute("""
            insert into reference.postcode (postcode, quality, geom, lad_code)
            select 'KT' || 100 * (e + 30) + n + 30, 10,
                   ST_SetSRID(ST_MakePoint(518010 + 50 * e, 169310 + 50 * n), 27700), 'E09000021'
            from generate_series(-24, 24) as e, generate_series(-24, 24) as n""")
        yield admin


def home(client, at=AT):
    body = HOME | {"easting": at[0], "northing": at[1]}
    answer = client.post("/api/v1/places", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


def test_a_home_stands_at_one_point_120_to_360_metres_away_for_good(client, db, streets):
    home(client)
    assert masks.draw(db, KEY) == 1
    ((east, north, addresses),) = rows(db, SNAPS)
    away = np.hypot(east - 518_025, north - 169_325)
    assert 120 <= away <= 360
    assert addresses == 8
    assert (masks.draw(db, KEY), masks.draw(db, OTHER_KEY)) == (0, 0), "nothing is drawn again"

    for n in range(3):  # made again, elsewhere in the same square, with another key
        home(client, (518_005 + 10 * n, 169_340))
    assert masks.draw(db, OTHER_KEY) == 3
    assert set(rows(db, SNAPS)) == {(east, north, 8)}
    assert rows(db, "select square, ring_m from app.place_mask") == [("10360:3386", 360)]


def test_a_corrected_address_has_the_point_of_its_own_square(client, db, streets):
    home(client)
    masks.draw(db, KEY)
    before = rows(db, SNAPS)
    streets.execute("update app.place_exact set geom = ST_Translate(geom, 1000, 0)")
    assert masks.draw(db, KEY) == 1
    assert rows(db, SNAPS) != before
    streets.execute("update app.place_exact set geom = ST_Translate(geom, -1000, 0)")
    masks.draw(db, OTHER_KEY)
    assert rows(db, SNAPS) == before


def test_without_points_enough_a_home_stands_nowhere(client, db, streets):
    streets.execute("delete from reference.street where easting_m < 519000")
    home(client)
    assert masks.draw(db, KEY) == 0
    assert rows(db, SNAPS) == [(None, None, None)]
