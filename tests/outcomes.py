"""A place with a plan, its measures and incidents, for tests of outcomes. All of it is made up."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import psycopg
from psycopg.types.json import Jsonb

from app.core import clock
from app.core.ids import new_id, new_reference
from tests.people import LEAD

SHOP = {"type_code": "TAKEAWAY_SHOP", "easting": 518000, "northing": 169300}
FAR = 2500
RING_M = 150
WEEKS = 26


INCIDENTS = """
    with made as (
        insert into app.incident (id, ref, agency_code, borough_codes, borough_code, tier,
            purpose_code, created_by, updated_by, occurred_from, occurred_to, time_precision,
            place_id, geom, harm_code, source_agency, discovered_by, uncertainty_m, is_synthetic)
        select gen_random_uuid(), 'IC-' || %(marks)s || '-' || i, 'AFC', borough_codes,
               borough_codes[1], 'H1', 'PLAN', %(author)s, %(author)s, at, at, 'DAY',
               case when %(east)s = 0 then id end,
               ST_Translate(ST_Centroid(geom), %(east)s, 0), %(harm)s, 'AFC', %(by)s, 0, true
        from app.place, generate_series(0, %(n)s - 1) as i,
             lateral (select (%(first)s::date + i * %(every)s + time '12:00')
                             at time zone 'Europe/London') as day (at)
        where ref = %(ref)s
        returning id, place_id, borough_codes
    )
    insert into app.incident_place (incident_id, place_id, how, borough_codes, tier)
    select id, place_id, 'CHOSEN', borough_codes, 'H1' from made where place_id is not null
"""


def begun() -> date:
    """A Monday more than 26 weeks ago, so that a window after it is over."""
    day = clock.today() - timedelta(weeks=WEEKS + 4)
    return day - timedelta(days=day.weekday())


@dataclass
class Work:
    """The keys of what was made at one place."""

    ref: str
    other: str
    plan: object = None
    goal: object = None
    assessment: object = None
    measures: dict = field(default_factory=dict)


class Maker:
    """Writes as the owner of the tables: what the guards would ask for is not asked here."""

    def __init__(self, db, author=LEAD.id) -> None:
        self.dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
        self.author = author

    def run(self, statement, *given):
        with psycopg.connect(self.dsn) as admin:
            found = admin.execute(statement, given)
            return found.fetchall() if found.description else []

    def insert(self, table, **values):
        key = new_id()
        row = {"id": key, "created_by": self.author, "updated_by": self.author} | values
        row["is_synthetic"] = True
        names = ", ".join(row)
        marks = ", ".join(["%s"] * len(row))
        self.run(f"insert into app.{table} ({names}) values ({marks})", *row.values())
        return key

    def record(self, table, prefix, **values):
        own = {"ref": new_reference(prefix), "agency_code": "AFC", "purpose_code": "PLAN"}
        return self.insert(table, **own, **values)

    def place_id(self, ref):
        return self.run("select id from app.place where ref = %s", ref)[0][0]

    def at_work(self, ref, other, *, active_on=None, approved=True) -> Work:
        """A place that is worked on: an approved assessment, a plan and one goal."""
        place = self.place_id(ref)
        work = Work(ref, other)
        work.assessment = self.assessment(place, active_on or begun())
        work.plan = self.record(
            "context_plan", "PN", place_id=place, assessment_id=work.assessment, state="DRAFT"
        )
        work.goal = self.insert(
            "plan_goal",
            plan_id=work.plan,
            goal_code="G_TRUSTED_ADULT",
            body="Children can name an adult here they trust",
            indicator_code="D2_TRUST",
        )
        return work

    def assessment(self, place, on):
        key = self.record(
            "context_assessment",
            "AS",
            place_id=place,
            assessor_user_id=new_id(),
            state="APPROVED",
            approved_by=new_id(),
            approved_at=on,
        )
        self.insert(
            "assessment_method",
            assessment_id=key,
            method_code="CHILD_SURVEY",
            held_on=on - timedelta(days=7),
            n_children=20,
        )
        return key

    def measure(self, work, name="survey", **more):
        """A share of children that should rise from 40% to 70%, unless said otherwise."""
        known = {
            "kind": "SURVEY_SHARE",
            "is_change": True,
            "body": "Children who can name an adult here they trust",
            "unit": "%",
            "direction": "UP",
            "baseline": 40,
            "baseline_n": 20,
            "baseline_on": begun() - timedelta(days=7),
            "target": 70,
            "due_on": clock.today(),
            "method_code": "CHILD_SURVEY",
        }
        key = self.insert("plan_measure", goal_id=work.goal, **known | more)
        work.measures[name] = key
        return key

    def counted(self, work):
        """A measure by counts of incidents, without a design yet."""
        return self.measure(
            work,
            "counts",
            kind="INCIDENT_WDD",
            body="Incidents here, against a control area",
            unit="incidents",
            direction="DOWN",
            baseline=40,
            baseline_n=None,
            target=20,
            method_code=None,
        )

    def activate(self, work, on=None):
        """Agreed and begun: from now on its measures are frozen."""
        day = on or begun()
        for state in ("AGREED", "ACTIVE"):
            self.run(
                "update app.context_plan set state = %s, agreed_on = %s, active_on = %s, "
                "equality_check = 'Looked at with young people.' where id = %s",
                *(state, day, day, work.plan),
            )
        self.run("update app.place set state = 'PLAN_ACTIVE' where ref = %s", work.ref)

    def asked_again(self, work, on=None, n=20):
        """Children were heard once more, by a held method."""
        return self.insert(
            "assessment_method",
            assessment_id=work.assessment,
            method_code="CHILD_SURVEY",
            held_on=on or clock.today(),
            n_children=n,
        )

    def incidents(self, ref, first, n, *, east=0, by="PARTNER_REPORT", harm="CSE", every=4):
        """One every few days from a day on, at the place or so many metres east of it."""
        asked = {"ref": ref, "first": first, "n": n, "east": east, "every": every}
        asked |= {"by": by, "harm": harm, "author": self.author, "marks": new_reference("IC")[3:]}
        with psycopg.connect(self.dsn) as admin:
            # Hundreds in a moment: what triggers would write is written here.
            admin.execute("set session_replication_role = replica")
            admin.execute(INCIDENTS, asked)

    def fewer(self, work):
        """A measure by counts, and incidents that became fewer here and nowhere else."""
        self.counted(work)
        before, after = begun() - timedelta(weeks=52), begun()
        for ref, changed in ((work.ref, 8), (work.other, 46)):
            self.incidents(ref, before, 91)
            self.incidents(ref, after, changed)
            for first, n in ((before, 34), (after, 17)):
                self.incidents(ref, first, n, east=RING_M, every=11)

    def design(self, work):
        """What was frozen, as it stands in the database."""
        return self.run(
            "select design, design_hash from app.plan_measure where id = %s",
            work.measures["counts"],
        )[0]

    def redesign(self, work, **more):
        """Somebody changes a frozen design behind everybody's back."""
        (design, _) = self.design(work)
        self.run(
            "update app.plan_measure set design = %s where id = %s",
            *(Jsonb(design | more), work.measures["counts"]),
        )
