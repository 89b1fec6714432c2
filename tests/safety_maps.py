"""Drawings of young people, sent as the pages send them. All synthetic."""

from dataclasses import dataclass
from typing import Any

import psycopg

from app.core.ids import random_id
from tests.people import HTML, send
from tests.plans import SHOP

DAY = "on=2026-11-05&area=NEAR&light=day&group=30"
OPENED = {"on": "2026-11-05", "area": "NEAR", "light": "day", "group": "30"}


@dataclass
class Maps:
    """Children's maps of one place, for somebody with a browser."""

    db: Any
    place: str

    @property
    def url(self) -> str:
        return f"/places/{self.place}/safety-maps"

    def get(self, client: Any, part: str = "") -> Any:
        return client.get(f"{self.url}{part}", headers=HTML)

    def sends(self, client: Any, part: str, **answers: Any) -> Any:
        return send(client, f"{self.url}{part}", **answers)

    def draw(self, client: Any, n: int = 1, query: str = DAY, **said: str) -> None:
        for _ in range(n):
            given = {"sheet": str(random_id())} | (said or {"green": "A1 B1", "red": "C3"})
            done = self.sends(client, f"/draw?{query}", **given)
            assert done.status_code == 303, done.text

    def sheets(self, state: str = "COLLECTED") -> list[str]:
        found = self.rows(
            "select distinct sheet_id from app.safety_map where state = %s and place_id = "
            "(select id from app.place where ref = %s)",
            state,
            self.place,
        )
        return sorted(str(key) for (key,) in found)

    def check(self, client: Any) -> Any:
        ticked = {f"sheet_{key}": "yes" for key in self.sheets()}
        return self.sends(client, "/check", **ticked)

    def release(self, client: Any, what: str = "NEAR day", **more: str) -> Any:
        return self.sends(client, "/release", release=what, **more)

    def rows(self, question: str, *given: Any) -> list[tuple]:
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        with psycopg.connect(dsn, autocommit=True) as admin:
            found = admin.execute(question.encode(), given)
            return found.fetchall() if found.description else []


def maps(client: Any, db: Any) -> Maps:
    return Maps(db, client.post("/api/v1/places", json=SHOP).json()["ref"])
