"""The behaviour contract of maps (M1 to M24), each line on each map, in a real browser.

One page serves most of the lines of a map; the default page of Leaflet is asked as a control.
"""

import pytest

from tests.e2e import contract as c
from tests.e2e import contract_more as more
from tests.e2e.conftest import session_cookie
from tests.e2e.contract import Known, Seen
from tests.people import sign_in_as

DESK = {"width": 1280, "height": 900}
PEOPLE = {
    "lead": ("cs_lead", {"agency": "AFC"}),
    "police": ("police_analyst", {"agency": "POL"}),
    "practitioner": ("practitioner", {}),
    "partner": ("partner", {"agency": "EDU"}),
}
MAPS = [
    Known(f"{who} {layer}", f"/map?layer={layer}", who, layer)
    for who in PEOPLE
    for layer in ("places", "hotspots", "clusters")
    if (who, layer) not in {("partner", "hotspots"), ("partner", "clusters")}
]


@pytest.fixture(scope="module")
def people(site_db):
    return {who: sign_in_as(site_db, role, **given) for who, (role, given) in PEOPLE.items()}


@pytest.fixture(scope="module", params=MAPS, ids=lambda known: known.name)
def shown(request, chromium, live_url, people):
    """A map that was opened once for all that is asked of it."""
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.add_cookies([session_cookie(people[request.param.role].cookie)])
    yield Seen(context.new_page(), live_url, request.param).open().rest()
    context.close()


@pytest.fixture
def seen(shown):
    shown.complaints.clear()
    return shown.again()


def test_m1_it_is_named_and_described(seen):
    c.m1_is_a_named_region_described_by_its_count(seen)


def test_m2_it_can_be_skipped_and_words_come_first(seen):
    c.m2_a_skip_link_before_it_and_the_words_come_first(seen)


def test_m3_few_tab_stops_and_no_trap(seen):
    c.m3_few_tab_stops_and_no_trap(seen)


def test_m4_arrow_keys_visit_everything(seen):
    c.m4_arrow_keys_visit_every_item_in_the_order_of_the_table(seen)


def test_m5_names_are_unique_and_mean_something(seen):
    c.m5_names_are_unique_and_mean_something(seen)


def test_m6_enter_and_space_open(seen):
    c.m6_enter_and_space_open_the_panel(seen)


def test_m7_escape_closes(seen):
    c.m7_escape_closes_and_focus_goes_back(seen)


def test_m8_keys_move_it_and_moves_are_said(seen):
    """Every key where the lead is; elsewhere, where the same module listens, one of each kind."""
    pans = c.PANS if seen.known.role == "lead" else c.PANS[1:2]
    c.m8_keys_move_it_and_each_move_is_said_once(seen, pans)


def test_m9_a_group_is_gone_into(seen):
    c.m9_a_group_is_gone_into(seen)


def test_m10_targets_are_large_and_apart(seen):
    c.m10_targets_are_large_and_apart(seen)


def test_m11_every_drag_has_a_button(seen):
    c.m11_every_drag_has_a_button_and_the_wheel_scrolls_the_page(seen)


def test_m12_the_ring_is_seen(seen):
    assert more.m12_the_focus_is_a_ring_of_black_and_yellow(seen)


def test_m13_forced_colours(seen):
    assert more.m13_looks_are_told_apart_in_the_colours_of_the_system(seen)


def test_m15_small_windows_and_large_text(seen):
    more.m15_small_windows_and_large_text(seen)


def test_m16_what_is_shown_is_what_is_counted(seen):
    more.m16_what_is_shown_is_what_is_counted(seen)


def test_m17_a_row_leads_to_the_map(seen):
    more.m17_a_row_leads_to_the_map_and_the_panel_to_the_record(seen)


def test_m18_without_a_script(seen, chromium, people):
    """At a desk for the lead, else on a telephone, for which the small picture is drawn."""
    size = DESK if seen.known.role == "lead" else {"width": 600, "height": 900}
    context = chromium.new_context(viewport=size, java_script_enabled=False)
    context.add_cookies([session_cookie(people[seen.known.role].cookie)])
    page = context.new_page()
    page.goto(seen.base + seen.known.path)
    more.m18_without_a_script(page, seen.known)
    context.close()


def test_m19_answers_that_do_not_come(seen):
    more.m19_answers_that_do_not_come(seen, hangs=seen.known.name == "lead places")


@pytest.mark.asvs("3.2.2")
def test_m20_names_are_text_and_nothing_is_complained_of(seen):
    more.m20_a_name_that_is_markup_is_text(seen)


def test_m21_help(seen):
    more.m21_help_by_key_and_by_button(seen)


def test_m22_another_size_and_paper(seen):
    more.m22_another_size_and_paper(seen)
    more.m22_on_paper_the_picture_and_the_table(seen)


def test_m23_no_more_than_the_role_may_know(seen):
    allowed = more.PARTNER if seen.known.role == "partner" else more.STAFF
    more.m23_no_more_than_the_role_may_know(seen, allowed)


def test_m24_axe_finds_nothing(seen):
    more.m24_axe_finds_nothing(seen)


def test_m14_nothing_moves_by_itself(seen):
    more.m14_nothing_moves_by_itself(seen)


def test_m24_axe_finds_nothing_in_an_empty_list(seen):
    """Last of each map, whose page goes elsewhere."""
    if seen.known.layer == "places":
        joint = "&" if "?" in seen.known.path else "?"
        seen.page.goto(f"{seen.base}{seen.known.path}{joint}q=no+such+place+anywhere")
        seen.page.locator(seen.known.status, has_text="wide").wait_for()
        assert more.axe(seen.page) == []
