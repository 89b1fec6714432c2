"""Packs of panels: who opens them, until when, with which purpose; signatures, lines, recall."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.packs import building, rules
from app.packs.content import line, section
from app.packs.rules import Kind
from tests.packs import BOROUGHS, last_period, panel
from tests.people import HTML, KINGSTON, RICHMOND, browser, send

NAMED = ("partner", "practitioner", "police_analyst", "chair", "police chair", "builder")
OTHERS = ("other partner", "other practitioner", "other police_analyst", "vca_member", "auditor",
          "administrator")  # fmt: skip
WITH = {"recipients": [], "agency": "MPS_SWBCU", "conditions": "Synthetic: not further."}
ITEMS = {
    "Own place": line("Own place", boroughs=[KINGSTON]),
    "Other place": line("Other place", boroughs=[RICHMOND]),
    "Address PL-": line("Address PL-111-1111", boroughs=[KINGSTON], home=True),
    "For statutory": line("For statutory", boroughs=[KINGSTON], statutory=True),
    "CH-111-1111": line("A child", children=["CH-111-1111"]),
    "Ask the police": line("Ask the police", conditional=WITH | {"recipients": ["nobody"]}),
    "exactly 3": line("exactly {n}", counts={"n": 3}),
}
READ = {
    "partner": {"Own place"},
    "practitioner": {"Own place", "For statutory", "exactly 3"},
    "police_analyst": set(ITEMS) - {"CH-111-1111"},
    "cs_lead": set(ITEMS) - {"Ask the police"},
    "public": set(), "vca_member": set(), "auditor": set(), "administrator": set(),
}  # fmt: skip


@pytest.fixture
def client_of(db, settings):
    def made(person):
        return browser(db, settings, person, headers=HTML)

    return made


@pytest.fixture
def opened(client_of):
    def answer(here, name, url):
        return client_of(here.people.get(name)).get(url)

    return answer


@pytest.fixture
def marve(db, monkeypatch):
    """A kind with one line of each sort."""
    made = [section("L", "Locations", list(ITEMS.values()))]
    monkeypatch.setitem(building.KINDS, Kind.MARVE, lambda session, asked: made)
    return panel(db, Kind.MARVE)


def events(here, action):
    with here.admin() as admin:
        return admin.execute(
            "select role, purpose, object_ref from audit.event where action = %s order by id",
            (action,),
        ).fetchall()


def test_each_role_reads_the_sections_of_the_redaction_table(marve, opened):
    ref = marve.frozen()

    for role, wanted in READ.items():
        page = opened(marve, role, f"/briefings/{ref}")
        found = {words for words in ITEMS if page.status_code == 200 and words in page.text}
        assert found == wanted, role


def test_a_chair_lets_practitioners_and_police_read_homes_and_children(marve, client_of, opened):
    ref = marve.checked()
    chair = client_of(marve.people["chair"])
    said = {"with_children": "yes", "with_homes": "yes"}

    assert send(chair, f"/briefings/{ref}/shown", **said).status_code == 303
    marve.sign(ref, "chair")

    for role in ("practitioner", "police_analyst"):
        page = opened(marve, role, f"/briefings/{ref}").text
        assert "CH-111-1111" in page
        assert "Address PL-111-1111" in page
    assert "CH-111-1111" not in opened(marve, "partner", f"/briefings/{ref}").text
    assert "CH-111-1111" not in opened(marve, "cs_lead", f"/briefings/{ref}?screen=1").text


def test_only_a_chair_says_what_is_shown(marve, client_of):
    ref = marve.checked()

    answer = send(client_of(marve.people["builder"]), f"/briefings/{ref}/shown", with_homes="yes")

    assert answer.status_code == 422
    assert rules.NOT_A_CHAIR in answer.text


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [(Kind.DAILY, "DRB"), (Kind.MARVE, "MARVE"), (Kind.MISSING, "MISSING_PANEL")],
)
def test_each_opening_is_one_audited_read_with_its_purpose(db, monkeypatch, opened, kind, purpose):
    monkeypatch.setitem(building.KINDS, kind, lambda session, asked: [])
    here = panel(db, kind)
    ref = here.frozen()
    before = len(events(here, "pack.read"))

    assert opened(here, "partner", f"/briefings/{ref}").status_code == 200

    assert events(here, "pack.read")[before:] == [("partner", purpose, ref)]


@pytest.mark.parametrize(("kind", "hours"), [(Kind.DAILY, 48), (Kind.MARVE, 14 * 24)])
def test_access_ends_for_everybody_but_a_lead(db, monkeypatch, opened, kind, hours):
    monkeypatch.setitem(building.KINDS, kind, lambda session, asked: [])
    here = panel(db, kind)
    ref = here.frozen()

    here.held(timedelta(hours=hours) - timedelta(minutes=5))
    assert {opened(here, name, f"/briefings/{ref}").status_code for name in NAMED} == {200}

    here.held(timedelta(hours=hours, minutes=1))
    assert {opened(here, name, f"/briefings/{ref}").status_code for name in NAMED} == {404}
    assert opened(here, "cs_lead", f"/briefings/{ref}").status_code == 200


def test_for_everybody_who_is_not_named_there_is_no_such_page(db, opened):
    here = panel(db)
    ref = here.frozen()

    for name in OTHERS:
        for path in ("", "/parts/1", "/work"):
            answer = opened(here, name, f"/briefings/{ref}{path}")
            assert answer.status_code in ((403, 404) if path == "/work" else (404,)), (name, path)
            assert "Daily risk" not in answer.text


def test_a_partner_gets_what_the_chairs_have_frozen_and_no_draft(db, opened):
    here = panel(db)
    ref = here.checked()

    draft, none = (opened(here, "partner", f"/briefings/{one}") for one in (ref, "BR-111-1111"))
    assert draft.status_code == none.status_code == 404
    assert draft.text.split("<main")[1] == none.text.split("<main")[1]
    assert ref not in opened(here, "partner", "/briefings").text

    here.sign(ref, "chair")
    here.sign(ref, "police chair")

    assert opened(here, "partner", f"/briefings/{ref}").status_code == 200
    assert ref in opened(here, "partner", "/briefings").text


def test_the_page_says_who_reads_it_and_when(db, opened):
    here = panel(db)
    ref = here.frozen()

    page = opened(here, "practitioner", f"/briefings/{ref}").text

    assert "Read by Test practitioner" in page
    assert ref in page


def test_a_partner_gets_no_hash_of_what_they_may_not_read(db, opened):
    here = panel(db)
    ref = here.frozen()
    with here.admin() as admin:
        (sha256,) = admin.execute(
            "select snapshot_sha256 from app.pack where ref = %s", (ref,)
        ).fetchone()

    assert sha256[:12] in opened(here, "practitioner", f"/briefings/{ref}").text
    assert sha256[:12] not in opened(here, "partner", f"/briefings/{ref}").text


def test_a_daily_briefing_is_frozen_by_a_chair_of_each_side(db, client_of, opened):
    here = panel(db)
    ref = here.checked()

    first = send(client_of(here.people["chair"]), f"/briefings/{ref}/freeze")
    again = send(client_of(here.people["chair"]), f"/briefings/{ref}/freeze")
    page = opened(here, "practitioner", f"/briefings/{ref}").text
    second = send(client_of(here.people["police chair"]), f"/briefings/{ref}/freeze")

    assert (first.status_code, again.status_code, second.status_code) == (303, 422, 303)
    assert "Checked, waits for signatures" in page
    assert "Frozen" in opened(here, "practitioner", f"/briefings/{ref}").text


def test_who_is_no_chair_or_built_it_does_not_sign(db, monkeypatch, client_of):
    monkeypatch.setitem(building.KINDS, Kind.MARVE, lambda session, asked: [])
    here = panel(db, Kind.MARVE)
    ref = here.checked(by="chair")

    built = send(client_of(here.people["chair"]), f"/briefings/{ref}/freeze")
    member = send(client_of(here.people["practitioner"]), f"/briefings/{ref}/freeze")

    assert rules.IS_BUILDER in built.text
    assert rules.NOT_A_CHAIR in member.text


@pytest.mark.parametrize(
    ("by", "change"),
    [
        ("practitioner", "signed_by = '{me}'"),
        ("chair", "signed_by = '{me}', state = 'FROZEN', frozen_at = now()"),
        ("chair", "police_by = '{me}'"),
        ("police chair", "signed_by = '{me}'"),
        ("chair", "signed_by = '{other}'"),
        ("builder", "with_homes = true"),
        ("builder", "snapshot = '{{}}'"),
        ("builder", "window_to = window_to + interval '1 day'"),
    ],
)
def test_the_database_asks_the_same(db, by, change):
    here = panel(db)
    ref = here.checked()
    me, other = here.people[by].user_id, here.people["partner"].user_id

    statement = text(f"update app.pack set {change.format(me=me, other=other)} where ref = :ref")

    with pytest.raises(DBAPIError), db.begin(here.people[by].actor) as session:
        session.execute(statement, {"ref": ref})


def test_a_line_makes_a_draft_again_and_is_read_once_it_is_checked(db, client_of, opened):
    here = panel(db)
    ref = here.checked()
    said = {"section": "3", "kind": "COUNT_LINE", "n": "2", "body": "station, robbery (synthetic)"}

    sent = send(client_of(here.people["chair"]), f"/briefings/{ref}/lines", **said)
    building.check(db, ref, BOROUGHS)
    page = opened(here, "practitioner", f"/briefings/{ref}").text

    assert sent.status_code == 303
    assert "2, station, robbery (synthetic)" in page

    work = opened(here, "chair", f"/briefings/{ref}/work").text
    (key,) = re.findall(rf"{ref}/lines/([0-9a-f-]{{36}})/remove", work)
    other = send(client_of(here.people["builder"]), f"/briefings/{ref}/lines/{key}/remove")
    own = send(client_of(here.people["chair"]), f"/briefings/{ref}/lines/{key}/remove")
    building.check(db, ref, BOROUGHS)

    assert (other.status_code, own.status_code) == (404, 303)
    assert "robbery" not in opened(here, "practitioner", f"/briefings/{ref}").text


def test_after_nine_only_a_chair_adds_a_line_and_nobody_to_what_is_frozen(db, client_of):
    here = panel(db)
    ref = here.checked()
    said = {"section": "5", "kind": "LINE", "body": "Synthetic: a match ends at nine."}

    late = send(client_of(here.people["practitioner"]), f"/briefings/{ref}/lines", **said)
    here.sign(ref, "chair")
    here.sign(ref, "police chair")
    frozen = send(client_of(here.people["chair"]), f"/briefings/{ref}/lines", **said)

    assert rules.CLOSED in late.text
    assert rules.IS_FROZEN in frozen.text


def test_no_line_is_taken_that_would_be_printed_nowhere(marve, client_of):
    ref = marve.checked()
    chair = client_of(marve.people["chair"])
    said = {"section": "L", "kind": "LINE", "body": "Synthetic: the gate is open."}

    page = chair.get(f"/briefings/{ref}/work").text
    answer = send(chair, f"/briefings/{ref}/lines", **said)

    assert "Add a line" not in page
    assert answer.status_code == 422
    assert rules.NO_LINES in answer.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "COUNT_LINE", "n": "many"}, "Enter a whole number."),
        ({"kind": "DECISION"}, "Say who does it, and by when."),
        ({"kind": "CONDITIONAL"}, "Enter the conditions for sharing."),
        ({"section": ""}, "Choose the part that it belongs to."),
        ({"body": "   "}, rules.WORDS),
    ],
)
def test_what_is_missing_in_a_line_is_told_beside_it(db, client_of, wrong, words):
    here = panel(db)
    ref = here.checked()
    said = {"section": "3", "kind": "LINE", "body": "Synthetic"} | wrong

    answer = send(client_of(here.people["chair"]), f"/briefings/{ref}/lines", **said)

    assert answer.status_code == 422
    assert words in answer.text


def test_a_conditional_item_is_read_by_its_recipients_and_the_own_force(db, client_of, opened):
    here = panel(db)
    ref = here.checked()
    said = {"section": "2", "kind": "CONDITIONAL", "body": "the intelligence unit"}
    said |= {"conditions": "Synthetic: not further."}
    named = {f"recipient_{here.people['practitioner'].user_id}": "yes"}
    officer = client_of(here.people["police chair"])

    send(officer, f"/briefings/{ref}/lines", **said)
    building.check(db, ref, BOROUGHS)
    alone = opened(here, "builder", f"/briefings/{ref}/work").text
    send(officer, f"/briefings/{ref}/lines", **said | named)
    building.check(db, ref, BOROUGHS)

    assert "A conditional item has no recipients." in alone
    for name, reads in (("practitioner", True), ("police_analyst", True), ("builder", False),
                        ("cs_lead", False)):  # fmt: skip
        page = opened(here, name, f"/briefings/{ref}").text
        assert ("1 conditional item, ask the intelligence unit." in page) == reads, name


def test_a_recalled_pack_says_so_first_and_another_replaces_it(db, client_of, opened):
    here = panel(db)
    ref = here.frozen()
    reason = "Synthetic: a place was named that may not be."

    lead = client_of(here.people["cs_lead"])
    assert send(client_of(here.people["chair"]), f"/briefings/{ref}/end", reason=reason).status_code
    assert send(lead, f"/briefings/{ref}/end", reason="short").status_code == 422
    assert send(lead, f"/briefings/{ref}/end", reason=reason).status_code == 303
    page = opened(here, "partner", f"/briefings/{ref}").text
    second = here.checked()

    assert "Recalled on" in page
    assert reason in page
    with here.admin() as admin:
        (found,) = admin.execute(
            "select before.ref from app.pack join app.pack as before on before.id = "
            "pack.replaces_id where pack.ref = %s", (second,),
        ).fetchone()  # fmt: skip
    assert found == ref


def test_the_next_window_begins_where_the_last_frozen_one_ended(db):
    here = panel(db)
    day = rules.working_day_before(rules.working_day_before(clock.today()))
    first = here.frozen(period=day.isoformat())
    second = here.begun()

    with here.admin() as admin:
        rows = dict(
            admin.execute("select ref, array[window_from, window_to] from app.pack").fetchall()
        )
    assert rows[second][0] == rows[first][1]


def test_the_job_builds_a_draft_for_the_people_of_the_last_meeting(db):
    here = panel(db)
    here.held(timedelta(days=5))
    day = rules.working_day_before(clock.today())
    morning = rules.built_at(day)

    early = building.daily(db, morning - timedelta(minutes=1), BOROUGHS)
    ref = building.daily(db, morning, BOROUGHS)
    again = building.daily(db, morning, BOROUGHS)

    assert (early, again) == (None, None)
    with here.admin() as admin:
        state, members = admin.execute(
            "select state, member_ids from app.pack where ref = %s", (ref,)
        ).fetchone()
    assert state == "CHECKED"
    assert set(members) == {here.people[name].user_id for name in NAMED}


LINES = (
    {"boroughs": [KINGSTON], "body": "Tonight: Synthetic park, 18-22: youth workers 18-20."},
    {"boroughs": [RICHMOND], "body": "Tonight: Synthetic towpath, 15-18."},
)


@pytest.fixture
def summarised(db, monkeypatch):
    """A frozen daily briefing, with a line of each borough to share."""
    monkeypatch.setitem(building.SUMMARIES, Kind.DAILY, lambda session, asked: list(LINES))
    here = panel(db)
    return here, here.frozen()


def test_whoever_works_in_the_borough_reads_the_summary_without_being_named(summarised, opened):
    here, ref = summarised
    before = len(events(here, "pack.read"))

    page = opened(here, "other partner", f"/briefings/{ref}/summary")
    lead = opened(here, "cs_lead", f"/briefings/{ref}/summary").text

    assert page.status_code == 200
    assert "Synthetic park, 18-22: youth workers 18-20." in page.text
    assert "towpath" not in page.text
    assert "towpath" in lead
    assert events(here, "pack.read")[before] == ("partner", "DRB", ref)
    assert f"/briefings/{ref}/summary" in opened(here, "other partner", "/briefings").text


def test_the_summary_is_there_for_a_day_and_for_nobody_else(summarised, opened):
    here, ref = summarised

    for role in ("vca_member", "auditor", "administrator"):
        assert opened(here, role, f"/briefings/{ref}/summary").status_code == 404, role
    with here.admin() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update app.pack set frozen_at = now() - interval '24 hours 1 minute'")

    assert opened(here, "other partner", f"/briefings/{ref}/summary").status_code == 404


def test_a_draft_has_no_summary(db, opened):
    here = panel(db)
    ref = here.checked()

    assert opened(here, "other partner", f"/briefings/{ref}/summary").status_code == 404


def test_more_than_a_part_has_room_for_opens_on_a_page_of_its_own(db, monkeypatch, opened):
    made = [section("1", "Urgent", [line(f"Place {n}") for n in range(7)], most=3)]
    monkeypatch.setitem(building.KINDS, Kind.DAILY, lambda session, asked: made)
    here = panel(db)
    ref = here.frozen()

    page = opened(here, "practitioner", f"/briefings/{ref}").text
    part = opened(here, "practitioner", f"/briefings/{ref}/parts/1").text

    assert "and 4 more: open" in page
    assert "Place 6" not in page
    assert "Place 6" in part
    assert opened(here, "practitioner", f"/briefings/{ref}/parts/9").status_code == 404


def test_a_pack_is_built_on_its_page_by_who_is_named_in_the_meeting(db, client_of):
    here = panel(db)
    with here.admin() as admin:
        (meeting,) = admin.execute(
            "select ref from app.meeting where id = %s", (here.meeting_id,)
        ).fetchone()
    said = {"kind": "DAILY", "period": last_period(Kind.DAILY), "meeting": meeting}
    builder = client_of(here.people["builder"])

    for wrong, words in (
        ({"kind": "SOMETHING"}, "Choose what is built."),
        ({"period": "yesterday"}, rules.PERIODS[Kind.DAILY]),
        ({"meeting": "MT-000-0000"}, rules.NO_MEETING),
    ):
        answer = send(builder, "/briefings/packs/new", **(said | wrong))
        assert (answer.status_code, words in answer.text) == (422, True), words
    assert send(builder, "/briefings/packs/new", **said).status_code == 303
    assert rules.EXISTS in send(builder, "/briefings/packs/new", **said).text
    other = client_of(here.people["other practitioner"])
    assert rules.NO_MEETING in send(
        other, "/briefings/packs/new", **(said | {"period": "2026-11-02"})
    ).text  # fmt: skip
