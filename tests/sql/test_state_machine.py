"""Whatever happens to people, places and grants, everybody sees what a plain model says (goal G1).

The model is a few lines of Python over dictionaries and shares nothing with the generator, nor
with the oracle of the matrix. Each step asks over HTTP or as raw SQL with the person's claims.
CONTEXTMAP_LONG_TESTS=1 takes more than ten thousand steps.
"""

import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.accounts.identity import identify, token_hash
from app.core import clock
from app.core.ids import new_id, new_reference
from app.core.pages import SESSION_COOKIE
from tests.people import browser, sign_in_as
from tests.sql import world
from tests.sql.world import KINGSTON, RICHMOND, Place

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
EXAMPLES, STEPS = (300, 50) if LONG else (24, 40)
ROLES = ("partner", "practitioner", "police_analyst", "cs_lead", "vca_member", "administrator")
AT = {"K": {KINGSTON}, "R": {RICHMOND}, "KR": {KINGSTON, RICHMOND}}
OPEN_TO_PARTNERS = {"SCREENED", "IDENTIFIED", "ASSESSING", "MONITORING"}
CLOSED_TO_PARTNERS = {"PROPOSED", "DORMANT", "CLOSED"}
WHY = "CONTEXT_ASSESSMENT"


@dataclass
class Person:
    id: object
    cookie: str
    session: object
    role: str
    boroughs: set
    works: bool = True  # not disabled
    signed_in: bool = True
    in_emergency: bool = False
    granted: set = field(default_factory=set)
    reasons: set = field(default_factory=set)


@dataclass
class Spot:
    place: Place
    at: set
    tier: str
    state: str
    gone: bool = False

    @property
    def is_home(self) -> bool:
        return self.place.sensitivity == "RESIDENTIAL"


def sees(person: Person, spot: Spot) -> bool:
    if spot.gone:
        return False
    there = bool(person.boroughs & spot.at)
    return {
        "partner": (there or spot.place.ref in person.granted)
        and spot.tier == "H0"
        and not spot.is_home
        and spot.state in OPEN_TO_PARTNERS,
        "practitioner": spot.tier in ("H0", "H1")
        and (there or person.in_emergency or spot.place.ref in person.granted),
        "police_analyst": True,
        "cs_lead": spot.tier != "C",
    }.get(person.role, False)


def sees_address(person: Person, spot: Spot) -> bool:
    """A home's exact point is H1 at least, and needs a reason for this home but from the police."""
    if not spot.is_home or not sees(person, spot) or spot.tier in ("P", "C"):
        return False
    if person.role == "police_analyst":
        return True
    if person.role == "practitioner" and not (person.boroughs & spot.at or person.in_emergency):
        return False  # a grant of the place is none of its address
    return person.role in ("practitioner", "cs_lead") and spot.place.ref in person.reasons


def status_of(person: Person, spot: Spot) -> int:
    if not (person.works and person.signed_in):
        return 401
    if person.role == "administrator":
        return 403
    return 200 if sees(person, spot) else 404


class Partnership(RuleBasedStateMachine):
    """People, places and what happens to them."""

    db = client = admin = None
    steps = 0

    @initialize()
    def begin(self):
        self.people, self.spots = [], []
        # Places of the partnership before would fill the list, which has an end.
        self.admin.execute(
            "update app.place set deleted_at = '2025-01-01' where deleted_at is null"
        )
        for tier, where in (("H0", "K"), ("H1", "R"), ("H1", "KR"), ("P", "K")):
            self.a_place_is_made(where, tier, "SCREENED", home=False)
        self.a_place_is_made("K", "H1", "SCREENED", home=True)
        for role in ("practitioner", "partner", "cs_lead"):
            made = sign_in_as(self.db, role)
            (session,) = self.one("select id from app.session where user_id = %s", made.user_id)
            known = (made.user_id, made.cookie, session, role, set(made.actor.boroughs))
            self.people.append(Person(*known))

    def one(self, sql, *given):
        return self.admin.execute(sql, given).fetchone()

    def do(self, sql, *given):
        type(self).steps += 1
        self.admin.execute(sql, given)

    def person(self, data):
        return data.draw(st.sampled_from(self.people))

    def spot(self, data):
        return data.draw(st.sampled_from(self.spots))

    has_spots = precondition(lambda self: self.spots)

    @rule(
        where=st.sampled_from(sorted(AT)),
        tier=st.sampled_from(world.TIERS),
        state=st.sampled_from(sorted(OPEN_TO_PARTNERS | CLOSED_TO_PARTNERS)),
        home=st.booleans(),
    )
    def a_place_is_made(self, where, tier, state, home):
        kind = {"sensitivity": "RESIDENTIAL", "type_code": "RESIDENTIAL"} if home else {}
        place = Place(where, tier, state=state, **kind)
        world.write(place, self.admin)
        self.spots.append(Spot(place, AT[where], tier, state))

    @has_spots
    @rule(data=st.data(), where=st.sampled_from(["K", "R"]))
    def a_place_moves(self, data, where):
        spot = self.spot(data)
        if spot.place.shape is None or spot.place.where == "KR":
            return
        shape = f"SRID=27700;{world.SHAPES[where]}"
        self.do("update app.place set geom = %s where id = %s", shape, spot.place.id)
        spot.at = AT[where]

    @has_spots
    @rule(data=st.data(), tier=st.sampled_from(world.TIERS))
    def a_place_is_of_another_tier(self, data, tier):
        spot = self.spot(data)
        self.do("update app.place set tier = %s where id = %s", tier, spot.place.id)
        spot.tier = tier

    @has_spots
    @rule(data=st.data(), state=st.sampled_from(sorted(OPEN_TO_PARTNERS | CLOSED_TO_PARTNERS)))
    def a_place_gets_on(self, data, state):
        spot = self.spot(data)
        self.do("update app.place set state = %s where id = %s", state, spot.place.id)
        spot.state = state

    @has_spots
    @rule(data=st.data())
    def a_place_is_deleted(self, data):
        spot = self.spot(data)
        long_ago = "update app.place set deleted_at = now() - interval '1 second' where id = %s"
        self.do(long_ago, spot.place.id)
        spot.gone = True

    @has_spots
    @rule(data=st.data())
    def a_place_is_opened_to_somebody(self, data):
        person, spot = self.person(data), self.spot(data)
        self.grant(person, "CASE", "place", spot.place.id)
        person.granted.add(spot.place.ref)

    @rule(data=st.data())
    def somebody_is_in_an_emergency(self, data):
        person = self.person(data)
        self.grant(person, "BREAK_GLASS", None, None)
        person.in_emergency = True

    def grant(self, person, kind, thing, key):
        self.do(
            "insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, "
            "object_id, reason, until_at, created_by, approved_at, approved_by) values "
            "(%s, %s, %s, 'LA_KINGSTON', %s, %s, %s, 'Synthetic', now() + interval '1 hour', "
            "gen_random_uuid(), now(), gen_random_uuid())",
            *(new_id(), new_reference("GR"), person.id, kind, thing, key),
        )

    @rule(data=st.data(), how=st.sampled_from(["revoked", "over"]))
    def grants_end(self, data, how):
        person = self.person(data)
        change = {
            "revoked": "revoked_at = now(), revoked_by = gen_random_uuid()",
            "over": "from_at = now() - interval '3 hours', until_at = now() - interval '1 second'",
        }[how]
        self.do(f"update app.access_grant set {change} where user_id = %s", person.id)
        person.granted, person.in_emergency = set(), False

    @has_spots
    @rule(data=st.data())
    def somebody_says_why(self, data):
        person, spot = self.person(data), self.spot(data)
        self.do(
            "insert into app.purpose_held (session_id, object_ref, purpose, until_at) "
            "values (%s, %s, %s, now() + interval '30 minutes') on conflict do nothing",
            *(person.session, spot.place.ref, WHY),
        )
        person.reasons.add(spot.place.ref)

    @rule(data=st.data())
    def half_an_hour_passes(self, data):
        person = self.person(data)
        self.do("delete from app.purpose_held where session_id = %s", person.session)
        person.reasons = set()

    @rule(data=st.data(), role=st.sampled_from(ROLES))
    def somebody_has_another_role(self, data, role):
        person = self.person(data)
        self.do('update app."user" set role = %s where id = %s', role, person.id)
        person.role = role

    @rule(data=st.data(), where=st.sampled_from(sorted(AT)))
    def somebody_works_elsewhere(self, data, where):
        person = self.person(data)
        codes = sorted(AT[where])
        self.do('update app."user" set borough_codes = %s where id = %s', codes, person.id)
        person.boroughs = AT[where]

    @rule(data=st.data(), works=st.booleans())
    def somebody_leaves_or_comes_back(self, data, works):
        person = self.person(data)
        state = "ACTIVE" if works else "DISABLED"
        self.do('update app."user" set state = %s where id = %s', state, person.id)
        person.works = works

    @rule(data=st.data(), how=st.sampled_from(["ended_at", "absolute_until", "last_seen_at"]))
    def a_session_is_over(self, data, how):
        person = self.person(data)
        past = "now() - interval '11 hours'"
        self.do(f"update app.session set {how} = {past} where id = %s", person.session)
        person.signed_in = False

    @rule(data=st.data())
    def somebody_signs_in(self, data):
        person = self.person(data)
        person.cookie, person.session = secrets.token_urlsafe(32), new_id()
        self.do(
            "insert into app.session (id, token_hash, user_id, stage, idle_min, absolute_until, "
            "stepped_at) values (%s, %s, %s, 'FULL', 30, %s, now())",
            *(person.session, token_hash(person.cookie), person.id),
            clock.now() + timedelta(hours=10),
        )
        person.signed_in, person.reasons = True, set()

    def get(self, person, url, **headers):
        type(self).steps += 1
        cookie = f"{SESSION_COOKIE}={person.cookie}"
        return self.client.get(url, headers={"cookie": cookie, **headers})

    @has_spots
    @rule(data=st.data())
    def somebody_opens_a_place(self, data):
        person, spot = self.person(data), self.spot(data)
        answer = self.get(person, f"/api/v1/places/{spot.place.ref}")
        assert answer.status_code == status_of(person, spot)

    @has_spots
    @rule(data=st.data())
    def somebody_looks_at_the_list(self, data):
        person = self.person(data)
        answer = self.get(person, "/api/v1/places?limit=1000")
        if not (person.works and person.signed_in):
            assert answer.status_code == 401
        elif person.role in ("administrator", "vca_member"):
            assert answer.status_code == (403 if person.role == "administrator" else 404)
        else:
            shown = {feature["id"] for feature in answer.json()["features"]}
            self.compare(shown, person, sees)

    @invariant()
    def everybody_sees_in_sql_what_the_model_says(self):
        for person in self.people:
            known = identify(self.db, person.cookie)
            assert (known is not None) == (person.works and person.signed_in)
            if known is not None:
                with self.db.read(known.actor) as session:
                    shown = set(session.scalars(text("select ref from app.place")))
                self.compare(shown, person, sees)

    @has_spots
    @rule(data=st.data())
    def somebody_asks_for_an_address_in_sql(self, data):
        person, spot = self.person(data), self.spot(data)
        type(self).steps += 1
        known = identify(self.db, person.cookie)
        if known is None:
            return
        why = known.held.get(spot.place.ref)
        assert (why is not None) == (spot.place.ref in person.reasons)
        actor = known.actor
        if why:
            from app.accounts.deps import for_record

            actor = for_record(actor, spot.place.ref, why)
        with self.db.read(actor) as session:
            found = session.execute(
                text(
                    "select 1 from app.place_exact join app.place on id = place_id where id = :id"
                ),
                {"id": spot.place.id},
            ).all()
        assert bool(found) == sees_address(person, spot)

    def compare(self, shown, person, may):
        mine = {spot.place.ref for spot in self.spots}
        assert shown & mine == {s.place.ref for s in self.spots if may(person, s)}


@pytest.fixture(scope="module")
def machine(module_db, settings_of_app):
    with (
        psycopg.connect(module_db.logins.dsn("postgres"), autocommit=True) as admin,
        browser(module_db, settings_of_app) as client,
    ):
        # The tests play administrator, second person and time.
        admin.execute('alter table app."user" drop constraint user_second_person_check')
        yield type("Ours", (Partnership,), {"db": module_db, "client": client, "admin": admin})


@pytest.fixture(scope="module")
def settings_of_app(request):
    return request.getfixturevalue("settings")


@pytest.mark.asvs("8.2.2")
def test_everybody_sees_what_the_model_says_whatever_happens(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=(Phase.generate,),  # shrinking would ask the database for minutes
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert machine.steps >= (10_000 if LONG else 300)
