"""Synthetic assessments for tests, written as people write them in their forms."""

import re

import psycopg

from app.assessments import queries, service
from app.assessments.indicators import CODES
from app.assessments.rules import VIEWS, State
from tests import context_work
from tests.people import HTML, send

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner", "easting": 518000, "northing": 169300}
SHOP |= {"harm_codes": ["KNIFE"]}
PATHS = ("", "/basics", "/methods", "/signs", "/voice", "/check", "/whole", "/domains/1")
PATHS += ("/domains/3", "/items/D2_TRUST", "/methods/new", "/signs/new", "/scale/new")
BEGUN = {
    "prompted_by": "REPORT",
    "bounds": "AROUND",
    "radius_m": "60",
    "boundary_reason": "Synthetic: the shop, its door and the bench.",
}
HELD = [
    {"method_code": "DESKTOP", "held_on-day": "2", "held_on-month": "3"},
    {"method_code": "OBSERVATION", "day_part": "AFTER_SCHOOL", "after_dark": "no",
     "held_on-day": "3", "held_on-month": "3"},
    {"method_code": "OBSERVATION", "day_part": "EVENING", "after_dark": "yes",
     "held_on-day": "4", "held_on-month": "3"},
    {"method_code": "OBSERVATION", "day_part": "DAYTIME", "after_dark": "no",
     "held_on-day": "7", "held_on-month": "3"},
    {"method_code": "CHILD_SESSION", "n_children": "9", "held_on-day": "9", "held_on-month": "3"},
]  # fmt: skip
SIGNS = [
    {"column_code": "WORKING", "view": "CHILDREN", "body": "Synthetic: the owner knows us."},
    {"column_code": "WORRIED", "view": "CHILDREN", "body": "Synthetic: the alley is dark."},
    {"column_code": "NEEDS", "view": "PARENTS_CARERS", "body": "Synthetic: light in the alley."},
]
SCORES = [
    {"party": "CHILDREN", "n_people": "9", "score": "3"},
    {"party": "POLICE", "n_people": "2", "score": "6"},
]


def shop(lead, state="ASSESSING", **more):
    """A place in a state, without the way to it, which is tested elsewhere."""
    answer = lead.post("/api/v1/places", json=SHOP | more)
    assert answer.status_code == 201, answer.text
    ref = answer.json()["ref"]
    logins = lead.app.state.db.logins
    with psycopg.connect(logins.dsn("postgres"), autocommit=True) as admin:
        admin.execute("update app.place set state = %s where ref = %s", (state, ref))
    return ref


def begun(client, place, **more):
    """The reference of a draft."""
    answer = send(client, f"/places/{place}/assessments", **BEGUN | more)
    assert answer.status_code == 303, errors(answer)
    return answer.headers["location"].split("/")[-1]


def errors(answer):
    """What a page says is wrong."""
    found = re.findall(r'<li><a href="#[^"]*">([^<]*)</a></li>', answer.text)
    return found or re.findall(r"<h1[^>]*>(.*?)</h1>", answer.text) or answer.text[:500]


def add(client, ref, kind, **answers):
    dates = {"on_date-day": "9", "on_date-month": "3", "on_date-year": "2026"}
    more = {"held_on-year": "2026"} if "held_on-day" in answers else {}
    more |= dates if kind == "scale" else {}
    return send(client, f"/assessments/{ref}/{kind}/new", **answers | more)


def seals(client, ref, code):
    """The hidden fields of the form of a question, as they stand."""
    page = client.get(f"/assessments/{ref}/items/{code}", headers=HTML).text
    return dict(re.findall(r'name="(seen_[A-Z_]+)" value="([0-9a-f]*)"', page))


def rate(client, ref, code, seen=None, **answers):
    """`SETTLED=3, CHILDREN="NK"`, on a form opened now or before."""
    found = seals(client, ref, code) if seen is None else seen
    given = {f"rating_{v}": str(answers.pop(v)) for v in VIEWS if v in answers}
    return send(client, f"/assessments/{ref}/items/{code}", **found | given | answers)


def step(client, ref, was):
    return send(client, f"/assessments/{ref}", was=was)


def gathered(client, ref):
    """All methods held; in the state ANALYSIS."""
    assert step(client, ref, "DRAFT").status_code == 303
    for one in HELD:
        assert add(client, ref, "methods", **one).status_code == 303
    for was in ("SCOPING", "GATHERING"):
        assert step(client, ref, was).status_code == 303


def settled(client, ref, rating=3):
    for code in CODES:
        answer = rate(client, ref, code, SETTLED=rating, CHILDREN=rating)
        assert answer.status_code == 303, errors(answer)
    for sign in SIGNS:
        assert add(client, ref, "signs", **sign).status_code == 303
    for score in SCORES:
        assert add(client, ref, "scale", **score).status_code == 303


def in_review(client, place, rating=3):
    ref = begun(client, place)
    gathered(client, ref)
    settled(client, ref, rating)
    answer = step(client, ref, "ANALYSIS")
    assert answer.status_code == 303, missing(answer)
    return ref


def missing(answer):
    return re.findall(r"<ul class=\"govuk-list govuk-list--bullet\">(.*?)</ul>", answer.text, re.S)


def approved(author, lead, place, rating=3):
    ref = in_review(author, place, rating)
    answer = send(lead, f"/assessments/{ref}/approve", was="PEER_REVIEW", signed="yes")
    assert answer.status_code == 303, missing(answer)
    return ref


def written(team):
    """The reference of one that waits for peer review, written through the service."""
    ref, actor = context_work.draft_assessment(team), team.worker.actor
    with team.db.begin(actor) as session:
        made = queries.find(session, ref)
        context_work.fill(session, actor, made)
        for to in (State.SCOPING, State.GATHERING, State.ANALYSIS, State.PEER_REVIEW):
            service.move(session, actor, made, to)
    return ref
