"""The page for everybody: off, on when two people signed, a quarter late, and off by itself."""

import hashlib
import json
import re
from html import unescape

import pytest
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.ids import new_id, new_reference, random_id
from tests.databases import cloned
from tests.people import HTML, KINGSTON, RICHMOND, browser, send
from tests.readability import grade
from tests.releases import Ground
from tests.sql import world as sql
from tests.sql.release_world import SIGNED, TIMES

CELLS = {KINGSTON: ("15", 13, 17, "ROUND5"), RICHMOND: ("10", 8, 12, "ROUND5"),
         "BOTH": ("25", 23, 27, "ROUND5")}  # fmt: skip
SAID = ["about 15", "fewer than 15", "about 25"]


@pytest.fixture(scope="module")
def desk(cluster, template, settings):
    with cloned(cluster, template, "summary") as db:
        yield Ground(db, settings)


@pytest.fixture
def clean(desk):
    with desk.superuser() as admin:
        admin.execute("truncate app.release, app.briefing cascade")
    return desk


def published(desk, **differs):
    """A frozen report of an approved release; its address."""
    release, key, ref = new_id(), new_id(), new_reference("BR")
    by = {"created_by": key, "updated_by": key}
    values = TIMES | SIGNED | by | {"id": release, "code": str(release), "period_kind": "Q"}
    values |= {"period": "2026-Q1", "state": "APPROVED", "certificate": {}, "sha256": "0" * 64}
    sha = hashlib.sha256(b"{}").hexdigest()
    report = TIMES | SIGNED | by | {"id": key, "ref": ref, "kind": "QUARTERLY", "state": "FROZEN"}
    report |= {"period_code": "2026-Q1", "snapshot": "{}", "snapshot_sha256": sha}
    report |= {"frozen_at": "2026-04-21", "release_ids": [release]}
    with desk.superuser() as admin:
        sql.insert(admin, "app.release", values | {"approved_at": "2026-04-21"})
        for place, (shown, low, high, rule) in CELLS.items():
            cell = {"release_id": release, "state": "APPROVED", "table_code": "RQ1"}
            cell |= {"geo_kind": "BOTH" if place == "BOTH" else "BOROUGH", "geo_code": place}
            cell |= {"shown": shown, "low": low, "high": high, "rule": rule}
            sql.insert(admin, "app.release_cell", cell | {"period": "2026-Q1"})
        sql.insert(admin, "app.briefing", report | differs)
    return f"/briefings/{ref}"


def turned_on(desk):
    url = published(desk)
    for role in ("cs_lead", "auditor"):
        assert send(desk.as_(role), f"{url}/public").status_code == 303
    return url


def anybody(desk):
    return browser(desk.db, desk.settings).get("/summary", headers=HTML)


def numbers(page):
    return [unescape(x) for x in re.findall(r'<td class="[^"]*cm-number">([^<]*)</td>', page)]


def test_it_is_off_until_a_lead_asked_and_an_auditor_signed(clean):
    url = published(clean)
    lead, auditor = clean.as_("cs_lead"), clean.as_("auditor")
    assert anybody(clean).status_code == 404
    assert send(auditor, f"{url}/public").status_code == 422, "a lead asks first"
    assert numbers(lead.get(f"{url}/public").text) == SAID, "it is seen before it is signed"
    assert send(lead, f"{url}/public").status_code == 303
    assert anybody(clean).status_code == 404
    assert send(lead, f"{url}/public").status_code == 422, "nobody signs twice"
    assert send(auditor, f"{url}/public").status_code == 303
    assert numbers(anybody(clean).text) == SAID
    for role in ("vca_member", "partner", "practitioner", "administrator"):
        assert clean.as_(role).get(f"{url}/public").status_code == 403


def test_the_page_is_the_same_for_all_kept_without_a_cookie_and_plain(clean):
    turned_on(clean)
    answer = anybody(clean)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in answer.headers
    assert clean.as_("cs_lead").get("/summary", headers=HTML).text == answer.text
    assert "Exit this page" in answer.text
    assert "Contextmap" not in answer.text
    assert not re.search(r'(?:href|src)="(?:https?:)?//', answer.text)
    assert 'href="/report"' in answer.text
    lines = re.findall(r"<(?:p|li)\b.*?</(?:p|li)>", answer.text)
    said = [unescape(re.sub(r"<[^>]+>", "", line)) for line in lines]
    assert grade([words for words in said if words.endswith(".")]) <= 9


def test_each_number_is_made_of_a_released_cell(clean):
    """Nothing is counted for this page, and a later change of the release changes nothing."""
    turned_on(clean)
    clean.incident()
    with clean.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update app.release_cell set shown = '90', low = 88, high = 92")
    assert numbers(anybody(clean).text) == SAID


GONE = ("update app.{0} set state = '{1}', {2}_reason = repeat('x', 30), {2}_by = id, "
        "{2}_at = now()")  # fmt: skip


@pytest.mark.parametrize(
    "change", [("briefing", "RECALLED", "recalled"), ("release", "WITHDRAWN", "withdrawn")]
)
def test_it_goes_when_its_report_or_its_release_does(clean, change):
    turned_on(clean)
    with clean.superuser() as admin:
        admin.execute(GONE.format(*change))
    assert anybody(clean).status_code == 404


def test_either_of_them_takes_it_down(clean):
    for role in ("cs_lead", "auditor"):
        url = turned_on(clean)
        assert send(clean.as_(role), f"{url}/public/end").status_code == 303
        assert anybody(clean).status_code == 404
        with clean.superuser() as admin:
            admin.execute("truncate app.release, app.briefing cascade")


def test_one_report_at_a_time(clean):
    turned_on(clean)
    turned_on(clean)
    found = clean.rows("select state, count(*) from app.public_summary group by 1 order by 1")
    assert found == [("ENDED", 1), ("SHOWN", 1)]


def test_it_comes_a_quarter_late(clean):
    today = clock.today()
    first = today.replace(day=1)
    window = {"window_from": "2026-01-01", "window_to": first, "cut_at": f"{first} 01:00+00"}
    url = published(clean, **window)
    sent = send(clean.as_("cs_lead"), f"{url}/public")
    assert sent.status_code == 422
    assert "may be published from" in sent.text
    with pytest.raises(DBAPIError):
        _asked_past_the_page(clean)


def test_the_database_wants_two_people_and_what_they_signed(clean):
    turned_on(clean)
    lead = clean.as_("cs_lead").person.actor
    for change in ("page = '{}'", "state = 'ASKED'", "auditor_by = lead_by"):
        with pytest.raises(DBAPIError), clean.db.begin(lead) as session:
            session.connection().exec_driver_sql(f"update app.public_summary set {change}")


def _asked_past_the_page(desk):
    lead = desk.as_("cs_lead").person.actor
    ((briefing, releases),) = desk.rows("select id, release_ids from app.briefing")
    values = (random_id(), lead.id, lead.id, briefing, releases[0], json.dumps({}), lead.id)
    with desk.db.begin(lead) as session:
        session.connection().exec_driver_sql(
            "insert into app.public_summary (id, created_by, updated_by, briefing_id, release_id, "
            "page, lead_by, lead_at) values (%s, %s, %s, %s, %s, %s, %s, now())",
            values,
        )
