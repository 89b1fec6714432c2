"""A plan from its first goal to an action that is done, by keyboard alone, at desk and phone."""

from collections.abc import Iterator

import psycopg
import pytest

from app.core.ids import random_id
from tests.people import sign_in_as
from tests.plans import AUTHOR, FAIR, METHOD, assessment_row
from tests.sql import world


@pytest.fixture
def place(site_db) -> Iterator[str]:
    """With an approved assessment in which children were heard."""
    spot = world.Place("K", "H0", state="ASSESSED")
    with psycopg.connect(site_db.logins.dsn("postgres"), autocommit=True) as admin:
        world.write(spot, admin)
        statement, given = assessment_row(spot.ref, "APPROVED")
        admin.execute(statement, given)
        admin.execute(METHOD, (random_id(), given["id"], AUTHOR, AUTHOR))
    return spot.ref


def day(desk, field, wanted):
    for part, said in zip(("", "-month", "-year"), wanted.split(), strict=True):
        desk.write(f"{field}{part}", said)


def choose(desk, field, letters):
    """Of a list, by typing what it begins with."""
    desk.press(field, "Home")
    desk.page.keyboard.type(letters)


def test_a_plan_is_agreed_and_its_action_done_by_keyboard_alone(sit, site_db, place):
    lead, second = (sign_in_as(site_db, "cs_lead", agency="AFC") for _ in range(2))
    owner = sign_in_as(site_db, "partner", agency="BUSINESS")

    desk = sit(lead).open(f"/places/{place}").press("Plan and actions").looks_well()
    desk.press("Begin a plan").looks_well()
    chooses_a_goal_and_measures_it(desk)
    adds_an_action(desk)
    agrees_and_begins(desk, place)
    assert desk.page.locator(".cm-badge--state").inner_text() == "Active"

    tells_that_it_is_done(sit(owner, "phone"), place)

    other = sit(second).open("/actions?show=confirm").looks_well()
    other.press("Train the evening staff").looks_well()
    other.press("Confirm or withdraw this action").looks_well()
    other.press("to", "Space").press("Decide").looks_well()
    assert "All eight were trained." in other.page.content()
    assert other.page.locator(".cm-identity__badges strong").inner_text() == "Done"
    sit(lead, "phone").open(f"/places/{place}/plan").looks_well()


def chooses_a_goal_and_measures_it(desk):
    desk.press("Choose goals").looks_well().press("Save the goals").looks_well()
    assert "Choose 1 to 5 goals." in desk.page.content()
    desk.press("goal_G_TRUSTED_ADULT", "Space").press("Save the goals").looks_well()
    desk.press("Add a measure to goal 1").looks_well()
    desk.write("body", "Held four talks").press("Save the measure").looks_well()
    assert "That measures effort. What will be different?" in desk.page.content()
    desk.press("body", "Control+a")
    desk.page.keyboard.insert_text("Children asked here name an adult they trust")
    desk.press("direction", "Space").write("baseline", "20").write("target", "60")
    day(desk, "due_on", "1 6 2027")
    desk.press("Save the measure").looks_well()


def adds_an_action(desk):
    desk.press("Add an action").looks_well()
    desk.write("body", "Train the evening staff")
    choose(desk, "response_code", "Training of")
    choose(desk, "goal", "Children can")
    choose(desk, "owner_agency", "Businesses")
    day(desk, "due_on", "14 1 2027")
    desk.press("Save the action").looks_well()
    assert "Welfare 1, environmental 0, regulatory 0, enforcement 0" in desk.page.content()


def agrees_and_begins(desk, place):
    plan = f"/places/{place}/plan"
    desk.open(plan).press("Decide about the plan").press("to", "Space").press("Decide").looks_well()
    assert "Fill in the equality check." in desk.page.content()
    desk.press("Cancel").press("Change these words").looks_well()
    desk.write("equality_check", FAIR).write("summary_plain", "Adults here will help.")
    day(desk, "shown_on", "20 11 2026")
    desk.press("Save").looks_well()
    for _ in range(2):
        desk.open(plan).press("Decide about the plan").looks_well()
        desk.press("to", "Space").press("Decide").looks_well()


def tells_that_it_is_done(phone, place):
    phone.open("/").looks_well().press("My actions").looks_well()
    phone.press("Train the evening staff").looks_well()
    assert "Children can name an adult here they trust" in phone.page.content()
    assert place not in phone.page.content()
    phone.press("state", "ArrowDown").page.keyboard.press("ArrowDown")
    phone.press("Update").looks_well()
    assert "Say what was done." in phone.page.content()
    phone.write("evidence", "All eight were trained.").press("Update").looks_well()
