"""Meetings through their pages, for tests: planned, named in, rated. All of it is synthetic."""

import re
from datetime import timedelta
from typing import Any

from app.core import clock
from tests.people import csrf

POINTS = {"HOME": "10", "PEER": "50", "NEIGHBOURHOOD": "40"}
RATING = {"rater_kind": "PRACTITIONER", "must_change_first": "PEER", "rationale": "Synthetic."}
ITEM = {"section": "T", "body": "Synthetic theme: the way home after dark."}
MINUTES = "Synthetic: the context was talked about."


def send(client: Any, path: str, **answers: str) -> Any:
    return client.post(path, data=answers | {"csrf": csrf(client)})


def planned(
    client: Any, place: str = "", kind: str = "CONTEXT_CONFERENCE", days: int = 0, **more: str
) -> str:
    """The address of a meeting: of today, a minute after midnight, unless another day is said."""
    day = (clock.today() + timedelta(days=days)).isoformat()
    answers = {"kind": kind, "on": day, "at": "0:00", "places": place} | more
    sent = send(client, "/meetings/new", **answers)
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"]).removesuffix("/people")


def item(client: Any, url: str, **more: str) -> str:
    """The address of its newest line."""
    before = _items(client, url)
    assert send(client, f"{url}/items", **ITEM | more).status_code == 303
    (new,) = [one for one in _items(client, url) if one not in before]
    return new


def _items(client: Any, url: str) -> list[str]:
    return re.findall(rf'{url}/items/[0-9a-f-]{{36}}(?=")', client.get(url).text)


def held(client: Any, place: str = "", **more: Any) -> str:
    url = planned(client, place, **more)
    item(client, url)
    for _ in range(2):
        assert send(client, f"{url}/move").status_code == 303
    return url


def version(client: Any, url: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', client.get(url).text)
    assert found is not None
    return found[1]


def action(place: str) -> dict[str, str]:
    due = (clock.today() + timedelta(days=9)).isoformat()
    said = {"response_code": "YOUTH_DETACHED", "body": "Synthetic: be there in the evening"}
    return said | {"place": place, "owner_agency": "AFC", "due_on": due}
