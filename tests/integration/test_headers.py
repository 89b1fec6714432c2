"""Every route and every status carries the header set, and gives nothing away beside it (G14)."""

import inspect
import re
from collections import Counter

import pytest

from app.accounts.deps import May
from app.core import errors, security
from tests.people import HTML, browser
from tests.routes import CHANGES, ROUTES, Clients, ask

VENDORED = "/static/vendor/leaflet@1.9.4/leaflet.js"
ELSEWHERE = re.compile(r'(src|href|action)="((https?:)?//|javascript:|data:)')
ACCEPTS = (HTML, {"Accept": "application/json"})
FAILURES = [
    *(kind("Test words.") for kind in errors.AppError.__subclasses__()),
    RuntimeError("Kim Example, 07700 900123"),
]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "report-uri": "/csp-report",
}
FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}
STORED = ("etag", "last-modified", "expires")
TELLTALE = ("server", "x-powered-by", "via", "x-request-id", "access-control-allow-origin")
NEEDED = {200, 201, 202, 204, 303, 304, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503}


@pytest.fixture(scope="module")
def clients(module_db, house) -> Clients:
    return Clients(module_db, house, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def seen() -> Counter:
    """Statuses that were looked at by the tests of this file."""
    return Counter()


def wrong_with(answer, path: str) -> list[str]:
    """What an answer lacks or gives away, in words."""
    told = answer.headers
    found = [f"{name} is {told.get(name)}" for name, v in FIXED.items() if told.get(name) != v]
    located = "geolocation=(self)" if re.match(r"/report(/|$)", path) else "geolocation=()"
    if told.get(LOCATION) != located:
        found.append(f"{LOCATION} is {told.get(LOCATION)}")
    found += [f"{name} twice" for name in (*FIXED, CSP, LOCATION) if len(told.get_list(name)) > 1]
    if policy(told.get(CSP, "")) != POLICY:
        found.append("another content security policy")
    found += [f"tells {name}" for name in TELLTALE if name in told]
    found += [] if cached_well(answer, path) else [f"cache-control {told.get('cache-control')}"]
    if not path.startswith("/static/"):
        found += [f"{name} on data" for name in STORED if name in told]
    found += status_wants(answer)
    found += [f"cookie {c}" for c in told.get_list("set-cookie") if not safe_cookie(c)]
    return found


CSP = "content-security-policy"
LOCATION = "permissions-policy"


def policy(text: str) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in text.split(";"))
    return {name: value for name, _, value in parts}


def cached_well(answer, path: str) -> bool:
    said = answer.headers.get("cache-control")
    if path.startswith("/static/") and answer.status_code in {200, 304}:
        lasting = "/vendor/" in path
        return said == ("public, max-age=31536000, immutable" if lasting else "no-cache")
    if path == "/summary" and answer.status_code == 200:
        return said == "public, max-age=300"
    if path.startswith("/basemap/outline/") and answer.status_code in {200, 204}:
        return said == "public, max-age=86400"
    if path.startswith("/basemap/") and answer.status_code in {200, 204}:
        return said == "public, max-age=31536000, immutable"
    return said == "no-store, private"


def status_wants(answer) -> list[str]:
    wanted = {405: "allow", 401: "www-authenticate", 429: "retry-after", 503: "retry-after"}
    name = wanted.get(answer.status_code)
    missing = [f"no {name}"] if name and not answer.headers.get(name) else []
    if answer.content and "content-type" not in answer.headers:
        missing.append("no content-type")
    return missing


def safe_cookie(line: str) -> bool:
    parts = line.lower()
    flags = all(flag in parts for flag in ("; secure", "; httponly", "; path=/", "samesite="))
    return flags and parts.startswith("__host-") and "domain" not in parts


def carried(seen, asked) -> list[str]:
    """Complaints about many answers, each with the address that gave it."""
    found = []
    for name, path, answer in asked:
        seen[answer.status_code] += 1
        found += [f"{name} {answer.status_code}: {words}" for words in wrong_with(answer, path)]
    return found


@pytest.mark.asvs(
    "3.2.1",
    "3.4.1",
    "3.4.2",
    "3.4.3",
    "3.4.4",
    "3.4.5",
    "3.4.6",
    "3.4.8",
    "3.5.8",
    "4.1.1",
    "14.2.2",
    "14.3.2",
)
def test_every_route_carries_them_whatever_it_is_asked(clients, seen):
    def asked():
        for route in ROUTES:
            path = route.address()
            for who in ("nobody", route.role(), "vca_member"):
                for accept in ACCEPTS:
                    yield (
                        f"{who} {route}",
                        path,
                        clients[who].request(route.method, path, headers=accept),
                    )

    assert carried(seen, asked()) == []


@pytest.mark.asvs("16.5.1", "16.5.4")
@pytest.mark.parametrize("accept", ACCEPTS, ids=["page", "program"])
def test_every_route_carries_them_when_it_fails(clients, seen, monkeypatch, accept):
    """Each failure there is, injected into each route: where it asks who may, or as it begins."""
    failing: list[Exception] = []

    def fails(*_args, **_kept):
        raise failing[0]

    async def fails_later(*_args, **_kept):
        raise failing[0]

    monkeypatch.setattr(May, "check", fails)
    for route in ROUTES:
        if route.may is None:
            later = inspect.iscoroutinefunction(route.found.endpoint)
            monkeypatch.setattr(route.found.dependant, "call", fails_later if later else fails)

    def asked():
        for failure in FAILURES:
            failing[:] = [failure]
            for route in ROUTES:
                path = route.address()
                answer = clients[route.role()].request(route.method, path, headers=accept)
                assert "Kim" not in answer.text
                yield f"{type(failure).__name__} {route}", path, answer

    assert carried(seen, asked()) == []
    assert seen[500] >= len(ROUTES) * 0.7  # the rest refuse the request before they begin


@pytest.mark.asvs("4.1.4")
def test_other_methods_and_what_is_not_there_carry_them(clients, seen):
    paths = sorted({route.address() for route in ROUTES} | {"/nothing", "/api/v1/nothing"})

    def asked():
        for path in paths:
            for method in ("HEAD", "OPTIONS", "TRACE", "DELETE", "PROPFIND"):
                yield method, path, clients["cs_lead"].request(method, path)

    assert carried(seen, asked()) == []
    assert seen[405] > len(paths)


@pytest.mark.asvs("3.4.1")
def test_malformed_requests_carry_them(clients, seen):
    lead = clients["cs_lead"]
    json = {"Content-Type": "application/json"}
    form = {"Content-Type": "multipart/form-data; boundary=x"}

    def asked():
        for route in ROUTES:
            path = route.address()
            yield "long query", path, lead.request(route.method, f"{path}?q={'x' * 5000}")
            yield "NUL", path, lead.request(route.method, f"{path}?q=%00")
        for route in CHANGES:
            path = route.address()
            for name, headers, body in (
                ("cut JSON", json, b'{"a": '),
                ("no UTF-8", json, b"\xff\xfe"),
                ("cut form", form, b"--x\r\nContent-Dis"),
                ("too large", json, b"x" * 11_000_000),
                ("elsewhere", {"Origin": "https://elsewhere.example"}, b""),
            ):
                yield name, path, lead.request(route.method, path, headers=headers, content=body)

    assert carried(seen, asked()) == []


def test_files_carry_them(clients, seen):
    kept = "/static/css/app.css"
    tag = clients["nobody"].get(kept).headers["etag"]

    def asked():
        for path in (kept, VENDORED, "/static/none.js", "/static/"):
            yield "GET", path, clients["nobody"].get(path)
            yield "HEAD", path, clients["nobody"].head(path)
            yield "POST", path, clients["nobody"].post(path)
        yield "again", kept, clients["nobody"].get(kept, headers={"If-None-Match": tag})
        yield "dots", "/static/..", clients["nobody"].get("/static/..%2f..%2fpyproject.toml")

    assert carried(seen, asked()) == []


def test_answers_to_what_was_done_carry_them(clients, seen):
    place = {"type_code": "TAKEAWAY_SHOP", "name": "Test yard", "easting": 518000}
    lead = clients["cs_lead"]

    def asked():
        made = lead.post("/api/v1/places", json=place | {"northing": 169300})
        assert made.status_code == 201, made.text
        path = f"/api/v1/places/{made.json()['ref']}"
        yield "made", path, made
        yield "stale", path, lead.patch(path, json={"version": 7, "name": "Test mews"})
        run = lead.post("/api/v1/clusters/runs", json={"source": "partnership"})
        yield "later", "/api/v1/clusters/runs", run
        yield "counted", "/csp-report", lead.post("/csp-report", content=b"{}")

    assert carried(seen, asked()) == []


def test_a_body_that_stops_arriving_is_ended_with_them(
    module_db, house, clients, seen, monkeypatch
):
    monkeypatch.setattr(security, "READ_TIMEOUT_S", 0.02)
    app = browser(module_db, house).app
    reading = [r for r in CHANGES if r.is_form or r.is_door or r.models]
    kinds = {True: b"application/json", False: b"application/x-www-form-urlencoded"}

    ended = Counter()
    for route in reading:
        headers = [(b"content-type", kinds[bool(route.models)]), (b"content-length", b"10")]
        status, told, _ = ask(app, route, clients.cookie(route.role()), headers=headers)
        ended[status] += 1
        names = [name for name, _ in told]
        assert CSP.encode() in names, route

    seen.update(ended)
    # The rest ask for another page before they read.
    assert ended[408] >= len(reading) * 0.6, ended
    assert ended[500] == 0


def test_every_status_there_is_was_looked_at(seen):
    assert NEEDED - set(seen) == set()


@pytest.fixture(scope="module")
def pages(clients) -> list:
    """What each page tells somebody who may open it."""
    asked = (route for route in ROUTES if route.method == "GET" and not route.is_api)
    return [(r, clients[r.role()].get(r.address(), headers=HTML)) for r in asked]


def test_pages_hold_nothing_that_the_policy_would_stop(pages):
    for route, answer in pages:
        body = answer.text
        assert not re.search(r"<script(?![^>]*\bsrc=)", body), route
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", body), route
        assert not re.search(r'(src|href|action)="((https?:)?//|javascript:|data:)', body), route


@pytest.mark.asvs("7.4.4")
def test_every_page_of_staff_has_the_way_out(pages):
    shown = [
        (route, answer)
        for route, answer in pages
        if route.may is not None and answer.headers.get("content-type", "").startswith("text/html")
    ]

    assert len(shown) > 100
    assert [str(route) for route, answer in shown if 'action="/sign-out"' not in answer.text] == []


@pytest.mark.parametrize("missing", [*FIXED, CSP])
def test_a_header_that_is_missing_would_be_found(clients, missing):
    answer = clients["nobody"].get("/healthz")
    del answer.headers[missing]

    assert wrong_with(answer, "/healthz") != []


@pytest.mark.asvs("3.4.2")
@pytest.mark.parametrize(
    ("name", "value"),
    [("etag", '"x"'), ("server", "x"), ("cache-control", "public"), ("set-cookie", "a=b; Path=/")],
)
def test_a_header_too_many_would_be_found(clients, name, value):
    answer = clients["nobody"].get("/healthz")
    answer.headers[name] = value

    assert wrong_with(answer, "/healthz") != []
