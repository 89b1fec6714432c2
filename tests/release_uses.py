"""Real uses of the routes of releases, as tests/uses.py says."""

from app.releases import building
from tests.people import send
from tests.releases import PARTNERS, QUARTER
from tests.uses import Sent, World, posting, use

REASON = "Synthetic: one borough was counted twice."


def emptied(world: World) -> None:
    """Neither release nor briefing: a quarter has one of each."""
    with world.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        for name in ("public_summary", "briefing_notice", "briefing_file", "briefing_entry",
                     "briefing", "release_cell", "release"):  # fmt: skip
            admin.execute(f"delete from app.{name}".encode())


def checked(world: World) -> str:
    """A checked release of a quarter without any record."""
    emptied(world)
    asked = send(world.lead, "/releases", period=QUARTER)
    assert asked.status_code == 303, asked.text
    building.build(world.db, QUARTER, PARTNERS)
    return f"/releases/{QUARTER}"


def published(world: World) -> str:
    url = checked(world)
    assert send(world.lead, f"{url}/sign").status_code == 303
    assert send(world.as_("auditor"), f"{url}/sign").status_code == 303
    building.publish(world.db, QUARTER, PARTNERS)
    return url


@use("POST /releases")
def ask(world: World) -> Sent:
    emptied(world)
    return posting(world.lead, "/releases", period=QUARTER)


@use("POST /releases/{code}/sign")
def sign(world: World) -> Sent:
    return posting(world.lead, f"{checked(world)}/sign")


@use("POST /releases/{code}/recount")
def recount(world: World) -> Sent:
    return posting(world.lead, f"{checked(world)}/recount")


@use("POST /releases/{code}/withdraw")
def withdraw(world: World) -> Sent:
    return posting(world.lead, f"{published(world)}/withdraw", reason=REASON)
