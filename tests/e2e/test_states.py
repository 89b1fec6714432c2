"""Pages in trouble: refused forms, and every problem of the service, as whole as the others."""

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from app.core.pages import SESSION_COOKIE
from app.core.problems import KINDS
from app.main import create_app
from tests.e2e.conftest import session_cookie
from tests.e2e.sweep import Walker
from tests.people import HTML, sign_in_as

# What may be sent empty by anybody who opens it: nothing is changed by it.
EMPTY = [
    ("cs_lead", "/places/new"),
    ("cs_lead", "/incidents/new"),
    ("cs_lead", "/children/new"),
    ("cs_lead", "/children/known"),
    ("cs_lead", "/imports/new"),
    ("cs_lead", "/clusters/compare"),
    ("cs_lead", "/admin/grants/new"),
    ("cs_lead", "/admin/holds/new"),
    ("cs_lead", "/account/password"),
    ("administrator", "/admin/users/new"),
]
TROUBLE = {kind.code: made for made, kind in KINDS.items() if kind.status != 401}
LONG = "Averylongwordthatnobodywouldeverwritebutthatmustnotbreakapage" * 4


@pytest.fixture(scope="module")
def walker_of(chromium, live_url, site_db):
    made = {}

    def of(role):
        if role not in made:
            agency = "AFC" if role == "cs_lead" else "LA_KINGSTON"
            person = sign_in_as(site_db, role, agency=agency)
            context = chromium.new_context(viewport={"width": 1280, "height": 900})
            context.add_cookies([session_cookie(person.cookie)])
            made[role] = Walker(context, live_url, role, "OFFICIAL-SENSITIVE", set()), person
        return made[role]

    yield of
    for walker, _ in made.values():
        walker.context.close()


@pytest.mark.parametrize(("role", "path"), EMPTY)
def test_a_form_that_was_sent_empty_is_whole_and_leads_to_its_fields(walker_of, role, path):
    load = walker_of(role)[0].send_empty(path)

    assert (load.status, load.wrong) == (422, [])


@pytest.fixture(scope="module")
def troubled(site_db, settings):
    """The service with an address for each problem, and one that breaks."""
    app = create_app(site_db, settings)

    def raises(request):
        code = request.path_params["code"]
        raise TROUBLE[code](LONG) if code in TROUBLE else RuntimeError("broken for a test")

    app.router.routes.insert(0, Route("/trouble/{code}", raises))
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("code", [*TROUBLE, "error"])
def test_a_problem_is_told_on_a_whole_page(walker_of, troubled, code):
    walker, person = walker_of("cs_lead")
    troubled.cookies.set(SESSION_COOKIE, person.cookie)
    answer = troubled.get(f"/trouble/{code}", headers=HTML)
    assert answer.status_code == (KINDS[TROUBLE[code]].status if code in TROUBLE else 500)
    assert "broken for a test" not in answer.text

    told = answer.text
    walker.page.route(
        f"**/trouble/{code}",
        lambda route: route.fulfill(status=200, content_type="text/html", body=told),
    )
    load, _ = walker.open(f"/trouble/{code}", f"/trouble/{code}")

    assert load.wrong == []
    assert walker.page.title().startswith("Error: ")


@pytest.mark.parametrize("path", ["/no-such-page", "/places/PL-000-0000", "/incidents/x"])
def test_what_is_not_there_is_told_on_a_whole_page(walker_of, path):
    load, _ = walker_of("cs_lead")[0].open(path, path)

    assert (load.status, load.wrong) == (404, [])


def test_what_a_role_does_not_allow_is_told_on_a_whole_page(walker_of):
    load, _ = walker_of("partner")[0].open("/children", "/children")

    assert (load.status, load.wrong) == (403, [])
