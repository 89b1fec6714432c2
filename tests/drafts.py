"""Forms that are filled in and wait for Send, made straight in the database."""

from dataclasses import dataclass
from typing import Any

from app.core import clock
from app.core.actor import PUBLIC
from app.core.ids import random_id
from app.core.settings import Settings
from app.intake import drafts, rules, tokens
from app.intake.drafts import Lock
from app.intake.schemas import Draft, Spot

ANSWERS = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "what_harms": ["DRUGS", "UNSAFE"],
    "when_kind": "OFTEN",
    "reporter_kind": "NOT_SAID",
    "contact": "NO",
}


@dataclass(frozen=True)
class Ready:
    """What the browser of the check page holds."""

    cookie: str
    token: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{drafts.COOKIE}={self.cookie}", "Accept": "text/html"}

    @property
    def fields(self) -> dict[str, str]:
        return {"token": self.token, "key": self.key}


def ready(db, settings: Settings, *, east=518000.0, north=169300.0, **answers: Any) -> Ready:
    """At the check page, a minute after it was begun."""
    now_s = clock.now().timestamp()
    spot = Spot(label="A place of the tests", easting_m=east, northing_m=north)
    draft = Draft(
        key=random_id(),
        started_at_s=now_s - 60,
        answers=ANSWERS | answers,
        answered=rules.STEPS,
        spot=spot,
    )
    with db.begin(PUBLIC) as session:
        cookie = drafts.start(session)
        lock = Lock.of(cookie)
        drafts.write(session, lock, draft)
    return Ready(cookie, tokens.issue(settings.key_for("form"), lock.id, now_s), str(draft.key))
