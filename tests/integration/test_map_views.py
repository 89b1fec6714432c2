"""Saved views: one's own, those of one's role, and nothing in them but filters."""

import re

import psycopg
import pytest

from app.core.types import UNSHOWN
from tests.conftest import cloned
from tests.html import complaints
from tests.people import HTML, browser, sign_in_as

KINGSTON, RICHMOND = "E09000021", "E09000027"


@pytest.fixture(scope="module")
def ground(cluster, template):
    with cloned(cluster, template, "map_views") as database:
        yield database


@pytest.fixture
def people(ground, settings):
    """Opened by name, each once."""
    known = {}

    def person(name, role, boroughs=(KINGSTON,)):
        if name not in known:
            signed = sign_in_as(ground, role, boroughs=list(boroughs))
            entered = browser(ground, settings, signed)
            known[name] = (entered, entered.__enter__())
        return known[name][1]

    yield person
    for entered, _ in known.values():
        entered.__exit__(None, None, None)


def send(client, path, **fields):
    page = client.get("/map/views?layer=places", headers=HTML).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    return client.post(path, data={"csrf": csrf} | fields, headers=HTML, follow_redirects=False)


def links(client):
    page = client.get("/map/views", headers=HTML)
    assert page.status_code == 200
    assert complaints(page.text) == []
    return dict(re.findall(r'cm-break"><a class="govuk-link" href="([^"]+)">([^<]+)<', page.text))


def test_a_view_is_saved_opened_renamed_and_deleted_after_a_question(people):
    lead = people("lead", "cs_lead")
    saved = send(lead, "/map/views", name="Parks, a year", query="period=12m&type=PG_OPEN")
    assert (saved.status_code, saved.headers["location"]) == (303, "/map/views")
    (url,) = links(lead)
    assert url.replace("&amp;", "&") == "/map?period=12m&type=PG_OPEN"
    assert lead.get(url.replace("&amp;", "&"), headers=HTML).status_code == 200

    page = lead.get("/map/views", headers=HTML).text
    change = re.search(r'href="(/map/views/[0-9a-f-]{36})"', page)[1]
    assert complaints(lead.get(change, headers=HTML).text) == []
    assert send(lead, change, name="Open space, a year", shared="yes").status_code == 303
    assert list(links(lead).values()) == ["Open space, a year"]
    assert "Yours, shared with your role" in lead.get("/map/views", headers=HTML).text

    question = lead.get(f"{change}/delete", headers=HTML).text
    assert "<h1" in question
    assert "Delete this saved view?" in question
    assert complaints(question) == []
    assert send(lead, f"{change}/delete").status_code == 303
    assert links(lead) == {}
    assert lead.get(change, headers=HTML).status_code == 404


def test_a_shared_view_is_read_by_the_role_in_the_borough_and_by_nobody_else(people):
    owner = people("owner", "practitioner")
    assert send(owner, "/map/views", name="Ours", query="q=bench", shared="yes").status_code == 303
    assert send(owner, "/map/views", name="Mine", query="level=CL3").status_code == 303

    same = people("same", "practitioner")
    other_side = people("other side", "practitioner", (RICHMOND,))
    lead = people("another lead", "cs_lead")

    assert list(links(owner).values()) == ["Mine", "Ours"]
    assert list(links(same).values()) == ["Ours"]
    assert links(other_side) == links(lead) == {}
    page = owner.get("/map/views", headers=HTML).text
    key = re.search(r"/map/views/([0-9a-f-]{36})", page)[1]
    for client in (same, lead):
        assert client.get(f"/map/views/{key}", headers=HTML).status_code == 404
        assert send(client, f"/map/views/{key}", name="Theirs").status_code == 404
        assert send(client, f"/map/views/{key}/delete").status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "query": ""}, "Enter a name of at most 60 characters."),
        ({"name": "x" * 61, "query": ""}, "Enter a name of at most 60 characters."),
        ({"name": "Known gang members", "query": ""}, "Change the name."),
    ],
)
def test_a_name_is_short_and_neutral(people, fields, said):
    answer = send(people("lead", "cs_lead"), "/map/views", **fields)

    assert answer.status_code == 422
    assert said in answer.text
    assert complaints(answer.text) == []


@pytest.mark.parametrize(
    "query", ["javascript:alert(1)=1", "next=https://example.com", "period=ever", "type=%00"]
)
def test_what_are_no_filters_is_not_saved(people, query):
    lead = people("lead", "cs_lead")

    assert send(lead, "/map/views", name="Synthetic", query=query).status_code == 422
    assert links(lead) == {}


def test_only_what_filters_write_themselves_reaches_an_address(people):
    lead = people("markup lead", "cs_lead")
    send(lead, "/map/views", name='<img src="x">', query='q="><script>&period=90d')

    page = lead.get("/map/views", headers=HTML).text

    assert "<script>&" not in page
    assert 'href="/map?q=%22%3E%3Cscript%3E"' in page
    assert "&lt;img src=" in page


def test_an_account_that_ends_takes_its_views_along(ground, settings):
    signed = sign_in_as(ground, "cs_lead")
    with browser(ground, settings, signed) as lead:
        send(lead, "/map/views", name="Going", query="", shared="yes")
    dsn = ground.logins.cluster.dsn("postgres", ground.logins.dbname)
    with psycopg.connect(dsn) as admin:
        counted = "select count(*) from app.map_view where created_by = %s"
        assert admin.execute(counted, [signed.user_id]).fetchone() == (1,)
        admin.execute(
            'alter table app."user" disable trigger user; alter table app."user" '
            "enable trigger map_views_follow"
        )
        admin.execute("update app.\"user\" set state = 'DISABLED' where id = %s", [signed.user_id])
        assert admin.execute(counted, [signed.user_id]).fetchone() == (0,)
        admin.rollback()


def test_a_name_that_cannot_be_shown_is_refused_and_what_is_invisible_left_out(people):
    lead = people("odd lead", "cs_lead")

    again = send(lead, "/map/views", name="Par\0ks", query="")
    saved = send(lead, "/map/views", name="Par\u200bks", query="")

    assert again.status_code == 422
    assert UNSHOWN in again.text
    assert saved.status_code == 303
    assert list(links(lead).values()) == ["Parks"]
    page = lead.get("/map/views", headers=HTML).text
    change = re.search(r'href="(/map/views/[0-9a-f-]{36})"', page)[1]
    assert UNSHOWN in send(lead, change, name="Par\0ks").text


def test_partners_save_what_partners_may_filter(people):
    partner = people("partner", "partner")

    assert send(partner, "/map/views", name="Parks", query="type=PG_OPEN").status_code == 303
    assert send(partner, "/map/views", name="Dates", query="period=12m").status_code == 422
    assert list(links(partner)) == ["/map?type=PG_OPEN"]


def test_who_has_no_map_has_no_views(people):
    for role in ("vca_member", "auditor", "administrator"):
        assert people(role, role).get("/map/views", headers=HTML).status_code == 403
