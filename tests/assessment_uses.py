"""Real uses of the routes of assessments, as tests/uses.py says."""

from app.assessments.locking import seal
from tests import context_work
from tests.assessments import BEGUN, HELD, begun, seals, shop, written
from tests.uses import Sent, World, posting, use


def assessed(world: World) -> str:
    """The reference of a draft, of a place of its own."""
    return begun(world.as_("practitioner"), shop(world.lead))


@use("POST /places/{ref}/assessments")
def begin(world: World) -> Sent:
    return posting(world.lead, f"/places/{shop(world.lead)}/assessments", **BEGUN)


@use("POST /assessments/{ref}")
def go_on(world: World) -> Sent:
    return posting(world.lead, f"/assessments/{assessed(world)}", was="DRAFT")


@use("POST /assessments/{ref}/approve")
def approve(world: World) -> Sent:
    ref = written(context_work.team(world.db))
    return posting(world.lead, f"/assessments/{ref}/approve", was="PEER_REVIEW", signed="yes")


@use("POST /assessments/{ref}/{section}")
def save_a_section(world: World) -> Sent:
    why = "Synthetic: the youth club is shut until the spring, so nobody could ask."
    path = f"/assessments/{assessed(world)}/voice"
    return posting(world.lead, path, no_voice_reason=why, seen=seal({}))


@use("POST /assessments/{ref}/{kind}/{key}")
def add_a_method(world: World) -> Sent:
    path = f"/assessments/{assessed(world)}/methods/new"
    return posting(world.lead, path, **HELD[0], **{"held_on-year": "2026"})


@use("POST /assessments/{ref}/items/{code}")
def answer_a_question(world: World) -> Sent:
    ref = assessed(world)
    found = seals(world.lead, ref, "D1_USE")
    return posting(world.lead, f"/assessments/{ref}/items/D1_USE", rating_CHILDREN="3", **found)
