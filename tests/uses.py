"""One real use of every route that changes something or is watched, by a person who may.

A use is prepared first (its record exists, its reason holds), then sent, as often as a test likes.
Everybody and everything here is synthetic.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pyotp
from sqlalchemy import text

from app.accounts.identity import token_hash
from app.core import clock
from app.core.actor import PUBLIC, job_actor
from app.core.ids import new_id, new_reference, random_id
from app.core.pages import SESSION_COOKIE
from app.exports import making
from app.intake import drafts, mailbox, tokens
from app.intake.drafts import Lock
from app.intake.rules import STEPS
from app.intake.schemas import Draft
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys
from app.reports.service import Sending, receive
from app.retention import erasing
from app.site import alerts
from tests import intelligence, reports
from tests.authenticator import SecurityKey
from tests.people import HTML, KINGSTON, SYSTEM, browser, csrf, in_days, sign_in_as
from tests.sql import world

PLAN = {"X-Purpose": "PLAN"}
HOME_NAME = "The home of the uses"
# What no answer without a trace may hold: names, points, ages of the records below.
SECRETS = (HOME_NAME, "carry parcels", "518000", "169300", "A13_15", "The shop of the uses")
CHILD = {"home_lad_code": KINGSTON, "age_band": "A13_15", "age_band_as_of": "2026-01-01"}
AT = {"easting": 518000, "northing": 169300}
HOME = {"type_code": "RESIDENTIAL", "name": HOME_NAME, "purpose": "MARVE"} | AT
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "The shop of the uses"} | AT
ASB = {
    "harm_code": "ASB",
    "occurred_from": "2026-07-29T00:20",
    "source_agency": "AFC",
    "postcode": "KT1 1EU",
}
LINK = {"role": "frequents", "from_on": "2026-02-01", "source_agency": "AFC", "basis": "Synthetic"}
REPORT_DECIDED = {
    "identifiable": "NO",
    "tone": "CARE",
    "outcome_NFA": "yes",
    "reason": "TOO_LITTLE",
}
RUN = {"source": "partnership"}
REASON = "Synthetic: works with the school at this place."
PASSWORD = "a long synthetic password 7"

Sent = Callable[[], Any]
USES: dict[str, Callable[["World"], Sent]] = {}


def use(route: str) -> Callable[[Callable[["World"], Sent]], Callable[["World"], Sent]]:
    def kept(prepare: Callable[["World"], Sent]) -> Callable[["World"], Sent]:
        USES[route] = prepare
        return prepare

    return kept


@dataclass
class World:
    """One database, and people of each role in it."""

    db: Any
    settings: Any
    clients: dict[str, Any] = field(default_factory=dict)

    def as_(self, role: str, **options: Any) -> Any:
        """The same browser each time, unless another is asked for by an option."""
        if options or role not in self.clients:
            person = sign_in_as(self.db, role, agency="AFC", **options)
            client = browser(self.db, self.settings, person)
            client.person = person
            if options:
                return client
            self.clients[role] = client
        return self.clients[role]

    @property
    def lead(self) -> Any:
        return self.as_("cs_lead")

    def superuser(self) -> psycopg.Connection:
        dsn = self.db.logins.cluster.dsn("postgres", self.db.logins.dbname)
        return psycopg.connect(dsn, autocommit=True)

    def made(self, path: str, body: dict, **headers: str) -> str:
        answer = self.lead.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()["ref"]

    def home(self) -> str:
        return self.made("/api/v1/places", HOME)

    def shop(self) -> str:
        return self.made("/api/v1/places", SHOP)

    def child(self) -> str:
        return self.made("/api/v1/children", CHILD, **PLAN)

    def incident(self) -> str:
        return self.made("/api/v1/incidents", ASB)

    def user(self, role: str = "practitioner") -> tuple[Any, str]:
        """A new person and the reference of the account."""
        person = sign_in_as(self.db, role, agency="AFC")
        with self.db.read(SYSTEM) as session:
            given = {"id": person.user_id}
            ref = session.scalar(text('select ref from app."user" where id = :id'), given)
        return person, ref

    def half_way(self) -> Any:
        """A browser that has shown the first factor only."""
        person, _ = self.user()
        with self.superuser() as admin:
            admin.execute(
                "update app.session set stage = 'CODE' where token_hash = %s",
                (token_hash(person.cookie),),
            )
        return browser(self.db, self.settings, person)


def posting(client: Any, path: str, **answers: Any) -> Sent:
    cookie = client.cookies.get(SESSION_COOKIE)

    def send() -> Any:
        answer = client.post(path, data=answers | {"csrf": csrf(client)})
        if cookie is not None:  # whatever the answer did to it, the next try is the same
            client.cookies.clear()
            client.cookies.set(SESSION_COOKIE, cookie)
        return answer

    return send


def by_admin(decision: str, world: World, role: str = "administrator") -> Sent:
    _, ref = world.user()
    return posting(world.as_(role), f"/admin/users/{ref}/{decision}")


# Places


@use("POST /api/v1/places")
def propose(world):
    return partial(world.lead.post, "/api/v1/places", json=SHOP)


@use("PATCH /api/v1/places/{ref}")
def revise(world):
    body = {"version": 1, "description": "Synthetic"}
    return partial(world.lead.patch, f"/api/v1/places/{world.shop()}", json=body)


@use("POST /places/new")
def propose_by_form(world):
    return posting(world.lead, "/places/new", another="yes", **SHOP)


@use("POST /places/{ref}/edit")
def revise_by_form(world):
    answers = {"version": "1", "name": "The shop of the uses", "description": "Synthetic"}
    path = f"/places/{world.shop()}/edit"
    return posting(world.lead, path, type_code="TAKEAWAY_SHOP", **answers)


@use("POST /places/{ref}/address")
def say_why(world):
    return posting(world.lead, f"/places/{world.home()}/address", purpose="MARVE")


@use("GET /places/{ref}/address")
def see_address(world):
    path = f"/places/{world.home()}/address"
    posting(world.lead, path, purpose="MARVE")()
    return partial(world.lead.get, path)


@use("POST /api/v1/places/{ref}/exact")
def exact(world):
    path = f"/api/v1/places/{world.home()}/exact"
    return partial(world.lead.post, path, json={"purpose": "MARVE"})


WHY = "Synthetic: of the uses of routes."


@use("POST /places/{ref}/edit/{section}")
def fill_in_a_section(world):
    answers = {"version": "1", "strengths": "Synthetic"}
    return posting(world.lead, f"/places/{world.shop()}/edit/good", **answers)


@use("POST /places/{ref}/urgent")
def call_urgent(world):
    return posting(world.lead, f"/places/{world.shop()}/urgent", version="1", reason=WHY)


@use("POST /places/{ref}/names")
def add_a_name(world):
    return posting(world.lead, f"/places/{world.shop()}/names", name="Synthetic corner")


@use("POST /api/v1/places/{ref}/aliases")
def name_it(world):
    path = f"/api/v1/places/{world.shop()}/aliases"
    return partial(world.lead.post, path, json={"name": "Synthetic corner"})


@use("POST /places/{ref}/links")
def link_places_by_form(world):
    answers = {"to": world.shop(), "relation": "same_journey"}
    return posting(world.lead, f"/places/{world.shop()}/links", **answers)


@use("POST /api/v1/places/{ref}/links")
def link_places(world):
    body = {"to": world.shop(), "relation": "same_journey"}
    return partial(world.lead.post, f"/api/v1/places/{world.shop()}/links", json=body)


ASKED = {"raised_by": "RESIDENT", "body": "Synthetic: the youth club has long since moved away."}
ANSWERED = {"state": "NOT_UPHELD", "decision": "Synthetic: two new reports came in last week."}
SPACE = {"type_code": "ONLINE_GROUP", "name": "The group of the uses", "platform_code": "GAME"}
SPACE |= {"audience": "CLOSED", "borough": KINGSTON}


@use("POST /places/{ref}/objection")
def object_to_a_label(world):
    return posting(world.lead, f"/places/{world.shop()}/objection", **ASKED)


def objection(world) -> str:
    by_practitioner = world.as_("practitioner")
    sent = posting(by_practitioner, f"/places/{world.shop()}/objection", **ASKED)()
    return sent.headers["location"]


@use("GET /objections")
def list_objections(world):
    objection(world)
    return partial(world.as_("auditor").get, "/objections")


@use("GET /objections/{ref}")
def read_an_objection(world):
    return partial(world.as_("auditor").get, objection(world))


@use("POST /objections/{ref}")
def answer_an_objection(world):
    return posting(world.as_("auditor"), objection(world), **ANSWERED)


def online_space(world) -> str:
    address = f"https://example.com/{secrets.token_hex(8)}"
    sent = posting(world.lead, "/online/new", **SPACE, address=address)()
    return sent.headers["location"].rpartition("/")[2]


@use("POST /online/new")
def record_an_online_space(world):
    def send():
        address = f"https://example.com/{secrets.token_hex(8)}"
        return posting(world.lead, "/online/new", **SPACE, address=address)()

    return send


@use("POST /online/{ref}/edit")
def change_an_online_space(world):
    answers = {"version": "1", "platform_code": "SITE", "audience": "PUBLIC"}
    path = f"/online/{online_space(world)}/edit"
    return posting(world.lead, path, takedown_state="REQUESTED", **answers)


@use("POST /online/{ref}/reveal")
def show_an_address(world):
    return posting(world.lead, f"/online/{online_space(world)}/reveal")


GUARDIAN = {"kind": "STAFF", "agency": "BUSINESS", "valid_from_on": "2026-01-01"}


@use("POST /places/{ref}/guardians")
def add_guardian_by_form(world):
    return posting(world.lead, f"/places/{world.shop()}/guardians", hour_MON_9="yes", **GUARDIAN)


@use("POST /api/v1/places/{ref}/guardians")
def add_guardian(world):
    body = GUARDIAN | {"week": {"MON": [9]}}
    return partial(world.lead.post, f"/api/v1/places/{world.shop()}/guardians", json=body)


@use("POST /places/{ref}/guardians/{slot_id}")
def change_guardian(world):
    path = f"/places/{world.shop()}/guardians"
    body = GUARDIAN | {"week": {"MON": [9]}}
    slot = world.lead.post(f"/api/v1{path}", json=body).json()["id"]
    return posting(world.lead, f"{path}/{slot}", hour_MON_10="yes", **GUARDIAN)


@use("POST /places/{ref}/move")
def move_by_form(world):
    answers = {"to": "SCREENED", "class_confirmed": "yes", "version": "1", "reason": WHY}
    return posting(world.lead, f"/places/{world.shop()}/move", **answers)


@use("POST /api/v1/places/{ref}/moves")
def move_on(world):
    body = {"to": "SCREENED", "class_confirmed": True, "version": 1, "reason": WHY}
    return partial(world.lead.post, f"/api/v1/places/{world.shop()}/moves", json=body)


def known_place(world):
    """A shop that was identified, and of which something was heard since."""
    ref = world.shop()
    with world.superuser() as admin:
        admin.execute(
            "update app.place set state = 'IDENTIFIED', level = 'CL1', last_information_at = "
            "now() + interval '1 hour' where ref = %s",
            (ref,),
        )
    return ref


@use("POST /places/{ref}/level")
def set_level(world):
    answers = {"level": "CL3", "version": "1", "reason": WHY}
    return posting(world.lead, f"/places/{known_place(world)}/level", **answers)


@use("POST /places/{ref}/priority")
def set_priority(world):
    from app.core import clock
    from app.priority import service
    from app.priority.jobs import PRIORITY

    ref = known_place(world)
    with world.db.begin(PRIORITY) as session:
        service.run(session, clock.today())
    answers = {"band": "HIGH", "reason": WHY, "ends_on": in_days(30)}
    return posting(world.lead, f"/places/{ref}/priority", **answers)


@use("POST /places/{ref}/label")
def renew_label(world):
    return posting(world.lead, f"/places/{known_place(world)}/label", version="1", reason=WHY)


@use("POST /places/{ref}/merge")
def merge_by_form(world):
    answers = {"into": world.shop(), "version": "1", "reason": WHY, "sure": "yes"}
    return posting(world.lead, f"/places/{world.shop()}/merge", **answers)


@use("POST /api/v1/places/{ref}/merge")
def merge(world):
    body = {"into": world.shop(), "version": 1, "reason": WHY}
    return partial(world.lead.post, f"/api/v1/places/{world.shop()}/merge", json=body)


@use("POST /places/{ref}/merge/{merge_id}/undo")
def undo_merge(world):
    source, target = world.shop(), world.shop()
    world.lead.post(
        f"/api/v1/places/{source}/merge", json={"into": target, "version": 1, "reason": WHY}
    )
    with world.superuser() as admin:
        (key,) = admin.execute("select id from app.place_merge order by at desc limit 1").fetchone()
    return posting(world.lead, f"/places/{target}/merge/{key}/undo")


@use("POST /places/{ref}/split")
def split(world):
    answers = {"version": "1", "reason": WHY, "type_code": "TAKEAWAY_SHOP", "name": "Synthetic"}
    path = f"/places/{world.shop()}/split"
    return posting(world.lead, path, easting="518000", northing="169300", **answers)


# Incidents, children, clusters


@use("POST /api/v1/incidents")
def record(world):
    return partial(world.lead.post, "/api/v1/incidents", json=ASB)


@use("POST /incidents/new")
def record_by_form(world):
    return posting(world.lead, "/incidents/new", **ASB)


WHY = "Synthetic: the caller rang again."


@use("PATCH /api/v1/incidents/{ref}")
def correct(world):
    body = {"version": 1, "reason": WHY, "harm_code": "KNIFE"}
    return partial(world.lead.patch, f"/api/v1/incidents/{world.incident()}", json=body)


@use("POST /incidents/{ref}/edit")
def correct_by_form(world):
    path = f"/incidents/{world.incident()}/edit"
    return posting(world.lead, path, version="1", reason=WHY, harm_code="KNIFE")


@use("POST /api/v1/incidents/{ref}/restore")
def restore(world):
    body = {"version": 1, "restore": 1, "reason": WHY}
    path = f"/api/v1/incidents/{world.incident()}/restore"
    return partial(world.lead.post, path, json=body)


@use("POST /incidents/{ref}/history/{number}")
def restore_by_form(world):
    path = f"/incidents/{world.incident()}/history/1"
    return posting(world.lead, path, version="1", reason=WHY)


@use("POST /api/v1/incidents/{ref}/state")
def decide_incident(world):
    body = {"version": 1, "to": "CONFIRMED"}
    return partial(world.lead.post, f"/api/v1/incidents/{world.incident()}/state", json=body)


@use("POST /incidents/{ref}/confirm")
def confirm_incident(world):
    return posting(world.lead, f"/incidents/{world.incident()}/confirm", version="1")


@use("POST /incidents/{ref}/withdraw")
def withdraw_incident(world):
    path = f"/incidents/{world.incident()}/withdraw"
    return posting(world.lead, path, version="1", reason=WHY)


def missing_of(world):
    body = ASB | {"harm_code": "MISSING_HOME"}
    path = f"/incidents/{world.made('/api/v1/incidents', body)}/missing"
    posting(world.lead, path, purpose="MISSING_PANEL")()
    return path


@use("POST /incidents/{ref}/missing")
def say_why_missing(world):
    return posting(world.lead, missing_of(world), purpose="MISSING_PANEL")


@use("GET /incidents/{ref}/missing")
def see_missing(world):
    return partial(world.lead.get, missing_of(world))


@use("POST /incidents/{ref}/missing/edit")
def record_missing(world):
    at = {"day": "28", "month": "7", "year": "2026", "time": "16:20"}
    boxes = {f"missing_from_at_{box}": text for box, text in at.items()}
    return posting(world.lead, f"{missing_of(world)}/edit", version="0", **boxes)


@use("POST /api/v1/incidents/{ref}/children")
def link_to_incident(world):
    path, body = f"/api/v1/incidents/{world.incident()}/children", {"role": "harmed_here"}
    return partial(world.lead.post, path, json=body | {"child": world.child()}, headers=PLAN)


@use("POST /api/v1/children")
def open_child(world):
    return partial(world.lead.post, "/api/v1/children", json=CHILD, headers=PLAN)


@use("GET /api/v1/children/{ref}")
def look_up(world):
    return partial(world.lead.get, f"/api/v1/children/{world.child()}", headers=PLAN)


@use("POST /api/v1/children/{ref}/links")
def link_to_place(world):
    path, body = f"/api/v1/children/{world.child()}/links", LINK | {"place": world.shop()}
    return partial(world.lead.post, path, json=body, headers=PLAN)


# Identities


def custodian(world, **options):
    """A lead with the duty, confirmed by somebody else."""
    client = world.as_("cs_lead", **({"stepped": True} | options))
    make_custodian(world, client.person.user_id)
    return client


def make_custodian(world, user_id):
    with world.superuser() as admin:
        admin.execute(
            """
            insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type,
                object_id, reason, until_at, created_by, approved_at, approved_by)
            values (gen_random_uuid(), %s, %s, 'AFC', 'CUSTODIAN', 'duty', %s, 'Synthetic',
                now() + interval '80 days', %s, now(), gen_random_uuid())
            """,
            (new_reference("GR"), user_id, user_id, user_id),
        )


WHO = {"surname": "Synthetic-Example", "given_names": "Synthetic Kyle", "born_on": "2012-02-03"}


def identified(world):
    """(page of the identity, custodian): held, and not asked for yet."""
    keeper = custodian(world)
    ref = world.child()
    assert posting(keeper, f"/children/{ref}", purpose="PLAN")().status_code == 303
    page = f"/children/{ref}/identity"
    with world.superuser() as admin:
        admin.execute("truncate vault.question")
    sent = posting(keeper, f"{page}/enter", another="yes", **WHO)()
    assert sent.status_code == 303, sent.text
    with_reason(world, ref)
    return page, keeper


def asked_for(world):
    """(page, custodian, reference of the request)."""
    page, keeper = identified(world)
    assert posting(world.lead, page, reason=REASON)().status_code == 303
    with world.superuser() as admin:
        (ref,) = admin.execute(
            "select ref from app.access_grant where kind = 'IDENTITY' order by created_at desc"
        ).fetchone()
    return page, keeper, ref


@use("POST /children/known")
def ask_known(world):
    with world.superuser() as admin:
        admin.execute("truncate vault.question")
    answers = {"surname": "Synthetic-Nobody", "born_on": "2011-01-01", "purpose": "PLAN"}
    return posting(world.lead, "/children/known", **answers)


@use("GET /children/{ref}/identity")
def see_identity_state(world):
    return partial(world.lead.get, identified(world)[0])


@use("POST /children/{ref}/identity")
def ask_identity(world):
    return posting(world.lead, identified(world)[0], reason=REASON)


@use("POST /children/{ref}/identity/read")
def read_identity(world):
    page, keeper, ref = asked_for(world)
    assert posting(keeper, f"/identity-requests/{ref}/approve")().status_code == 303
    with world.superuser() as admin:  # each reading asks for a code that is newer than the last
        admin.execute(
            "update app.session set stepped_at = now() + interval '1 hour' where user_id = %s",
            (world.lead.person.user_id,),
        )
    return posting(world.lead, f"{page}/read")


@use("GET /children/{ref}/identity/enter")
def see_enter(world):
    page, keeper = identified(world)
    return partial(keeper.get, f"{page}/enter")


@use("POST /children/{ref}/identity/enter")
def enter_identity(world):
    page, keeper = identified(world)
    return posting(keeper, f"{page}/enter", another="yes", **WHO)


@use("GET /identity-requests")
def see_requests(world):
    asked_for(world)
    return partial(world.lead.get, "/identity-requests")


@use("GET /identity-requests/{ref}")
def see_request(world):
    return partial(world.lead.get, f"/identity-requests/{asked_for(world)[2]}")


@use("POST /identity-requests/{ref}/approve")
def approve_request(world):
    _, keeper, ref = asked_for(world)
    return posting(keeper, f"/identity-requests/{ref}/approve")


@use("POST /identity-requests/{ref}/close")
def decline_request(world):
    _, keeper, ref = asked_for(world)
    return posting(keeper, f"/identity-requests/{ref}/close")


@use("POST /identity-requests/{ref}/withdraw")
def withdraw_request(world):
    return posting(world.lead, f"/identity-requests/{asked_for(world)[2]}/withdraw")


# Children's references by page


def with_reason(world, ref):
    """The reason holds in the session of the lead."""
    assert posting(world.lead, f"/children/{ref}", purpose="PLAN")().status_code == 303
    return f"/children/{ref}"


def linked_child(world):
    """The pages of a child, and of its link to a place."""
    ref, shop = world.child(), world.shop()
    path = f"/api/v1/children/{ref}/links"
    assert world.lead.post(path, json=LINK | {"place": shop}, headers=PLAN).status_code == 201
    with world.superuser() as admin:
        (key,) = admin.execute(
            "select l.id from app.child_place_link l join app.child c on c.id = l.child_id "
            "where c.ref = %s",
            (ref,),
        ).fetchone()
    page = with_reason(world, ref)
    return page, f"{page}/links/{key}", shop


@use("POST /children")
def say_why_children(world):
    return posting(world.lead, "/children", purpose="PLAN")


@use("GET /children")
def see_children(world):
    world.child()
    say_why_children(world)()
    return partial(world.lead.get, "/children")


@use("POST /children/at/{place}")
def say_why_at_place(world):
    return posting(world.lead, f"/children/at/{world.shop()}", purpose="PLAN")


@use("GET /children/at/{place}")
def see_children_at_place(world):
    _, _, shop = linked_child(world)
    path = f"/children/at/{shop}"
    posting(world.lead, path, purpose="PLAN")()
    return partial(world.lead.get, path)


@use("POST /children/new")
def open_child_by_form(world):
    return posting(world.lead, "/children/new", purpose="PLAN", **CHILD)


@use("POST /children/{ref}")
def say_why_child(world):
    return posting(world.lead, f"/children/{world.child()}", purpose="PLAN")


@use("GET /children/{ref}")
def see_child(world):
    return partial(world.lead.get, with_reason(world, world.child()))


@use("GET /children/{ref}/edit")
def see_child_edit(world):
    return partial(world.lead.get, f"{with_reason(world, world.child())}/edit")


@use("POST /children/{ref}/edit")
def revise_child(world):
    answers = CHILD | {"version": "1", "age_band": "A16_17"}
    return posting(world.lead, f"{with_reason(world, world.child())}/edit", **answers)


@use("POST /children/{ref}/state")
def close_child(world):
    return posting(world.lead, f"{with_reason(world, world.child())}/state", state="CLOSED")


@use("GET /children/{ref}/delete")
def see_child_delete(world):
    return partial(world.lead.get, f"{with_reason(world, world.child())}/delete")


@use("POST /children/{ref}/delete")
def delete_child(world):
    return posting(world.lead, f"{with_reason(world, world.child())}/delete")


@use("GET /children/{ref}/links/new")
def see_link_form(world):
    return partial(world.lead.get, f"{with_reason(world, world.child())}/links/new")


@use("POST /children/{ref}/links/new")
def link_by_form(world):
    path = f"{with_reason(world, world.child())}/links/new"
    return posting(world.lead, path, place=world.shop(), **LINK)


@use("GET /children/{ref}/links/{link}")
def see_link(world):
    return partial(world.lead.get, linked_child(world)[1])


@use("POST /children/{ref}/links/{link}")
def correct_link(world):
    answers = LINK | {"version": "1", "role": "avoids", "confidence": "REPORTED"}
    return posting(world.lead, linked_child(world)[1], **answers)


@use("GET /children/{ref}/links/{link}/withdraw")
def see_withdraw(world):
    return partial(world.lead.get, f"{linked_child(world)[1]}/withdraw")


@use("POST /children/{ref}/links/{link}/withdraw")
def withdraw_link(world):
    return posting(world.lead, f"{linked_child(world)[1]}/withdraw", why="Synthetic")


@use("POST /clusters")
def run_by_form(world):
    return posting(world.lead, "/clusters", eps_m="250", eps_days="28", min_points="5", **RUN)


@use("POST /api/v1/clusters/runs")
def run(world):
    return partial(world.lead.post, "/api/v1/clusters/runs", json=RUN)


@use("POST /clusters/compare")
def compare_periods(world):
    days = {"first_from": "2026-01-01", "first_to": "2026-03-31"}
    days |= {"second_from": "2026-04-01", "second_to": "2026-06-30"}
    return posting(world.lead, "/clusters/compare", **days)


@use("POST /clusters/{key}/recalculate")
def calculate_again(world):
    return posting(world.lead, f"/clusters/{done_cluster(world)}/recalculate")


@use("POST /clusters/{key}/decide/{what}")
def decide_about_a_cluster(world):
    path = f"/clusters/{done_cluster(world)}/decide/dismiss"
    return posting(world.lead, path, seen="2.0", reason=REASON)


@use("POST /api/v1/clusters/{key}/decisions")
def decide_by_program(world):
    path = f"/api/v1/clusters/{done_cluster(world)}/decisions"
    body = {"what": "dismiss", "seen": "2.0", "reason": REASON}
    return partial(world.lead.post, path, json=body)


@use("GET /clusters/{key}")
def see_members(world):
    return partial(world.lead.get, f"/clusters/{done_cluster(world)}")


def done_cluster(world):
    """The reference of a lineage about which two decisions were made."""
    things = world_clusters()
    with world.superuser() as admin:
        for thing in things:
            world_write(thing, admin)
        admin.execute(
            "update app.cluster_run set state = 'DONE', finished_at = now() "
            "where code_version = 'test'"
        )
    return next(thing.values["ref"] for thing in things if "site_ids" in thing.values)


world_clusters, world_write = world.clusters, world.write


# Exports


EXPORT = {
    "format": "csv",
    "purpose": "PLAN",
    "recipient_agency": "AFC",
    "recipient": "Synthetic team",
    "reason": "Synthetic: the file of a test.",
}
EXPORT_OF = "/exports/new?what=places&q=the+uses"


def export(world, *, until="asked", of=EXPORT_OF, **given):
    """A file of the lead's own: asked for, or made as well."""
    world.shop()
    answer = posting(world.lead, of, **EXPORT | given)()
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    if until == "made":
        with world.superuser() as admin:
            wanted = (path.rpartition("/")[2],)
            (key,) = admin.execute("select id from app.export where ref = %s", wanted).fetchone()
        making.make(world.db, world.settings, key)
    return path


def export_of_another(world):
    """More rows than one person may take, asked for by somebody else."""
    _, by = world.user("cs_lead")
    with world.superuser() as admin:
        (person,) = admin.execute('select id from app."user" where ref = %s', (by,)).fetchone()
        values = world_export(key := random_id(), "AFC", person)
        world_insert(admin, "app.export", values | {"state": "REQUESTED", "rows_asked": 900})
    assert key
    return values["ref"]


world_export, world_insert = world.export_values, world.insert


@use("GET /exports")
def see_exports(world):
    return partial(world.lead.get, "/exports")


@use("GET /exports/new")
def look_at_what_would_leave(world):
    return partial(world.lead.get, EXPORT_OF)


@use("POST /exports/new")
def ask_for_export(world):
    world.shop()
    return posting(world.lead, EXPORT_OF, **EXPORT)


@use("GET /exports/request")
def look_at_what_needs_another(world):
    return partial(world.lead.get, EXPORT_OF.replace("new", "request"))


@use("POST /exports/request")
def ask_for_approval(world):
    world.shop()
    return posting(world.lead, EXPORT_OF.replace("new", "request"), **EXPORT)


@use("GET /exports/waiting")
def see_what_waits(world):
    return partial(world.lead.get, "/exports/waiting")


@use("GET /exports/waiting/{ref}")
def see_one_that_waits(world):
    return partial(world.lead.get, f"/exports/waiting/{export_of_another(world)}")


@use("POST /exports/waiting/{ref}")
def decide_export(world):
    path = f"/exports/waiting/{export_of_another(world)}"
    return posting(world.lead, path, decision="approve")


@use("GET /exports/{ref}")
def see_export(world):
    return partial(world.lead.get, export(world))


@use("GET /exports/{ref}/file")
def fetch_export(world):
    return partial(world.lead.get, f"{export(world, until='made')}/file")


# Intelligence


def item(world, **more):
    analyst = world.as_("police_analyst")
    answer = analyst.post("/api/v1/intelligence", json=intelligence.PLAIN | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


@use("POST /api/v1/intelligence")
def send_item(world):
    analyst = world.as_("police_analyst")
    return partial(analyst.post, "/api/v1/intelligence", json=intelligence.PLAIN)


@use("GET /api/v1/intelligence")
def items(world):
    item(world)
    return partial(world.as_("police_analyst").get, "/api/v1/intelligence")


@use("GET /ogc/collections/intelligence/items")
def features_of_items(world):
    item(world)
    return partial(world.as_("police_analyst").get, "/ogc/collections/intelligence/items")


@use("GET /ogc/collections/intelligence/items/{key}")
def feature_of_item(world):
    path = f"/ogc/collections/intelligence/items/{item(world)}"
    return partial(world.as_("police_analyst").get, path)


@use("GET /api/v1/intelligence/{ref}")
def one_item(world):
    return partial(world.as_("police_analyst").get, f"/api/v1/intelligence/{item(world)}")


@use("GET /intelligence")
def see_items(world):
    item(world)
    return partial(world.as_("police_analyst").get, "/intelligence")


@use("GET /intelligence/{ref}")
def open_item(world):
    return partial(world.as_("police_analyst").get, f"/intelligence/{item(world)}")


def another(world):
    """An analyst of the same force who wrote none of it."""
    return world.as_("police_analyst", stepped=True)


def in_qa(world, **more):
    ref, second = item(world, **more), another(world)
    assert posting(second, f"/intelligence/{ref}/take")().status_code == 303
    return ref, second


def let_go(world, **more):
    ref, second = in_qa(world, **more)
    assert posting(second, f"/intelligence/{ref}/qa", decision="RELEASE")().status_code == 303
    return ref, second


def draft(world):
    return posting(world.as_("police_analyst"), "/intelligence/new")().headers["location"]


def offered(world):
    """An item of code C that waits for a practitioner's yes."""
    person, ref = world.user()
    more = intelligence.CONDITIONAL | {"recipients": [ref]}
    key, _ = let_go(world, **more)
    return browser(world.db, world.settings, person), key


@use("POST /intelligence/new")
def begin_item(world):
    return posting(world.as_("police_analyst"), "/intelligence/new")


@use("POST /intelligence/drafts/{key}/{section}")
def save_section(world):
    return posting(world.as_("police_analyst"), f"{draft(world)}/kind", kind="INCIDENT")


@use("POST /intelligence/drafts/{key}")
def send_draft(world):
    path = posting(world.as_("police_analyst"), f"/intelligence/{item(world)}/edit")()
    return posting(world.as_("police_analyst"), path.headers["location"])


@use("POST /intelligence/{ref}/edit")
def mend_item(world):
    return posting(world.as_("police_analyst"), f"/intelligence/{item(world)}/edit")


@use("POST /intelligence/{ref}/take")
def take_item(world):
    return posting(another(world), f"/intelligence/{item(world)}/take")


@use("GET /intelligence/{ref}/qa")
def look_at_item(world):
    return partial(another(world).get, f"/intelligence/{item(world)}/qa")


@use("POST /intelligence/{ref}/qa")
def decide_item(world):
    ref, second = in_qa(world)
    return posting(second, f"/intelligence/{ref}/qa", decision="ISSUES", note="Synthetic")


@use("POST /intelligence/{ref}/release")
def release_item(world):
    ref, second = in_qa(world)
    posting(second, f"/intelligence/{ref}/qa", decision="SANITISE")()
    return posting(second, f"/intelligence/{ref}/release")


@use("GET /intelligence/{ref}/withdraw")
def before_withdrawing(world):
    return partial(world.as_("police_analyst").get, f"/intelligence/{let_go(world)[0]}/withdraw")


@use("POST /intelligence/{ref}/withdraw")
def withdraw_item(world):
    path = f"/intelligence/{let_go(world)[0]}/withdraw"
    return posting(world.as_("police_analyst"), path, reason="Synthetic")


@use("POST /intelligence/{ref}/recipients/{person_id}/remove")
def remove_recipient(world):
    person, named = world.user()
    more = intelligence.CONDITIONAL | {"recipients": [named]}
    path = f"/intelligence/{item(world, **more)}/recipients/{person.user_id}/remove"
    return posting(world.as_("police_analyst"), path)


@use("GET /intelligence/{ref}/conditions")
def read_conditions(world):
    reader, ref = offered(world)
    return partial(reader.get, f"/intelligence/{ref}/conditions")


@use("POST /intelligence/{ref}/conditions")
def accept_conditions(world):
    reader, ref = offered(world)
    return posting(reader, f"/intelligence/{ref}/conditions")


@use("POST /api/v1/intelligence/{ref}/qa")
def decide_item_by_program(world):
    ref, second = in_qa(world)
    said = {"decision": "ISSUES", "note": "Synthetic"}
    return partial(second.post, f"/api/v1/intelligence/{ref}/qa", json=said)


@use("POST /api/v1/intelligence/{ref}/withdraw")
def withdraw_item_by_program(world):
    path = f"/api/v1/intelligence/{let_go(world)[0]}/withdraw"
    return partial(world.as_("police_analyst").post, path, json={"reason": "Synthetic"})


@use("POST /api/v1/intelligence/{ref}/conditions")
def accept_by_program(world):
    reader, ref = offered(world)
    return partial(reader.post, f"/api/v1/intelligence/{ref}/conditions", json={})


@use("GET /api/v1/intelligence/{ref}/audience")
def who_sees(world):
    return partial(world.as_("police_analyst").get, f"/api/v1/intelligence/{item(world)}/audience")


# Reports


REPORT = {"danger_answer": "NO", "where_kind": "PLACE", "what_harms": ["OTHER"]} | AT
REPORT |= {"when_kind": "NOT_SURE", "notice_text": "Synthetic"}


@use("POST /api/v1/reports")
def send_report(world):
    partner = world.as_("partner")

    def send():
        key = {"Idempotency-Key": str(new_id())}
        return partner.post("/api/v1/reports", json=REPORT, headers=key)

    return send


def report(world, *, until="", **given):
    """A synthetic report that the lead has taken, decided, closed or answered."""
    # The same words again and again would be put aside as a program's.
    words = {"notice_text": f"Synthetic: what was noticed the time {secrets.token_hex(8)}"}
    ref = reports.screened(world.db, world.settings, **words | given).ref
    steps = {"take": {}, "decide": REPORT_DECIDED, "close": {}}
    wanted = list(steps)[: list(steps).index(until) + 1] if until else []
    for step in wanted:
        path = f"/reports/{ref}" + ("" if step == "decide" else f"/{step}")
        said = steps[step] | {"version": version_of(world, ref)}
        assert posting(world.lead, path, **said)().status_code == 303
    return ref


def version_of(world, ref):
    ((version,),) = reports.rows(world.db, "select version from app.report where ref = %s", ref)
    return str(version)


@use("GET /reports")
def see_reports(world):
    report(world)
    return partial(world.lead.get, "/reports")


@use("GET /reports/{ref}")
def open_report(world):
    return partial(world.lead.get, f"/reports/{report(world)}")


@use("GET /reports/{ref}/map.png")
def see_where_a_report_is(world):
    return partial(world.lead.get, f"/reports/{report(world)}/map.png")


@use("POST /reports/{ref}/take")
def take_report(world):
    return posting(world.lead, f"/reports/{report(world)}/take")


@use("POST /reports/{ref}/release")
def release_report(world):
    return posting(world.lead, f"/reports/{report(world, quarantine=['TOO_FAST'])}/release")


@use("POST /reports/{ref}")
def decide_report(world):
    ref = report(world, until="take")
    return posting(world.lead, f"/reports/{ref}", version=version_of(world, ref), **REPORT_DECIDED)


@use("POST /reports/{ref}/reply")
def ask_reporter(world):
    ref = report(world, until="take")
    answers = {"template": "Q_WHERE", "send": "yes", "version": version_of(world, ref)}
    return posting(world.lead, f"/reports/{ref}/reply", **answers)


@use("POST /reports/{ref}/undo")
def undo_decision(world):
    return posting(world.lead, f"/reports/{report(world, until='decide')}/undo", why="Synthetic")


@use("POST /reports/{ref}/close")
def close_report(world):
    return posting(world.lead, f"/reports/{report(world, until='decide')}/close")


@use("POST /reports/{ref}/reopen")
def reopen_report(world):
    return posting(world.lead, f"/reports/{report(world, until='close')}/reopen", why="Synthetic")


@use("POST /reports/{ref}/contact")
def say_why_contact(world):
    return posting(world.lead, f"/reports/{report(world)}/contact", purpose="TRIAGE")


@use("GET /reports/{ref}/contact")
def see_contact(world):
    path = f"/reports/{report(world, contact={'email': 'synthetic@example.org'})}/contact"
    posting(world.lead, path, purpose="TRIAGE")()
    return partial(world.lead.get, path)


@use("GET /reports/mine")
def own_reports(world):
    return partial(world.as_("partner").get, "/reports/mine")


@use("GET /reports/new")
def before_the_form(world):
    return partial(world.as_("partner").get, "/reports/new")


@use("POST /reports/new")
def begin_a_report(world):
    return posting(world.as_("partner"), "/reports/new")


# The audit


@use("GET /audit")
def events(world):
    return partial(world.as_("auditor").get, "/audit")


@use("GET /audit/events.csv")
def download(world):
    return partial(world.as_("auditor").get, "/audit/events.csv")


@use("GET /audit/unusual")
def unusual(world):
    return partial(world.as_("auditor").get, "/audit/unusual")


@use("GET /audit/seen/{ref}")
def seen(world):
    return partial(world.lead.get, f"/audit/seen/{world.home()}")


@use("POST /audit/verify")
def verify(world):
    return posting(world.as_("auditor"), "/audit/verify")


# Administration


@use("POST /admin/service/alerts/{rule}")
def look_after(world):
    with world.db.begin(job_actor("site:alerts")) as session:
        alerts.note(session, "decoy", alerts.RAISED)
    return posting(world.as_("administrator"), "/admin/service/alerts/decoy")


@use("POST /admin/users/new")
def new_user(world):
    answers = {"username": f"kim-{secrets.token_hex(4)}", "name": "Kim of the uses"}
    answers |= {"agency_code": "AFC", "role": "practitioner", f"borough_{KINGSTON}": "yes"}
    answers |= {"ends_on": (clock.today() + timedelta(days=60)).isoformat()}
    return posting(world.as_("administrator"), "/admin/users/new", **answers)


@use("POST /admin/users/{ref}/edit")
def edit_user(world):
    person, ref = world.user()
    answers = {"username": person.username, "name": "Kim of the uses", "version": "1"}
    answers |= {"agency_code": "AFC", "role": "practitioner", f"borough_{KINGSTON}": "yes"}
    answers |= {"ends_on": (clock.today() + timedelta(days=60)).isoformat()}
    return posting(world.as_("administrator"), f"/admin/users/{ref}/edit", **answers)


@use("POST /admin/users/{ref}/confirm")
def confirm(world):
    person, ref = world.user("police_analyst")
    with world.superuser() as admin:
        admin.execute(
            "update app.\"user\" set state = 'WAITING', approved_at = null, approved_by = null "
            "where id = %s",
            (person.user_id,),
        )
    return posting(world.as_("auditor"), f"/admin/users/{ref}/confirm")


use("POST /admin/users/{ref}/disable")(partial(by_admin, "disable"))
use("POST /admin/users/{ref}/invite")(partial(by_admin, "invite"))
use("POST /admin/users/{ref}/end-sessions")(partial(by_admin, "end-sessions"))


@use("POST /admin/users/{ref}/sessions/{visit_id}/end")
def end_session(world):
    person, ref = world.user()
    visit = session_of(world, person)
    return posting(world.as_("administrator"), f"/admin/users/{ref}/sessions/{visit}/end")


def session_of(world, person):
    with world.superuser() as admin:
        found = admin.execute("select id from app.session where user_id = %s", (person.user_id,))
        return found.fetchone()[0]


@use("POST /admin/users/{ref}/tokens")
def make_token(world):
    _, ref = world.user()
    path = f"/admin/users/{ref}/tokens"
    return posting(world.as_("administrator"), path, scope="read", ttl="1h")


@use("POST /admin/users/{ref}/tokens/{token_id}/revoke")
def revoke_token(world):
    person, ref = world.user()
    token = new_id()
    with world.superuser() as admin:
        admin.execute(
            "insert into app.api_token (id, user_id, token_hash, scope, created_by, expires_at) "
            "values (%s, %s, %s, 'read', %s, now() + interval '1 hour')",
            (token, person.user_id, secrets.token_bytes(32), person.user_id),
        )
    return posting(world.as_("administrator"), f"/admin/users/{ref}/tokens/{token}/revoke")


def grant_answers(world):
    _, person = world.user()
    place = world.lead.post("/api/v1/places", json=SHOP | {"northing": 174800}).json()["ref"]
    answers = {"person": person, "kind": "CASE", "record": place, "reason": REASON}
    answers |= {"purpose": "CONTEXT_ASSESSMENT"}
    return answers | {"until_on": (clock.today() + timedelta(days=30)).isoformat()}


@use("POST /admin/grants/new")
def ask_grant(world):
    return posting(world.lead, "/admin/grants/new", **grant_answers(world))


@use("POST /admin/grants/{ref}/approve")
def approve_grant(world):
    grant = posting(world.lead, "/admin/grants/new", **grant_answers(world))()
    return posting(world.as_("auditor"), f"{grant.headers['location']}/approve")


@use("POST /admin/grants/{ref}/revoke")
def revoke_grant(world):
    grant = posting(world.lead, "/admin/grants/new", **grant_answers(world))()
    return posting(world.lead, f"{grant.headers['location']}/revoke")


# The own account


@use("POST /emergency")
def emergency(world):
    client = world.as_("practitioner", boroughs=(KINGSTON,))
    return posting(client, "/emergency", reason=REASON, hours="1")


@use("POST /sign-out")
def sign_out(world):
    return posting(world.as_("partner", boroughs=(KINGSTON,)), "/sign-out")


@use("POST /account/sign-out-everywhere")
def sign_out_everywhere(world):
    return posting(world.as_("partner", boroughs=(KINGSTON,)), "/account/sign-out-everywhere")


@use("POST /account/sessions/{session_id}/end")
def end_own(world):
    client = world.as_("partner", boroughs=(KINGSTON,))
    return posting(client, f"/account/sessions/{session_of(world, client.person)}/end")


@use("POST /account/password")
def password(world):
    client = world.as_("partner", boroughs=(KINGSTON,))
    with world.superuser() as admin:
        admin.execute("insert into app.credential (user_id) values (%s)", (client.person.user_id,))
    return posting(client, "/account/password", password=PASSWORD)


@use("POST /account/recovery-codes")
def recovery_codes(world):
    client = world.as_("partner", boroughs=(KINGSTON,))
    with world.superuser() as admin:
        admin.execute("insert into app.credential (user_id) values (%s)", (client.person.user_id,))
    return posting(client, "/account/recovery-codes")


@use("POST /account/confirm")
def confirm_by_code(world):
    return posting(world.as_("partner", boroughs=(KINGSTON,)), "/account/confirm", code="000000")


@use("POST /account/confirm/passkey")
def confirm_by_passkey(world):
    client = world.as_("partner", boroughs=(KINGSTON,))
    return posting(client, "/account/confirm/passkey", answer="{}")


@use("POST /account/passkeys")
def add_passkey(world):
    client = world.as_("partner", boroughs=(KINGSTON,))
    page = client.get("/account/passkeys", headers=HTML).text
    options = re.search(r'data-options="([^"]*)"', page).group(1).replace("&#34;", '"')
    key = SecurityKey("https://testserver")
    return posting(client, "/account/passkeys", label="a key", answer=key.added(options))


@use("POST /account/passkeys/{passkey_id}/remove")
def remove_passkey(world):
    client, key = world.as_("partner", boroughs=(KINGSTON,)), new_id()
    with world.superuser() as admin:
        admin.execute(
            "insert into app.passkey (id, user_id, credential_id, public_key, label) "
            "values (%s, %s, %s, '', 'a key')",
            (key, client.person.user_id, secrets.token_bytes(16)),
        )
    return posting(client, f"/account/passkeys/{key}/remove")


# Sign-in: what is refused is recorded as what succeeds


@use("POST /sign-in")
def wrong_password(world):
    stranger = browser(world.db, world.settings)
    return posting(stranger, "/sign-in", username="nobody", password="wrong")


@use("POST /sign-in/code")
def wrong_code(world):
    return posting(world.half_way(), "/sign-in/code", code="000000")


@use("POST /sign-in/passkey")
def wrong_passkey(world):
    return posting(world.half_way(), "/sign-in/passkey", answer="{}")


def invited(world):
    person, _ = world.user()
    token = secrets.token_urlsafe(32)
    with world.superuser() as admin:
        admin.execute("update app.\"user\" set state = 'INVITED' where id = %s", (person.user_id,))
        admin.execute(
            "insert into app.invitation (id, user_id, token_hash, expires_at) "
            "values (%s, %s, %s, now() + interval '1 day')",
            (new_id(), person.user_id, token_hash(token)),
        )
    return token


@use("POST /sign-in/invitation/{token}")
def open_invitation(world):
    stranger = browser(world.db, world.settings)
    return posting(stranger, f"/sign-in/invitation/{invited(world)}")


def setting_up(world):
    """A browser that has opened its invitation."""
    client = browser(world.db, world.settings)
    opened = client.post(f"/sign-in/invitation/{invited(world)}", data={"csrf": csrf(client)})
    assert opened.status_code == 303, opened.text
    return client


def chosen(client):
    page = client.get("/sign-in/setup", headers=HTML).text
    secret = re.search(r"data-secret>([^<]+)<", page).group(1).replace(" ", "")
    return {"password": PASSWORD, "code": pyotp.TOTP(secret).now()}


@use("POST /sign-in/setup")
def set_up(world):
    client = setting_up(world)
    return posting(client, "/sign-in/setup", **chosen(client))


@use("POST /sign-in/setup/codes")
def have_codes(world):
    client = setting_up(world)
    kept = posting(client, "/sign-in/setup", **chosen(client))()
    assert kept.status_code == 303, kept.text
    return posting(client, "/sign-in/setup/codes")


# The public form


@use("POST /report/send")
def report_by_form(world):
    """Answered to its last page; after each sending the next one begins as it was."""
    client = browser(world.db, world.settings)
    lock = Lock.of(cookie := "the form of the uses")
    answers = {
        "danger_answer": "NO",
        "where_kind": "DESCRIBED",
        "where_text": "Synthetic",
        "what_harms": ["OTHER"],
        "when_kind": "OFTEN",
    }

    def send() -> Any:
        draft = Draft(key=random_id(), started_at_s=0, answers=answers, answered=STEPS)
        with world.db.begin(PUBLIC) as session:
            drafts.write(session, lock, draft)
        client.cookies.set(drafts.COOKIE, cookie)
        key, now_s = world.settings.key_for("form"), clock.now().timestamp()
        sent = {"token": tokens.issue(key, lock.id, now_s), "key": str(draft.key)}
        return client.post("/report/send", data=sent)

    return send


@use("POST /report/status/message")
def message_by_code(world):
    """Written on the page that a code opens; each one is another."""
    client, keys = browser(world.db, world.settings), Keys.of(world.settings)
    lock = Lock.of(cookie := "the mailbox of the uses")
    with world.db.begin(PUBLIC) as session:
        one = Sending(random_id().bytes, b"the mailbox of the uses")
        receipt = receive(session, keys, ReportIn.model_validate(REPORT), one).receipt

    def send() -> Any:
        now_s = clock.now().timestamp()
        visit = mailbox.Visit(receipt=receipt, until_s=now_s + 60, message_id=random_id())
        with world.db.begin(PUBLIC) as session:
            mailbox.write(session, lock, visit)
        client.cookies.set(drafts.COOKIE, cookie)
        token = tokens.issue(world.settings.key_for("form"), lock.id, now_s)
        sent = {"token": token, "id": str(visit.message_id), "message": "Synthetic"}
        return client.post("/report/status/message", data=sent)

    return send


# Retention


def planned(world):
    """A run that waits, and the auditor."""
    ref = world.child()
    with world.superuser() as admin:
        admin.execute("update app.child set deleted_at = now() where ref = %s", (ref,))
        admin.execute("delete from app.retention_due; delete from app.retention_run")
    run = erasing.daily(world.db, clock.today())
    return run, world.as_("auditor")


@use("POST /admin/retention/{ref}/approve")
def approve_run(world):
    run, auditor = planned(world)
    return posting(auditor, f"/admin/retention/{run.ref}/approve", number=str(run.total))


def held_child(world):
    answers = {"record": world.child(), "purpose": "SAR", "reason": "Synthetic"}
    assert posting(world.lead, "/admin/holds/new", **answers)().status_code == 303
    with world.superuser() as admin:
        (ref,) = admin.execute(
            "select ref from app.legal_hold order by created_at desc limit 1"
        ).fetchone()
    return f"/admin/holds/{ref}"


@use("POST /admin/holds/new")
def ask_hold(world):
    answers = {"record": world.child(), "purpose": "SAR", "reason": "Synthetic"}
    return posting(world.lead, "/admin/holds/new", **answers)


@use("POST /admin/holds/{ref}/approve")
def approve_hold(world):
    return posting(world.as_("auditor"), f"{held_child(world)}/approve")


@use("POST /admin/holds/{ref}/end")
def end_hold(world):
    return posting(world.as_("auditor"), f"{held_child(world)}/end")


import tests.assessment_uses  # noqa: E402 - the uses of one slice more
import tests.briefing_uses  # noqa: E402 - and of a ninth
import tests.comment_uses  # noqa: E402 - and of what is said beside them
import tests.import_uses  # noqa: E402 - and of another
import tests.map_uses  # noqa: E402 - and of a third
import tests.meeting_uses  # noqa: E402 - and of a fourth
import tests.outcome_uses  # noqa: E402 - and of a fifth
import tests.pack_uses  # noqa: E402 - and of packs
import tests.plan_uses  # noqa: E402 - and of a sixth
import tests.release_uses  # noqa: E402 - and of an eighth
import tests.safety_map_uses  # noqa: E402 - and of a seventh
import tests.subject_uses  # noqa: E402, F401 - and of what people ask
