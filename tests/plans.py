"""Places with an approved assessment and a plan, made straight in the database. All synthetic."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from app.core import clock
from app.core.ids import new_reference, random_id
from tests.people import send

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
FAIR = "Black and Asian children are stopped more often; disabled children need a quiet way in."
AUTHOR = UUID(int=7)
ASSESSMENT = """
    insert into app.context_assessment (id, ref, agency_code, purpose_code, place_id, state,
        assessor_user_id, no_voice_reason, voice_due_on, approved_by, approved_at, created_by,
        updated_by, is_synthetic)
    select %(id)s, %(ref)s, 'AFC', 'CONTEXT_ASSESSMENT', id, %(state)s, %(author)s, %(why)s,
        case when %(why)s::text is not null then current_date + 30 end,
        case when %(state)s = 'APPROVED' then %(approver)s::uuid end,
        case when %(state)s = 'APPROVED' then now() end, %(author)s, %(author)s, true
    from app.place where ref = %(place)s
"""
OLDER = """
    update app.context_assessment set state = 'SUPERSEDED'
    where state = 'APPROVED' and place_id = (select id from app.place where ref = %s)
"""
METHOD = """
    insert into app.assessment_method (id, assessment_id, method_code, held_on, n_children,
        created_by, updated_by)
    values (%s, %s, 'CHILD_SESSION', current_date - 5, 6, %s, %s)
"""
STATE = "update app.place set state = %s, level = 'CL2', managed_by_agency = %s where ref = %s"


@dataclass
class Ground:
    """Pages of one lead about one place."""

    client: Any
    db: Any
    place: str

    @property
    def url(self) -> str:
        return f"/places/{self.place}/plan"

    def rows(self, question: str, *given: Any) -> list[tuple]:
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        with psycopg.connect(dsn, autocommit=True) as admin:
            found = admin.execute(question.encode(), given)
            return found.fetchall() if found.description else []

    def one(self, question: str, *given: Any) -> Any:
        ((found,),) = self.rows(question, *given)
        return found

    def newest(self, column: str, table: str = "context_plan") -> Any:
        """Of the record of this place that was made last."""
        question = f"select t.{column} from app.{table} t join app.place p on p.id = t.place_id "
        question += "where p.ref = %s order by t.created_at desc, t.id desc limit 1"
        return self.one(question, self.place)

    def version(self, table: str = "context_plan") -> str:
        return str(self.newest("version", table))

    def sends(self, part: str, **answers: Any) -> Any:
        return send(self.client, f"{self.url}{part}", **answers)

    def begin(self) -> None:
        assert self.sends("").status_code == 303

    def choose(self, code: str = "G_TRUSTED_ADULT", words: str | None = None) -> str:
        words = words or "Children can name an adult here they trust"
        given = {f"goal_{code}": "yes", f"body_{code}": words}
        done = self.sends("/goals", version=self.version(), **given)
        assert done.status_code == 303, done.text
        return str(self.newest("id", "plan_goal"))

    def measure(self, goal: str, **more: Any) -> Any:
        return self.sends("/measures/new", **(MEASURE | {"goal": goal} | more))

    def act(self, **more: Any) -> Any:
        return self.sends("/actions/new", **(action() | more))

    def write(self, **more: Any) -> Any:
        return self.sends("/words", version=self.version(), **(WORDS | more))

    def move(self, to: str, reason: str = "") -> Any:
        return self.sends("/move", to=to, reason=reason, version=self.version())

    def draft(self) -> str:
        """Begun, with one goal, a measure and an action; nothing is missing to agree it."""
        self.begin()
        goal = self.choose()
        assert self.measure(goal).status_code == 303
        assert self.act(goal=goal).status_code == 303
        assert self.write().status_code == 303
        return goal

    def assessment(
        self, *, state: str = "APPROVED", voice: bool = True, why: str | None = None
    ) -> None:
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        statement, given = assessment_row(self.place, state, why)
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute(OLDER, (self.place,))
            admin.execute(statement, given)
            if voice:
                admin.execute(METHOD, (random_id(), given["id"], AUTHOR, AUTHOR))


MEASURE = {
    "kind": "SURVEY_SHARE",
    "body": "Children asked here name an adult they trust",
    "unit": "per cent",
    "direction": "UP",
    "baseline": "20",
    "target": "60",
    "is_change": "yes",
    "due_on": "2027-06-01",
}
WORDS = {"equality_check": "Girls were asked apart.", "summary_plain": "Adults here will help."}


def assessment_row(place: str, state: str, why: str | None = None) -> tuple[str, dict[str, Any]]:
    """A statement that makes an assessment in this state, and what it is given."""
    given = {"id": random_id(), "ref": new_reference("AS"), "state": state, "author": AUTHOR}
    return ASSESSMENT, given | {"approver": UUID(int=8), "why": why, "place": place}


def action(days: int = 14, **more: Any) -> dict[str, Any]:
    due = (clock.today() + timedelta(days=days)).isoformat()
    made = {"body": "Two youth workers on Fridays", "response_code": "YOUTH_DETACHED"}
    return made | {"owner_agency": "AFC", "due_on": due} | more


def ground(client: Any, db: Any, *, state: str = "ASSESSED", manager: str | None = None) -> Ground:
    """A place in this state, with an approved assessment in which children were heard."""
    ref = client.post("/api/v1/places", json=SHOP).json()["ref"]
    made = Ground(client, db, ref)
    made.rows(STATE, state, manager, ref)
    made.assessment()
    return made
