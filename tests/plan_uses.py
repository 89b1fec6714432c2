"""Real uses of the routes of plans and actions, as tests/uses.py says."""

from tests.plans import MEASURE, WORDS, Ground, action, ground
from tests.uses import Sent, World, posting, use


def begun(world: World) -> Ground:
    made = ground(world.lead, world.db)
    made.begin()
    return made


def acted(world: World) -> tuple[Ground, str]:
    made = ground(world.lead, world.db)
    assert made.act().status_code == 303
    return made, made.newest("ref", "plan_action")


@use("POST /places/{ref}/plan")
def begin(world: World) -> Sent:
    return posting(world.lead, ground(world.lead, world.db).url)


@use("POST /places/{ref}/plan/goals")
def choose_goals(world: World) -> Sent:
    said = {"goal_G_NORM": "yes", "body_G_NORM": "Shouting is no longer accepted", "version": "1"}
    return posting(world.lead, f"{begun(world).url}/goals", **said)


@use("POST /places/{ref}/plan/words")
def write_words(world: World) -> Sent:
    return posting(world.lead, f"{begun(world).url}/words", version="1", **WORDS)


@use("POST /places/{ref}/plan/measures/new")
def add_a_measure(world: World) -> Sent:
    made = begun(world)
    return posting(world.lead, f"{made.url}/measures/new", **MEASURE, goal=made.choose())


@use("POST /places/{ref}/plan/measures/{key}")
def change_a_measure(world: World) -> Sent:
    made = begun(world)
    goal = made.choose()
    assert made.measure(goal).status_code == 303
    url = f"{made.url}/measures/{made.newest('id', 'plan_measure')}"
    return posting(world.lead, url, **MEASURE, goal=goal, version="1")


@use("POST /places/{ref}/plan/actions/new")
def add_an_action(world: World) -> Sent:
    return posting(world.lead, f"{ground(world.lead, world.db).url}/actions/new", **action())


@use("POST /places/{ref}/plan/actions/{action_ref}")
def change_an_action(world: World) -> Sent:
    made, ref = acted(world)
    return posting(world.lead, f"{made.url}/actions/{ref}", **action(), version="1")


@use("POST /places/{ref}/plan/move")
def move_a_plan(world: World) -> Sent:
    made = ground(world.lead, world.db)
    made.draft()
    said = {"to": "AGREED", "version": made.version()}
    return posting(world.lead, f"{made.url}/move", **said)


@use("POST /actions/{ref}")
def tell_an_action(world: World) -> Sent:
    _, ref = acted(world)
    return posting(world.as_("partner"), f"/actions/{ref}", state="IN_PROGRESS", version="1")


@use("POST /actions/{ref}/decide")
def withdraw_an_action(world: World) -> Sent:
    _, ref = acted(world)
    said = {"to": "WITHDRAWN", "reason": "Not needed any more.", "version": "1"}
    return posting(world.lead, f"/actions/{ref}/decide", **said)
