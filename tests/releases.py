"""Incidents, reports and places of a quarter, for tests of releases; everything is synthetic."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from app.core.ids import new_id, new_reference, random_id
from app.releases import building
from tests.people import KINGSTON, RICHMOND, browser, send, sign_in_as

PARTNERS = (KINGSTON, RICHMOND)
QUARTER = "2026-Q1"
FIRST, DAYS = date(2026, 1, 1), 90
KNOWN = datetime(2026, 4, 10, tzinfo=UTC)  # before the cut
POINTS = {KINGSTON: (518_000, 169_300), RICHMOND: (517_800, 174_900)}
HARMS = ("SYV", "KNIFE", "CCE", "COUNTY_LINES", "CSE", "HSB", "ASB", "MISSING_HOME", "ROBBERY",
         "ONLINE_HARM", "OCN", "SUBSTANCE")  # fmt: skip
AGENCIES = ("AFC", "MPS_SWBCU", "LA_KINGSTON", "EDU")
INCIDENT = """
    insert into app.incident (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
        created_at, occurred_from, occurred_to, time_precision, place_id, geom, harm_code,
        line_linked, discovered_by, source_agency, state, is_synthetic)
    values (%(id)s, %(ref)s, %(agency)s, %(tier)s, 'PLAN', %(by)s, %(by)s, %(known)s, %(at)s,
        %(at)s, %(precision)s, %(place)s,
        ST_SetSRID(ST_MakePoint(%(x)s, %(y)s), 27700), %(harm)s, %(line)s,
        %(found)s, %(agency)s, %(state)s, true)
"""


@dataclass
class Ground:
    """A database with a quarter of incidents, and people who work on its release."""

    db: Any
    settings: Any
    people: dict[str, Any] = field(default_factory=dict)

    def superuser(self) -> psycopg.Connection:
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        return psycopg.connect(dsn, autocommit=True)

    def rows(self, query: str, *given: Any) -> list[tuple]:
        with self.superuser() as admin:
            return admin.execute(query, given).fetchall()

    def as_(self, role: str) -> Any:
        if role not in self.people:
            person = sign_in_as(self.db, role, agency="AFC")
            self.people[role] = browser(self.db, self.settings, person)
            self.people[role].person = person
        return self.people[role]

    def incident(self, **differs: Any) -> Any:
        values = incident_values(**differs)
        with self.superuser() as admin:
            admin.execute(INCIDENT, values)
        return values["id"]

    def fill(self, n: int, seed: int = 0, first: date = FIRST) -> None:
        """A quarter of incidents in both boroughs; the same for the same seed."""
        chance = random.Random(seed)
        made = []
        for _ in range(n):
            borough = chance.choice(PARTNERS)
            x, y = POINTS[borough]
            at = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
            at += timedelta(hours=chance.randrange(24 * (DAYS - 1)))
            made.append(
                incident_values(
                    at=at,
                    known=at + timedelta(days=2),
                    x=x + chance.randrange(-300, 300),
                    y=y + chance.randrange(-300, 300),
                    harm=chance.choice(HARMS),
                    line=chance.random() < 0.5,
                    found=chance.choice(("OTHER", "PROACTIVE_PATROL")),
                    agency=chance.choice(AGENCIES),
                )
            )
        with self.superuser() as admin, admin.cursor() as cursor:
            cursor.executemany(INCIDENT, made)

    def approve(self, period: str = QUARTER) -> str:
        """Asked for, counted, signed by two, published."""
        lead, auditor = self.as_("cs_lead"), self.as_("auditor")
        code = send(lead, "/releases", period=period).headers["location"].rsplit("/", 1)[-1]
        building.build(self.db, code, PARTNERS)
        assert send(lead, f"/releases/{code}/sign").status_code == 303
        assert send(auditor, f"/releases/{code}/sign").status_code == 303
        building.publish(self.db, code, PARTNERS)
        return code


def incident_values(**differs: Any) -> dict[str, Any]:
    x, y = POINTS[KINGSTON]
    return {
        "id": new_id(),
        "ref": new_reference("IN"),
        "agency": "AFC",
        "tier": "H1",
        "by": random_id(),
        "known": KNOWN,
        "at": datetime(2026, 2, 10, 18, tzinfo=UTC),
        "precision": "HOUR",
        "place": None,
        "x": x,
        "y": y,
        "harm": "KNIFE",
        "line": False,
        "found": "OTHER",
        "state": "RECORDED",
    } | differs
