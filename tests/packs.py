"""Packs for tests: a meeting with its people, a pack of it, built and signed. All synthetic."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.core import clock
from app.core.db import Database
from app.core.ids import new_id, new_reference
from app.packs import building, queries, rules, service
from app.packs.rules import Kind
from tests.people import KINGSTON, RICHMOND, Person, sign_in_as
from tests.sql import world
from tests.sql.world import SOMEBODY

BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
POLICE = "MPS_SWBCU"
MEETING = """
    insert into app.meeting (id, ref, agency_code, purpose_code, created_by, updated_by, kind,
        held_at, state, is_synthetic)
    values (%(id)s, %(ref)s, 'AFC', 'DRB', %(by)s, %(by)s, %(kind)s, %(at)s, 'PLANNED', true)
"""
MEMBER = """
    insert into app.meeting_member (id, meeting_id, user_id, agency_code, is_chair, created_by,
        updated_by, is_synthetic)
    values (%s, %s, %s, 'AFC', %s, %s, %s, true)
"""


@dataclass
class Panel:
    """A meeting: who chairs it, who else is named, and everybody who is not."""

    db: Database
    kind: Kind
    meeting_id: UUID
    people: dict[str, Person]

    def admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.db.logins.cluster.dsn("postgres", self.db.logins.dbname), autocommit=True
        )

    def held(self, ago: timedelta) -> None:
        """The meeting was so long ago."""
        with self.admin() as admin:
            admin.execute(
                "update app.meeting set held_at = now() - %s where id = %s", (ago, self.meeting_id)
            )

    def begun(self, by: str = "builder", period: str | None = None) -> str:
        """The reference of a draft."""
        period = period or last_period(self.kind)
        actor = self.people[by].actor
        with self.db.begin(actor) as session:
            (meeting,) = [one for one in queries.meetings(session, [rules.MEETINGS[self.kind]])
                          if one.id == self.meeting_id]  # fmt: skip
            return service.begin(session, actor, self.kind, period, meeting).ref

    def checked(self, **more: str) -> str:
        ref = self.begun(**more)
        building.check(self.db, ref, BOROUGHS)
        return ref

    def frozen(self, **more: str) -> str:
        ref = self.checked(**more)
        for name in ("chair", "police chair") if self.kind is Kind.DAILY else ("chair",):
            self.sign(ref, name)
        return ref

    def sign(self, ref: str, by: str) -> None:
        actor = self.people[by].actor
        with self.db.begin(actor) as session:
            service.sign(session, actor, queries.find(session, ref, lock=True))


def last_period(kind: Kind) -> str:
    """The newest that is over, whatever the minute."""
    day = rules.working_day_before(clock.today())
    return f"{day:%Y-%m}" if kind is Kind.MARVE and day.day > 1 else day.isoformat()


def panel(db: Database, kind: Kind = Kind.DAILY) -> Panel:
    """Two chairs, a builder, members of each role; and one of each role who is not named."""
    people = {
        "builder": sign_in_as(db, "practitioner", agency="AFC"),
        "chair": sign_in_as(db, "practitioner", agency="AFC", boroughs=(KINGSTON, RICHMOND)),
        "police chair": sign_in_as(db, "police_analyst", agency=POLICE),
        "partner": sign_in_as(db, "partner", agency="EDU"),
        "practitioner": sign_in_as(db, "practitioner", agency="CAMHS"),
        "police_analyst": sign_in_as(db, "police_analyst", agency=POLICE),
    }
    made = Panel(db, kind, new_id(), people)
    with made.admin() as admin:
        by = people["builder"].user_id
        values = {"id": made.meeting_id, "ref": new_reference("MT"), "by": by}
        values |= {"kind": rules.MEETINGS[kind], "at": clock.now()}
        admin.execute(MEETING, values)
        for name, person in people.items():
            said = (new_id(), made.meeting_id, person.user_id, name.endswith("chair"), by, by)
            admin.execute(MEMBER, said)
    people["cs_lead"] = sign_in_as(db, "cs_lead", agency="AFC")
    for role in ("partner", "practitioner", "police_analyst"):
        people[f"other {role}"] = sign_in_as(db, role)
    for role in ("vca_member", "auditor", "administrator"):
        people[role] = sign_in_as(db, role)
    return made


def known_place(here: Panel, where: str = "K", **more: Any) -> world.Place:
    """A place that was known before the window of a pack ended, and is new to the panel."""
    place = world.Place(where, state="IDENTIFIED", type_code="PARK", author=SOMEBODY, **more)
    with here.admin() as admin:
        world.write(place, admin)
        admin.execute(
            "update app.place set created_at = now() - interval '9 days', name = "
            "case sensitivity when 'RESIDENTIAL' then 'Address ' else 'Synthetic ' end || ref "
            "where id = %s",
            (place.id,),
        )
    return place
