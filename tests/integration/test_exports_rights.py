"""Whose rows leave, how many, how long, who else must agree; nothing of code C among them."""

import json
import logging
import re
import shutil
from datetime import datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounts.deps import May
from app.core import clock
from app.core.settings import Settings
from app.exports import making, rights, rules
from app.exports.of_intelligence import COLUMNS as INTELLIGENCE
from app.exports.of_places import COLUMNS as PLACES
from app.exports.rules import Dataset, Format
from app.exports.source import Around
from app.exports.sources import SOURCES
from app.incidents.routes import pages as incidents
from app.intelligence.routes import pages as intelligence
from app.places.routes import pages as places
from app.reports.routes import pages as reports
from tests.integration.test_exports import ANSWERS, KNOWN, asked, made, place, table, work
from tests.intelligence import analyst, sent
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.sql import world

FORM = "/exports/new?what=places"
LISTS = {
    Dataset.PLACES: places,
    Dataset.INCIDENTS: incidents,
    Dataset.INTELLIGENCE: intelligence,
    Dataset.REPORTS: reports,
}


@pytest.fixture
def settings(tmp_path):
    """A folder of this test's own: what lies in it is looked at."""
    return Settings(data_dir=tmp_path, demo=True, secret_key="a key of the tests only")


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


def superuser(db):
    return psycopg.connect(db.logins.dsn("postgres"), autocommit=True)


def ran(db, sql, *given):
    with superuser(db) as admin:
        admin.execute(sql, given)


def many(db, number, **given):
    """Places written as they stand, which takes a hundredth of the time."""
    with superuser(db) as admin:
        for _ in range(number):
            world.write(world.Place(tier="H0", **given), admin)


def names(listing):
    """What a list reads from its address."""
    route = next(route for route in listing.routes if route.path == listing.prefix)
    found, waiting = set(), [route.dependant]
    while waiting:
        each = waiting.pop()
        found |= {param.alias for param in each.query_params}
        waiting += each.dependencies
    return found


NO_FILTER = {"page", "proposed"}  # which part is shown, and what was just sent


@pytest.mark.parametrize("what", list(LISTS))
def test_an_export_knows_every_filter_of_its_list(what):
    assert SOURCES[what].keys == names(LISTS[what]) - NO_FILTER


def test_a_filter_that_is_not_known_is_refused(lead):
    for query in ("colour=blue", "state=NO_SUCH", "bbox=1,2", "datetime=never", "review=soon"):
        assert lead.get(f"{FORM}&{query}").status_code == 422
    for query in ("since=monday", "since=2026-11-20", "overdue=no"):
        assert lead.get(f"/exports/new?what=reports&{query}").status_code == 422


def test_what_a_work_list_leads_to_leaves_and_nothing_else(db, as_, lead):
    place(lead)
    due = place(lead, name="Yard whose review is due")
    ran(db, "update app.place set next_review_on = '2026-01-02' where ref = %s", due)
    writer, checker = analyst(as_), analyst(as_)
    sent(writer)

    def found(client, what, query, **around):
        kind = SOURCES[what]
        with db.read(rights.bare(client.person.actor)) as session:
            filters = kind.read(query, Around(clock.today(), KNOWN, **around))
            return kind.total(session, filters), dict(kind.words(session, filters))

    of_places = found(lead, Dataset.PLACES, {"review": "due"})
    tasks = [
        found(one, Dataset.INTELLIGENCE, {"task": "check"}, asker=one.person.actor.id)
        for one in (writer, checker)
    ]
    nobodys = found(checker, Dataset.INTELLIGENCE, {"task": "issues"})

    assert of_places == (1, {"Reviews that are due": "Only these"})
    assert [total for total, _ in tasks] == [0, 1]
    assert nobodys == (0, {"On the work list": "To mend what came back"})
    assert found(lead, Dataset.REPORTS, {"overdue": "yes"})[1]["Overdue"] == "Only these"


def test_since_the_last_visit_means_the_same_visit_when_the_file_is_made():
    """The person may have come and gone between asking and making."""
    kind = SOURCES[Dataset.REPORTS]
    asked, later = (datetime(2026, 11, day, 10, tzinfo=clock.LONDON) for day in (20, 26))
    query = {"since": "visit", "state": "ALL"}
    first = kind.read(query, Around(clock.today(), KNOWN, visit=asked))

    kept = kind.lasting(query, first)

    assert kept == {"state": "ALL", "since": asked.isoformat()}
    assert kind.read(kept, Around(clock.today(), KNOWN, visit=later)) == first
    never = kind.read(query, Around(clock.today(), KNOWN))
    assert kind.lasting(query, never) == {"state": "ALL"}  # a first visit: the list shows it all


CHOICES = {
    "type": ["", "OTHER", "ROUTE_WALK", "PARK"],
    "state": ["", "SCREENED", "CLOSED"],
    "borough": ["", KINGSTON, RICHMOND],
    "q": ["", "Synthetic", "zzz"],
    "bbox": ["", "-0.4,51.3,-0.2,51.5", "-0.31,51.40,-0.30,51.42"],
}


@pytest.mark.parametrize("role", ["practitioner", "police_analyst", "cs_lead"])
def test_count_list_and_file_are_the_same_rows_whatever_is_asked(db, as_, role):
    with superuser(db) as admin:
        for thing in world.records():
            if isinstance(thing, world.Place):
                world.write(thing, admin)
    client = as_(role, agency=world.OWN_AGENCY)
    able = rights.of(role)

    @tried(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({k: st.sampled_from(v) for k, v in CHOICES.items()}))
    def check(query):
        query = {k: v for k, v in query.items() if v}
        kind, around = SOURCES[Dataset.PLACES], Around(clock.today(), KNOWN)
        with db.read(rights.bare(client.person.actor)) as session:
            filters = kind.read(query, around)
            total = kind.total(session, filters)
            count = kind.count(session, filters, able)
            sheet = kind.rows(session, filters, able, limit=100_000)
            assert kind.still(session, sheet.ids, able) == len(sheet.ids)
        listed = client.get("/places", params=query).text
        assert f"{total:,} place" in listed
        assert count == len(sheet.ids) == len(set(sheet.ids))
        asking = client.get("/exports/new", params=query | {"what": "places"}).text
        assert f"<strong>{count:,}</strong>" in asking
        with superuser(db) as admin:
            kinds = admin.execute(
                "select tier, type_code, borough_codes, sensitivity from app.place"
                " where id = any(%s)",
                (list(sheet.ids),),
            ).fetchall()
        assert {tier for tier, *_ in kinds} <= set(able.tiers["place"]) <= {"H0", "H1", "P"}
        assert not any(code.startswith("ROUTE") for _, code, *_ in kinds)
        if role == "practitioner":
            assert all(KINGSTON in boroughs for _, _, boroughs, _ in kinds)
            assert "ONLINE" not in {kind for *_, kind in kinds}

    check()


@pytest.mark.parametrize("role", ["partner", "vca_member", "administrator", "auditor"])
def test_others_export_nothing(as_, role):
    client = as_(role)

    for what in Dataset:
        assert client.get(f"/exports/new?what={what}").status_code in {403, 404}
        assert send(client, f"/exports/new?what={what}", **ANSWERS).status_code in {403, 404}


@pytest.mark.parametrize("role", ["practitioner", "cs_lead"])
def test_intelligence_is_exported_by_analysts_alone(as_, role):
    assert as_(role).get("/exports/new?what=intelligence").status_code == 404


@pytest.mark.asvs("2.3.2")
@pytest.mark.parametrize("role", ["practitioner", "police_analyst"])
def test_nobody_but_a_lead_takes_more_than_500_rows(db, as_, role):
    many(db, 501)
    client = as_(role)

    page = client.get(FORM)
    answer = send(client, FORM, **ANSWERS)

    assert "You can export at most 500 rows. Narrow the filters." in page.text
    assert answer.status_code == 422
    assert client.get("/exports/request?what=places").status_code == 403


def test_each_answer_is_asked_for_in_words(db, lead):
    place(lead)

    answer = send(lead, FORM)

    for words in (rules.NO_FORMAT, rules.NO_PURPOSE, rules.NO_AGENCY, rules.NO_RECIPIENT):
        assert words in answer.text
    assert answer.status_code == 422
    assert rules.NO_REASON in answer.text
    empty = send(lead, f"{FORM}&q=nothing+has+this+name", **ANSWERS)
    assert empty.status_code == 422
    assert rules.NO_ROWS in empty.text


def test_a_purpose_of_another_role_is_refused(db, as_):
    practitioner = as_("practitioner")
    place(as_("cs_lead", agency="AFC"))

    answer = send(practitioner, FORM, **ANSWERS | {"purpose": "SAR"})

    assert answer.status_code == 422
    assert rules.NO_PURPOSE in answer.text


# Above 500 rows


@pytest.fixture
def waiting(db, settings, lead):
    """An export of 501 rows that waits for a second person."""
    many(db, 501)
    assert "/exports/request?what=places" in lead.get(FORM).text
    assert send(lead, FORM, **ANSWERS).status_code == 422
    page = asked(lead, "/exports/request?what=places", format="geojson")
    work(db, settings)
    assert "Another lead or the auditor has to decide" in lead.get(page).text
    return page


@pytest.mark.asvs("2.3.5")
@pytest.mark.parametrize("second", ["cs_lead", "auditor"])
def test_a_second_person_lets_more_rows_leave(db, settings, as_, lead, waiting, second):
    ref = waiting.rpartition("/")[2]
    other = as_(second, agency="AFC")

    shown = other.get(f"/exports/waiting/{ref}")
    assert ANSWERS["reason"] in shown.text
    assert send(other, f"/exports/waiting/{ref}").status_code == 422
    answer = send(other, f"/exports/waiting/{ref}", decision="approve")

    assert answer.status_code == 303, answer.text
    work(db, settings)
    assert len(json.loads(lead.get(f"{waiting}/file").content)["features"]) == 501
    again = send(other, f"/exports/waiting/{ref}", decision="refuse")
    assert again.status_code == 409


def test_a_refused_export_is_never_made(db, settings, as_, lead, waiting):
    ref = waiting.rpartition("/")[2]

    send(as_("auditor"), f"/exports/waiting/{ref}", decision="refuse")
    work(db, settings)

    assert "Refused by a second person" in lead.get(waiting).text
    assert lead.get(f"{waiting}/file").status_code == 404


def test_nobody_decides_on_their_own_export(lead, waiting):
    ref = waiting.rpartition("/")[2]

    assert lead.get(f"/exports/waiting/{ref}").status_code == 404
    assert send(lead, f"/exports/waiting/{ref}", decision="approve").status_code == 409
    assert ref not in lead.get("/exports/waiting").text


@pytest.mark.asvs("7.5.3")
def test_a_second_person_confirms_with_a_fresh_code(as_, waiting):
    ref = waiting.rpartition("/")[2]
    tired = as_("cs_lead", agency="AFC", stepped=False)

    for answer in (
        tired.get(f"/exports/waiting/{ref}"),
        send(tired, f"/exports/waiting/{ref}", decision="approve"),
        tired.get("/exports/request?what=places"),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/account/confirm")


def test_the_database_refuses_what_nobody_approved(db, lead, waiting):
    """Whatever the service is made to say: only app.decide_export lets it through."""
    ref = waiting.rpartition("/")[2]

    with pytest.raises(psycopg.errors.CheckViolation):
        ran(db, "update app.export set state = 'QUEUED' where ref = %s", ref)
    with db.begin(lead.person.actor) as session:
        decide = text("select app.decide_export(:ref, true)")
        assert session.scalar(decide, {"ref": ref}) is None


def test_rows_that_came_since_are_not_made_without_being_asked_for(
    db, settings, as_, lead, waiting
):
    send(as_("auditor"), f"/exports/waiting/{waiting[-11:]}", decision="approve")
    many(db, 1)

    work(db, settings)

    assert rules.MORE_NOW in lead.get(waiting).text


# The file and its time


@pytest.fixture
def page(db, settings, lead):
    place(lead)
    path = asked(lead)
    work(db, settings)
    assert lead.get(f"{path}/file").status_code == 200
    return path


@pytest.mark.asvs("14.2.7")
def test_a_day_later_the_file_is_gone(db, settings, lead, page):
    ran(db, "update app.export set expires_at = now() - interval '1 second'")

    before = lead.get(f"{page}/file", headers=HTML)
    making.tidy(db, settings)
    after = lead.get(f"{page}/file", headers=HTML)

    for answer in (before, after):
        assert answer.status_code == 410
        assert "This download was deleted after 24 hours." in answer.text
    assert "This download was deleted after 24 hours." in lead.get(page).text
    assert list((settings.data_dir / "exports").iterdir()) == []
    with superuser(db) as admin:
        (kept,) = admin.execute("select to_jsonb(e) from app.export e").fetchone()
    assert [kept[name] for name in ("recipient", "reason", "file_key", "file_name")] == [None] * 4
    assert (kept["row_ids"], kept["filters"]) == ([], {})


def test_three_months_later_the_line_is_gone(db, settings, lead, page):
    ran(db, "update app.export set created_at = now() - interval '91 days'")

    making.tidy(db, settings)

    assert lead.get(page).status_code == 404


def test_nobody_else_has_the_file(as_, page):
    other = as_("cs_lead", agency="AFC")

    assert other.get(page).status_code == 404
    assert other.get(f"{page}/file").status_code == 404
    assert page.rpartition("/")[2] not in other.get("/exports").text


@pytest.mark.parametrize(
    "change",
    [
        "update app.place set tier = 'C'",
        "update app.place set deleted_at = now() - interval '1 minute'",
    ],
)
def test_a_right_lost_since_keeps_the_file(db, lead, page, change):
    ran(db, change)

    answer = lead.get(f"{page}/file", headers=HTML)

    assert answer.status_code == 404
    assert rules.LOST_RIGHT in answer.text


def test_a_person_who_moved_to_the_other_borough_loses_the_file(db, settings, as_):
    place(as_("cs_lead", agency="AFC"))
    person = as_("practitioner", boroughs=(KINGSTON,))
    path = asked(person)
    work(db, settings)
    assert person.get(f"{path}/file").status_code == 200

    ran(db, 'update app."user" set borough_codes = %s where role = %s', [RICHMOND], "practitioner")

    assert person.get(f"{path}/file").status_code == 404


@pytest.mark.parametrize("end", ["state = 'DISABLED'", "ends_on = current_date - 2"])
def test_a_job_of_somebody_who_left_makes_nothing(db, settings, lead, end):
    place(lead)
    asked(lead)
    ran(db, f'update app."user" set {end}')

    work(db, settings)

    with superuser(db) as admin:
        found = admin.execute("select state, file_name from app.export").fetchall()
    assert found == [("FAILED", None)]
    assert not (settings.data_dir / "exports").exists()


def test_a_file_that_is_not_on_the_disk_any_more_is_not_found_and_not_told_of(
    db, settings, lead, page
):
    shutil.rmtree(settings.data_dir / "exports")
    before = events(db, "export.download")

    assert lead.get(f"{page}/file").status_code == 404
    assert events(db, "export.download") == before


def test_a_job_that_was_killed_is_done_again_and_given_up_in_the_end(db, settings, lead):
    place(lead)
    page = asked(lead)
    ran(db, "update app.export set state = 'MAKING'")
    work_again(db, settings)
    assert lead.get(f"{page}/file").status_code == 200

    other = asked(lead)
    ran(
        db,
        "update app.export set state = 'MAKING', created_at = now() - interval '1 hour'"
        " where state = 'QUEUED'",
    )
    assert making.sweep(db) == []
    assert rules.COULD_NOT in lead.get(other).text


def test_a_job_that_was_lost_is_found(db, settings, lead):
    place(lead)
    page = asked(lead)
    ran(db, "update app.export set created_at = now() - interval '1 minute'")

    for export in making.sweep(db):
        making.make(db, settings, export)

    assert lead.get(f"{page}/file").status_code == 200


def test_an_emergency_opens_reading_and_never_exporting(db, settings, as_):
    lead = as_("cs_lead", agency="AFC")
    place(lead, easting=517350, northing=172350)  # in Richmond
    person = as_("practitioner", boroughs=(KINGSTON,))
    reason = "Synthetic: a child was found there tonight."
    assert send(person, "/emergency", reason=reason, confirm="yes").status_code in {303, 422}
    ran(
        db,
        "insert into app.access_grant (id, ref, user_id, agency_code, kind, reason, until_at,"
        " created_by) select gen_random_uuid(), 'GR-000-0000', id, 'AFC', 'BREAK_GLASS', 'x',"
        " now() + interval '1 hour', id from app.\"user\" where id = %s on conflict do nothing",
        person.person.user_id,
    )
    assert "1 place." in person.get("/places").text

    assert rules.NO_ROWS in person.get(FORM).text


# What is in it


def work_again(db, settings):
    with db.begin(making.TIDY) as session:
        for export in session.query(making.Export).filter_by(state="MAKING"):
            making.make(db, settings, export.id)


def events(db, action):
    with superuser(db) as admin:
        return admin.execute(
            "select object_ref, outcome, rows, purpose, detail from audit.event where action = %s"
            " order by id",
            (action,),
        ).fetchall()


def test_making_and_downloading_are_told_with_the_organisation_and_no_names(db, settings, lead):
    ref = place(lead)
    made(db, settings, lead)

    (asking,), (making_,), (fetching,) = (
        events(db, f"export.{action}") for action in ("create", "make", "download")
    )

    assert making_[4]["refs"] == [ref]
    assert (making_[2], fetching[2]) == (1, 1)
    assert making_[3] == "PLAN"
    for event in (asking, making_, fetching):
        assert event[4]["recipient"] == "AFC"
        assert ANSWERS["recipient"] not in str(event)
        assert ANSWERS["reason"] not in str(event)


def test_a_home_leaves_without_its_point_or_with_its_stand_in(db, settings, as_, lead):
    home = {"type_code": "RESIDENTIAL", "name": "A home", "purpose": "PLAN"}
    place(lead, **home)

    _, (bare,) = table(made(db, settings, lead))
    ran(
        db,
        "update app.place_exact set snap_geom = ST_GeomFromText('POINT(518210 169410)', 27700),"
        " snap_catchment = 9",
    )
    body = made(db, settings, lead, format="geojson").content
    _, (masked,) = table(made(db, settings, lead))

    assert (bare["position"], bare["longitude"], bare["latitude"]) == ("none", "", "")
    assert masked["position"] == "approximate, within 400 m"
    (feature,) = json.loads(body)["features"]
    assert feature["geometry"]["coordinates"] == [
        float(masked["longitude"]),
        float(masked["latitude"]),
    ]
    with superuser(db) as admin:
        (apart,) = admin.execute(
            "select ST_Distance(snap_geom, ST_Transform(ST_SetSRID(ST_MakePoint(%s, %s), 4326),"
            " 27700)) from app.place_exact",
            feature["geometry"]["coordinates"],
        ).fetchone()
    assert apart < 1
    assert "169300" not in body.decode()


@pytest.mark.asvs("8.2.3", "15.3.1")
def test_each_row_has_the_listed_columns_and_no_others(db, settings, as_, lead):
    place(lead, description="Synthetic words that stay")
    _, rows = table(made(db, settings, lead))
    found = json.loads(made(db, settings, lead, format="geojson").content)

    assert set(rows[0]) == {*PLACES, "longitude", "latitude", "marking"}
    assert set(found["features"][0]["properties"]) == {*PLACES, "marking"}
    assert set(INTELLIGENCE) & {"provenance_id", "qa_note", "created_by", "conditions"} == set()
    for form in Format:
        assert b"Synthetic words that stay" not in made(db, settings, lead, format=form).content


def without_times(body):
    said = body.decode("utf-8-sig")
    said = re.sub(r"EX-[0-9A-Z]{3}-[0-9A-Z]{4}", "EX", said)
    return re.sub(r"\d+ \w+ \d{4}, \d\d:\d\d", "then", said)


@pytest.mark.parametrize("form", [Format.CSV, Format.GEOJSON, Format.MAP])
def test_a_place_of_code_c_changes_no_byte_of_anybodys_file(db, settings, as_, form):
    """Also of the analyst who may see it."""
    people = [as_("cs_lead", agency="AFC"), as_("practitioner"), as_("police_analyst")]
    place(people[0])
    answers = ANSWERS | {"purpose": "MARVE", "format": form}
    before = [without_times(made(db, settings, one, **answers).content) for one in people]

    with superuser(db) as admin:
        world.write(world.Place(tier="C", agency="POLICE_TEST"), admin)

    after = [without_times(made(db, settings, one, **answers).content) for one in people]
    assert after == before


@pytest.mark.asvs("3.2.1", "5.3.1", "5.4.1", "5.4.2")
def test_the_file_is_served_to_be_kept_and_never_opened_in_the_service(db, settings, lead):
    place(lead, name="Example <script>alert(1)</script> yard")

    answer = made(db, settings, lead, format="map")

    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store, private"
    assert "etag" not in answer.headers
    assert b"<script>alert(1)" not in answer.content


def test_what_was_typed_is_in_no_log_and_sealed_on_the_disk(db, settings, lead, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    place(lead, name="Canary meadow")
    answers = {"recipient": "Canary Person", "reason": "Canary words of twenty letters."}

    made(db, settings, lead, **answers)
    send(lead, FORM, **ANSWERS | answers | {"format": "none"})

    out, err = capsys.readouterr()
    assert "Canary" not in "".join((out, err, caplog.text))
    for sealed in (settings.data_dir / "exports").iterdir():
        assert b"Canary" not in sealed.read_bytes()
        assert sealed.stat().st_mode & 0o077 == 0


def test_every_route_of_exports_asks_who_it_is():
    from app.main import ROUTERS

    mine = [r for router in ROUTERS for r in router.routes if r.path.startswith("/exports")]

    assert len(mine) == 10
    for route in mine:
        assert any(isinstance(d.call, May) for d in route.dependant.dependencies)
