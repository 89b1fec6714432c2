"""Incidents in a real browser, by keyboard alone: recorded, corrected, restored, withdrawn."""

import pytest

from tests.e2e.sitting import WIDTHS
from tests.e2e.test_triage import tab_to
from tests.intelligence import POLICE
from tests.people import browser, sign_in_as

NAME = "Shop of the incidents"
SHOP = {"type_code": "TAKEAWAY_SHOP", "easting": 517_900, "northing": 169_900}
MISSING = {"harm_code": "MISSING_HOME", "occurred_from": "2026-03-02", "source_agency": "AFC"}


@pytest.fixture
def analyst(site_db):
    return sign_in_as(site_db, "police_analyst", agency=POLICE)


@pytest.fixture
def lead(site_db):
    return sign_in_as(site_db, "cs_lead", agency="AFC")


@pytest.fixture
def api(site_db, settings, lead):
    return browser(site_db, settings, lead)


@pytest.fixture
def shop(api):
    answer = api.post("/api/v1/places", json=SHOP | {"name": NAME})
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


def choose(desk, field, words):
    """The option of a list whose words begin like this."""
    tab_to(desk.page, field)
    desk.page.keyboard.type(words)


def begins(desk, day, month, year, time):
    for box, words in {"day": day, "month": month, "year": year, "time": time}.items():
        desk.write(f"occurred_from_{box}", words)


def refused(desk, *sentences):
    """The page says what is wrong, in words that lead to the field, and can be read by all."""
    assert desk.looks_well().page.title().startswith("Error:")
    assert desk.page.get_by_role("heading", name="There is a problem").is_visible()
    for words in sentences:
        assert words in desk.page.inner_text(".govuk-error-summary")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_incident_is_recorded_by_keyboard_alone(sit, analyst, shop, width):
    desk = sit(analyst, width).open("/incidents").looks_well()
    desk.press("Record an incident").looks_well()
    desk.press("Record")
    refused(desk, "Choose what harm happened.", "Enter when it began", "Choose who reported it.")

    says_what_happened(desk)
    desk.write("place", shop).write("uncertainty_m", "30")
    choose(desk, "source_agency", "Metropolitan")
    choose(desk, "confidence", "Corroborated")
    desk.press("Record")
    refused(desk, "The end is before the start.")
    tab_to(desk.page, "occurred_to_time")
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text("18:05")
    desk.press("Record").looks_well()

    told, ref = desk.page.inner_text("main"), desk.heading.removeprefix("Incident ")
    for words in (
        "Knife carried or used",
        "5 of 5",
        "Robbery",
        "27 March 2026, 4:20pm",
        "27 March 2026, 6:05pm",
        "30 metres",
        NAME,
    ):
        assert words in told
    desk.open(f"/incidents?place={shop}").looks_well()
    assert desk.page.get_by_role("link", name=ref, exact=True).is_visible()


def says_what_happened(desk):
    choose(desk, "harm_code", "Knife")
    desk.press("Other harms that happened as well", "Space").looks_well()
    desk.press("other_ROBBERY", "Space")
    desk.write("summary", "Synthetic: a knife was shown by the gate.")
    begins(desk, "27", "3", "2026", "16:20")
    for box, words in {"day": "27", "month": "3", "year": "2026", "time": "15:05"}.items():
        desk.write(f"occurred_to_{box}", words)


def recorded(api, **given):
    body = {
        "harm_code": "KNIFE",
        "occurred_from": "2026-03-27T16:20",
        "occurred_to": "2026-03-27T18:05",
        "time_precision": "EXACT",
        "source_agency": "AFC",
        "summary": "Synthetic: as it was first told.",
    }
    answer = api.post("/api/v1/incidents", json=body | given)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_corrected_and_an_earlier_version_comes_back(sit, analyst, api, shop, width):
    ref = recorded(api, place=shop)
    desk = sit(analyst, width).open(f"/incidents/{ref}").looks_well()

    desk.press("Correct").looks_well().press("Save the correction")
    refused(desk, "Say what is corrected and why, in 3 to 300 characters.")
    choose(desk, "harm_code", "Robbery")
    desk.write("reason", "Synthetic: the caller rang again.").press("Save the correction")
    assert "Version 2, by you" in desk.looks_well().page.inner_text("main")
    assert NAME in desk.page.inner_text("main")

    desk.press("See every version").looks_well()
    assert "Harm: Knife carried or used → Robbery" in desk.page.inner_text("main")
    desk.press("Compare version 1 with now").looks_well().press("Restore version 1")
    refused(desk, "Say why, in 3 to 300 characters.")
    desk.write("reason", "Synthetic: the first caller was right.").press("Restore version 1")
    assert desk.looks_well().page.locator("tbody tr").count() == 3
    assert "Harm: Robbery → Knife carried or used" in desk.page.inner_text("main")


def test_who_saved_in_between_is_not_overwritten_unseen(sit, analyst, api):
    ref = recorded(api, easting=517_900, northing=169_900)
    desk = sit(analyst).open(f"/incidents/{ref}/edit")
    between = {"version": 1, "reason": "Synthetic", "outcome_band": "SUPPORT"}
    assert api.patch(f"/api/v1/incidents/{ref}", json=between).status_code == 200

    choose(desk, "harm_code", "Robbery")
    desk.write("reason", "Synthetic: it was a robbery.").press("Save the correction").looks_well()
    assert "Nothing of yours is saved yet." in desk.page.inner_text("main")
    desk.press("Save as I wanted it").looks_well()

    assert "Version 3, by you" in desk.page.inner_text("main")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_lead_confirms_and_withdraws_by_keyboard_alone(sit, lead, api, shop, width):
    ref = recorded(api, place=shop)
    desk = sit(lead, width).open(f"/incidents/{ref}").press("Confirm").looks_well()
    desk.press("Confirm").looks_well()
    assert desk.page.locator(".cm-badge").first.inner_text() == "Confirmed"

    desk.press("Withdraw").looks_well().press("Withdraw")
    refused(desk, "why")
    desk.write("reason", "Synthetic: it was elsewhere.").press("Withdraw").looks_well()

    told = desk.page.inner_text("main")
    assert "This incident was withdrawn: Synthetic: it was elsewhere." in told
    assert ref not in desk.open(f"/incidents?place={shop}").looks_well().page.inner_text("main")
    desk.open("/incidents?state=WITHDRAWN").looks_well()
    assert ref in desk.page.inner_text("tbody")
    desk.open(f"/incidents/{ref}/history").looks_well()


def test_a_missing_episode_is_opened_with_a_reason_and_filled_in_by_keyboard(sit, lead, api):
    ref = recorded(api, **MISSING, time_precision="DAY", occurred_to=None, postcode="KT1 1EU")
    desk = sit(lead).open(f"/incidents/{ref}").press("Missing episode").looks_well()
    desk.press("Show it")
    refused(desk, "Select why you need to see this.")
    desk.press("purpose", "Space").press("Show it").looks_well()
    desk.write("missing_from_at_day", "40").press("Save")
    refused(desk, "Enter a real date, for example 27 3 2026.")
    tab_to(desk.page, "missing_from_at_day")
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text("2")
    for box, words in {"month": "3", "year": "2026", "time": "21:30"}.items():
        desk.write(f"missing_from_at_{box}", words)
    desk.press("Save").looks_well()

    assert "2 March 2026, 9:30pm" in desk.page.inner_text("dl").replace("\u00a0", " ")


def test_the_forms_work_without_javascript(sit, analyst, api, shop):
    ref = recorded(api, place=shop)
    desk = sit(analyst, "phone", java_script_enabled=False).open(f"/incidents/{ref}/edit")

    desk.page.locator("#reason").fill("Synthetic: nothing but the reason.")
    desk.page.get_by_role("button", name="Save the correction").click()
    assert "Nothing is changed yet. Change an answer first." in desk.page.inner_text("main")
    desk.page.locator("#summary").fill("Synthetic: told again.")
    desk.page.get_by_role("button", name="Save the correction").click()

    assert "Version 2, by you" in desk.page.inner_text("main")
