"""What ends by itself is refused a second after its end, and the audit has it once.

The clock is moved by moving the records: whoever asks is asked by the clock of the database.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import ProgrammingError

from app.accounts import endings, jobs, visits
from app.accounts import queries as accounts
from app.accounts.permissions import PERMISSIONS, ROLES
from app.accounts.rules import TokenScope
from app.admin import tokens
from app.core import clock
from app.core.actor import PUBLIC, job_actor
from app.exports import making
from app.intake import drafts
from app.intake.drafts import Lock
from app.packs import building
from app.packs.rules import Kind
from app.places import jobs as places
from app.places import labels
from app.reports.jobs import tidy as tidy_forms
from app.subjects import jobs as subjects
from app.worker import create_worker
from tests.drafts import ready
from tests.entry import later
from tests.packs import panel
from tests.people import HTML, KINGSTON, browser, in_days, ref_of, send, sign_in_as
from tests.reports import rows
from tests.subjects import answered
from tests.uses import REASON, World

SECOND, MARGIN = timedelta(seconds=1), timedelta(minutes=5)
THERE = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 174800}
HERE = THERE | {"northing": 169300}
SQUARE = "518000 169300, 518100 169300, 518100 169400, 518000 169400, 518000 169300"
PARK = {"type_code": "PARK", "name": "Green", "shape": f"POLYGON(({SQUARE}))"}
EXPORT = {
    "format": "csv",
    "purpose": "PLAN",
    "recipient_agency": "AFC",
    "recipient": "Kim Example",
    "reason": "To plan detached work for the summer holidays.",
}


def told(db):
    """What the audit has of endings, after two turns of the job."""
    endings.note(db, clock.now() + endings.GRACE)
    endings.note(db, clock.now() + endings.GRACE)
    return expired(db)


def expired(db):
    found = "select action, object_ref from audit.event where action ~ '[.]expire$' order by id"
    return rows(db, found)


def why(db):
    found = "select detail ->> 'why' from audit.event where action ~ '[.]expire$' order by id"
    return [said for (said,) in rows(db, found)]


def own(client):
    return f"user_id = '{client.person.user_id}'"


@pytest.fixture
def kim(as_):
    return as_("practitioner", boroughs=(KINGSTON,))


# Sessions, and the second factor that was shown in one


def test_a_session_that_nobody_uses_ends_and_is_told_once(db, kim):
    idle = timedelta(minutes=ROLES["practitioner"].idle_min)
    later(db, "session", "last_seen_at", idle - MARGIN, own(kim))
    before = kim.get("/account").status_code
    later(db, "session", "last_seen_at", idle + SECOND, own(kim))

    after = kim.get("/account")

    assert (before, after.status_code) == (200, 303)
    assert after.headers["location"].startswith("/sign-in")
    assert told(db) == [("session.expire", ref_of(db, kim.person))]
    assert why(db) == ["idle"]


def test_a_session_in_use_ends_after_its_hours(db, kim):
    lasts = timedelta(hours=ROLES["practitioner"].abs_h)
    later(db, "session", "absolute_until", lasts - MARGIN, own(kim))
    before = kim.get("/account").status_code
    later(db, "session", "absolute_until", MARGIN + SECOND, own(kim))

    after = kim.get("/account").status_code

    assert (before, after) == (200, 303)
    assert told(db) == [("session.expire", ref_of(db, kim.person))]
    assert why(db) == ["absolute"]


def test_what_somebody_ends_is_told_as_that_and_never_as_an_ending(db, kim):
    send(kim, "/sign-out")
    for column in ("last_seen_at", "absolute_until", "stepped_at"):
        later(db, "session", column, timedelta(hours=11), own(kim))
    rows(db, "update app.session set ended_at = last_seen_at")

    assert told(db) == []
    signed_out = "select count(*) from audit.event where action = 'sign_out'"
    assert rows(db, signed_out) == [(1,)]


def test_a_way_in_that_was_never_finished_is_no_session(db, kim):
    rows(db, "update app.session set stage = 'CODE'")
    later(db, "session", "absolute_until", timedelta(hours=11), own(kim))

    assert told(db) == []


def test_a_second_factor_is_fresh_for_ten_minutes_and_then_told_once(db, kim):
    lasts = timedelta(seconds=PERMISSIONS.step_up_max_age_s)
    page = "/emergency"
    later(db, "session", "stepped_at", lasts - MARGIN, own(kim))
    before = kim.get(page).status_code
    later(db, "session", "stepped_at", MARGIN + SECOND, own(kim))

    after = kim.get(page)

    assert before == 200
    assert after.headers["location"] == f"/account/confirm?next={page}"
    assert told(db) == [("step_up.expire", ref_of(db, kim.person))]


def test_a_second_factor_that_is_shown_again_ends_later(db, kim):
    lasts = timedelta(seconds=PERMISSIONS.step_up_max_age_s)
    later(db, "session", "stepped_at", lasts - MARGIN, own(kim))
    found = "select id from app.session"
    ((key,),) = rows(db, found)
    with db.begin(visits.SYSTEM) as session:
        visits.renewed(visits.full(session, key), now=clock.now())

    endings.note(db, clock.now() + MARGIN + endings.GRACE + SECOND)

    assert expired(db) == []


# Tokens, grants, an emergency


@pytest.fixture
def program(db, settings):
    with browser(db, settings) as client:
        yield client


def test_a_token_is_refused_after_its_hour(db, program, kim):
    with db.begin(tokens.SYSTEM) as session:
        user = accounts.user_by_id(session, kim.person.user_id)
        lives = timedelta(hours=1)
        token, _ = tokens.make(
            session, user.id, user, scope=TokenScope.READ, lives=lives, label=None
        )
    asked = {"headers": {"authorization": f"Bearer {token}"}}
    later(db, "api_token", "expires_at", lives - MARGIN)
    before = program.get("/api/v1/places", **asked).status_code
    later(db, "api_token", "expires_at", MARGIN + SECOND)

    after = program.get("/api/v1/places", **asked).status_code

    assert (before, after) == (200, 401)
    assert told(db) == [("token.expire", ref_of(db, kim.person))]


def moved_to(db, until):
    """Every grant, so that it ends then."""
    rows(
        db,
        "update app.access_grant set from_at = from_at - (until_at - %s), until_at = %s",
        until,
        until,
    )


def test_a_grant_opens_its_record_until_its_end(db, as_, kim):
    lead, auditor = as_("cs_lead", agency="AFC"), as_("auditor", agency="AFC")
    place = lead.post("/api/v1/places", json=THERE).json()["ref"]
    given = {"person": ref_of(db, kim.person), "kind": "CASE", "record": place}
    given |= {"purpose": "CONTEXT_ASSESSMENT", "reason": REASON, "until_on": in_days(30)}
    page = send(lead, "/admin/grants/new", **given).headers["location"]
    assert send(auditor, f"{page}/approve").status_code == 303
    moved_to(db, clock.now() + MARGIN)
    before = kim.get(f"/places/{place}").status_code
    moved_to(db, clock.now() - SECOND)

    after = kim.get(f"/places/{place}").status_code

    assert (before, after) == (200, 404)
    assert told(db) == [("grant.expire", page.rpartition("/")[2])]


def test_a_grant_that_nobody_approved_opened_nothing_and_ends_without_a_word(db, as_, kim):
    lead = as_("cs_lead", agency="AFC")
    place = lead.post("/api/v1/places", json=THERE).json()["ref"]
    given = {"person": ref_of(db, kim.person), "kind": "CASE", "record": place}
    given |= {"purpose": "CONTEXT_ASSESSMENT", "reason": REASON, "until_on": in_days(30)}
    assert send(lead, "/admin/grants/new", **given).status_code == 303
    moved_to(db, clock.now() - SECOND)

    assert told(db) == []


def test_an_emergency_is_over_after_its_hours(db, as_, kim):
    lead = as_("cs_lead", agency="AFC")
    place = lead.post("/api/v1/places", json=THERE).json()["ref"]
    assert send(kim, "/emergency", reason=REASON, hours="1").status_code == 303
    moved_to(db, clock.now() + MARGIN)
    before = kim.get(f"/places/{place}").status_code
    moved_to(db, clock.now() - SECOND)

    after = kim.get(f"/places/{place}").status_code

    assert (before, after) == (200, 404)
    ((action, ref),) = told(db)
    assert (action, ref[:3]) == ("grant.expire", "GR-")
    assert why(db) == ["BREAK_GLASS"]


# Packs, exports, answers


def test_a_pack_closes_for_who_is_named_in_its_meeting(db, settings, monkeypatch):
    monkeypatch.setitem(building.KINDS, Kind.DAILY, lambda session, asked: [])
    here = panel(db, Kind.DAILY)
    ref, hours = here.frozen(), timedelta(hours=48)
    reader = browser(db, settings, here.people["practitioner"], headers=HTML)
    here.held(hours - MARGIN)
    before = reader.get(f"/briefings/{ref}").status_code
    here.held(hours + SECOND)

    after = reader.get(f"/briefings/{ref}").status_code

    assert (before, after) == (200, 404)
    assert told(db) == [("pack.expire", ref)]


def test_a_meeting_that_is_held_later_ends_its_pack_again(db, monkeypatch):
    monkeypatch.setitem(building.KINDS, Kind.DAILY, lambda session, asked: [])
    here = panel(db, Kind.DAILY)
    ref = here.frozen()
    here.held(timedelta(days=9))
    told(db)
    here.held(timedelta(days=8))

    assert told(db) == [("pack.expire", ref)] * 2


def test_an_export_is_gone_after_a_day(db, settings, as_):
    lead = as_("cs_lead", agency="AFC")
    assert lead.post("/api/v1/places", json=HERE).status_code == 201
    page = send(lead, "/exports/new?what=places", **EXPORT).headers["location"]
    with db.begin(making.TIDY) as session:
        (key,) = [export.id for export in session.query(making.Export)]
    making.make(db, settings, key)
    rows(db, "update app.export set expires_at = %s", clock.now() + MARGIN)
    before = lead.get(f"{page}/file").status_code
    rows(db, "update app.export set expires_at = %s", clock.now() - SECOND)

    after = lead.get(f"{page}/file").status_code
    making.tidy(db, settings)
    making.tidy(db, settings)

    assert (before, after) == (200, 410)
    assert expired(db) == [("export.expire", page.rpartition("/")[2])]


def test_an_answer_to_somebody_is_gone_after_a_day(db, settings):
    world = World(db, settings)
    page = answered(world, world.child())
    rows(db, "update app.subject_file set expires_at = %s", clock.now() + MARGIN)
    before = world.lead.get(page, headers=HTML).status_code
    rows(db, "update app.subject_file set expires_at = %s", clock.now() - SECOND)

    after = world.lead.get(page, headers=HTML).status_code
    subjects.delete_old(db, settings)
    subjects.delete_old(db, settings)

    assert (before, after) == (200, 410)
    assert expired(db) == [("subject_file.expire", page.split("/")[2])]


# Labels


def midnight(day):
    return datetime.combine(day, time(), clock.LONDON)


def shown(client):
    answer = client.get("/api/v1/places")
    return [each["id"] for each in answer.json()["features"]]


def test_a_label_ends_at_midnight_in_london_and_its_place_leaves_partners(db, as_):
    lead, partner = as_("cs_lead", agency="AFC"), as_("partner", boroughs=(KINGSTON,))
    ref = lead.post("/api/v1/places", json=PARK).json()["ref"]
    ends_on = clock.today() + timedelta(days=30)
    rows(db, "update app.place set state = 'SCREENED', label_expires_on = %s", ends_on)
    with db.begin(places.LABELS) as session:
        early = labels.end(session, midnight(ends_on) - SECOND)
    before = shown(partner)
    for _ in range(2):
        with db.begin(places.LABELS) as session:
            labels.end(session, midnight(ends_on) + SECOND)

    after = shown(partner)

    assert early.dormant == 0
    assert (before, after) == ([ref], [])
    moves = "select object_ref, detail ->> 'to' from audit.event where action = 'place.move'"
    assert rows(db, moves) == [(ref, "DORMANT")]


def test_one_of_the_hours_of_the_job_is_midnight_in_london_in_both_halves_of_the_year(db):
    worker = create_worker(db.logins.dsn("cs_job"))
    crons = {each.task.name: each.cron for each in worker.periodic_registry.periodic_tasks.values()}

    assert crons["places:labels"] == "0 * * * *"
    assert crons["accounts:endings"] == "*/5 * * * *"


# Forms of the public


def test_an_unfinished_form_ends_after_an_hour_and_nobody_is_told_that_there_was_one(db, settings):
    """That somebody began to tell us is nobody's business: also not of the audit."""
    before = rows(db, "select count(*) from audit.event")
    form = ready(db, settings)
    lock = Lock.of(form.cookie)
    rows(db, "update intake.draft set touched_at = now() - interval '55 minutes'")
    with db.begin(PUBLIC) as session:
        there = drafts.read(session, lock)
    rows(db, "update intake.draft set touched_at = now() - interval '60 minutes 1 second'")
    with db.begin(PUBLIC) as session:
        over = drafts.read(session, lock)

    tidy_forms.func(SimpleNamespace(additional_context={"db": db}), 0)

    assert there is not None
    assert over is None
    assert rows(db, "select count(*) from intake.draft") == [(0,)]
    assert told(db) == []
    assert rows(db, "select count(*) from audit.event") == before


# The job


def test_of_two_turns_at_once_one_tells(db, kim):
    later(db, "session", "last_seen_at", timedelta(hours=1), own(kim))
    at = clock.now() + endings.GRACE

    with ThreadPoolExecutor(4) as pool:
        noted = list(pool.map(lambda _: endings.note(db, at), range(4)))

    assert sorted(noted) == [0, 0, 0, 1]
    assert expired(db) == [("session.expire", ref_of(db, kim.person))]


def test_a_clock_that_goes_to_the_end_of_everything_tells_of_everything_once(db, as_, kim):
    as_("cs_lead", agency="AFC")
    assert send(kim, "/emergency", reason=REASON, hours="4").status_code == 303
    for days in (0, 1, 30, 400):
        endings.note(db, clock.now() + timedelta(days=days))

    found = sorted(action for action, _ in expired(db))

    assert found == ["grant.expire", *["session.expire"] * 2, *["step_up.expire"] * 2]


def test_what_is_gone_leaves_no_note_behind(db, kim):
    later(db, "session", "last_seen_at", timedelta(hours=1), own(kim))
    told(db)
    assert rows(db, "select count(*) from app.ending") == [(1,)]
    rows(db, "delete from app.session")

    told(db)

    assert rows(db, "select count(*) from app.ending") == [(0,)]
    assert len(expired(db)) == 1


def test_no_other_job_asks_what_has_ended(db):
    with (
        pytest.raises(ProgrammingError, match="only the job of endings"),
        db.begin(job_actor("accounts:tidy")) as session,
    ):
        session.execute(endings.NOTE, {"at": clock.now()})


def test_the_worker_does_it_by_itself(db, kim):
    later(db, "session", "last_seen_at", timedelta(hours=1), own(kim))

    jobs.note_endings.func(SimpleNamespace(additional_context={"db": db}), timestamp=0)

    assert expired(db) == [("session.expire", ref_of(db, kim.person))]


def test_the_job_waits_a_minute_for_a_request_that_was_let_in_a_moment_before_the_end(db):
    person = sign_in_as(db, "practitioner")
    idle = timedelta(minutes=ROLES["practitioner"].idle_min)
    later(db, "session", "last_seen_at", idle + SECOND, f"user_id = '{person.user_id}'")

    endings.note(db, clock.now())

    assert expired(db) == []
