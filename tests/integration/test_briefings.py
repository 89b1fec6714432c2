"""The quarterly report: built from records and released numbers, checked, frozen by two people."""

import json
import re
from dataclasses import dataclass
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.briefings import building, checks, printing, queries
from app.core.ids import new_id, new_reference
from app.releases import rules as periods
from tests import tagged
from tests.databases import cloned
from tests.people import HTML, KINGSTON, RICHMOND, send
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
MEETING = """
    insert into app.meeting (id, ref, agency_code, purpose_code, created_by, updated_by, kind,
        held_at, state, is_synthetic)
    values (%s, %s, 'AFC', 'VCA_BRIEFING', %s, %s, 'VCA', '2026-05-06', 'HELD', true)
"""


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


def test_a_report_goes_from_draft_to_tabled_and_only_then_is_read(reports):
    lead, auditor = reports.ground.as_("cs_lead"), reports.ground.as_("auditor")
    ref = reports.begin()
    assert "A briefing of this quarter" not in reports.get("cs_lead", "/briefings").text
    assert send(lead, "/briefings", period=QUARTER).status_code == 422
    building.check(reports.ground.db, ref, BOROUGHS)
    assert reports.facts(ref)[:2] == ("DRAFT", [checks.K7_CHANGES, checks.K8])
    for role, status in (("vca_member", 404), ("partner", 403), ("practitioner", 404),
                         ("auditor", 404), ("administrator", 403)):  # fmt: skip
        assert reports.get(role, f"/briefings/{ref}").status_code == status, role

    assert reports.write(ref).status_code == 303
    state, problems, _ = reports.facts(ref)
    assert (state, problems) == ("CHECKED", [])
    assert reports.get("vca_member", f"/briefings/{ref}").status_code == 404
    assert reports.get("auditor", f"/briefings/{ref}").status_code == 200
    assert "A lead signs first." in send(auditor, f"/briefings/{ref}/sign").text
    assert send(lead, f"/briefings/{ref}/sign").status_code == 303
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
    with reports.ground.db.read(building.BUILD) as session:
        briefing = queries.find(session, ref)
        release = building.releases.approved(session, QUARTER)
        found = building._found(session, briefing, release, BOROUGHS)
        again, _ = building.snapshot(session, found)
        assert building.canonical(again) == frozen
        assert printing.whole(json.loads(briefing.snapshot), briefing) == before
    assert building.canonical(made) == frozen


def test_every_number_on_a_page_is_in_the_snapshot(reports):
    page = reports.get("vca_member", f"/briefings/{reports.ref}/whole").text
    made = json.loads(reports.ground.rows("select snapshot from app.briefing")[0][0])
    body = re.sub(r"<(svg|style|head)\b.*?</\1>", " ", page[page.index("<main") :], flags=re.S)
    printed = unescape(re.sub(r"<[^>]*>", " ", body)).replace(reports.ref, "")
    printed = re.sub(r"\b[0-9a-f]{12,64}\b", "", printed)
    assert checks.strays(printed, made) == []
    assert checks.strays(printed + " 987", made) == ["987"]


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
    made = json.loads(reports.ground.rows("select snapshot from app.briefing")[0][0])
    _, top = tagged.read(file.content)
    words = re.sub(r"hash [0-9a-f]{64}", "", top.words.replace(reports.ref, ""))
    toc = "".join(node.words for node in top.all("TOC"))
    assert checks.strays(words.replace(toc, ""), made) == []
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
