"""People ask what is held of them: an auditor opens, a lead answers, and others stay out of it."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import clock
from app.subjects import jobs, rules
from app.subjects.document import POLICE
from tests import uses
from tests.people import HTML, trace_of
from tests.subjects import ACCESS, answered, decided, registered
from tests.uses import PLAN, World, posting

LIST = Path(__file__).resolve().parents[2] / "data" / "lookups" / "lists" / "retention.csv"
RULES = list(csv.DictReader(LIST.read_text().splitlines()))


@pytest.fixture
def world(db, settings):
    return World(db, settings)


def child_with_links(world):
    """Linked to a shop by a practitioner, and to an incident of the police."""
    ref, other = world.child(), world.child()
    shop, home = world.shop(), world.home()
    said = f"Synthetic: seen with {other}, call 020 8000 0000"
    for place, by, basis in (
        (shop, "AFC", said),
        (home, "HOUSING_RP", "Synthetic: stays there"),
        (shop, "MPS_SWBCU", "Synthetic: a police canary"),
    ):
        body = uses.LINK | {"place": place, "source_agency": by, "basis": basis}
        path = f"/api/v1/children/{ref}/links"
        assert world.lead.post(path, json=body, headers=PLAN).status_code == 201
    return ref, other


def events(world, action):
    with world.superuser() as admin:
        return admin.execute(
            "select object_ref, role, purpose, detail from audit.event where action = %s "
            "order by id",
            (action,),
        ).fetchall()


def test_an_answer_holds_what_is_ones_own_and_nobody_else(world):
    ref, other = child_with_links(world)

    page = answered(world, ref)
    found = world.lead.get(page, headers=HTML)
    told = world.lead.get(f"{page}.json")

    assert found.status_code == told.status_code == 200
    body = told.json()
    text = found.text + told.text
    assert body["ref"] == ref
    assert [section["title"] for section in body["sections"]] == [
        "The reference",
        "Links to places",
    ]
    assert "seen with [another child], call [a contact]" in text
    for kept_back in (other, "020 8000", "police canary", uses.HOME_NAME, "Metropolitan"):
        assert kept_back not in text
    assert "Achieving for Children" in text
    assert "A home" in text
    assert body["police"] == POLICE
    assert [row["code"] for row in body["left_out"]][:2] == ["OTHER_CHILDREN", "REPORTERS"]


TAKEN_BACK = """
    insert into app.child_link_was (child_id, place_id, borough_codes, tier, role, source_agency,
        from_on, basis, why, withdrawn)
    select child.id, place.id, child.borough_codes, 'H1', 'frequents', %s, '2026-01-05',
           'Synthetic: of then', %s, true
    from app.child left join app.place on place.ref = %s where child.ref = %s
"""


def test_what_was_taken_back_is_told_unless_nobody_knows_that_it_was_not_the_police(world):
    ref, shop = world.child(), world.shop()
    with world.superuser() as admin:
        admin.execute(TAKEN_BACK, ("AFC", "Synthetic: another shop", shop, ref))
        admin.execute(TAKEN_BACK, ("MPS_SWBCU", "Synthetic: police canary", shop, ref))
        admin.execute(TAKEN_BACK, (None, "Synthetic: of an incident that is gone", None, ref))

    body = world.lead.get(f"{answered(world, ref)}.json").json()

    (section,) = [one for one in body["sections"] if one["title"] == "What links said before"]
    (entry,) = section["entries"]
    said = {line["label"]: line["said"] for line in entry["lines"]}
    assert said["Then"] == "taken back"
    assert said["Why it was taken back"] == "Synthetic: another shop"


def test_what_is_said_of_the_police_is_the_same_where_there_is_nothing(world):
    with_items, _ = child_with_links(world)
    pages = [answered(world, ref) for ref in (with_items, world.child())]

    first, second = (world.lead.get(f"{page}.json").json() for page in pages)

    assert first["police"] == second["police"]
    assert first["left_out"] == second["left_out"]


def test_two_people_answer_and_each_step_leaves_its_event(world):
    ref = world.child()
    trace = trace_of(world.db, ref)

    page = answered(world, ref)
    world.lead.get(page)

    request = page.split("/")[2]
    for action in ("create", "decide"):
        ((named, *_),) = events(world, f"subject_request.{action}")
        assert named == request
    ((*seen, _),) = events(world, "subject_file.create")
    assert seen == [trace, "cs_lead", "SAR"]
    ((named, role, _, detail),) = events(world, "subject_file.download")
    assert (named, role, detail["form"]) == (request, "cs_lead", "page")
    with world.superuser() as admin:
        told = admin.execute("select detail::text from audit.event").fetchall()
    assert not [row for row in told if ref in (row[0] or "")]


def test_the_answer_is_for_who_made_it_for_a_day_and_with_a_fresh_code(world):
    page = answered(world, world.child())
    another = world.as_("cs_lead", stepped=True)
    without_a_code = world.as_("cs_lead", stepped=False)

    others = another.get(page)
    stale = without_a_code.get(page, headers=HTML)
    auditor = world.as_("auditor").get(page)
    with world.superuser() as admin:
        admin.execute(
            "update app.subject_file set expires_at = expires_at - interval '24 hours 1 second'"
        )
    over = world.lead.get(page)

    assert others.status_code == 410
    assert stale.status_code in (303, 401, 403)
    assert auditor.status_code == 403
    assert over.status_code == 410


def test_a_day_later_the_file_and_its_key_are_gone(world, settings, monkeypatch):
    answered(world, world.child())
    folder = settings.data_dir / "subjects"
    assert list(folder.iterdir())
    later = clock.now() + timedelta(hours=24, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    jobs.delete_old(world.db, settings)

    with world.superuser() as admin:
        left = admin.execute("select count(*) from app.subject_file").fetchone()
    assert left == (0,)
    assert not list(folder.iterdir())
    assert len(events(world, "subject_file.expire")) == 1


def test_a_request_is_forgotten_six_years_after_it_was_closed(world, settings):
    closed, waiting = (registered(world, world.child()) for _ in range(2))
    assert posting(world.as_("auditor"), f"{closed}/close")().status_code == 303
    moved = (
        "update app.subject_request set closed_at = now() - %s::interval where closed_at < now()"
    )
    left = []
    for ago in ("6 years -1 hour", "6 years 1 second"):
        with world.superuser() as admin:
            admin.execute(moved, (ago,))
        jobs.delete_old(world.db, settings)
        with world.superuser() as admin:
            left.append({ref for (ref,) in admin.execute("select ref from app.subject_request")})

    first, second = (page.rpartition("/")[2] for page in (closed, waiting))
    assert left == [{first, second}, {second}]
    assert len(events(world, "subject_request.expire")) == 1
    (row,) = [row for row in RULES if row["record"] == "subject_request"]
    assert row["keep"] == f"{rules.KEPT_YEARS} years"


def test_who_opens_a_request_does_not_decide_it(world):
    page = registered(world, world.child())

    by_auditor = posting(world.as_("auditor"), f"{page}/decide", decision="GIVEN")()
    by_practitioner = world.as_("practitioner").get(page)

    assert by_auditor.status_code == 403
    assert by_practitioner.status_code == 403


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"record": "CH-000-0000"}, rules.NO_RECORD),
        ({"record": "K7Q4-M2XD-9BTP-3VWH-R8NC-6J5F"}, rules.NO_RECORD),
        ({"received_on": "2020-01-01"}, rules.TOO_OLD),
        ({"received_on": "2999-01-01"}, rules.IN_FUTURE),
        ({"kind": ""}, "Select what is asked."),
    ],
)
def test_what_cannot_be_registered_says_why(world, said, wrong):
    given = ACCESS | {"record": world.child(), "received_on": clock.today().isoformat()} | said

    answer = posting(world.as_("auditor"), "/subject-requests/new", **given)()

    assert answer.status_code == 422
    assert wrong in answer.text


def test_time_is_extended_once_with_a_reason(world):
    page = registered(world, world.child())
    auditor = world.as_("auditor")

    without = posting(auditor, f"{page}/extend")()
    once = posting(auditor, f"{page}/extend", extension="COMPLEX")()
    twice = posting(auditor, f"{page}/extend", extension="COMPLEX")()

    assert [one.status_code for one in (without, once, twice)] == [422, 303, 409]
    with world.superuser() as admin:
        ((due,),) = admin.execute("select due_on from app.subject_request").fetchall()
    assert due == rules.extended_to(clock.today())


def test_what_is_overdue_is_on_the_work_lists_of_both(world):
    registered(world, world.child())
    past = clock.today() - timedelta(days=60)
    registered(world, world.child(), received_on=past.isoformat())

    for person in (world.lead, world.as_("auditor")):
        home = person.get("/", headers=HTML).text
        behind = person.get("/subject-requests?show=overdue", headers=HTML).text
        assert "Subject requests overdue" in home
        assert behind.count('scope="row"') == 1
        assert "<strong>overdue</strong>" in behind


def test_putting_right_is_noted_and_told(world):
    page = registered(world, world.child(), kind="CHANGE")

    short = decided(world, page, "CHANGED", note="Too short")
    done = decided(world, page, "CHANGED", note="Synthetic: the age band was put right today.")
    told = posting(world.as_("auditor"), f"{page}/close")()

    assert [one.status_code for one in (short, done, told)] == [422, 303, 303]
    shown = world.as_("auditor").get(page, headers=HTML).text
    assert "the age band was put right" in shown
    assert "Answered" in shown
