"""The matrix at the HTTP API: who is answered, refused or told that there is nothing (goal G1)."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import mapbox_vector_tile
import psycopg
import pytest

from app.accounts.deps import ELSEWHERE, May
from app.accounts.identity import token_hash
from app.core import clock
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import ForbiddenError
from app.core.ids import new_id
from app.intake.drafts import COOKIE
from app.main import ROUTERS
from geo import crs
from tests.people import browser, csrf, sign_in_as
from tests.sql import world
from tests.sql.oracle import SAID, Row, allowed
from tests.sql.world import ME, OWN_AGENCY

# The last test counts what the others of its process compared.
COMPARED = Counter[str]()

ROLES = [name for name, facts in SAID["roles"].items() if facts["account"]]
WHY = "CONTEXT_ASSESSMENT"
ABSENT = {
    "ref": {
        "places": "PL-ZZZZZZZZZZ",
        "incidents": "IC-ZZZZZZZZZZ",
        "children": "CH-ZZZZZZZZZZ",
        "intelligence": "IN-ZZZZZZZZZZ",
    },
    "key": "zzzzzzzzzz",
}
NOTHING = "00000000-0000-4000-8000-000000000000"
# For fewer people than the file's rule: who may declare an emergency; who may ask who has seen;
# verdicts, whose words are no metadata, to which an auditor's view keeps.
NARROWER = ("/emergency", "/audit/seen/{ref}", "/verdicts", "/api/v1/verdicts")
ANSWERED = {200, 201, 202, 204, 303, 404, 409, 422}


class Watched(Database):
    """A database that remembers whose transactions were opened."""

    opened: list[str]

    def begin(self, actor: Actor):
        self.opened.append("write")
        return super().begin(actor)

    def read(self, actor: Actor, **options: Any):
        self.opened.append("read")
        return super().read(actor, **options)

    def cursor(self, actor: Actor, **options: Any):
        self.opened.append("cursor")
        return super().cursor(actor, **options)


@dataclass
class Ground:
    """The synthetic partnership, the application over it, and a browser of each person."""

    db: Watched
    things: list
    clients: dict[str, Any]
    actors: dict[str, Actor]

    def rows(self, table: str) -> list[tuple[str, Row]]:
        """The rows of a table, each with the reference it is asked for by."""
        return [
            (thing.ref, row)
            for thing in self.things
            if hasattr(thing, "ref")
            for row in thing.rows()
            if row.table == table
        ]


@pytest.fixture(scope="module")
def ground(module_db, settings) -> Iterator[Ground]:
    watched = Watched(module_db.logins, module_db.claims_key)
    watched.opened = []
    known = [*world.records(), *world.clusters(), *world.batches(), *world.accounts()]
    things = [*known, *world.intelligence()]
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        for thing in things:
            world.write(thing, admin)
        admin.execute("update app.cluster_run set state = 'DONE', finished_at = now()")
    people = {role: sign_in_as(module_db, role, agency=OWN_AGENCY) for role in ROLES}
    ended = sign_in_as(module_db, "cs_lead", agency=OWN_AGENCY)
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        admin.execute("update app.\"user\" set state = 'DISABLED' where id = %s", (ended.user_id,))
    clients = {
        role: browser(watched, settings, person, raise_server_exceptions=False)
        for role, person in people.items()
    }
    clients |= {"nobody": browser(watched, settings), "disabled": browser(watched, settings, ended)}
    for scope in ("read", "write"):
        clients[f"token to {scope}"] = token_of(module_db, watched, settings, people, scope)
    yield Ground(watched, things, clients, {r: p.actor for r, p in people.items()})
    watched.dispose()


def token_of(module_db, watched, settings, people, scope):
    """A lead's token: the lead's permissions, without what asks for a reason or a code."""
    secret = f"token of the tests, to {scope}"
    with psycopg.connect(module_db.logins.dsn("postgres")) as admin:
        admin.execute(
            "insert into app.api_token (id, user_id, token_hash, scope, created_by, expires_at) "
            "values (%s, %s, %s, %s, %s, %s)",
            (
                new_id(),
                people["cs_lead"].user_id,
                token_hash(secret),
                scope,
                ME,
                clock.now() + timedelta(hours=1),
            ),
        )
    client = browser(watched, settings)
    client.headers["authorization"] = f"Bearer {secret}"
    return client


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    may: May

    @property
    def is_program(self) -> bool:
        return self.path.startswith(("/api/", "/tiles/"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def filled(self, **given: str) -> str:
        section = self.path.removeprefix("/api/v1").split("/")[1]
        known = {
            "ref": ABSENT["ref"].get(section, "US-ZZZZZZZZZZ"),
            "key": ABSENT["key"],
            "layer": "places",
            "z": "10",
            "x": "511",
            "y": "341",
        }
        path = self.path
        for part in path.split("/"):
            for begun in part.split("{")[1:]:
                name = begun.split("}")[0]
                path = path.replace(f"{{{name}}}", (known | given).get(name, NOTHING))
        return path


def routes() -> list[Route]:
    return [
        Route(method, route.path, may)
        for router in ROUTERS
        for route in router.routes
        for method in sorted(route.methods)
        for may in [d.call for d in route.dependant.dependencies if isinstance(d.call, May)]
        if method != "HEAD"
    ]


GUARDED = routes()
RULED = [route for route in GUARDED if route.may.permission != "signed_in"]
TAKING_NOBODY = [route for route in GUARDED if route.may.open_to_all]


def send(client, route: Route, url: str, body: dict[str, Any] | None = None):
    """As a program, or as the form of a page would be sent; no open form is left behind."""
    answer = _sent(client, route, url, body)
    if COOKIE in client.cookies:
        client.cookies.delete(COOKIE)
    return answer


def _sent(client, route: Route, url: str, body: dict[str, Any] | None = None):
    headers = {"x-purpose": WHY, "accept": "application/json"}
    if route.method in ("GET", "HEAD"):
        return client.get(url, headers=headers)
    if route.is_program:
        return client.request(route.method, url, headers=headers, json=body or {})
    return client.request(
        route.method, url, headers=headers, data={"csrf": csrf(client)} | (body or {})
    )


def rule_of(role: str, permission: str) -> dict[str, Any] | None:
    """Read from the file again, not from what the service made of it."""
    name, action = SAID["aliases"].get(permission, permission).split(".")
    thing = SAID["objects"][name]
    return thing["rules"][role].get(action) if thing.get("enabled", True) else None


@pytest.mark.asvs("7.2.1")
@pytest.mark.parametrize("route", [r for r in GUARDED if not r.may.open_to_all], ids=str)
def test_nobody_and_the_disabled_are_told_to_sign_in_and_nothing_else(ground, route):
    for who in ("nobody", "disabled"):
        ground.db.opened.clear()

        answer = send(ground.clients[who], route, route.filled())

        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/sign-in-needed"
        assert ground.db.opened == []


@pytest.mark.parametrize("who", ["nobody", "disabled", "administrator", "vca_member"])
@pytest.mark.parametrize("route", TAKING_NOBODY, ids=str)
def test_what_is_open_to_all_takes_whoever_has_no_right_to_it_for_the_public(ground, route, who):
    ground.db.opened.clear()

    answer = send(ground.clients[who], route, route.filled())

    assert answer.status_code in {303, 422}  # nothing was sent, or no form is open
    assert ground.db.opened == []


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", RULED, ids=str)
def test_a_role_is_refused_where_the_file_has_no_rule_and_nowhere_else(ground, route, role):
    rule = rule_of(role, route.may.permission)
    ground.db.opened.clear()

    answer = send(ground.clients[role], route, route.filled())

    if rule is None and route.may.open_to_all:
        assert answer.status_code in {303, 422}  # as the public
    elif rule is None or rule["scope"] == "none":
        assert answer.status_code == 403
        assert ground.db.opened == ["write"]  # the refusal, in the audit; no record was looked at
    elif rule["scope"] in ELSEWHERE and not route.may.elsewhere:
        assert answer.status_code == 404
        assert ground.db.opened == ["write"]
    elif answer.status_code == 403 and route.path not in NARROWER:
        with pytest.raises(ForbiddenError):  # where the guard itself is for some of them
            route.may.rule_for(ground.actors[role])
    else:
        assert answer.status_code in {*ANSWERED, *((403,) if route.path in NARROWER else ())}


@pytest.mark.parametrize("scope", ["read", "write"])
@pytest.mark.parametrize("route", RULED, ids=str)
def test_a_token_opens_nothing_that_asks_for_a_reason_or_a_code(ground, route, scope):
    rule = rule_of("cs_lead", route.may.permission)
    ground.db.opened.clear()

    answer = send(ground.clients[f"token to {scope}"], route, route.filled())

    closed = rule is None or "purpose" in rule or rule.get("step_up")
    if closed or (scope == "read" and route.method not in ("GET", "HEAD")):
        assert answer.status_code == 403
        assert ground.db.opened == ["write"]
    elif not route.is_program:
        assert answer.status_code in {*ANSWERED, 401, 403}  # programs have no forms and no codes
    else:
        assert answer.status_code in ANSWERED


# Routes of one record: the table of what they show or change, by which statement, and a body that
# would change nothing of substance.
CHANGE = {"version": 1, "description": "Synthetic"}
CORRECTION = {"version": 1, "reason": "Synthetic", "summary": "Synthetic"}
ONE = {
    "GET /places/{ref}": ("app.place", "select", None, 200),
    "GET /places/{ref}/edit": ("app.place", "select", None, 200),
    "POST /places/{ref}/edit": ("app.place", "update", {}, 422),
    "GET /api/v1/places/{ref}": ("app.place", "select", None, 200),
    "PATCH /api/v1/places/{ref}": ("app.place", "update", CHANGE, {200, 409, 422}),
    "POST /api/v1/places/{ref}/exact": ("app.place_exact", "select", {"purpose": WHY}, 200),
    "GET /api/v1/incidents/{ref}": ("app.incident", "select", None, 200),
    "GET /api/v1/incidents/{ref}/versions": ("app.incident", "select", None, 200),
    "GET /incidents/{ref}": ("app.incident", "select", None, 200),
    "GET /incidents/{ref}/history": ("app.incident", "select", None, 200),
    "PATCH /api/v1/incidents/{ref}": ("app.incident", "select", CORRECTION, {200, 409, 422}),
    "GET /intelligence/{ref}": ("app.intel_item", "select", None, 200),
    "GET /api/v1/intelligence/{ref}": ("app.intel_item", "select", None, 200),
    "GET /api/v1/children/{ref}": ("app.child", "select", None, 200),
}
EACH = {"app.place": 4}  # every fourth one, where there are hundreds


@pytest.mark.asvs("8.2.2")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ONE)
def test_a_record_out_of_scope_is_one_that_does_not_exist(ground, name, role):
    route = next(route for route in GUARDED if str(route) == name)
    table, statement, body, status = ONE[name]
    client, actor = ground.clients[role], ground.actors[role]
    absent = same(send(client, route, route.filled(), body))

    for ref, row in ground.rows(table)[:: EACH.get(table, 1)]:
        with_reason = replace(actor, purpose=WHY, purpose_for=ref)
        answer = send(client, route, route.filled(ref=ref), body)
        COMPARED["decisions"] += 1
        rule = rule_of(role, route.may.permission)
        if rule is None:
            assert answer.status_code == 403
        elif rule["scope"] not in ELSEWHERE and allowed(with_reason, statement, row):
            assert answer.status_code in (status if isinstance(status, set) else {status}), ref
            continue
        else:
            assert answer.status_code == 404, (ref, row)
        assert same(answer) == absent


def same(answer) -> dict[str, Any]:
    """The whole body but for what names the request."""
    told = answer.json() if answer.headers["content-type"].endswith("json") else {}
    return {k: v for k, v in told.items() if k not in ("instance", "request_id")}


LISTS = {
    "/api/v1/places?limit=1000": "app.place",
    "/api/v1/incidents?limit=10000": "app.incident",
    "/api/v1/intelligence?limit=1000": "app.intel_item",
}
OBJECTS = {"app.place": "place", "app.incident": "incident", "app.intel_item": "intelligence_p"}


@pytest.mark.asvs("8.3.1")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("url", LISTS)
def test_a_list_shows_what_the_oracle_allows_and_no_more(ground, url, role):
    table = LISTS[url]
    answer = ground.clients[role].get(url)
    rows = ground.rows(table)
    COMPARED["decisions"] += len(rows)

    rule = rule_of(role, f"{OBJECTS[table]}.read")
    if rule is None or rule["scope"] in ELSEWHERE:
        assert answer.status_code == (403 if rule is None else 404)
        return
    shown = {feature["id"] for feature in answer.json()["features"]}
    assert shown == {ref for ref, row in rows if allowed(ground.actors[role], "select", row)}


def tile_of(easting_m: float, northing_m: float, zoom: int) -> tuple[int, int, int]:
    """The tile that a point of the British National Grid lies on."""
    ((longitude, latitude),) = crs.to_wgs84([[easting_m, northing_m]])
    n = 2**zoom
    x = int((longitude + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * n)
    return zoom, x, y


SPOTS = {"K": (518_000, 169_000), "R": (517_350, 172_350), "M": (525_000, 169_000)}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("where", SPOTS)
def test_a_tile_shows_what_the_oracle_allows_and_no_more(ground, where, role):
    z, x, y = tile_of(*SPOTS[where], 14)
    answer = ground.clients[role].get(f"/tiles/places/{z}/{x}/{y}.pbf")
    drawn = [
        (place.ref, next(place.rows()))
        for place in ground.things
        if isinstance(place, world.Place)
        and place.shape
        and place.state != "CLOSED"  # the map leaves out what is over
        and (place.where == where or (place.where == "KR" and where != "M"))
    ]
    COMPARED["decisions"] += len(drawn)

    rule = rule_of(role, "place.read")
    if rule is None or rule["scope"] in ELSEWHERE:
        assert answer.status_code == (403 if rule is None else 404)
        return
    found = mapbox_vector_tile.decode(answer.content) if answer.content else {}
    features = found.get("places", {}).get("features", [])
    shown = {feature["properties"]["ref"] for feature in features}
    assert shown == {ref for ref, row in drawn if allowed(ground.actors[role], "select", row)}


@pytest.mark.parametrize("role", ROLES)
def test_the_map_counts_what_the_oracle_allows_and_no_more(ground, role):
    rule = rule_of(role, "place.read")
    # Clusters of the ground are older than the 90 days that the map begins with; partners see none.
    dates = "" if role == "partner" else "&period=all"
    answer = ground.clients[role].get(f"/map/items?layer=places&z=18{dates}")
    rows = [(ref, row) for ref, row in ground.rows("app.place") if row.state != "CLOSED"]
    COMPARED["decisions"] += len(rows)

    if rule is None or rule["scope"] in ELSEWHERE:
        assert answer.status_code == (403 if rule is None else 404)
        return
    allowed_rows = [row for _, row in rows if allowed(ground.actors[role], "select", row)]
    clusters = [
        row for thing in ground.things for row in thing.rows() if row.table == "app.cluster"
    ]
    if role != "practitioner":  # to one borough a pattern is told once it has been tested
        allowed_rows += [row for row in clusters if allowed(ground.actors[role], "select", row)]
    assert answer.json()["matches"] == len(allowed_rows)


@pytest.mark.asvs("8.2.1")
def test_five_thousand_decisions_were_compared():
    assert COMPARED["decisions"] >= 5_000
