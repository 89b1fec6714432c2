"""The life of a request for an identity, in any order of steps: a model beside the database."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import psycopg
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import text

from app.accounts.identity import identify
from app.children import queries as children
from app.core import clock
from app.core.errors import AppError
from app.vault import queries, service
from app.vault.keys import Vault
from app.vault.schemas import IdentityIn
from tests.people import sign_in_as
from tests.uses import REASON, WHO, World, make_custodian

PEOPLE = ("lead", "custodian", "other")
CUSTODIANS = ("custodian", "other")
LAPSES_H, OPEN_H = 168, 24
SHIFT = """
    update app.access_grant set from_at = from_at - interval '{0} hours',
        until_at = until_at - interval '{0} hours', created_at = created_at - interval '{0} hours'
    where kind = 'IDENTITY'
"""
NEWEST = text("""
    select ref from app.access_grant where kind = 'IDENTITY' and user_id = :user
    order by created_at desc, id desc limit 1
""")


@dataclass
class Ground:
    """One child with an identity, three leads of whom two are custodians."""

    world: World
    vault: Vault
    ref: str
    people: dict[str, Any]

    def does(self, name, step) -> bool:
        """Whether the step was let through."""
        known = identify(self.world.db, self.people[name].cookie)
        assert known is not None
        actor = replace(known.actor, purpose="PLAN", purpose_for=self.ref, stepped_at=clock.now())
        with suppress(AppError, psycopg.Error), self.world.db.begin(actor) as session:
            step(session, actor, children.find(session, self.ref))
            return True
        return False

    def newest(self, session, whose):
        found = session.scalar(NEWEST, {"user": self.people[whose].user_id})
        return queries.request(session, found or "GR-NONE")

    def sql(self, *statements):
        with self.world.superuser() as admin:
            for statement in statements:
                admin.execute(statement.encode())


class Requests(RuleBasedStateMachine):
    """`at[p]` is (state, hours since) of the request of a person, None where none is live."""

    ground: ClassVar[Ground]

    @initialize()
    def nothing_asked(self):
        self.at = dict.fromkeys(PEOPLE)
        self.ground.sql(
            "delete from vault.reading", "delete from app.access_grant where kind = 'IDENTITY'"
        )

    @rule(who=st.sampled_from(PEOPLE))
    def ask(self, who):
        done = self.ground.does(who, lambda s, a, child: service.ask(s, a, child, REASON))

        assert done == (self.at[who] is None)
        if done:
            self.at[who] = ("ASKED", 0)

    @rule(whose=st.sampled_from(PEOPLE), by=st.sampled_from(PEOPLE))
    def approve(self, whose, by):
        here = self.ground
        done = here.does(by, lambda s, a, _: service.approve(s, a, here.newest(s, whose)))
        waits = self.at[whose] is not None and self.at[whose][0] == "ASKED"

        assert done == (waits and by in CUSTODIANS and by != whose)
        if done:
            self.at[whose] = ("OPEN", 0)

    @rule(whose=st.sampled_from(PEOPLE), by=st.sampled_from(PEOPLE))
    def close(self, whose, by):
        here = self.ground
        done = here.does(by, lambda s, _, __: service.close(s, here.newest(s, whose)))

        assert done == (self.at[whose] is not None and (by == whose or by in CUSTODIANS))
        if done:
            self.at[whose] = None

    @rule(who=st.sampled_from(PEOPLE))
    def read(self, who):
        here = self.ground
        done = here.does(who, lambda s, _, child: service.read(s, here.vault, child))

        assert done == (self.at[who] is not None and self.at[who][0] == "OPEN")

    @rule(hours=st.sampled_from((1, 23, 25, 170)))
    def wait(self, hours):
        self.ground.sql(SHIFT.format(hours))
        for who, standing in self.at.items():
            if standing is not None:
                state, since = standing[0], standing[1] + hours
                over = since >= (LAPSES_H if state == "ASKED" else OPEN_H)
                self.at[who] = None if over else (state, since)


def test_no_order_of_steps_opens_an_identity_otherwise(db, settings):
    world = World(db, settings)
    people = {name: sign_in_as(db, "cs_lead", agency="AFC") for name in PEOPLE}
    for name in CUSTODIANS:
        make_custodian(world, people[name].user_id)
    Requests.ground = ground = Ground(world, Vault.of(settings), world.child(), people)
    wanted = IdentityIn.model_validate(WHO | {"another": "yes"}, strict=False)
    entered = ground.does(
        "custodian", lambda s, _, child: service.enter(s, ground.vault, child, wanted)
    )

    assert entered
    run_state_machine_as_test(
        Requests,
        settings=how(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
