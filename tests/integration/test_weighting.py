"""Points of raters: nobody sees those of others too early; a wall never shows a child."""

import json
import re

import psycopg
import pytest
from sqlalchemy import text

from app.core import clock
from tests import meetings
from tests.meetings import POINTS, RATING, send
from tests.people import HTML, browser, ref_of, sign_in_as

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
HOME = {"type_code": "RESIDENTIAL", "name": "The home of a test", "purpose": "MARVE"}
HOME |= {"easting": 518000, "northing": 169300}
OTHER = {"HOME": "60", "PEER": "5", "ONLINE": "35"}
TALK = "Talk about this: raters disagree."
EVERYBODY = "Everybody has rated."
ZERO = "00000000-0000-0000-0000-000000000000"
OUT = "update app.meeting_member set rates = false, absent_reason = %s where id = %s"
# What stands in lines of the agenda, of the panel and of the place, and never on a wall.
OF_CHILDREN = {
    "a reference": "CH-000-0000 was met here.",
    "an age": "Somebody aged 14 waits here.",
    "years": "A 15-year-old was offered food.",
    "a band": "The band A13_15 is seen most.",
    "a range": "Those of 13 to 15 are seen most.",
    "a count": "Three girls were followed.",
    "digits": "8 children were here.",
    "a count band": "The count was B3_7 in May.",
    "a name": "Kyle Example was here.",
    "an address": "It began at 12 Synthetic Road.",
    "a flat": "Flat 3 is used.",
    "a postcode": "It is at KT1 1EU.",
    "a number": "Ring 07700 900123.",
}


@pytest.fixture
def person(db, settings):
    def made(role, **options):
        who = sign_in_as(db, role, agency="AFC", **options)
        client = browser(db, settings, who)
        client.headers.update(HTML)
        client.person = who
        return client

    return made


@pytest.fixture
def place(client):
    return client.post("/api/v1/places", json=SHOP).json()["ref"]


@pytest.fixture
def room(db, person, place):
    """A lead, a practitioner and an analyst are asked; the address of the meeting first."""
    people = [person("cs_lead"), person("practitioner"), person("police_analyst")]
    url = meetings.planned(people[0], place, chair="yes")
    for one in people[1:]:
        said = {"user": ref_of(db, one.person), "rates": "yes"}
        assert send(people[0], f"{url}/people", **said).status_code == 303
    return url, people


def rated(client, url, points=POINTS, **more):
    return send(client, f"{url}/weighting", **RATING | more, **points)


def rows(db, client):
    with db.read(client.person.actor) as session:
        return session.scalar(text("select count(*) from app.context_weighting"))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"HOME": "90"}, "The points add up to 90. Share out 10 more."),
        ({"HOME": "90", "PEER": "20"}, "The points add up to 110. Take 10 away."),
        ({"HOME": "-5", "PEER": "100"}, "Points are whole numbers from 0 to 100."),
        ({"HOME": "2.5"}, "Points are whole numbers from 0 to 100."),
    ],
    ids=["90", "110", "less than none", "half"],
)
def test_points_that_are_not_100_are_refused_in_words_and_kept_in_the_form(room, points, words):
    url, (lead, *_) = room

    answer = rated(lead, url, points)

    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{points["HOME"]}"' in answer.text


def test_nobody_sees_points_of_others_before_everybody_has_rated(db, room, person):
    url, (lead, worker, analyst) = room
    part = f"{url}/weighting/part"
    assert rated(lead, url, rationale="Words of the lead.").status_code == 303
    assert rated(worker, url, OTHER, must_change_first="HOME").status_code == 303

    for reader, own in ((lead, 1), (worker, 1), (analyst, 0)):
        page = reader.get(f"{url}/weighting").text
        assert EVERYBODY not in page + reader.get(part).text
        assert "<strong>2 of 3</strong> people have rated so far." in page
        assert rows(db, reader) == own  # of the database, whatever a page would ask
    assert "Words of the lead." not in worker.get(f"{url}/weighting").text
    again = rated(lead, url, {"PEER": "30", "ONLINE": "70"}, must_change_first="ONLINE")
    assert again.status_code == 303
    assert rows(db, lead) == 1

    assert rated(analyst, url, {"PEER": "100"}, rater_kind="POLICE").status_code == 303

    for reader in (lead, worker, analyst):
        page = reader.get(f"{url}/weighting").text
        assert EVERYBODY in page
        assert rows(db, reader) == 3
        # PEER: 30, 5, 100 lie 95 apart; ONLINE: 70, 35, 0; HOME: 0, 60, 0.
        assert page.count(TALK) == 3
        assert 'aria-label="30, 5, 100"' in page
        assert re.search(r"numeric\">30</td>\s*<td[^>]*>5 to 100</td>\s*<td[^>]*>1</td>", page)
    assert "data-progress" not in lead.get(f"{url}/weighting").text
    late = rated(worker, url, {"PEER": "100"})
    assert "Everybody has seen these points already." in late.text


WHY = {"absent_reason": "Called away to a child an hour ago."}


def excused(lead, url, **more):
    """A chair goes on without the first who is missing."""
    page = lead.get(f"{url}/weighting").text
    found = re.search(r'<option value="([0-9a-f-]{36})"', page)
    assert found is not None
    return send(lead, f"{url}/weighting/absent", **{"member": found[1]} | WHY | more)


def test_a_chair_goes_on_without_who_did_not_come_and_says_why(db, room):
    url, (lead, worker, analyst) = room
    nobody = send(lead, f"{url}/weighting/absent", member=ZERO, **WHY)
    assert "Choose who did not come." in nobody.text
    rated(lead, url)
    assert EVERYBODY not in worker.get(f"{url}/weighting/part").text
    rated(worker, url)
    assert excused(lead, url, absent_reason="Away").status_code == 422
    assert EVERYBODY not in worker.get(f"{url}/weighting/part").text

    assert excused(lead, url).status_code == 303

    for reader in (lead, worker, analyst):
        page = reader.get(f"{url}/weighting").text
        assert "Everybody who came has rated." in page
        assert WHY["absent_reason"] in page
        assert "Somebody did not come" not in page
    assert rated(analyst, url, rater_kind="POLICE").status_code in {303, 422}
    events = "select detail from audit.event where action = 'meeting.absent'"
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        assert [row[0]["rated"] for row in admin.execute(events)] == [2]


def test_nobody_but_a_chair_in_time_takes_a_rater_out(db, room, person, place):
    url, (lead, worker, analyst) = room
    rated(worker, url)
    said = {"user": ref_of(db, analyst.person)}
    (key,) = rows_of(db, "select id from app.meeting_member where user_id = %s", analyst)

    quietly = send(lead, f"{url}/people", **said)
    other = send(worker, f"{url}/weighting/absent", member=str(key), **WHY)
    elsewhere = person("cs_lead")
    unnamed = send(elsewhere, f"{url}/weighting/absent", member=str(key), **WHY)

    assert "A chair says on the page of the weighting" in quietly.text
    assert "A chair of the meeting says who did not come." in other.text + unnamed.text
    assert EVERYBODY not in worker.get(f"{url}/weighting/part").text
    with pytest.raises(psycopg.errors.CheckViolation), db.cursor(elsewhere.person.actor) as cursor:
        cursor.execute(OUT, (WHY["absent_reason"], key))
    with pytest.raises(psycopg.errors.CheckViolation), db.cursor(lead.person.actor) as cursor:
        cursor.execute(OUT, (None, key))


def test_before_it_has_begun_everybody_is_waited_for(db, room, place):
    _, (lead, worker, _) = room
    url = meetings.planned(lead, place, days=3, chair="yes")
    send(lead, f"{url}/people", user=ref_of(db, worker.person), rates="yes")
    rated(lead, url)
    (key,) = rows_of(
        db, "select id from app.meeting_member where user_id = %s order by id desc limit 1", worker
    )

    page = lead.get(f"{url}/weighting").text
    early = send(lead, f"{url}/weighting/absent", member=str(key), **WHY)

    assert "Somebody did not come" not in page
    assert "The meeting has not begun yet." in early.text


def test_how_many_have_rated_is_told_to_who_is_named_and_to_leads_alone(db, room, person):
    url, (lead, worker, analyst) = room
    rated(worker, url)
    (key,) = rows_of(db, "select session_id from app.context_weighting where rater_id = %s", worker)
    counts = {}
    for one in (lead, analyst, person("cs_lead"), person("practitioner"), person("vca_member")):
        with db.cursor(one.person.actor) as cursor:
            found = cursor.execute("select * from app.rated_so_far(%s)", (key,)).fetchall()
        counts.setdefault(one.person.actor.role, []).append(len(found))

    assert counts == {"cs_lead": [1, 1], "police_analyst": [1], "practitioner": [0],
                      "vca_member": [0]}  # fmt: skip


def rows_of(db, query, who):
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        return admin.execute(query.encode(), (who.person.user_id,)).fetchone()


def test_the_conference_writes_its_decision_and_no_number_is_kept_as_one(db, room):
    url, (lead, worker, _) = room

    first = send(lead, f"{url}/weighting/decision", decision="Peers first, and the way home.")
    second = send(worker, f"{url}/weighting/decision", decision="The way home first.")
    none = send(lead, f"{url}/weighting/decision")

    assert first.status_code == second.status_code == 303
    assert "Write what the conference decided" in none.text
    page = lead.get(url).text
    assert page.count("The way home first.") == 2
    assert "Peers first, and" not in page


def test_no_other_meeting_and_no_partner_without_the_place_rates(db, room, person):
    url, (lead, *_) = room
    partner, stranger = person("partner"), person("practitioner")
    send(lead, f"{url}/people", user=ref_of(db, partner.person))

    assert rated(stranger, url).status_code == 404
    page = partner.get(f"{url}/weighting")
    assert "None of the places of this meeting is shared with you." in page.text
    assert "Corner" not in page.text
    assert rated(partner, url).status_code == 422


def seeded(db, lead, place, url):
    """Everything about children that a place and its meeting can hold."""
    made = clock.today().isoformat()
    for words in OF_CHILDREN.values():
        for section in ("S", "L", "T"):
            meetings.item(lead, url, section=section, body=f"{section}: {words}", place=place)
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        (key,) = admin.execute("select id from app.place where ref = %s", (place,)).fetchone()
        words = " ".join(OF_CHILDREN.values())
        admin.execute(
            "update app.place set description = %s, strengths = %s, safe_features = %s, "
            "next_review_on = %s where id = %s",
            (words, words, list(OF_CHILDREN.values()), made, key),
        )


def test_a_wall_holds_no_byte_about_a_child(db, room, client, place):
    url, people = room
    lead = people[0]
    child = lead.post(
        "/api/v1/children",
        json={"home_lad_code": "E09000021", "age_band": "A13_15", "age_band_as_of": "2026-01-01"},
        headers={"X-Purpose": "PLAN", "Accept": "application/json"},
    ).json()["ref"]
    home = client.post("/api/v1/places", json=HOME).json()["ref"]
    seeded(db, lead, place, url)
    meetings.item(lead, url, section="S", body="The shop rings the youth service.")
    meetings.item(lead, url, section="T", body="The way home is dark after 6pm.")
    of_a_home = meetings.planned(lead, f"{place}, {home}", kind="MARVE")
    meetings.item(lead, of_a_home, section="V", body=child)
    for one in people:
        rated(one, url, rater_kind="CHILD", rationale="Three girls told me at 12 Synthetic Road.")
    send(lead, f"{url}/weighting/decision", decision="Peers first.")
    hidden = [*OF_CHILDREN.values(), child, "A13_15", "12 Synthetic", "07700", "Three girls"]
    hidden += ["CH-", "B3_7", "KT1", "Kyle", "through a worker", "The home of a test", "518000"]

    whole = lead.get(url).text
    walls = [f"{url}?screen=1", f"{url}/weighting/part?screen=1", f"{of_a_home}?screen=1"]
    walls += [f"{of_a_home}?screen=1&place={home}", f"{of_a_home}/weighting/part?screen=1"]
    pages = [lead.get(path) for path in walls]

    assert all(words in whole for words in list(OF_CHILDREN.values())[:5])
    for page in pages:
        assert page.status_code == 200
        decoded = page.content.decode()
        for words in hidden:
            assert words not in decoded, (words, page.url)
            assert json.dumps(words)[1:-1] not in decoded
    first = pages[0].text
    shown = ["The shop rings the youth service.", "The way home is dark after 6pm."]
    shown += [EVERYBODY, "Peers first.", "Read by", "When we look again"]
    assert [words for words in shown if words not in first] == []
    order = ("working well", "worried about", "must change first?", ">Goals<", ">Actions<")
    places = [first.index(words) for words in (*order, "When we look again")]
    assert places == sorted(places)
    assert f"Place {home}" in pages[3].text
