"""Every page of the service for every role that may open it: accessible, light, and on its own."""

import os
from pathlib import Path

import pytest

from app.accounts.permissions import ROLES
from tests import importing, intelligence, reports
from tests.e2e.conftest import session_cookie
from tests.e2e.sweep import Walker, walk, without_names, written
from tests.people import HTML, browser, sign_in_as

MARKING = "OFFICIAL-SENSITIVE"
AGENCY = {"cs_lead": "AFC", "police_analyst": intelligence.POLICE}
MORE = ("/map?layer=incidents", "/map?layer=clusters", "/places?q=nothing+is+called+this")
LEADS = (*MORE, "/map?type=ONLINE_GAME&borough=E09000021", "/no-such-page", "/map?from=yesterday")
EVIDENCE = os.environ.get("CONTEXTMAP_EVIDENCE")


@pytest.fixture(scope="module")
def records(site_db, settings):
    """What the demonstration has none of: a report, items of intelligence, an import half done."""
    made = [browser(site_db, settings, _person(site_db, role), headers=HTML) for role in ANALYSTS]
    first, second, lead = made
    received = reports.screened(site_db, settings, **reports.NAMED)
    waiting = intelligence.sent(first)
    intelligence.released(first, second)
    tried = importing.tried(lead, site_db, settings, importing.incidents())
    for client in made:
        client.close()
    return [f"/reports/{received.ref}", f"/intelligence/{waiting}", f"/imports/{tried}"]


ANALYSTS = ("police_analyst", "police_analyst", "cs_lead")


def _person(db, role):
    return sign_in_as(db, role, agency=AGENCY.get(role, "LA_KINGSTON"))


@pytest.fixture(scope="module")
def judged():
    """Shapes of pages that axe has judged, over all roles."""
    return set()


@pytest.fixture(scope="module")
def walker_of(chromium, live_url, site_db, judged):
    opened = []

    def of(role):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        opened.append(context)
        if role != "public":
            context.add_cookies([session_cookie(_person(site_db, role).cookie)])
        return Walker(context, live_url, role, MARKING if role != "public" else "", judged)

    yield of
    for context in opened:
        context.close()


@pytest.mark.parametrize("role", ROLES)
def test_every_page_that_a_role_may_open_is_whole(walker_of, records, role, tmp_path):
    starts = without_names(role) + (records if role != "public" else [])
    if role == "cs_lead":
        starts += LEADS

    loads = walk(walker_of(role), starts)

    (Path(EVIDENCE or tmp_path) / f"sweep-{role}.txt").write_text(written(loads))
    assert [f"{load.line()} {load.wrong}" for load in loads if load.wrong] == []
    assert [load.line() for load in loads if load.status >= 500] == []
