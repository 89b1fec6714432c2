"""Real uses of the routes of briefings, as tests/uses.py says. Records are written as rows."""

import hashlib
from functools import partial
from typing import Any

from app.briefings import printing
from app.core.ids import new_id, new_reference
from app.core.json import canonical
from tests.release_uses import emptied
from tests.sql import world as sql
from tests.sql.release_world import SIGNED, TIMES
from tests.uses import Sent, World, posting, use

REASON = "Synthetic: a place was named too early."
TABLE = {"kind": "table", "id": "T1", "source": "RQ1", "title": "One table", "columns": ["All"]}
TABLE |= {"rows": [["Kingston", ["10"]]], "note": ""}
MADE = {
    "title": "Quarterly context report",
    "words": "January to March 2026",
    "known_on": "17 April 2026",
    "marking": "OFFICIAL-SENSITIVE",
    "boroughs": ["Kingston"],
    "release": "2026-Q1",
    "pages": [{"number": 1, "title": "Summary", "blocks": [TABLE]}],
}
MEETING = """
    insert into app.meeting (id, ref, agency_code, purpose_code, created_by, updated_by, kind,
        held_at, state, is_synthetic)
    values (%s, %s, 'AFC', 'VCA_BRIEFING', %s, %s, 'VCA', '2026-05-06', 'HELD', true)
"""


def standing(world: World, state: str) -> str:
    """The one briefing, in this state."""
    emptied(world)
    key, ref, told = new_id(), new_reference("BR"), canonical(MADE)
    values: dict[str, Any] = TIMES | {"id": key, "ref": ref, "kind": "QUARTERLY", "state": state}
    values |= {"period_code": "2026-Q1", "created_by": key, "updated_by": key}
    values |= {"snapshot": told, "snapshot_sha256": hashlib.sha256(told.encode()).hexdigest()}
    if state == "FROZEN":
        values |= SIGNED | {"frozen_at": "2026-04-21"}
    with world.superuser() as admin:
        sql.insert(admin, "app.briefing", values)
    return f"/briefings/{ref}"


@use("GET /briefings")
def list_briefings(world: World) -> Sent:
    standing(world, "FROZEN")
    return partial(world.lead.get, "/briefings")


@use("POST /briefings")
def begin(world: World) -> Sent:
    emptied(world)
    return posting(world.lead, "/briefings", period="2026-Q1")


@use("GET /briefings/{ref}")
def read_a_cover(world: World) -> Sent:
    return partial(world.as_("vca_member").get, standing(world, "FROZEN"))


@use("GET /briefings/{ref}/whole")
def read_all_of_it(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'FROZEN')}/whole")


@use("GET /briefings/{ref}/pdf")
def take_it_as_a_pdf(world: World) -> Sent:
    url = standing(world, "FROZEN")
    printing.keep_pdf(world.db, url.rsplit("/", 1)[-1])
    return partial(world.lead.get, f"{url}/pdf")


@use("GET /briefings/{ref}/pages/{number}")
def read_a_page(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'FROZEN')}/pages/1")


@use("GET /briefings/{ref}/tables/{table}.csv")
def take_a_table(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'FROZEN')}/tables/T1.csv")


@use("GET /briefings/{ref}/tables.xlsx")
def take_a_workbook(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'FROZEN')}/tables.xlsx")


@use("GET /briefings/{ref}/tables.zip")
def take_all_tables(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'FROZEN')}/tables.zip")


@use("GET /briefings/{ref}/write")
def look_at_its_sentences(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'DRAFT')}/write")


@use("POST /briefings/{ref}/write")
def write_its_sentences(world: World) -> Sent:
    return posting(world.lead, f"{standing(world, 'DRAFT')}/write", change_1="There is light.")


@use("GET /briefings/{ref}/sign")
def look_at_its_checks(world: World) -> Sent:
    return partial(world.lead.get, f"{standing(world, 'CHECKED')}/sign")


@use("POST /briefings/{ref}/sign")
def sign_it(world: World) -> Sent:
    return posting(world.lead, f"{standing(world, 'CHECKED')}/sign")


@use("POST /briefings/{ref}/table")
def table_it(world: World) -> Sent:
    url, meeting = standing(world, "FROZEN"), new_id()
    with world.superuser() as admin:
        admin.execute(MEETING, (meeting, new_reference("MT"), meeting, meeting))
    return posting(world.lead, f"{url}/table", meeting=str(meeting), decided_1="Agreed.")


@use("POST /briefings/{ref}/recall")
def recall_it(world: World) -> Sent:
    return posting(world.lead, f"{standing(world, 'FROZEN')}/recall", reason=REASON)


def published(world: World) -> str:
    """The briefing of a release that stands, a quarter ago."""
    url, key = standing(world, "FROZEN"), new_id()
    values: dict[str, Any] = TIMES | SIGNED | {"id": key, "code": "2026-Q1", "period": "2026-Q1"}
    values |= {"period_kind": "Q", "state": "APPROVED", "certificate": {}, "sha256": "0" * 64}
    values |= {"approved_at": "2026-04-21", "created_by": key, "updated_by": key}
    with world.superuser() as admin:
        sql.insert(admin, "app.release", values)
        admin.execute("set session_replication_role = replica")
        admin.execute("update app.briefing set release_ids = array[%s]", (key,))
    return url


@use("POST /briefings/{ref}/public")
def ask_to_publish(world: World) -> Sent:
    return posting(world.lead, f"{published(world)}/public")


@use("POST /briefings/{ref}/public/end")
def take_the_request_back(world: World) -> Sent:
    url = published(world)
    assert posting(world.lead, f"{url}/public")().status_code == 303
    return posting(world.lead, f"{url}/public/end")


@use("GET /places/{ref}/as-known")
def look_back(world: World) -> Sent:
    url = f"/places/{world.shop()}/as-known?on=2026-03-31&purpose=LEARNING_REVIEW"
    return partial(world.lead.get, url)
