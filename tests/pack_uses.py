"""Real uses of the routes of packs, as tests/uses.py says. Records are synthetic."""

from functools import partial
from typing import Any

from app.packs import queries, service
from app.packs.rules import Kind
from tests.packs import Panel, known_place, last_period, panel
from tests.people import browser
from tests.uses import Sent, World, posting, use

REASON = "Synthetic: a place was named that may not be."
LINE = {"section": "5", "kind": "LINE", "body": "Synthetic: a match ends at nine."}


def emptied(world: World, kind: Kind = Kind.DAILY) -> Panel:
    """A panel, and no pack: a day has one."""
    with world.superuser() as admin:
        admin.execute("delete from app.pack")
    return panel(world.db, kind)


def of(world: World, here: Panel, name: str) -> Any:
    return browser(world.db, world.settings, here.people[name])


def draft(world: World) -> tuple[Panel, str]:
    here = emptied(world)
    return here, f"/briefings/{here.checked()}"


@use("GET /briefings/{ref}/parts/{code}")
def read_a_part(world: World) -> Sent:
    return partial(world.lead.get, f"/briefings/{emptied(world).frozen()}/parts/5")


@use("GET /briefings/{ref}/places/{key}")
def read_a_place(world: World) -> Sent:
    here = emptied(world, Kind.MARVE)
    key = known_place(here).ref
    return partial(world.lead.get, f"/briefings/{here.frozen()}/places/{key}")


@use("GET /briefings/{ref}/summary")
def read_a_summary(world: World) -> Sent:
    return partial(world.lead.get, f"/briefings/{emptied(world).frozen()}/summary")


@use("GET /briefings/packs/new")
def see_what_can_be_built(world: World) -> Sent:
    return partial(world.lead.get, "/briefings/packs/new")


@use("POST /briefings/packs/new")
def build_a_pack(world: World) -> Sent:
    here = emptied(world)
    with world.superuser() as admin:
        (meeting,) = admin.execute(
            "select ref from app.meeting where id = %s", (here.meeting_id,)
        ).fetchone() or ("",)
    said = {"kind": "DAILY", "period": last_period(Kind.DAILY), "meeting": meeting}
    return posting(world.lead, "/briefings/packs/new", **said)


@use("GET /briefings/{ref}/work")
def see_the_work(world: World) -> Sent:
    here, url = draft(world)
    return partial(of(world, here, "chair").get, f"{url}/work")


@use("POST /briefings/{ref}/lines")
def add_a_line(world: World) -> Sent:
    here, url = draft(world)
    return posting(of(world, here, "chair"), f"{url}/lines", **LINE)


@use("POST /briefings/{ref}/lines/{line_id}/remove")
def take_a_line_out(world: World) -> Sent:
    here, url = draft(world)
    actor = here.people["chair"].actor
    with world.db.begin(actor) as session:
        pack = queries.find(session, url.removeprefix("/briefings/"), lock=True)
        key = service.add(session, actor, pack, LINE).id
    return posting(of(world, here, "chair"), f"{url}/lines/{key}/remove")


@use("POST /briefings/{ref}/shown")
def say_what_is_shown(world: World) -> Sent:
    here, url = draft(world)
    return posting(of(world, here, "chair"), f"{url}/shown", with_homes="yes")


@use("POST /briefings/{ref}/freeze")
def sign_a_pack(world: World) -> Sent:
    here, url = draft(world)
    return posting(of(world, here, "chair"), f"{url}/freeze")


@use("POST /briefings/{ref}/end")
def recall_a_pack(world: World) -> Sent:
    url = f"/briefings/{emptied(world).frozen()}"
    return posting(world.lead, f"{url}/end", reason=REASON)
