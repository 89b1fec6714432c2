"""The quarterly report: built from records and released numbers, checked, frozen by two people."""

import json
import random
import re
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.briefings import building, checks, composing, printing, products, queries
from app.briefings.asked import Known
from app.briefings.strays import OWN, strays, text_of_html
from app.core.ids import new_id, new_reference
from app.core.json import canonical
from app.releases import rules as periods
from tests import tagged
from tests.databases import cloned
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.readability import grade
from tests.releases import QUARTER, Ground

BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
WORDS = {
    "change_1": "Youth workers are at the riverside on Friday evenings.",
    "change_2": "The car park has light again.",
    "change_3": "Two schools changed the time of their buses.",
    "ask_1": "Agree money for a safe space near the station.",
    "voice_1": "Children said that they are moved on where they feel safe.",
    "silent_1": "Nobody was asked to report this quarter.",
}
SENTENCES = ("note", "verdict", "empty")
MEETING = """
    insert into app.meeting (id, ref, agency_code, purpose_code, created_by, updated_by, kind,
        held_at, state, is_synthetic)
    values (%s, %s, 'AFC', 'VCA_BRIEFING', %s, %s, 'VCA', '2026-05-06', 'HELD', true)
"""


PLACE = """
    with made as (
        insert into app.place (id, ref, agency_code, borough_codes, tier, purpose_code, created_by,
            updated_by, is_synthetic, type_code, name, sensitivity, geom_kind, state,
            label_expires_on, created_at, geom)
        values (%(id)s, %(ref)s, 'AFC', %(boroughs)s, %(tier)s, 'PLAN', %(id)s, %(id)s, true,
            %(type)s, %(name)s, %(sensitivity)s, 'P', 'PLAN_ACTIVE', '2030-01-01', '2026-01-09',
            case when %(tier)s = 'H0' then ST_SetSRID(ST_MakePoint(518000, 169300), 27700) end)
        returning id, borough_codes, tier)
    insert into app.place_state_change (place_id, borough_codes, tier, from_state, to_state, at, by)
    select id, borough_codes, tier, 'CONFERENCE', 'PLAN_ACTIVE', '2026-02-09', id from made
"""
TYPES = {"RESIDENTIAL": "RESIDENTIAL", "PUBLIC_REALM": "PARK"}


@dataclass
class Reports:
    """A database with two quarters of incidents, one of them released, and a report of it."""

    ground: Ground
    ref: str = ""

    def begin(self) -> str:
        sent = send(self.ground.as_("cs_lead"), "/briefings", period=QUARTER)
        assert sent.status_code == 303, sent.text
        return sent.headers["location"].split("/")[2]

    def write(self, ref: str, **differs: str) -> Any:
        sent = send(self.ground.as_("cs_lead"), f"/briefings/{ref}/write", **WORDS | differs)
        building.check(self.ground.db, ref, BOROUGHS)
        return sent

    def facts(self, ref: str) -> tuple[str, list[str], str]:
        query = "select state, checks, snapshot_sha256 from app.briefing where ref = %s"
        ((state, found, sha),) = self.ground.rows(query, ref)
        return state, [one["words"] for one in found if one["stops"] == "yes"], sha

    def place(self, name: str, sensitivity: str, tier: str) -> str:
        """A place with an active plan, known before the cut."""
        key, ref = new_id(), new_reference("PL")
        values = {"id": key, "ref": ref, "name": name, "sensitivity": sensitivity, "tier": tier}
        with self.ground.superuser() as admin:
            admin.execute("set session_replication_role = replica")
            admin.execute(PLACE, values | {"type": TYPES[sensitivity], "boroughs": [KINGSTON]})
        return ref

    def products(self) -> tuple[dict[str, str], Any, list[str]]:
        """Texts of what is printed, what it was made from, and what is said beside it."""
        with self.ground.db.read(building.BUILD) as session:
            briefing = queries.find(session, self.ref)
            made = json.loads(briefing.snapshot)
            return dict(products.texts(made, briefing)), made, products.wording(made, briefing)

    def get(self, role: str, path: str) -> Any:
        return self.ground.as_(role).get(path, headers=HTML)


@pytest.fixture(scope="module")
def reports(cluster, template, settings):
    with cloned(cluster, template, "briefings") as db:
        ground = Ground(db, settings)
        ground.fill(300, first=date(2025, 10, 1))
        ground.fill(400, seed=1)
        ground.approve("2025-Q4")
        ground.approve()
        yield Reports(ground)


def test_a_report_goes_from_draft_to_tabled_and_only_then_is_read(reports, monkeypatch):
    lead, auditor = reports.ground.as_("cs_lead"), reports.ground.as_("auditor")
    ref = reports.begin()
    assert "A briefing of this quarter" not in reports.get("cs_lead", "/briefings").text
    assert send(lead, "/briefings", period=QUARTER).status_code == 422
    building.check(reports.ground.db, ref, BOROUGHS)
    assert reports.facts(ref)[:2] == ("DRAFT", [checks.K7_CHANGES, checks.K8])
    for role, status in (("vca_member", 404), ("partner", 404), ("practitioner", 404),
                         ("auditor", 404), ("administrator", 404)):  # fmt: skip
        assert reports.get(role, f"/briefings/{ref}").status_code == status, role

    assert reports.write(ref).status_code == 303
    state, problems, _ = reports.facts(ref)
    assert (state, problems) == ("CHECKED", [])
    assert reports.get("vca_member", f"/briefings/{ref}").status_code == 404
    assert reports.get("auditor", f"/briefings/{ref}").status_code == 200
    assert "A lead signs first." in send(auditor, f"/briefings/{ref}/sign").text
    assert send(lead, f"/briefings/{ref}/sign").status_code == 303
    as_it_is = printing.whole
    with monkeypatch.context() as wrong:
        wrong.setattr(printing, "whole", lambda *given: as_it_is(*given) + b"<p>987</p>")
        refused = send(auditor, f"/briefings/{ref}/sign")
    assert refused.status_code == 422
    assert checks.K1_PRODUCT.format(product="the page to print") in refused.text
    assert reports.facts(ref)[0] == "CHECKED"
    assert send(auditor, f"/briefings/{ref}/sign").status_code == 303
    assert reports.facts(ref)[0] == "FROZEN"
    assert send(lead, f"/briefings/{ref}/write", **WORDS).status_code == 422
    reports.ref = ref


def test_the_subgroup_reads_what_is_frozen_and_decides(reports):
    lead, ref = reports.ground.as_("cs_lead"), reports.ref
    sha = reports.facts(ref)[2]
    pages = [reports.get("vca_member", f"/briefings/{ref}/pages/{n}") for n in range(1, 12)]
    assert {page.status_code for page in pages} == {200}
    assert "moved on where they feel safe" in pages[0].text
    assert periods.NOTE in pages[2].text
    assert reports.get("vca_member", f"/briefings/{ref}/pages/12").status_code == 404
    assert reports.get("vca_member", f"/briefings/{ref}/pages/1?x=1").status_code == 422
    file = reports.get("vca_member", f"/briefings/{ref}/tables/T3a.csv")
    assert file.content.startswith(b"\xef\xbb\xbf,Kingston")
    assert reports.get("vca_member", f"/briefings/{ref}/tables/XX.csv").status_code == 404

    with reports.ground.superuser() as admin:
        meeting = new_id()
        admin.execute(MEETING, (meeting, new_reference("MT"), meeting, meeting))
    assert send(lead, f"/briefings/{ref}/table").status_code == 422
    sent = send(lead, f"/briefings/{ref}/table", meeting=str(meeting), decided_1="Agreed.")
    assert sent.status_code == 303, sent.text
    assert "Agreed." in reports.get("vca_member", f"/briefings/{ref}/pages/10").text
    assert reports.facts(ref) == ("TABLED", [], sha)


def test_the_same_records_give_the_same_bytes_and_later_changes_change_nothing(reports):
    ref = reports.ref
    with reports.ground.db.read(building.BUILD) as session:
        briefing = queries.find(session, ref)
        made = json.loads(briefing.snapshot)
        frozen, before = briefing.snapshot, printing.whole(made, briefing)
    reports.ground.incident()
    reports.ground.incident(tier="C")
    reports.place("Address PL-7K2-Q4MT", "RESIDENTIAL", "H1")
    with reports.ground.db.read(building.BUILD) as session:
        briefing = queries.find(session, ref)
        release = building.releases.approved(session, QUARTER)
        found = building._found(session, briefing, release, BOROUGHS, Known())
        again, _ = composing.snapshot(session, found)
        assert canonical(again) == frozen
        assert printing.whole(json.loads(briefing.snapshot), briefing) == before
    assert canonical(made) == frozen


def test_every_number_on_a_page_is_in_the_snapshot(reports):
    page = text_of_html(reports.get("vca_member", f"/briefings/{reports.ref}/whole").text)
    _, made, also = reports.products()
    assert strays(page, made, also) == []
    assert strays(page + " 987", made, also) == ["987"]


def test_each_page_can_be_read_aloud(reports):
    _, made, _ = reports.products()
    for page in made["pages"]:
        said = [one for block in page["blocks"]
                for one in (block["title"], *(block.get(name) or "" for name in SENTENCES),
                            *block.get("lines", ())) if one]  # fmt: skip
        assert grade(list(dict.fromkeys(said))) <= 9, page["title"]


def test_each_changed_number_of_a_product_is_found(reports):
    """Of the page and of a file: any number, made another number that stands elsewhere in it."""
    told, made, also = reports.products()
    chance = random.Random(0)
    for name in ("the page to print", "the file of T3a", "the file of C4-1", "the file of T2b"):
        product = told[name]
        assert strays(product, made, also) == []
        own = [found.span() for found in OWN.finditer(product)]
        counted = [one for one in re.finditer(r"\d+", product)
                   if not any(a <= one.start() < b for a, b in own)]  # fmt: skip
        other = sorted({one.group() for one in counted})
        for one in chance.sample(counted, min(60, len(counted))):
            instead = chance.choice([n for n in other if n != one.group()] or ["987"])
            changed = product[: one.start()] + instead + product[one.end() :]
            around = product[max(0, one.start() - 30) : one.end() + 30]
            assert strays(changed, made, also), (name, around, instead)


def printed(reports: Reports) -> list[str]:
    """What the job does each minute."""
    with reports.ground.db.read(printing.PRINT) as session:
        refs = queries.unprinted(session)
    for ref in refs:
        printing.keep_pdf(reports.ground.db, ref)
    return refs


def test_a_job_prints_it_and_whoever_may_read_it_takes_the_files(reports):
    url = f"/briefings/{reports.ref}"
    assert "The PDF is being made" in reports.get("vca_member", url).text
    assert reports.get("vca_member", f"{url}/pdf").status_code == 404
    assert printed(reports) == [reports.ref]
    assert printed(reports) == []

    cover, file = (reports.get("vca_member", at) for at in (url, f"{url}/pdf"))
    assert f"{url}/pdf" in cover.text
    assert 'filename="vca-2026-Q1.pdf"' in file.headers["content-disposition"]
    _, top = tagged.read(file.content)
    toc = "".join(node.words for node in top.all("TOC"))
    told, made, also = reports.products()
    assert strays(top.words.replace(toc, ""), made, also) == []
    book = openpyxl.load_workbook(BytesIO(reports.get("vca_member", f"{url}/tables.xlsx").content))
    for sheet in book:
        rows = " ".join(
            str(v) for row in sheet.iter_rows(values_only=True) for v in row if v is not None
        )
        assert strays(rows, made, also) == [], sheet.title
    assert len(book.sheetnames) == len(told) - 1
    for kind in ("xlsx", "zip"):
        assert reports.get("vca_member", f"{url}/tables.{kind}").status_code == 200
        assert reports.get("partner", f"{url}/tables.{kind}").status_code == 403
    for role, status in (("partner", 403), ("practitioner", 403), ("administrator", 403)):
        assert reports.get(role, f"{url}/pdf").status_code == status, role


def test_the_database_keeps_what_was_frozen(reports):
    for change in (
        "update app.briefing set snapshot = '{}', snapshot_sha256 = repeat('0', 64)",
        "update app.briefing set state = 'DRAFT'",
        "update app.briefing_entry set body = 'Another sentence'",
        "delete from app.briefing_file",
    ):
        with pytest.raises(DBAPIError):
            _run(reports, change)


def _run(reports: Reports, statement: str) -> None:
    with reports.ground.db.begin(building.BUILD) as session:
        session.execute(text(statement))


def test_a_recalled_report_says_so_and_another_takes_its_place(reports):
    lead = reports.ground.as_("cs_lead")
    reason = "Synthetic: a place was named too early."
    assert send(lead, f"/briefings/{reports.ref}/recall", reason="x").status_code == 422
    assert send(lead, f"/briefings/{reports.ref}/recall", reason=reason).status_code == 303
    assert reason in reports.get("vca_member", f"/briefings/{reports.ref}").text
    for file in ("tables/T3a.csv", "tables.xlsx", "tables.zip", "pdf"):
        assert reports.get("vca_member", f"/briefings/{reports.ref}/{file}").status_code == 404
    assert printed(reports) == [reports.ref]
    _, top = tagged.read(reports.get("vca_member", f"/briefings/{reports.ref}/pdf").content)
    assert reason in top.words
    again = reports.begin()
    query = "select replaces_id is not null from app.briefing where ref = %s"
    assert reports.ground.rows(query, again) == [(True,)]
    for said, message in (
        ({"voice_1": ""}, checks.K8),
        ({"change_2": ""}, checks.K7_CHANGES),
        ({"ask_1": "Write to someone@example.org."},
         checks.K3.format(page=1, field="an e-mail address")),
        ({"ask_1": "Ask about CH-7K2-Q4MT."},
         checks.K3.format(page=1, field="the reference of a child")),
        ({"ask_1": "It was a lifestyle choice."}, checks.K4.format(page=1)),
    ):  # fmt: skip
        reports.write(again, **said)
        assert message in reports.facts(again)[1], said


def test_a_place_that_closed_after_the_check_stops_the_signature(reports):
    lead = reports.ground.as_("cs_lead")
    query = "select ref from app.briefing where state = 'DRAFT'"
    ((ref,),) = reports.ground.rows(query)
    named = reports.place("Synthetic riverside", "PUBLIC_REALM", "H0")
    reports.write(ref)
    assert reports.facts(ref)[:2] == ("CHECKED", [])
    assert "Synthetic riverside" in reports.get("cs_lead", f"/briefings/{ref}/pages/2").text
    with reports.ground.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update app.place set state = 'CLOSED' where ref = %s", (named,))
    refused = send(lead, f"/briefings/{ref}/sign")
    assert refused.status_code == 422
    assert checks.K5.format(ref=named) in refused.text
    reports.write(ref)
    assert "Synthetic riverside" not in reports.get("cs_lead", f"/briefings/{ref}/pages/2").text
    assert send(lead, f"/briefings/{ref}/sign").status_code == 303
