"""Incidents: vague times, the places they belong to, and what is not kept."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.core.actor import job_actor

KINGSTON, RICHMOND = "E09000021", "E09000027"
KNIFE = {
    "occurred_from": "2026-03-29T16:20",
    "time_precision": "DAY",
    "harm_code": "KNIFE",
    "source_agency": "AFC",
}
MIDDLE = {"easting": 517_900, "northing": 169_900}
PARK = "POLYGON((517800 169800, 518000 169800, 518000 170000, 517800 170000, 517800 169800))"


@pytest.fixture
def propose(client):
    def post(type_code, **wanted):
        answer = client.post(
            "/api/v1/places", json={"type_code": type_code, "name": "Place"} | wanted
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    return post


@pytest.fixture
def record(client):
    def post(**wanted):
        return client.post("/api/v1/incidents", json=KNIFE | wanted)

    return post


def how(answer):
    return [(place["ref"], place["how"]) for place in answer.json()["places"]]


def test_an_incident_is_recorded_with_its_vague_day_and_audited(record, db, lead):
    answer = record(**MIDDLE)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["occurred_from"], body["occurred_to"]) == (
        "2026-03-29T00:00:00Z",
        "2026-03-29T23:00:00Z",
    )
    assert (body["borough_code"], body["borough_codes"]) == (KINGSTON, [KINGSTON])
    with db.read(lead) as session:
        action, ref = session.execute(text("select action, object_ref from audit.event")).one()
        own = session.scalar(text("select retain_until from app.incident"))
    assert (action, ref) == ("incident.create", body["ref"])
    assert own is None, "how long it is kept is of the rules of retention"


@pytest.mark.asvs("2.2.3")
@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"occurred_to": "2026-03-28T10:00"}, "occurred_from", "The end is before the start."),
        ({"occurred_from": "2199-01-01T10:00"}, "occurred_from", "This is in the future."),
        ({"harm_code": "NOISE"}, "harm_code", "Unknown harm code 'NOISE'."),
        ({"other_harm_codes": ["SYV", "NOISE"]}, "other_harm_codes", "Unknown harm code 'NOISE'."),
        ({"source_agency": "NASA"}, "source_agency", "Unknown agency code 'NASA'."),
        ({"easting": None, "northing": None}, "place", "Choose a place or give a point."),
        ({"place": "PL-000-0000"}, "place", "There is no such place."),
        (
            {"shape": PARK},
            "shape",
            "A place of this type is a point. Give it as one.",
        ),
        ({"easting": 1.0, "northing": 1_000.0}, "easting", "more than 10 km outside"),
        ({"summary": "The offender ran away"}, "summary", "offender"),
    ],
)
def test_what_cannot_be_used_is_said_in_words_by_field(record, wanted, field, words):
    answer = record(**MIDDLE | wanted)

    found = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert words in found[field]


@pytest.mark.parametrize(
    ("type_code", "shape", "east_m", "uncertainty_m", "belongs"),
    [
        ("PARK", PARK, 517_999, None, True),
        ("PARK", PARK, 518_001, None, False),
        ("PARK", PARK, 518_029, 30, True),
        ("PARK", PARK, 518_031, 30, False),
        ("PARK", PARK, 518_049, 400, True),
        ("PARK", PARK, 518_051, 400, False),
        ("HEALTH_SITE", "POINT(518000 169900)", 518_049, None, True),
        ("HEALTH_SITE", "POINT(518000 169900)", 518_051, 400, False),
        ("ROUTE_WALK", "LINESTRING(518000 169000, 518000 170000)", 518_024, None, True),
        ("ROUTE_WALK", "LINESTRING(518000 169000, 518000 170000)", 518_026, 400, False),
    ],
)
def test_the_footprint_reaches_as_far_as_the_kind_of_place_says(
    propose, record, type_code, shape, east_m, uncertainty_m, belongs
):
    place = propose(type_code, shape=shape)

    answer = record(easting=east_m, northing=169_900, uncertainty_m=uncertainty_m)

    assert how(answer) == ([(place["ref"], "FOOTPRINT")] if belongs else [])


def test_a_chosen_place_and_a_footprint_are_told_apart(propose, record):
    park = propose("PARK", shape=PARK)
    shop = propose("TAKEAWAY_SHOP", easting=519_000, northing=169_000)

    answer = record(place=shop["ref"], **MIDDLE)

    assert how(answer) == [(shop["ref"], "CHOSEN"), (park["ref"], "FOOTPRINT")]


def test_a_place_drawn_later_or_moved_collects_its_incidents(propose, record, client):
    ref = record(**MIDDLE).json()["ref"]
    park = propose("PARK", shape=PARK)
    after = client.get(f"/api/v1/incidents/{ref}")

    away = "POLYGON((519000 169800, 519100 169800, 519100 170000, 519000 169800))"
    client.patch(f"/api/v1/places/{park['ref']}", json={"version": 1, "shape": away})

    assert how(after) == [(park["ref"], "FOOTPRINT")]
    assert how(client.get(f"/api/v1/incidents/{ref}")) == []


def test_an_incident_at_a_home_keeps_no_point(propose, record, db, lead):
    home = propose("RESIDENTIAL", easting=517_900, northing=169_900, purpose="PLAN", name="")

    body = record(place=home["ref"], **MIDDLE).json()

    with db.read(lead) as session:
        assert session.execute(text("select geom, qk, tier from app.incident")).one() == (
            None,
            None,
            "H1",
        )
    assert (body["longitude"], body["latitude"]) == (None, None)
    assert body["borough_codes"] == [KINGSTON]
    assert body["places"] == [{"ref": home["ref"], "name": home["name"], "how": "CHOSEN"}]


def test_a_place_without_a_point_lends_its_borough_and_its_newest_day(propose, record, db, lead):
    bridge = propose("STREET_ALLEY", shape="LINESTRING(517560 169440, 517830 169340)")

    body = record(place=bridge["ref"], occurred_from="2026-11-01T12:00").json()

    largest = max(bridge["boroughs"], key=lambda part: part["share"])["code"]
    assert body["borough_codes"] == [KINGSTON, RICHMOND]
    assert body["borough_code"] == largest
    with db.read(lead) as session:
        newest = session.scalar(text("select last_information_at::date::text from app.place"))
    assert newest >= "2026-11-01"


def test_an_incident_is_news_of_a_place_and_no_change_of_it(propose, record, client):
    park = propose("PARK", shape=PARK)

    record(**MIDDLE)

    after = client.get(f"/api/v1/places/{park['ref']}").json()
    assert (after["version"], after["updated_at"]) == (1, park["updated_at"])


def test_links_do_not_depend_on_who_records(propose, record, db, lead):
    """A person of one borough records beside a place of the other: it is linked all the same."""
    from app.incidents import service
    from app.incidents.schemas import IncidentIn

    rink = propose("HEALTH_SITE", easting=517_650, northing=170_950)
    practitioner = replace(lead, all_boroughs=False, boroughs=(KINGSTON,), tiers=("H0", "H1"))
    wanted = IncidentIn.model_validate(
        KNIFE | {"easting": 517_690, "northing": 170_960}, strict=False
    )

    with db.begin(practitioner) as session:
        service.record(
            session, practitioner, wanted, service.draft(session, wanted, [KINGSTON, RICHMOND])
        )

    with db.read(job_actor("clusters:recompute")) as session:
        linked = session.scalars(
            text("select place.ref from app.incident_place join app.place on place.id = place_id")
        )
        assert rink["boroughs"][0]["code"] == RICHMOND
        assert list(linked) == [rink["ref"]]


def test_the_list_is_filtered_by_harm_source_place_box_and_period(propose, record, client):
    park = propose("PARK", shape=PARK)
    record(**MIDDLE)
    record(harm_code="ASB", source_agency="EDU", easting=517_350, northing=172_350)

    def harms(query):
        features = client.get(f"/api/v1/incidents?{query}").json()["features"]
        return [feature["properties"]["harm_code"] for feature in features]

    assert harms("harm=KNIFE") == ["KNIFE"]
    assert harms("source=EDU") == ["ASB"]
    assert harms(f"place={park['ref']}") == ["KNIFE"]
    assert harms(f"borough={RICHMOND}") == ["ASB"]
    assert harms("bbox=-0.32,51.43,-0.31,51.45") == ["ASB"]
    assert harms("datetime=2026-03-30/..") == []
    assert len(harms("datetime=2026-03-29")) == 2


def test_a_list_costs_the_same_statements_however_long(record, db, lead):
    from app.incidents import queries

    def cost():
        counted = []
        with db.read(lead) as session:
            bind = session.get_bind()
            from sqlalchemy import event

            def note(*_):
                counted.append(1)

            event.listen(bind, "before_cursor_execute", note)
            queries.listed(session, queries.Filters(), number=1)
            event.remove(bind, "before_cursor_execute", note)
        return len(counted)

    few = cost()
    for _ in range(5):
        record(**MIDDLE)

    assert cost() == few == 2
