"""The quarterly report and the daily briefing: at a desk, on a phone, on paper, by keyboard."""

import re
from contextlib import contextmanager

import psycopg
import pytest

from app.briefings import printing
from app.core.ids import new_id
from app.core.json import canonical
from tests import tagged
from tests.e2e.test_pages import violations
from tests.e2e.test_panel_packs import page_of, tab_to
from tests.e2e.test_triage import fits
from tests.packs import panel
from tests.people import sign_in_as
from tests.report_snapshot import briefing, whole
from tests.sql import world
from tests.sql.release_world import TIMES

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 700}
__all__ = ["page_of"]  # a fixture


def administering(site_db):
    logins = site_db.logins
    return psycopg.connect(logins.cluster.dsn("postgres", logins.dbname), autocommit=True)


@contextmanager
def gone(site_db):
    """What is frozen is never deleted; other tests share these records and know nothing of it."""
    with administering(site_db) as admin:
        admin.execute("set session_replication_role = replica")
        yield admin


@pytest.fixture(scope="module")
def report(site_db):
    """A frozen report with every kind of block, its PDF, and who reads it."""
    made, key = whole(), new_id()
    told = briefing(made)
    values = TIMES | {"id": key, "ref": told.ref, "kind": "QUARTERLY", "state": "FROZEN"}
    for name in ("period_code", "snapshot_sha256", "lead_at", "auditor_at"):
        values[name] = getattr(told, name)
    values |= {"snapshot": canonical(made), "created_by": key, "updated_by": key}
    values |= {"lead_by": new_id(), "auditor_by": new_id(), "frozen_at": "2026-04-21"}
    with administering(site_db) as admin:
        world.insert(admin, "app.briefing", values)
    printing.keep_pdf(site_db, told.ref)
    yield told.ref, made, sign_in_as(site_db, "vca_member", agency="AFC")
    with gone(site_db) as admin:
        admin.execute("delete from app.briefing_file where briefing_id = %s", (key,))
        admin.execute("delete from app.briefing where id = %s", (key,))


@pytest.fixture(scope="module")
def daily(site_db):
    here = panel(site_db)
    ref = here.frozen()
    yield ref, here.people["cs_lead"]
    with gone(site_db) as admin:
        admin.execute("delete from app.pack_entry where pack_id = (select id from app.pack "
                      "where ref = %s)", (ref,))  # fmt: skip
        admin.execute("delete from app.pack where ref = %s", (ref,))


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_a_report_is_clean_and_fits(report, page_of, viewport):
    ref, made, reader = report
    page = page_of(reader, "/briefings", viewport)
    paths = ["", "?print=all", *(f"/pages/{one['number']}" for one in made["pages"])]
    for path in paths:
        page.goto(f"/briefings/{ref}{path}")
        assert violations(page) == [], path
        assert fits(page), path


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_daily_briefing_and_its_summary_are_clean_and_fit(daily, page_of, viewport):
    ref, lead = daily
    for path in (f"/briefings/{ref}", f"/briefings/{ref}/summary"):
        page = page_of(lead, path, viewport)
        assert violations(page) == [], path
        assert fits(page), path


def test_each_picture_says_its_numbers_and_has_its_table_beside_it(report, page_of):
    ref, made, reader = report
    drawn = [one for page in made["pages"] for one in page["blocks"] if one.get("svg")]
    page = page_of(reader, f"/briefings/{ref}?print=all")
    figures = page.locator("figure")
    assert figures.count() == len(drawn) == 2
    for n, one in enumerate(drawn):
        figure = figures.nth(n)
        assert figure.locator("figcaption").inner_text() == one["title"]
        assert figure.locator("img").get_attribute("alt") == one["alt"]
        assert figure.locator("img").evaluate("one => one.complete && one.naturalWidth > 0")
        assert figure.locator("tbody tr").count() == len(one["rows"])


def test_on_paper_the_report_stands_upright_and_each_page_begins_a_sheet(report, page_of):
    ref, made, reader = report
    page = page_of(reader, f"/briefings/{ref}?print=all")
    page.emulate_media(media="print")

    sheets = re.findall(
        rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True)
    )

    assert len(sheets) >= len(made["pages"])
    assert all(float(wide) < float(high) for wide, high in sheets)


def test_from_the_list_to_a_page_and_to_the_pdf_by_keyboard(report, page_of):
    ref, made, reader = report
    page = page_of(reader, "/briefings")

    tab_to(page, made["words"]).keyboard.press("Enter")
    page.wait_for_url(f"**/briefings/{ref}")
    tab_to(page, "Download PDF")
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    assert taken.value.suggested_filename == "vca-2026-Q1.pdf"
    file, _ = tagged.read(taken.value.path().read_bytes())
    assert file.metadata.title == made["title"]
    page.goto(f"/briefings/{ref}")
    tab_to(page, "Contexts").keyboard.press("Enter")
    page.wait_for_url(f"**/briefings/{ref}/pages/2")

    assert "Contexts" in page.locator("h1").inner_text()
    assert page.locator("[aria-current=page]", has_text="Contexts").count() == 1
