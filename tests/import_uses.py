"""Real uses of the routes of imports, as tests/uses.py says."""

import re
from functools import partial

from tests import importing
from tests.people import csrf
from tests.uses import Sent, World, posting, use

NUMBER = [0]


def fresh() -> bytes:
    """Never the same file, and rows that are nowhere yet."""
    NUMBER[0] += 1
    return importing.incidents(2, first=2 * NUMBER[0])


def staged(world: World) -> str:
    return importing.upload(world.lead, fresh())


def chosen(world: World) -> str:
    ref = staged(world)
    importing.send(world.lead, f"/imports/{ref}/kind", kind="incidents")
    return ref


def tried(world: World, body: bytes | None = None) -> str:
    return importing.tried(world.lead, world.db, world.settings, body or fresh())


def imported(world: World) -> str:
    return importing.imported(world.lead, world.db, world.settings, fresh())


@use("POST /imports/new")
def upload(world: World) -> Sent:
    client = world.lead

    def send():
        files = {"file": ("synthetic.csv", fresh(), "text/csv")}
        return client.post("/imports/new", data={"csrf": csrf(client)}, files=files)

    return send


@use("POST /imports/{ref}/kind")
def choose(world: World) -> Sent:
    return posting(world.lead, f"/imports/{staged(world)}/kind", kind="incidents")


@use("POST /imports/{ref}/columns")
def map_columns(world: World) -> Sent:
    ref = chosen(world)
    said = importing.columns_of(world.lead, ref)
    return posting(world.lead, f"/imports/{ref}/columns", **said)


@use("POST /imports/{ref}/values")
def say_values(world: World) -> Sent:
    body = importing.incidents(1).replace(b",ASB,", b",Noise,")
    ref = tried(world, body)
    page = world.lead.get(f"/imports/{ref}/values").text
    field = re.search(r'name="(v_[^"]+)"', page)[1]
    return posting(world.lead, f"/imports/{ref}/values", **{field: "ASB"})


@use("POST /imports/{ref}/dry-run")
def try_again(world: World) -> Sent:
    return posting(world.lead, f"/imports/{tried(world)}/dry-run")


@use("POST /imports/{ref}/duplicates")
def decide(world: World) -> Sent:
    imported(world)
    header = importing.HEADER.replace("external_id", "own number")
    body = importing.incidents(2, first=2 * NUMBER[0], header=header)
    return posting(world.lead, f"/imports/{tried(world, body)}/duplicates", rest="SKIP")


@use("POST /imports/{ref}/confirm")
def confirm(world: World) -> Sent:
    return posting(world.lead, f"/imports/{tried(world)}/confirm", rows="2")


@use("POST /imports/{ref}/undo")
def undo(world: World) -> Sent:
    return posting(world.lead, f"/imports/{imported(world)}/undo")


def saved(world: World) -> str:
    ref = chosen(world)
    said = importing.columns_of(world.lead, ref) | {"save": "yes", "save_name": "Synthetic"}
    importing.send(world.lead, f"/imports/{ref}/columns", **said)
    page = world.lead.get("/imports/mappings").text
    return re.search(r"/imports/mappings/([0-9a-f-]{36})/delete", page)[1]


@use("POST /imports/mappings/{mapping_id}/name")
def rename(world: World) -> Sent:
    return posting(world.lead, f"/imports/mappings/{saved(world)}/name", name="Another")


@use("POST /imports/mappings/{mapping_id}/delete")
def remove(world: World) -> Sent:
    return posting(world.lead, f"/imports/mappings/{saved(world)}/delete")


# For programs


@use("POST /api/v1/imports")
def upload_by_program(world: World) -> Sent:
    client = world.lead
    headers = {"content-type": "application/octet-stream"}

    def send():
        path = "/api/v1/imports?name=synthetic.csv"
        return client.post(path, content=fresh(), headers=headers)

    return send


@use("PUT /api/v1/imports/{ref}/mapping")
def say_by_program(world: World) -> Sent:
    path = f"/api/v1/imports/{staged(world)}/mapping"
    return partial(world.lead.put, path, json={"kind": "incidents"})


@use("POST /api/v1/imports/{ref}/dry-run")
def try_by_program(world: World) -> Sent:
    return partial(world.lead.post, f"/api/v1/imports/{tried(world)}/dry-run", json={})


@use("PUT /api/v1/imports/{ref}/duplicates")
def decide_by_program(world: World) -> Sent:
    path = f"/api/v1/imports/{tried(world)}/duplicates"
    return partial(world.lead.put, path, json={"rest": "SKIP"})


@use("POST /api/v1/imports/{ref}/apply")
def apply_by_program(world: World) -> Sent:
    return partial(world.lead.post, f"/api/v1/imports/{tried(world)}/apply", json={"rows": 2})


@use("POST /api/v1/imports/{ref}/undo")
def undo_by_program(world: World) -> Sent:
    return partial(world.lead.post, f"/api/v1/imports/{imported(world)}/undo", json={})
