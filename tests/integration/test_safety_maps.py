"""Children's maps over HTTP: who may, in which order, and what is never shown."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.context_work import draft_assessment, team
from tests.people import HTML, RICHMOND, browser, send, sign_in_as
from tests.safety_maps import DAY, OPENED, Maps, maps

DARK = DAY.replace("day", "dark")


@pytest.fixture
def world(client, db, settings):
    """The lead's client, a practitioner's, and the maps of one place."""
    worker = browser(db, settings, sign_in_as(db, "practitioner"))
    return client, worker, maps(client, db)


def events(made: Maps, action: str) -> int:
    ((n,),) = made.rows(
        "select count(*) from audit.event where action = %s and object_ref = %s",
        action,
        made.place,
    )
    return n


def test_drawings_are_collected_checked_by_a_second_person_and_released_from_ten_on(world):
    lead, worker, made = world
    begun = made.sends(worker, "/new", **OPENED, consent="yes", how="draw")
    assert begun.status_code == 303
    assert begun.headers["location"] == f"{made.url}/draw?{DAY}"
    made.draw(worker, 7)

    page = made.get(worker).text
    assert "7 drawings so far. Shown from 10." in page
    assert "<image" not in page
    assert "Somebody else than who collected" in made.check(worker).text
    assert made.check(lead).status_code == 303
    assert "7 drawings of this area and light are checked and wait" in made.release(lead).text
    made.draw(worker, 3)
    assert made.check(lead).status_code == 303
    assert made.release(worker).status_code == 403
    assert made.release(lead).status_code == 303

    page = made.get(worker).text
    assert "Put together from 10 drawings." in page
    assert "I do not feel safe here: C3." in page
    assert "Release 1: 67% of what a drawing marks is green (mean of 10 drawings)." in page
    made.draw(worker, 2)
    assert "2 more are waiting. 10 more are put in together." in made.get(lead).text
    assert made.rows("select distinct state from app.safety_map order by 1") == [
        ("COLLECTED",),
        ("RELEASED",),
    ]
    assert events(made, "safety_map.create") == 12
    assert events(made, "safety_map.read") == 3


def test_drawings_by_day_and_after_dark_are_never_put_together(world):
    lead, worker, made = world
    made.draw(worker, 6)
    made.draw(worker, 6, DARK)
    assert made.check(lead).status_code == 303

    assert made.release(lead).status_code == 422
    page = made.get(lead).text
    assert page.count("6 drawings so far. Shown from 10.") == 2


def test_who_has_no_part_in_it_finds_nothing(world, db, settings):
    _, worker, made = world
    made.draw(worker, 1)
    for role, status in (
        ("police_analyst", 403),
        ("partner", 403),
        ("administrator", 403),
        ("vca_member", 404),
        ("auditor", 404),
    ):
        other = browser(db, settings, sign_in_as(db, role))
        for part in ("", "/new", f"/draw?{DAY}", f"/type?{DAY}", "/check", "/release"):
            answer = made.get(other, part)
            assert answer.status_code == status if part == "" else answer.status_code >= 403
            assert "drawing" not in answer.text
    police = browser(db, settings, sign_in_as(db, "police_analyst"))
    assert "safety-maps" not in police.get(f"/places/{made.place}", headers=HTML).text
    assert "safety-maps" in worker.get(f"/places/{made.place}", headers=HTML).text
    elsewhere = browser(db, settings, sign_in_as(db, "practitioner", boroughs=(RICHMOND,)))
    assert made.sends(elsewhere, f"/draw?{DAY}", red="A1").status_code in {403, 404, 422}
    assert "so far" not in made.get(elsewhere).text


def test_the_same_form_sent_twice_is_one_drawing_and_a_group_has_no_more_than_its_children(world):
    _, worker, made = world
    small = DAY.replace("group=30", "group=2")
    again = {"sheet": "8f9b1c52-4c0a-4c3e-9a3f-0d3c7a1b2c3d", "red": "A1"}
    for _ in range(2):
        assert made.sends(worker, f"/draw?{small}", **again).status_code == 303
    made.draw(worker, 1, small)

    full = made.sends(
        worker, f"/draw?{small}", sheet="8f9b1c52-4c0a-4c3e-9a3f-0d3c7a1b2c3e", red="A1"
    )

    assert full.status_code == 422
    assert "All 2 drawings of this group are saved." in full.text
    assert len(made.sheets()) == 2


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"red": "Z9"}, "Z9 is no square"),
        ({"red": "A1", "green": "A1"}, "A1 has two colours. Choose one."),
        ({}, "Mark at least one square."),
        ({"red": "A1", "note": "Ring 07700 900123"}, "Leave out what may identify someone"),
    ],
)
def test_what_is_wrong_with_a_drawing_is_said_and_what_was_marked_is_kept(world, said, words):
    _, worker, made = world
    given = {"sheet": "8f9b1c52-4c0a-4c3e-9a3f-0d3c7a1b2c3d"} | said

    answer = made.sends(worker, f"/type?{DAY}", **given)

    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{said.get("red", "")}"' in answer.text
    assert made.sheets() == []


def test_a_session_begins_when_the_sentence_on_consent_was_read_and_not_in_the_future(world):
    _, worker, made = world

    assert "Read the sentence out" in made.sends(worker, "/new", **OPENED, how="draw").text
    later = OPENED | {"on": "2099-01-01", "consent": "yes"}
    assert "Enter a day that is not in the future." in made.sends(worker, "/new", **later).text
    assert events(made, "safety_map.begin") == 0


def test_a_lead_withholds_a_drawing_with_a_reason_and_it_counts_no_more(world):
    lead, worker, made = world
    made.draw(worker, 10)
    made.check(lead)
    one = {f"sheet_{made.sheets('CHECKED')[0]}": "yes"}

    assert "at least 10 characters" in made.release(lead, "withhold", **one).text
    assert "Choose at least one drawing." in made.release(lead, "withhold", reason="x" * 12).text
    done = made.release(lead, "withhold", reason="It is of another place.", **one)

    assert done.status_code == 303
    assert "9 drawings so far. Shown from 10." in made.get(lead).text
    assert made.release(lead).status_code == 422


def test_drawings_are_a_method_with_childrens_voice_of_the_assessment_that_is_worked_on(
    db, settings
):
    ours = team(db)
    ref = draft_assessment(ours)
    made = Maps(db, ours.place_ref)
    made.draw(browser(db, settings, ours.worker), 2)

    found = made.rows(
        "select m.method_code, m.n_children, m.held_on::text, count(distinct s.sheet_id) "
        "from app.assessment_method m join app.context_assessment a on a.id = m.assessment_id "
        "join app.safety_map s on s.assessment_id = a.id where a.ref = %s "
        "group by m.id, m.method_code, m.n_children, m.held_on",
        ref,
    )

    assert found == [("SAFETY_MAP", 2, "2026-11-05", 2)]


def test_an_online_space_and_a_home_are_not_drawn(client, db):
    home = client.post(
        "/api/v1/places",
        json={"type_code": "RESIDENTIAL", "name": "A home", "purpose": "MARVE"}
        | {"easting": 518000, "northing": 169300},
        headers={"X-Purpose": "PLAN"},
    ).json()["ref"]

    answer = send(client, f"/places/{home}/safety-maps/new", **OPENED, consent="yes")

    assert answer.status_code == 422
    assert "A home is not drawn by children." in answer.text


def test_the_database_refuses_a_check_by_the_same_person_and_ten_of_two_lights(db, settings):
    ours = team(db)
    made = Maps(db, ours.place_ref)
    worker, lead = browser(db, settings, ours.worker), browser(db, settings, ours.lead)
    made.draw(worker, 5)
    made.draw(worker, 5, DARK)
    move = "update app.safety_map set state = '{}', version = version + 1"

    with pytest.raises(DBAPIError, match="a second person"), db.begin(ours.worker.actor) as session:
        session.execute(text(move.format("CHECKED")))
    assert made.check(lead).status_code == 303
    with pytest.raises(DBAPIError, match="ten drawings"), db.begin(ours.lead.actor) as session:
        session.execute(text(move.format("RELEASED")))


def test_the_street_map_under_a_drawing_is_for_whoever_sees_the_place(world, db, settings):
    _, worker, made = world
    address = f"/map/safety/{made.place}/NEAR.png"
    vca = browser(db, settings, sign_in_as(db, "vca_member"))

    found = worker.get(address)

    assert found.headers["content-type"] == "image/png"
    assert found.content.startswith(b"\x89PNG")
    assert vca.get(address).status_code == 404
    assert worker.get(f"/map/safety/{made.place}/FAR.png").status_code == 422
