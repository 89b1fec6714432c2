"""Real uses of the routes of children's maps, as tests/uses.py says."""

from functools import partial

from app.core.ids import random_id
from tests.safety_maps import DAY, OPENED, Maps, maps
from tests.uses import Sent, World, posting, use

BASE = "/places/{ref}/safety-maps"


def drawn(world: World, n: int = 1) -> Maps:
    made = maps(world.lead, world.db)
    made.draw(world.as_("practitioner"), n)
    return made


def looks(part: str) -> None:
    @use(f"GET {BASE}{part.partition('?')[0]}")
    def look(world: World) -> Sent:
        return partial(world.lead.get, f"{drawn(world).url}{part}")


for page in ("", "/new", f"/draw?{DAY}", f"/type?{DAY}", f"/paper?{DAY}", "/check", "/release"):
    looks(page)


@use(f"POST {BASE}/new")
def begin(world: World) -> Sent:
    made = maps(world.lead, world.db)
    return posting(world.lead, f"{made.url}/new", **OPENED, consent="yes", how="draw")


@use(f"POST {BASE}/draw")
def draw(world: World) -> Sent:
    made = maps(world.lead, world.db)
    return posting(world.lead, f"{made.url}/draw?{DAY}", sheet=str(random_id()), red_A1="yes")


@use(f"POST {BASE}/type")
def from_paper(world: World) -> Sent:
    made = maps(world.lead, world.db)
    return posting(world.lead, f"{made.url}/type?{DAY}", sheet=str(random_id()), green="A1 B2")


@use(f"POST {BASE}/check")
def check(world: World) -> Sent:
    made = drawn(world)
    return posting(world.lead, f"{made.url}/check", **{f"sheet_{made.sheets()[0]}": "yes"})


@use(f"POST {BASE}/release")
def release(world: World) -> Sent:
    made = drawn(world, 10)
    assert made.check(world.lead).status_code == 303
    return posting(world.lead, f"{made.url}/release", release="NEAR day")
