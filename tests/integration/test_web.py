"""What holds on every answer: headers, problems without input, same origin, loopback."""

import re

import pytest
from starlette.testclient import TestClient

from app.accounts import catalogue
from app.core import security
from app.main import create_app
from tests.people import HERE, HTML, browser, sign_in_as

EVERY = [
    ("/", 200),
    ("/healthz", 200),
    ("/readyz", 200),
    ("/map", 200),
    ("/static/css/app.css", 200),
    ("/nothing", 404),
    ("/api/v1/nothing", 404),
    ("/tiles/nothing/1/1/1.pbf", 404),
    ("/tiles/areas/3/99/1.pbf", 422),
    ("/places/PL-000-0000", 404),
    ("/map?colour=red", 422),
]


@pytest.mark.parametrize(("path", "status"), EVERY)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_carries_the_headers(client, path, status, accept):
    answer = client.get(path, headers={"Accept": accept})

    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == security.CSP
    for name, value in security.HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    cached = answer.headers["cache-control"]
    assert cached == ("no-cache" if path.startswith("/static") else "no-store, private")


def test_vendored_files_may_be_kept_for_a_year(client):
    answer = client.get("/static/vendor/leaflet@1.9.4/leaflet.js")

    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.asvs("16.3.4", "16.5.1")
def test_an_unexpected_error_has_headers_and_tells_nothing(db, settings, capsys):
    app = create_app(db, settings)

    @app.get("/api/v1/breaks")
    def breaks():
        raise RuntimeError("Kim Example, 07700 900123")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/breaks")

    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == security.CSP
    assert answer.json()["type"] == "/problems/error"
    assert re.fullmatch(r"Nothing was saved\. Reference \w+\.", answer.json()["detail"])
    assert "Kim" not in answer.text + capsys.readouterr().err


@pytest.mark.parametrize("body", ['{"name": NaN}', '{"name": "Kim Example"', "[]", '{"x": 1e999}'])
def test_a_wrong_body_is_refused_without_being_repeated(client, body):
    answer = client.post(
        "/api/v1/places", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "Kim" not in answer.text
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
    ],
)
def test_a_change_asked_for_by_another_site_is_refused(client, headers):
    answer = client.post("/clusters", headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}])
def test_a_form_without_our_token_is_refused(client, headers):
    answer = client.post("/places/new", data={"name": "x"}, headers=headers | HTML)

    assert answer.status_code == 403
    assert "out of date" in answer.text


def test_bodies_have_a_limit_with_and_without_a_length(client):
    def pieces():
        for _ in range(30):
            yield b"x" * 100_000

    for body in (b"x" * 2_000_000, pieces()):
        answer = client.post("/api/v1/places", content=body)
        assert answer.status_code == 413


@pytest.mark.asvs("4.1.4")
def test_methods_that_an_address_does_not_know_are_refused(client):
    answer = client.delete("/map")

    assert answer.status_code == 405
    assert answer.json()["type"] == "/problems/method-not-allowed"


def test_a_stranger_is_asked_to_sign_in_and_taken_back(db, settings):
    with browser(db, settings) as stranger:
        program = stranger.get("/api/v1/places")
        person = stranger.get("/places?state=ACTIVE", headers=HTML)
        alive = stranger.get("/healthz")

    assert program.status_code == 401
    assert program.headers["www-authenticate"] == "Bearer"
    assert person.status_code == 303
    assert person.headers["location"] == "/sign-in?next=/places%3Fstate%3DACTIVE"
    assert alive.status_code == 200


def test_ready_says_what_was_checked(db, settings):
    checks = browser(db, settings, client=HERE).get("/readyz").json()["checks"]

    assert checks == dict.fromkeys(
        (*catalogue.QUESTIONS, "definers", "permission_file", "policies", "migrations", "database"),
        True,
    )


def test_not_ready_without_the_leakproof_mark(settings, cluster, db):
    import psycopg

    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        admin.execute("alter function public.geometry_overlaps(geometry, geometry) not leakproof")

    answer = browser(db, settings, client=HERE).get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["leakproof"] is False
    assert "Let a superuser run migr" in [words[:24] for words in answer.json()["needed"]]


def test_pages_hold_no_inline_script_or_style(client):
    for path in ("/", "/map", "/places", "/places/new", "/incidents", "/clusters", "/imports"):
        body = client.get(path, headers=HTML).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", body), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", body), path
        assert not re.search(r'(src|href)="(https?:)?//', body), path


@pytest.mark.asvs("1.1.1")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"name": "Kim Example", "name": "x"}', "one name twice"),
        ("[" * 30 + "]" * 30, "nested deeper"),
    ],
)
def test_a_body_read_two_ways_is_refused(client, body, words):
    answer = client.post(
        "/api/v1/places", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert "Kim" not in answer.text


def test_json_needs_to_say_that_it_is_json(client):
    answer = client.post("/api/v1/places", content="{}", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/places?colour=red", "/api/v1/places?limit=1&limits=2", "/?x=1"])
def test_a_filter_that_is_not_known_is_refused(client, path):
    answer = client.get(path)

    assert answer.status_code == 422
    assert "filters" in answer.text
    assert "red" not in answer.text


def test_an_address_may_not_be_longer_than_a_page(client):
    assert client.get(f"/places?q={'x' * 5000}").status_code == 422


def test_public_forms_take_little(client):
    answer = client.post("/csp-report", content=b"x" * 70_000)

    assert answer.status_code == 413


@pytest.mark.asvs("3.4.7")
def test_a_report_of_the_browser_is_counted_and_not_kept(client, capsys):
    answer = client.post("/csp-report", content=b'{"document-uri": "/places/PL-7K2-Q4MT"}')

    assert answer.status_code == 204
    assert "PL-7K2" not in capsys.readouterr().err


def test_a_row_that_a_policy_refuses_is_answered_in_words(db, settings, monkeypatch):
    from app.places import queries

    monkeypatch.setattr(queries, "in_scope", lambda *_: True)  # the code forgets to ask
    person = sign_in_as(db, "practitioner", boroughs=("E09000027",))
    place = {
        "name": "Test yard",
        "type_code": "TAKEAWAY_SHOP",
        "easting": 518000,
        "northing": 169000,
    }
    with browser(db, settings, person) as client:
        answer = client.post("/api/v1/places", json=place)

    assert answer.status_code == 403, answer.text
    assert db.ask("cs_app", "select count(*) from app.place", ()) == 0


@pytest.mark.parametrize(
    ("said", "body", "status", "words"),
    [
        ({"Origin": "https://elsewhere.example"}, b"", 403, "another site"),
        ({}, b"x" * 2_000_000, 413, "larger than the service takes"),
    ],
)
def test_a_person_is_refused_by_a_page_before_anything_is_read(client, said, body, status, words):
    answer = client.post("/places/new", headers=HTML | said, content=body)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text


def test_an_address_tells_all_that_it_does(client):
    answer = client.options("/api/v1/places/PL-000-0000")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, PATCH"


def test_a_list_of_areas_takes_a_box_of_this_world_only(client):
    beyond = client.get("/api/v1/areas?bbox=61021990530,-73,-255.9,6805")

    assert beyond.status_code == 422
    assert beyond.json()["errors"][0]["field"] == "bbox"
