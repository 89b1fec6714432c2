"""Real uses of the routes of meetings, as tests/uses.py says."""

import re
from functools import partial

from tests import meetings
from tests.people import browser
from tests.uses import Sent, World, posting, use


def planned(world: World) -> str:
    return meetings.planned(world.lead, world.shop())


@use("GET /meetings")
def list_meetings(world: World) -> Sent:
    planned(world)
    return partial(world.lead.get, "/meetings")


@use("POST /meetings/new")
def plan_a_meeting(world: World) -> Sent:
    said = {"kind": "MARVE", "on": "2026-12-01", "at": "14:30", "places": world.shop()}
    return posting(world.lead, "/meetings/new", **said)


@use("GET /meetings/{ref}")
def read_a_meeting(world: World) -> Sent:
    return partial(world.lead.get, planned(world))


@use("GET /meetings/{ref}/people")
def see_who_is_named(world: World) -> Sent:
    return partial(world.lead.get, f"{planned(world)}/people")


@use("POST /meetings/{ref}/people")
def name_somebody(world: World) -> Sent:
    _, ref = world.user()
    return posting(world.lead, f"{planned(world)}/people", user=ref, rates="yes")


@use("POST /meetings/{ref}/items")
def put_on_the_agenda(world: World) -> Sent:
    return posting(world.lead, f"{planned(world)}/items", **meetings.ITEM)


@use("GET /meetings/{ref}/items/{item_id}")
def see_an_item(world: World) -> Sent:
    return partial(world.lead.get, meetings.item(world.lead, planned(world)))


@use("POST /meetings/{ref}/items/{item_id}")
def decide_an_item(world: World) -> Sent:
    url = meetings.item(world.lead, planned(world))
    return posting(world.lead, url, decision="Synthetic decision", version="1")


@use("POST /meetings/{ref}/items/{item_id}/action")
def act_on_an_item(world: World) -> Sent:
    shop = world.shop()
    url = meetings.item(world.lead, meetings.planned(world.lead, shop))
    return posting(world.lead, f"{url}/action", **meetings.action(shop))


@use("GET /meetings/{ref}/minutes")
def see_minutes(world: World) -> Sent:
    return partial(world.lead.get, f"{meetings.held(world.lead)}/minutes")


@use("POST /meetings/{ref}/minutes")
def write_minutes(world: World) -> Sent:
    url = f"{meetings.held(world.lead)}/minutes"
    seen = meetings.version(world.lead, url)
    return posting(world.lead, url, minutes=meetings.MINUTES, version=seen)


@use("POST /meetings/{ref}/move")
def move_a_meeting(world: World) -> Sent:
    url = planned(world)
    meetings.item(world.lead, url)
    return posting(world.lead, f"{url}/move")


@use("POST /meetings/{ref}/agree")
def agree_minutes(world: World) -> Sent:
    url = meetings.held(world.lead)
    chair, ref = world.user("cs_lead")
    meetings.send(world.lead, f"{url}/people", user=ref, chair="yes")
    seen = meetings.version(world.lead, f"{url}/minutes")
    meetings.send(world.lead, f"{url}/minutes", minutes=meetings.MINUTES, version=seen)

    return posting(browser(world.db, world.settings, chair), f"{url}/agree")


@use("POST /meetings/{ref}/weighting")
def share_out_points(world: World) -> Sent:
    url = planned(world)
    _, ref = world.user()
    meetings.send(world.lead, f"{url}/people", user=ref, rates="yes")  # so that it may be changed
    return posting(world.lead, f"{url}/weighting", **meetings.POINTS, **meetings.RATING)


@use("POST /meetings/{ref}/weighting/absent")
def go_on_without_somebody(world: World) -> Sent:
    url = meetings.planned(world.lead, world.shop(), chair="yes")
    _, ref = world.user()
    meetings.send(world.lead, f"{url}/people", user=ref, rates="yes")
    meetings.send(world.lead, f"{url}/weighting", **meetings.POINTS, **meetings.RATING)
    page = world.lead.get(f"{url}/weighting").text
    found = re.search(r'<option value="([0-9a-f-]{36})"', page)
    assert found is not None
    said = {"member": found[1], "absent_reason": "Synthetic: was called away."}
    return posting(world.lead, f"{url}/weighting/absent", **said)


@use("POST /meetings/{ref}/weighting/decision")
def conclude(world: World) -> Sent:
    url = planned(world)
    return posting(world.lead, f"{url}/weighting/decision", decision="Synthetic decision")


@use("POST /meetings/{ref}/goals")
def choose_goals(world: World) -> Sent:
    return posting(world.lead, f"{planned(world)}/goals", goal_G_TRUSTED_ADULT="yes")
