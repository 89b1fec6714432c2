"""Meetings: who sees them and for how long, how they go on, and what comes of them."""

import re
from datetime import timedelta

import psycopg
import pytest

from tests import meetings
from tests.meetings import send
from tests.people import HTML, browser, in_days, ref_of, sign_in_as

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
CHILD = "CH-0000000"


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
def lead(person):
    return person("cs_lead")


@pytest.fixture
def place(client):
    return client.post("/api/v1/places", json=SHOP).json()["ref"]


def named(db, lead, url, *others, chair=""):
    for other in others:
        said = {"user": ref_of(db, other.person), "rates": "yes"}
        if chair:
            said["chair"] = chair
        assert send(lead, f"{url}/people", **said).status_code == 303


def bare(page):
    """Without the moment, and the token of the form that signs out."""
    return re.sub(r"[0-9a-f]{64}|Last updated [^<]*", "", page.text)


def sql(db, words, *values):
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        return admin.execute(words, values)


def test_the_list_tells_what_is_to_come_and_what_to_do_when_nothing_is(lead, place):
    empty = lead.get("/meetings").text
    url = meetings.planned(lead, place, days=3)
    then = lead.get("/meetings").text

    assert "No meeting is planned in which you are named. Plan one" in empty
    assert url in then
    assert "1 meeting to come" in then
    assert url not in lead.get("/meetings?past=yes").text
    home = lead.get("/").text
    assert '<a class="govuk-link" href="/meetings">Next meetings</a>' in home


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "PARTY"}, "kind"),
        ({"on": "31/2/2026"}, "on"),
        ({"at": "25:00"}, "at"),
        ({"places": "PL-0000001"}, "places"),
    ],
    ids=["kind", "day", "time", "place"],
)
def test_what_is_wrong_with_a_new_meeting_is_said_beside_it(lead, wrong, field):
    said = {"kind": "MARVE", "on": in_days(2), "at": "14:30"}

    answer = send(lead, "/meetings/new", **said | wrong)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_who_is_named_sees_it_until_the_access_ends_and_nobody_else(db, lead, person, place):
    worker, stranger = person("practitioner"), person("practitioner")
    for kind, hours in (("MARVE", 14 * 24), ("MISSING", 7 * 24), ("DRB", 48)):
        url = meetings.planned(lead, place, kind=kind)
        named(db, lead, url, worker)
        ref = url.rpartition("/")[2]

        def seen(ago, ref=ref, url=url):
            sql(db, "update app.meeting set held_at = now() - %s where ref = %s", ago, ref)
            return worker.get(url).status_code, worker.get(f"{url}/weighting").status_code

        assert seen(timedelta(hours=hours, minutes=-1)) == (200, 200), kind
        assert stranger.get(url).status_code == 404, kind
        assert seen(timedelta(hours=hours, minutes=1)) == (404, 404), kind
        assert url not in worker.get("/meetings?past=yes").text
        assert lead.get(url).status_code == 200
        assert bare(worker.get(url)) == bare(worker.get("/meetings/MT-000-0000"))


def test_the_subgroup_and_whoever_has_no_records_learn_nothing(person, lead, place):
    url = meetings.planned(lead, place)

    for role, status in (("vca_member", 403), ("administrator", 403), ("auditor", 404)):
        for path in ("/meetings", url, f"{url}/weighting", f"{url}/weighting/part"):
            assert person(role).get(path).status_code == status, (role, path)
    assert person("partner").get(url).status_code == 404


def test_a_partner_reads_no_references_and_no_place_that_is_not_shared(db, lead, person, place):
    partner = person("partner")
    url = meetings.planned(lead, place, kind="MARVE")
    meetings.item(lead, url, section="V", body="ch-000 0000")
    meetings.item(lead, url, section="L", body="Synthetic words of the corner")
    meetings.item(lead, url, section="T", body="Four girls were met there.")
    meetings.item(lead, url, section="S", body="The shop rings the youth service.")
    named(db, lead, url, partner)

    whole, part = lead.get(url).text, partner.get(url).text

    assert "CH-000-0000" in whole
    assert "Held in police systems: nothing is stored here." in whole
    assert "The shop rings the youth service." in part
    for hidden in ("CH-000-0000", "Synthetic words of the corner", "Four girls", place, "Corner"):
        assert hidden in whole
        assert hidden not in part
    assert partner.get(f"{url}/people").status_code == 403
    assert partner.get(f"{url}/goals").status_code == 403


def test_of_a_child_only_the_reference_is_kept_and_a_conference_takes_none(lead, place):
    url = meetings.planned(lead, place, kind="MARVE")
    conference = meetings.planned(lead, place)

    words = send(lead, f"{url}/items", section="V", body="Kyle, who is 14")
    refused = send(lead, f"{conference}/items", section="V", body=CHILD)
    neither = send(lead, f"{url}/items", section="O", body="Somebody")

    assert "Enter the reference of the child alone" in words.text
    assert "A conference is about the context." in refused.text
    assert [answer.status_code for answer in (words, refused, neither)] == [422] * 3
    page = lead.get(conference).text
    assert page.index("Strengths</h3>") < page.index("Locations</h3>") < page.index("Themes</h3>")
    assert "Victims" not in page


def test_it_goes_from_planned_to_agreed_minutes_and_says_what_is_missing(db, lead, person, place):
    other = person("cs_lead")
    url = meetings.planned(lead, place, chair="yes")

    early = send(lead, f"{url}/move")
    meetings.item(lead, url)
    assert send(lead, f"{url}/move").status_code == 303
    sql(db, "update app.meeting set held_at = now() + interval '1 hour'")
    soon = send(lead, f"{url}/move")
    sql(db, "update app.meeting set held_at = now() - interval '1 hour'")
    before = send(lead, f"{url}/minutes", minutes=meetings.MINUTES, version="2")
    assert send(lead, f"{url}/move").status_code == 303
    without = send(lead, f"{url}/agree")
    seen = meetings.version(lead, f"{url}/minutes")
    assert send(lead, f"{url}/minutes", minutes=meetings.MINUTES, version=seen).status_code == 303
    stale = send(lead, f"{url}/minutes", minutes="Others' words.", version=seen)
    by_the_builder = send(lead, f"{url}/agree")
    by_nobody = send(other, f"{url}/agree")
    named(db, lead, url, other, chair="yes")
    agreed = send(other, f"{url}/agree")

    assert "Add at least one item to the agenda." in early.text
    assert "The meeting has not begun yet." in soon.text
    assert "The meeting has not been held yet." in before.text
    assert "Write the minutes." in without.text
    assert stale.status_code == 409
    assert "A chair agrees the minutes who neither planned the meeting" in by_the_builder.text
    assert "A chair of the meeting agrees the minutes." in by_nobody.text
    assert agreed.status_code == 303
    assert "Minutes agreed" in lead.get(url).text
    late = send(lead, f"{url}/items", **meetings.ITEM)
    assert "The minutes were agreed." in late.text
    assert (late.status_code, early.status_code, by_nobody.status_code) == (422, 422, 422)


def test_what_was_decided_becomes_tasks_and_stays_open_until_they_are_done(db, lead, place):
    url = meetings.held(lead, place)
    line = meetings._items(lead, url)[0]
    decided = send(lead, line, decision="Synthetic: somebody is there.", version="1")
    alone = lead.get(url).text
    acted = send(lead, f"{line}/action", **meetings.action(place))
    wrong = send(lead, f"{line}/action", place=place)
    page = lead.get(url).text
    later = meetings.planned(lead, place, days=7)

    assert decided.status_code == acted.status_code == 303
    assert "Nobody has a task yet." in alone
    assert 'id="owner_agency-error"' in wrong.text
    for words in ("Synthetic: somebody is there.", "Synthetic: be there in the evening"):
        assert page.count(words) == 2  # beside the item, and among what is open
        assert words in lead.get(later).text  # the next meeting takes it up
    (row,) = sql(db, "select meeting_id is not null, plan_id from app.plan_action").fetchall()
    assert row == (True, None)
    sql(db, "update app.plan_action set state = 'WITHDRAWN'")
    assert "Synthetic: somebody is there." not in lead.get(later).text


def test_tasks_join_the_plan_that_goals_of_the_room_began(db, lead, place):
    url = meetings.planned(lead, place)

    none = send(lead, f"{url}/goals")
    chosen = send(lead, f"{url}/goals", goal_G_TRUSTED_ADULT="yes", goal_G_LIT_OVERSEEN="yes")
    more = send(lead, f"{url}/goals", goal_G_LIT_OVERSEEN="yes", goal_G_NORM="yes")
    line = meetings.item(lead, url)
    send(lead, f"{line}/action", **meetings.action(place))

    assert "Choose one to five goals." in none.text
    assert chosen.status_code == more.status_code == 303
    assert "screen=1" in chosen.headers["location"]
    (plan,) = sql(
        db, "select id, conference_id is not null, state from app.context_plan"
    ).fetchall()
    assert plan[1:] == (True, "DRAFT")
    goals = sql(db, "select goal_code from app.plan_goal order by position").fetchall()
    assert goals == [("G_TRUSTED_ADULT",), ("G_LIT_OVERSEEN",), ("G_NORM",)]
    assert sql(db, "select plan_id from app.plan_action").fetchall() == [(plan[0],)]
    wall = lead.get(f"{url}?screen=1").text
    assert "Children can name an adult here they trust" in wall
    assert "Synthetic: be there in the evening" in wall


def test_a_conference_with_a_date_lets_the_place_move_on(db, lead, place):
    sql(
        db,
        "update app.place set state = 'ASSESSED', level = 'CL4', lead_agency = 'AFC' "
        "where ref = %s",
        place,
    )
    (seen,) = sql(db, "select version from app.place where ref = %s", place).fetchone()
    said = {"to": "CONFERENCE", "version": str(seen), "reason": "Synthetic: agencies meet."}

    before = send(lead, f"/places/{place}/move", **said)
    meetings.planned(lead, place, kind="MARVE", days=4)
    other_kind = send(lead, f"/places/{place}/move", **said)
    meetings.planned(lead, place, days=4)
    after = send(lead, f"/places/{place}/move", **said)

    assert "A context conference with a date is missing." in before.text
    assert "A context conference with a date is missing." in other_kind.text
    assert after.status_code == 303
    assert sql(db, "select state from app.place where ref = %s", place).fetchone()[0] == (
        "CONFERENCE"
    )
