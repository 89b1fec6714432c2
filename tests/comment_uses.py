"""Real uses of the routes of comments, as tests/uses.py says."""

from tests.plan_uses import begun
from tests.uses import Sent, World, posting, use

WORDS = {"body": "The patrols of last month are over."}


def commented(world: World) -> tuple[str, str]:
    made = begun(world)
    ref = made.newest("ref")
    assert world.lead.post(f"/api/v1/comments/{ref}", json=WORDS).status_code == 201
    return ref, str(made.newest("id", "context_comment"))


@use("POST /comments/{ref}")
def write_a_comment(world: World) -> Sent:
    return posting(world.lead, f"/comments/{begun(world).newest('ref')}", **WORDS)


@use("POST /comments/{ref}/{key}/withdraw")
def take_a_comment_back(world: World) -> Sent:
    ref, key = commented(world)
    return posting(world.lead, f"/comments/{ref}/{key}/withdraw")


@use("POST /api/v1/comments/{ref}")
def send_a_comment(world: World) -> Sent:
    ref = begun(world).newest("ref")
    return lambda: world.lead.post(f"/api/v1/comments/{ref}", json=WORDS)


@use("POST /api/v1/comments/{ref}/{key}/withdraw")
def withdraw_a_comment(world: World) -> Sent:
    ref, key = commented(world)
    return lambda: world.lead.post(f"/api/v1/comments/{ref}/{key}/withdraw", json={})
