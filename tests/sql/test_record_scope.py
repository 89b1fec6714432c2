"""Row-level security of the records, asked in raw SQL: what each kind of reader sees."""

from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.core.actor import Actor, job_actor
from tests.people import LEAD

KINGSTON, RICHMOND = "E09000021", "E09000027"
PRACTITIONER = Actor(
    id=UUID(int=7),
    role="practitioner",
    label="Practitioner of Kingston",
    agency="LA_KINGSTON",
    boroughs=(KINGSTON,),
    tiers=("H0", "H1"),
)
PARTNER = replace(PRACTITIONER, role="partner", label="Partner in Kingston", tiers=("H0",))
RECORDS = ("place", "incident")
DETAILS = ("place_area", "online_space", "place_state_change", "incident_place")
PURPOSEFUL = ("child", "child_home", "child_place_link", "child_incident_link", "place_exact")
ALL = (*RECORDS, *DETAILS, *PURPOSEFUL)


@pytest.fixture(scope="module")
def loaded(demo_db):
    return demo_db


def values(db, actor, query):
    with db.read(actor) as session:
        return list(session.scalars(text(query)))


def count(db, actor, table):
    return values(db, actor, f"select count(*) from app.{table}")[0]


@pytest.mark.parametrize("table", ALL)
def test_a_lead_with_a_purpose_sees_every_row(loaded, table):
    everything = count(loaded, job_actor("clusters:recompute"), table)

    assert everything > 0
    assert count(loaded, replace(LEAD, purpose="PLAN", purpose_for="*"), table) == everything


@pytest.mark.parametrize("table", PURPOSEFUL)
def test_without_a_purpose_a_lead_sees_no_child_and_no_address(loaded, table):
    assert count(loaded, LEAD, table) == 0


@pytest.mark.asvs("8.4.1")
@pytest.mark.parametrize("table", ALL)
def test_a_practitioner_sees_rows_that_touch_the_own_borough_and_no_others(loaded, table):
    reader = replace(PRACTITIONER, purpose="PLAN", purpose_for="*")
    whole = f"select borough_codes from app.{table}"

    seen = values(loaded, reader, whole)

    there = values(loaded, job_actor("clusters:recompute"), whole)
    assert sorted(seen) == sorted(codes for codes in there if KINGSTON in codes)
    assert 0 < len(seen) < len(there)


def test_a_practitioner_sees_a_cross_border_place_whole(loaded):
    seen = values(loaded, PRACTITIONER, "select borough_codes from app.place")

    assert any({KINGSTON, RICHMOND} <= set(codes) for codes in seen)


@pytest.mark.parametrize("table", ALL)
def test_a_partner_sees_the_open_tier_only(loaded, table):
    seen = values(
        loaded, replace(PARTNER, purpose="PLAN", purpose_for="*"), f"select tier from app.{table}"
    )

    assert set(seen) <= {"H0"}


def test_a_partner_sees_no_home_no_child_and_no_incident(loaded):
    found = values(loaded, PARTNER, "select distinct sensitivity from app.place")

    assert set(found) <= {"PUBLIC_REALM", "MANAGED", "ONLINE"}
    assert count(loaded, replace(PARTNER, purpose="PLAN", purpose_for="*"), "incident") == 0
    assert count(loaded, replace(PARTNER, purpose="PLAN", purpose_for="*"), "child") == 0


@pytest.mark.parametrize("role", ["cs_app", "cs_job"])
@pytest.mark.parametrize("table", ALL)
def test_without_claims_there_are_no_rows(loaded, role, table):
    with psycopg.connect(loaded.logins.dsn(role)) as bare:
        assert bare.execute(f"select count(*) from app.{table}").fetchone() == (0,)


@pytest.mark.parametrize("table", ALL)
def test_any_other_job_sees_no_record(loaded, table):
    assert count(loaded, job_actor("imports:police_street"), table) == 0


def test_no_residential_row_has_a_geometry_outside_its_own_table(loaded):
    lead = replace(LEAD, purpose="PLAN", purpose_for="*")
    homes = "select id from app.place where sensitivity = 'RESIDENTIAL'"

    assert values(loaded, lead, homes)
    assert values(loaded, lead, f"select geom from app.place where id in ({homes})") == [None] * 7
    assert set(
        values(loaded, lead, f"select geom from app.incident where place_id in ({homes})")
    ) <= {None}
    assert not values(loaded, lead, f"select 1 from app.place_area where place_id in ({homes})")


@pytest.mark.parametrize("statement", ["delete from app.place", "truncate app.incident"])
def test_staff_cannot_delete_records(loaded, statement):
    with pytest.raises(ProgrammingError), loaded.begin(LEAD) as session:
        session.execute(text(statement))


def test_a_row_cannot_be_moved_out_of_the_own_scope(loaded):
    with pytest.raises(ProgrammingError), loaded.begin(PRACTITIONER) as session:
        session.execute(
            text(
                "update app.place set geom = ST_SetSRID(ST_MakePoint(517350, 172350), 27700) "
                "where geom_kind = 'P' and geom is not null and borough_codes = array[:code]"
            ),
            {"code": KINGSTON},
        )


def test_demo_rows_are_all_that_the_demo_job_may_change(loaded):
    changed = "update app.place set description = 'Demo: changed' where not is_synthetic"
    with loaded.begin(LEAD) as session:
        session.execute(text("update app.place set is_synthetic = false where type_code = 'OTHER'"))

    with loaded.begin(job_actor("demo:load")) as session:
        touched = session.execute(text(changed)).rowcount

    assert touched == 0
