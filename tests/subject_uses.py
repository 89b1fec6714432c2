"""Real uses of the routes of subject requests, as tests/uses.py says."""

from functools import partial

from app.core import clock
from tests import subjects  # as a module: it reads tests.uses itself, whichever comes first
from tests.uses import Sent, World, posting, use

NOTE = "Synthetic: the age band was put right."


def told_to_put_right(world: World) -> str:
    page = subjects.registered(world, world.child(), kind="CHANGE")
    assert subjects.decided(world, page, "CHANGED", note=NOTE).status_code == 303
    return page


@use("GET /subject-requests")
def list_them(world: World) -> Sent:
    subjects.registered(world, world.child())
    return partial(world.lead.get, "/subject-requests")


@use("POST /subject-requests/new")
def register(world: World) -> Sent:
    said = subjects.ACCESS | {"record": world.child(), "received_on": clock.today().isoformat()}
    return posting(world.as_("auditor"), "/subject-requests/new", **said)


@use("GET /subject-requests/{ref}")
def read(world: World) -> Sent:
    return partial(world.lead.get, subjects.registered(world, world.child()))


@use("POST /subject-requests/{ref}/extend")
def extend(world: World) -> Sent:
    page = subjects.registered(world, world.child())
    return posting(world.as_("auditor"), f"{page}/extend", extension="MANY")


@use("POST /subject-requests/{ref}/close")
def close(world: World) -> Sent:
    return posting(world.as_("auditor"), f"{told_to_put_right(world)}/close")


@use("GET /subject-requests/{ref}/decide")
def look(world: World) -> Sent:
    return partial(world.lead.get, f"{subjects.registered(world, world.child())}/decide")


@use("POST /subject-requests/{ref}/decide")
def decide(world: World) -> Sent:
    page = subjects.registered(world, world.child(), kind="CHANGE")
    return posting(world.lead, f"{page}/decide", decision="CHANGED", note=NOTE)


@use("POST /subject-requests/{ref}/answer")
def put_together(world: World) -> Sent:
    page = subjects.registered(world, world.child())
    subjects.decided(world, page, "GIVEN")
    return posting(world.lead, f"{page}/answer")


@use("GET /subject-requests/{ref}/answer")
def see(world: World) -> Sent:
    return partial(world.lead.get, subjects.answered(world, world.child()))


@use("GET /subject-requests/{ref}/answer.json")
def take(world: World) -> Sent:
    return partial(world.lead.get, f"{subjects.answered(world, world.child())}.json")
