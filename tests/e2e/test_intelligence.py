"""Intelligence in a real browser, by keyboard alone: written, checked, released, accepted."""

import pytest
from sqlalchemy import text

from app.intelligence import checking, qa, queries, service
from app.intelligence.schemas import DecisionIn, IntelIn
from tests.e2e.sitting import WIDTHS
from tests.e2e.test_triage import tab_to
from tests.intelligence import CONDITIONAL, PLAIN, POLICE
from tests.people import KINGSTON, RICHMOND, ref_of, sign_in_as


@pytest.fixture
def people(site_db):
    police = [sign_in_as(site_db, "police_analyst", agency=POLICE) for _ in range(2)]
    return *police, sign_in_as(site_db, "practitioner")


def newest(site_db, person):
    with site_db.read(person.actor) as session:
        query = text("select ref, state from app.intel_item order by created_at desc limit 1")
        return tuple(session.execute(query).one())


@pytest.mark.parametrize("width", WIDTHS)
def test_an_item_is_written_and_released_by_keyboard_alone(sit, people, site_db, width):
    writer, second, _ = people
    desk = sit(writer, width).open("/intelligence").looks_well()
    desk.press("Write an item").looks_well().press("Start a new item").looks_well()
    says_what_where_and_when(desk.press("Kind").looks_well())
    says_what_is_known(desk)
    grades(desk)
    desk.press("harm_KNIFE", "Space").press("Save and go on").looks_well()
    assert desk.heading == "Check and send the item"
    promised = "Practitioners in Kingston upon Thames: the sanitised text, place as a shape."
    assert promised in desk.page.content()
    desk.press("Send for QA").looks_well()
    ref, state = newest(site_db, writer)
    assert state == "SUBMITTED"
    assert ref in desk.heading

    other = sit(second, width).open(f"/intelligence/{ref}").looks_well()
    other.press("Check it").looks_well().press("Take it into QA").looks_well()
    other.press("Decide").looks_well()
    other.press("decision", "Space").press("Decide").looks_well()
    assert newest(site_db, writer) == (ref, "RELEASED")


def says_what_where_and_when(desk):
    desk.press("Save and go on").looks_well()
    assert desk.page.get_by_role("heading", name="There is a problem").is_visible()
    desk.press("kind", "Space").press("Save and go on")
    assert desk.heading == "Where"
    desk.looks_well().press("where", "Space")
    for _ in range(3):
        desk.page.keyboard.press("ArrowDown")
    desk.write("radius_m", "150").write("grid_reference", "TQ 180 690").looks_well()
    desk.press("Save and go on").looks_well().press("when", "Space")
    desk.write("from_on", "20").write("from_on-month", "11").write("from_on-year", "2026")
    desk.press("Save and go on").looks_well()


def says_what_is_known(desk):
    desk.write("body", "Synthetic: Kyle Example waits here.").press("Save and go on").looks_well()
    assert "This may identify the source: Kyle Example." in desk.page.content()
    tab_to(desk.page, "body")
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text("Synthetic: adults wait here and offer lifts.")
    tab_to(desk.page, "discovered_by")
    desk.page.keyboard.press("ArrowDown")
    desk.press("Save and go on").looks_well()


def grades(desk):
    assert desk.heading == "Grading"
    desk.press("Save and go on").looks_well()
    for words in ("Grade the source.", "Grade the information."):
        assert words in desk.page.content()
    for field in ("source_eval", "info_assess", "handling"):
        desk.press(field, "Space")
    desk.press("Save and go on").looks_well()


def test_conditions_are_read_and_accepted_by_keyboard_alone(sit, people, site_db):
    writer, second, named = people
    ref = released(
        site_db, writer, second, **CONDITIONAL | {"recipients": [ref_of(site_db, named)]}
    )
    for width in WIDTHS:
        sit(named, width).open("/intelligence").looks_well()
        sit(named, width).open(f"/intelligence/{ref}/conditions").looks_well()

    reader = sit(named).open("/intelligence").press(f"Read the conditions of {ref}")
    assert reader.heading == "Do you accept these conditions?"
    reader.press("I accept these conditions").looks_well()

    assert "parcels are handed over by the lift" in reader.page.content()


def released(site_db, writer, second, **given):
    with site_db.begin(writer.actor) as session:
        wanted = IntelIn.model_validate(PLAIN | given)
        made = checking.check(session, wanted, (KINGSTON, RICHMOND))
        ref = service.submit(session, writer.actor, made).ref
    with site_db.begin(second.actor) as session:
        qa.take(session, second.actor, queries.lock(session, ref))
    with site_db.begin(second.actor) as session:
        said = DecisionIn(decision="RELEASE")
        qa.decide(session, second.actor, queries.lock(session, ref), said)
    return ref


def test_the_sections_work_without_javascript_and_a_withdrawal_asks_why(sit, people, site_db):
    writer, second, _ = people
    ref = released(site_db, writer, second)

    plain = sit(writer, "phone", java_script_enabled=False).open(f"/intelligence/{ref}")
    plain.page.get_by_role("button", name="Write a corrected item").click()
    plain.page.get_by_role("link", name="Grading").click()
    assert plain.page.locator("#source_eval-2").is_checked()

    desk = sit(writer).open(f"/intelligence/{ref}").looks_well().press("Withdraw it").looks_well()
    desk.press("Withdraw it").looks_well()
    desk.write("reason", "Synthetic").press("Withdraw it")
    assert newest(site_db, writer) == (ref, "WITHDRAWN")
