"""An assessment in a real browser, by keyboard alone: begun, written, sent, signed by another."""

import pytest

from app.assessments import queries
from app.assessments.rules import State
from tests import context_work
from tests.assessments import PATHS
from tests.e2e.test_triage import tab_to


@pytest.fixture
def team(site_db):
    return context_work.team(site_db)


def chosen(desk, field, downs):
    """A choice of a list, with the arrow keys."""
    tab_to(desk.page, field)
    for _ in range(downs):
        desk.page.keyboard.press("ArrowDown")
    return desk


def dated(desk, name, day="9"):
    for box, said in ((name, day), (f"{name}-month", "11"), (f"{name}-year", "2025")):
        desk.write(box, said)
    return desk


def test_an_assessment_is_written_and_signed_by_keyboard_alone(sit, team, site_db):
    desk = sit(team.worker)
    begun(desk, team)
    ref = desk.page.url.split("/")[-1]
    bounded(desk)
    looked_and_asked(desk)
    answered(desk)
    sent_to_review(team, site_db, ref)
    lead = sit(team.other_lead, "phone").open("/").looks_well()
    lead.press("Assessments to review").looks_well().press(ref).looks_well()
    lead.press("Check and send").looks_well().press("signed", "Space").press("Approve and sign")
    assert lead.page.get_by_text("Approved by").is_visible()
    lead.looks_well()
    lead.open(f"/places/{team.place_ref}").looks_well()
    assert lead.page.get_by_text("Children were heard").is_visible()


def begun(desk, team):
    desk.open(f"/places/{team.place_ref}").looks_well()
    assert desk.page.get_by_text("Children are not yet heard.").is_visible()
    desk.open(f"/places/{team.place_ref}/assessments").looks_well()
    chosen(desk.press("Begin an assessment").looks_well(), "prompted_by", 1)
    desk.press("Begin").looks_well()
    assert desk.heading.endswith("Assessment"), "the boundary comes later, too"


def bounded(desk):
    desk.press("Check and send").looks_well().press("Begin scoping").looks_well()
    assert desk.page.get_by_role("heading", name="There is a problem").is_visible()
    desk.open(desk.page.url.removeprefix(desk.url).removesuffix("/check"))
    desk.press("Basics").looks_well()
    desk.press("bounds-AROUND", "Space").write("radius_m", "60")
    desk.write("boundary_reason", "Synthetic: the square and the ways into it.")
    desk.press("Save").press("Check and send").press("Begin scoping").looks_well()


def looked_and_asked(desk):
    desk.press("Methods").looks_well().press("Add a method").looks_well()
    chosen(desk, "method_code", 1)
    dated(desk, "held_on").press("Save").looks_well().press("Back to the task list")
    desk.press("Signs of Safety").looks_well().press("Add a sentence").looks_well()
    chosen(desk, "column_code", 1).write("body", "Synthetic: the caretaker is known.")
    chosen(desk, "view", 1).press("Save").looks_well().press("Add a score").looks_well()
    chosen(desk, "party", 1).write("n_people", "9").write("score", "3")
    dated(desk, "on_date").press("Save").looks_well()
    assert desk.page.locator("svg.cm-dots circle").count() == 1


def answered(desk):
    desk.press("Back to the task list").press("Guardianship").looks_well()
    desk.press("Do children trust them? Can they name one?").looks_well()
    chosen(desk, "rating_CHILDREN", 5)
    chosen(desk, "rating_SETTLED", 3).press("Save and go to the next question")
    assert desk.page.get_by_text("Say why it is settled lower").first.is_visible()
    desk.looks_well().write("note_SETTLED", "Synthetic: two thirds of the older ones name one.")
    desk.press("Save and go to the next question").looks_well()
    desk.press("Cancel").looks_well()
    assert desk.page.get_by_text("2 Mixed").is_visible()


def sent_to_review(team, site_db, ref):
    """The rest of the 27 questions, as the practitioner answers them."""
    actor = team.worker.actor
    with site_db.begin(actor) as session:
        made = queries.find(session, ref, lock=True)
        context_work.fill(session, actor, made)
        for to in (State.GATHERING, State.ANALYSIS, State.PEER_REVIEW):
            context_work.assessments.move(session, actor, made, to)


def test_no_page_of_it_breaks_axe_or_scrolls_sideways_on_a_phone(sit, team):
    first = context_work.approved_assessment(team)
    context_work.set_state(team, "ASSESSING")
    ref = context_work.draft_assessment(team)
    phone = sit(team.worker, "phone")

    for path in PATHS:
        phone.open(f"/assessments/{ref}{path}").looks_well()
    for path in (f"/assessments/{first}/whole", f"/assessments/{ref}/compare?to={first}",
                 f"/places/{team.place_ref}/assessments", "/assessments"):  # fmt: skip
        phone.open(path).looks_well()
