"""No route takes a request from elsewhere, or a body that is not what it says; none repeats it."""

from typing import get_args

import pytest
from pydantic import BaseModel

from app.core.types import StrictModel
from tests.people import csrf
from tests.routes import CHANGES, READS, ROUTES, Clients

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CANARY = "Kim Example of 12 Test Mews"
# What a browser says of a request that another site began.
FOREIGN = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "https://testserver.elsewhere.example"},
    {"Origin": "http://testserver:8080"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://testserver"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://testserver"},
]
NO_FORM = {
    "/csp-report",  # browsers send it by themselves; it changes nothing
    # A file, raw or as a part of a form: types that forms can send are taken with a token of a
    # program, or where the browser said that the request began here (test_import_programs).
    "/api/v1/imports",
    "/report",  # an empty form with its own cookie: there is no answer in it yet
}
FORMS = [route for route in CHANGES if route.is_form]
DOORS = [route for route in CHANGES if route.is_door]
OPEN = [route for route in CHANGES if route.is_public_form]
BODIES = [route for route in CHANGES if route.models]
WRONG = {
    "another field": b'{"canary": "%s"}',
    "not a number": b'{"name": "%s", "easting": NaN, "canary": NaN}',
    "endless": b'{"name": "%s", "easting": Infinity, "canary": -Infinity}',
    "past any number": b'{"name": "%s", "easting": 1e999, "canary": 1e999}',
    "a huge whole number": b'{"name": "%s", "version": ' + b"9" * 5000 + b', "canary": 1}',
    "NUL": b'{"name": "%s\\u0000", "canary": "\\u0000"}',
    "half a character": b'{"name": "%s\\ud800", "canary": "\\udfff"}',
    "deep": b'{"name": "%s", "canary": ' + b"[" * 30 + b"]" * 30 + b"}",
    "a name twice": b'{"name": "%s", "name": "%s"}',
    "many names": b'{"x": "%s"' + b"".join(b', "n%d": 1' % n for n in range(1100)) + b"}",
    "a list": b'["%s"]',
    "a text": b'"%s"',
    "nothing": b"null",
    "a word": b"%s",
    "half of it": b'{"name": "%s"',
    "another alphabet": '{"name": "%s"}'.encode("utf-16"),
}


@pytest.fixture(scope="module")
def clients(module_db, house) -> Clients:
    return Clients(module_db, house)


def body_of(text: bytes) -> bytes:
    return text.replace(b"%s", CANARY.encode()).replace(
        "%s".encode("utf-16-le"), CANARY.encode("utf-16-le")
    )


@pytest.mark.asvs("3.5.1")
@pytest.mark.parametrize("said", FOREIGN, ids=str)
def test_no_change_is_asked_for_by_another_site(clients, said):
    for route in CHANGES:
        client = clients[route.role()]
        answer = client.request(route.method, route.address(), headers=said, content=b"")

        assert answer.status_code == 403, route
        assert "another site" in answer.text, route


@pytest.mark.asvs("3.5.1")
def test_every_form_needs_the_token_of_its_own_session(clients):
    """Forged, of another session, of nobody, twice, or as another kind of body."""
    foreign = csrf(clients["cs_lead"])[::-1]
    tried = [
        (FORM, b"name=x"),
        (FORM, f"csrf={foreign}".encode()),
        (FORM, b"csrf="),
        (FORM, b"csrf=%C3%A9"),
        (JSON, b'{"csrf": "x"}'),
        ({"Content-Type": "text/plain"}, b"csrf=x"),
        ({}, b""),
    ]

    for route in FORMS:
        for headers, body in tried:
            answer = clients[route.role()].request(
                route.method, route.address(), headers=headers, content=body
            )
            assert answer.status_code == 403, (route, headers, body, answer.text[:200])
            assert "out of date" in answer.text, route


@pytest.mark.asvs("3.5.3")
def test_every_change_is_a_form_with_a_token_or_json():
    """A form of another site can send neither."""
    known = (*FORMS, *DOORS, *OPEN, *BODIES)

    assert {route.path for route in CHANGES if route not in known} <= NO_FORM
    # Where nobody is signed in yet there is no session to abuse; they look at the origin alone.
    assert {route.permission for route in DOORS} <= {"public"}
    assert [route for route in DOORS if not route.path.startswith("/sign-in")] == []


@pytest.mark.asvs("3.5.2")
def test_json_has_to_say_that_it_is_json(clients):
    for route in BODIES:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = clients[route.role()].request(
                route.method, route.address(), headers={"Content-Type": kind}, content=b"{}"
            )
            assert answer.status_code == 422, (route, kind, answer.text)


@pytest.mark.asvs("1.4.2", "15.3.7")
@pytest.mark.parametrize("wrong", WRONG)
def test_a_body_that_is_not_what_it_says_is_refused_and_not_repeated(clients, wrong):
    for route in BODIES:
        answer = clients[route.role()].request(
            route.method, route.address(), headers=JSON, content=body_of(WRONG[wrong])
        )

        assert answer.status_code == 422, (route, answer.text[:300])
        assert answer.headers["content-type"] == "application/problem+json", route
        assert CANARY not in answer.text, route
        assert "canary" not in answer.text, route


@pytest.mark.parametrize("wrong", ["a huge form", "many fields", "NUL", "half a character", "file"])
def test_a_form_that_no_page_of_ours_sends_is_refused_and_not_a_failure(clients, wrong):
    for route in (*FORMS, *DOORS, *OPEN):
        client = clients[route.role()]
        token = f"csrf={csrf(client)}&"
        kinds = {
            "a huge form": (FORM, token + "name=" + "x" * 11_000_000),
            "many fields": (FORM, token + "&".join(f"n{n}=1" for n in range(600))),
            "NUL": (FORM, token + f"name={CANARY}%00&label=%00&reason=%00&q=%00"),
            "half a character": (FORM, token + "name=%ED%A0%80&label=%ED%A0%80"),
            "file": (
                {"Content-Type": "multipart/form-data; boundary=b"},
                '--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nx\r\n--b--',
            ),
        }
        headers, body = kinds[wrong]
        answer = client.request(
            route.method, route.address(), headers=headers, content=body.encode()
        )

        # Some forms have no field of these names: what is not theirs they may leave alone.
        lowest = 400 if wrong in {"a huge form", "many fields", "file"} else 303
        assert lowest <= answer.status_code < 500, (route, answer.status_code, answer.text[:300])


@pytest.mark.asvs("5.2.1")
def test_bodies_end_at_their_limit_with_and_without_a_length(clients):
    """Before anything is parsed: 11 MB, in one piece or in many."""

    def pieces():
        for _ in range(110):
            yield b"x" * 100_000

    for route in [*BODIES, *FORMS]:
        headers = JSON if route.models else FORM
        for body in (b"x" * 11_000_000, pieces()):
            answer = clients[route.role()].request(
                route.method, route.address(), headers=headers, content=body
            )
            assert answer.status_code == 413, (route, answer.text[:200])


def test_a_filter_nobody_knows_is_refused_and_not_repeated(clients):
    for route in READS:
        if route.may is None:
            continue
        # An export has the address of a list in its own, and none without one.
        of_list = route.path.startswith("/exports/") and route.may.own_query
        asked = {"what": "places"} if of_list else {}
        answer = clients[route.role()].get(route.address(), params=asked | {"canary": CANARY})

        # The standard of these addresses (OGC API - Features, 7.15.8) wants 400.
        refused = 400 if route.path.startswith("/ogc/collections/") and route.may.own_query else 422
        assert answer.status_code == refused, (route, answer.text[:200])
        assert CANARY not in answer.text, route
        assert "canary" not in answer.text, route


@pytest.mark.asvs("2.2.1", "15.3.3", "15.3.5")
def test_every_model_of_a_body_is_strict():
    models = {found for route in ROUTES for kind in route.models for found in nested(kind)}

    assert models
    assert [m.__name__ for m in models if not issubclass(m, StrictModel)] == []
    wanted = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
    loose = [m.__name__ for m in models if not wanted.items() <= dict(m.model_config).items()]
    assert loose == []


def nested(kind) -> set[type]:
    """A model, and every model in its fields."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = (field.annotation for field in kind.model_fields.values())
        return {kind}.union(*(nested(field) for field in fields))
    return set().union(*(nested(part) for part in get_args(kind)))
