"""Part of the day, kind of day and darkness of incidents: the database says what geo/ says."""

from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.core.ids import new_id, new_reference
from app.core.working_days import bank_holidays
from geo.rhythms import dark, sun
from tests.people import KINGSTON

RIVER = (517_700.0, 169_400.0)
EPOCH_2020, EPOCH_2030 = 1_577_836_800, 1_893_456_000
JOB = job_actor("demo:load")


@pytest.fixture
def owner(cluster, db):
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname)) as connection:
        yield connection


def test_darkness_of_ten_thousand_windows_is_that_of_geo(owner):
    rng = np.random.default_rng(21)
    begin = rng.integers(EPOCH_2020, EPOCH_2030, 10_000)
    # A third are instants, a third an hour long, the rest up to a day, some of odd seconds.
    length = np.choose(
        rng.integers(0, 3, 10_000),
        [np.zeros(10_000, dtype=int), np.full(10_000, 3600), rng.integers(1, 86_401, 10_000)],
    )
    lon, lat = rng.uniform(-0.5, 0.0, 10_000), rng.uniform(51.3, 51.6, 10_000)

    rows = owner.execute(
        """select app.mostly_dark(to_timestamp(b), to_timestamp(b + n), lon, lat),
                  app.sun_deg(b, lon, lat)
           from unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[])
                with ordinality as t (b, n, lon, lat, i) order by i""",
        [list(map(int, begin)), list(map(int, length)), lon.tolist(), lat.tolist()],
    ).fetchall()

    wanted = dark.dark_fraction(begin, begin + length, lon, lat) >= 0.5
    assert [found for found, _ in rows] == wanted.tolist()
    assert np.allclose([h for _, h in rows], sun.elevation_deg(begin, lon, lat), atol=1e-9)
    assert 3000 < wanted.sum() < 7000


@pytest.mark.parametrize(
    ("at", "part"),
    [
        ("2026-07-01T05:59+01", "LATE"),
        ("2026-07-01T06:00+01", "MORNING"),
        ("2026-07-01T08:00+01", "SCHOOL_RUN"),
        ("2026-07-01T09:00+01", "DAYTIME"),
        ("2026-07-01T15:00+01", "AFTER_SCHOOL"),
        ("2026-01-01T18:00+00", "EVENING"),
        ("2026-01-01T22:00+00", "LATE"),
    ],
)
def test_a_part_of_the_day_is_of_london(owner, at, part):
    assert owner.execute("select app.day_part(%s)", [at]).fetchone() == (part,)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-11-24", "SCHOOL_DAY"),
        ("2026-11-28", "WEEKEND"),
        ("2026-10-28", "HOLIDAY"),
        ("2026-05-04", "HOLIDAY"),  # early May bank holiday
        ("2026-08-12", "HOLIDAY"),
        ("2019-06-04", None),
        ("2027-11-03", None),
        ("2027-11-06", "WEEKEND"),
    ],
)
def test_a_kind_of_day_is_of_the_terms_of_the_borough(owner, day, kind):
    found = owner.execute("select app.day_type(%s::date, %s)", [day, KINGSTON]).fetchone()

    assert found == (kind,)


def test_terms_of_other_boroughs_are_not_known(owner):
    found = owner.execute("select app.day_type('2026-11-24', 'E09000032')").fetchone()

    assert found == (None,)
    assert datetime(2026, 5, 4, tzinfo=UTC).date() in bank_holidays()


INSERT = text("""
    insert into app.incident (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
        occurred_from, occurred_to, time_precision, geom, harm_code, source_agency, is_synthetic,
        borough_codes, borough_code)
    values (:id, :ref, 'AFC', 'H1', 'PREVENT', :id, :id, :from, :to, :precision,
        case when :located then ST_SetSRID(ST_MakePoint(:x, :y), 27700) end, 'CSE', 'AFC', true,
        '{E09000021}', 'E09000021')
""")
TIMES = text("select day_part, day_type, after_dark from app.incident where id = :id")
NIGHT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)


def times(db, at, *, hours=0.0, precision="EXACT", located=True):
    one = new_id()
    with db.begin(JOB) as session:
        session.execute(
            INSERT,
            {
                "id": one,
                "ref": new_reference("IC"),
                "from": at,
                "to": at + timedelta(hours=hours),
                "precision": precision,
                "located": located,
                "x": RIVER[0],
                "y": RIVER[1],
            },
        )
        return one, tuple(session.execute(TIMES, {"id": one}).one())


def test_an_incident_is_written_with_its_times(db):
    assert times(db, NIGHT)[1] == ("LATE", "SCHOOL_DAY", True)
    assert times(db, NIGHT - timedelta(hours=10))[1] == ("DAYTIME", "SCHOOL_DAY", False)
    assert times(db, NIGHT - timedelta(hours=6), hours=1, precision="HOUR")[1] == (
        "AFTER_SCHOOL", "SCHOOL_DAY", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "precision", "found"),
    [
        (24, "DAY", (None, "SCHOOL_DAY", None)),
        (7 * 24, "WEEK", (None, None, None)),
        (30 * 24, "MONTH", (None, None, None)),
        (30, "EXACT", (None, None, None)),
    ],
)
def test_a_time_that_is_not_known_is_not_guessed(db, hours, precision, found):
    midnight = datetime(2026, 11, 24, tzinfo=UTC)

    assert times(db, midnight, hours=hours, precision=precision)[1] == found


def test_times_follow_a_correction(db):
    one, before = times(db, NIGHT)
    with db.begin(JOB) as session:
        session.execute(
            text("""update app.incident set occurred_from = occurred_from - interval '3 days',
                    occurred_to = occurred_to - interval '3 days 13 hours' + interval '13 hours'
                    where id = :id"""),
            {"id": one},
        )
        after = tuple(session.execute(TIMES, {"id": one}).one())

    assert (before, after) == (("LATE", "SCHOOL_DAY", True), ("LATE", "WEEKEND", True))


def test_loading_terms_again_tells_what_was_written_before(db, owner):
    one, found = times(db, NIGHT)
    owner.execute("alter table app.incident disable trigger user")
    owner.execute("update app.incident set day_type = null, after_dark = null where id = %s", [one])
    owner.execute("alter table app.incident enable trigger user")
    owner.commit()
    with db.begin(job_actor("reference:load")) as session:
        session.execute(text("select app.incidents_retimed()"))
    with db.begin(JOB) as session:
        again = session.execute(TIMES, {"id": one}).one()

    assert tuple(again) == found
