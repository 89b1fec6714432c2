"""Requests of synthetic people, by the pages on which auditors and leads work."""

from typing import Any

from app.core import clock
from tests.uses import World, posting

ACCESS = {"kind": "ACCESS", "asked_by": "SELF", "checked_by": "CASE_FILE"}
ERASURE = ACCESS | {"kind": "ERASURE"}
CHANGE = ACCESS | {"kind": "CHANGE"}


def registered(world: World, record: str, **said: Any) -> str:
    """The address of a request that an auditor has opened."""
    given = ACCESS | {"received_on": clock.today().isoformat()} | said
    answer = posting(world.as_("auditor"), "/subject-requests/new", record=record, **given)()
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def decided(world: World, page: str, decision: str, **said: Any) -> Any:
    return posting(world.lead, f"{page}/decide", decision=decision, **said)()


def answered(world: World, record: str, **said: Any) -> str:
    """An answer that was put together; its address."""
    page = registered(world, record, **said)
    assert decided(world, page, "GIVEN").status_code == 303
    made = posting(world.lead, f"{page}/answer")()
    assert made.status_code == 303, made.text
    return made.headers["location"]
