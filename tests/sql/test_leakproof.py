"""docs/adr/0003: the one function of PostGIS that bootstrap marks LEAKPROOF may never raise."""

import psycopg
import pytest

from tests.conftest import migrate

# Per pair two shapes out of every kind, their coordinates out of usual and hostile numbers, each
# with one of several reference systems, some EMPTY, some NULL.
PAIRS = """
    create temporary table shape as
    with number as (
        select i, array(
            select case
                when random() < 0.8 then (random() * 1e6)
                else (array['NaN', 'Infinity', '-Infinity', '1.7e308', '-1.7e308', '5e-324', '0',
                            '3.5e38', '-3.5e38', '1e-40']::float8[])[1 + floor(random() * 10)::int]
                end
            from generate_series(1, 9) where i = i) as n
        from generate_series(1, 20000) as i
    ),
    point as (
        select i, n, ST_MakePoint(n[1], n[2]) as a, ST_MakePoint(n[3], n[4]) as b,
               ST_MakePoint(n[5], n[6]) as c, ST_MakePoint(n[7], n[8], n[9]) as z
        from number
    ),
    kind as (
        select i, case i % 16
            when 0 then a
            when 1 then z
            when 2 then ST_MakePoint(n[1], n[2], n[3], n[4])
            when 3 then ST_MakePointM(n[1], n[2], n[3])
            when 4 then ST_MakeLine(a, b)
            when 5 then ST_MakePolygon(ST_MakeLine(array[a, b, c, a]))
            when 6 then ST_Collect(a, b)
            when 7 then ST_Multi(ST_MakeLine(a, b))
            when 8 then ST_Multi(ST_MakePolygon(ST_MakeLine(array[b, c, a, b])))
            when 9 then ST_Force4D(ST_Collect(array[a, ST_MakeLine(b, c), a]))
            when 10 then (array['POINT EMPTY', 'LINESTRING EMPTY', 'POLYGON EMPTY',
                'MULTIPOINT EMPTY', 'GEOMETRYCOLLECTION EMPTY', 'CIRCULARSTRING EMPTY',
                'GEOMETRYCOLLECTION(POINT EMPTY)', 'TIN EMPTY', 'POLYHEDRALSURFACE EMPTY',
                'CURVEPOLYGON EMPTY', 'POINT Z EMPTY', 'TRIANGLE EMPTY']::geometry[])
                [1 + i / 16 % 12]
            when 11 then 'CIRCULARSTRING(0 0, 1 1, 2 0)'::geometry
            when 12 then (array['COMPOUNDCURVE(CIRCULARSTRING(0 0, 1 1, 2 0), (2 0, 3 3))',
                'CURVEPOLYGON(CIRCULARSTRING(0 0, 2 2, 4 0, 2 -2, 0 0))',
                'TRIANGLE((0 0, 0 1, 1 1, 0 0))', 'TIN(((0 0, 0 1, 1 1, 0 0)))',
                'POLYHEDRALSURFACE(((0 0 0, 0 1 0, 1 1 0, 0 0 0)))',
                'MULTISURFACE(((0 0, 0 1, 1 1, 0 0)))', 'MULTICURVE((0 0, 1 1))']::geometry[])
                [1 + i / 16 % 7]
            when 13 then ST_MakeLine(z, ST_MakePoint(n[1], n[2], n[3]))
            when 14 then null
            else ST_Collect(array[ST_Collect(a, 'POINT EMPTY'::geometry), ST_MakeLine(b, c)])
            end as geom
        from point
    )
    select i, case when i % 16 = 11 then geom
              else ST_SetSRID(geom, (array[0, 27700, 3857, 4326])[1 + i % 4]) end as geom
    from kind
"""
ASKED = """
    select count(*), count(geometry_overlaps(a.geom, b.geom)),
           count(*) filter (where geometry_overlaps(a.geom, b.geom)),
           count(distinct (GeometryType(a.geom), GeometryType(b.geom))),
           count(*) filter (where ST_SRID(a.geom) <> ST_SRID(b.geom))
    from shape as a join shape as b on b.i = 1 + (hashint4extended(a.i, {turn}) & 65535) % 20000
    where a.i <= 10000
"""


@pytest.fixture
def admin(db, cluster):
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname)) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_ten_thousand_pairs_of_every_kind_and_none_raises(admin, turn):
    admin.execute(f"select setseed(0.{turn})")
    admin.execute(PAIRS)

    asked, answered, met, kinds, mixed = admin.execute(ASKED.format(turn=turn)).fetchone()

    assert asked == 10_000
    assert answered > 8_000, "all but pairs with a NULL"
    assert 100 < met < answered
    assert kinds > 100
    assert mixed > 5_000


def test_the_box_test_is_the_only_function_of_an_extension_with_the_mark(admin):
    """What PostgreSQL itself marks is reviewed there; what PostGIS marks would be new to us."""
    marked = admin.execute("""
        select p.oid::regprocedure::text from pg_proc p
        join pg_depend d on d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
        join pg_extension e on e.oid = d.refobjid and e.extname in ('postgis', 'pg_trgm')
        where p.proleakproof order by 1
    """).fetchall()

    assert marked == [("geometry_overlaps(geometry,geometry)",)]


def test_after_a_restore_a_migration_makes_the_mark_again(db, cluster):
    """A dump holds the schema's comment, by which a database says that it is up to date."""
    marked = "select proleakproof from pg_proc where proname = 'geometry_overlaps'"
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        admin.execute("alter function public.geometry_overlaps(geometry, geometry) not leakproof")

        migrate(cluster, db.logins.dbname)

        assert admin.execute(marked).fetchall() == [(True,)]
