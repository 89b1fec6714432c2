"""Real uses of the routes of saved views, as tests/uses.py says."""

import re

from tests.uses import Sent, World, posting, use


def saved(world: World) -> str:
    sent = posting(world.lead, "/map/views", name="Synthetic", query="level=CL3")
    sent()
    page = world.lead.get("/map/views").text
    return re.search(r"/map/views/([0-9a-f-]{36})/delete", page)[1]


@use("POST /map/views")
def save(world: World) -> Sent:
    return posting(world.lead, "/map/views", name="Synthetic", query="level=CL3")


@use("POST /map/views/{view_id}")
def change(world: World) -> Sent:
    return posting(world.lead, f"/map/views/{saved(world)}", name="Another")


@use("POST /map/views/{view_id}/delete")
def remove(world: World) -> Sent:
    return posting(world.lead, f"/map/views/{saved(world)}/delete")
