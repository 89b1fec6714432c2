"""Numbers of frozen reports: in every product (D12), at every address (D7), and again (D11).

CONTEXTMAP_LONG_TESTS=1 builds 50 reports, sends 10,000 requests, and each of ten 600 times.
"""

import csv
import hashlib
import io
import json
import os
import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import openpyxl
import pytest

from app.briefings import building, printing, products, queries, sheets
from app.briefings.strays import Stream, strays, text_of_html
from app.releases import rules
from tests import release_year, tagged
from tests.databases import cloned
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.releases import Ground

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
REPORTS, REQUESTS, REPEATS = (50, 10_000, 600) if LONG else (2, 250, 3)
NEWEST = f"{release_year.YEAR}-Q4"
BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
WORDS = {
    "change_1": "Youth workers are at the riverside on Friday evenings.",
    "change_2": "The car park has light again.",
    "change_3": "Two schools changed the time of their buses.",
    "ask_1": "Agree money for a safe space near the station.",
    "voice_1": "Children said that they are moved on where they feel safe.",
    "silent_1": "Nobody was asked to report this quarter.",
}
TABLES = ("T3a", "T5", "C4-1", "T9a", "A1", "T99", "x", "'")
PATHS = ("", "/whole", "/pdf", "/tables.xlsx", "/tables.zip", "/write", "/sign", "/cells", "/pages")
FILTERS = ("borough=E09000021", "from=2025-01-01", "print=all", "print=1", "screen=1", "n=1")


@dataclass
class Frozen:
    ground: Ground
    refs: list[str]

    def made(self, ref: str) -> tuple[Any, Any, list[str]]:
        with self.ground.db.read(building.BUILD) as session:
            briefing = queries.find(session, ref)
            made = json.loads(briefing.snapshot)
            session.expunge_all()
            return briefing, made, products.wording(made, briefing)

    def get(self, role: str, path: str) -> Any:
        return self.ground.as_(role).get(path, headers=HTML)


def freeze(ground: Ground, period: str) -> str:
    """Approved, with the half-year that it ends; the report of it signed by two."""
    ground.approve(period)
    window = rules.window(period)
    half = f"{period[:4]}-H{(window.first.month + 5) // 6}"
    parts = rules.parts(rules.window(half))
    approved = "select count(*) from app.release where state = 'APPROVED' and period = any (%s)"
    if ground.rows(approved, list(parts)) == [(2,)]:
        ground.approve(half)
    lead, auditor = ground.as_("cs_lead"), ground.as_("auditor")
    ref = send(lead, "/briefings", period=period).headers["location"].split("/")[2]
    assert send(lead, f"/briefings/{ref}/write", **WORDS).status_code == 303
    building.check(ground.db, ref, BOROUGHS)
    for person in (lead, auditor):
        assert send(person, f"/briefings/{ref}/sign").status_code == 303, ref
    printing.keep_pdf(ground.db, ref)
    return ref


@pytest.fixture(scope="module")
def frozen(cluster, template, settings):
    """The last quarters of a year with wards, places, children; before it plainer ones."""
    windows = [rules.window(NEWEST)]
    while len(windows) < REPORTS:
        windows.append(windows[-1].before)
    with cloned(cluster, template, "report_numbers") as db:
        ground = Ground(db, settings)
        release_year.lived(ground, 300)
        for seed, window in enumerate(windows):
            if window.first.year != release_year.YEAR:
                ground.fill(40 + 53 * seed % 400, seed, window.first)
        yield Frozen(ground, [freeze(ground, one.period) for one in reversed(windows)])


def texts(path: str, answer: Any) -> Iterator[str]:
    """What can be read in an answer, part by part."""
    kind, body = answer.headers["content-type"], answer.content
    if kind == "application/pdf":
        _, top = tagged.read(body)
        words = top.words
        for node in top.all("TOC", "Figure"):
            words = words.replace(node.words, "", 1)
        yield from (words, " \n".join(node.alt or "" for node in top.all("Figure")))
    elif kind == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as files:
            names = [name for name in files.namelist() if name != "metadata.csv"]
            yield from (files.read(name).decode() for name in names)
    elif kind.startswith("application/"):
        for sheet in openpyxl.load_workbook(io.BytesIO(body)):
            cells = [v for row in sheet.iter_rows(values_only=True) for v in row]
            yield " ".join(str(one) for one in cells if one is not None)
    elif kind.startswith("text/csv"):
        yield body.decode()
    else:
        yield text_of_html(main(path, body).decode())


def listed(answer: Any, made: Any) -> None:
    """The list of files says of each table what the snapshot says, and nothing else."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        told = files.read("metadata.csv").decode("utf-8-sig")
    blocks = {one["id"]: one for page in made["pages"] for one in page["blocks"] if "id" in one}
    for row in csv.DictReader(io.StringIO(told)):
        block = blocks[row["table"]]
        assert (row["title"], row["source"]) == (block["title"], block["source"])
        assert row["note"] == (block.get("note") or rules.NOTE)
        assert [row[name] for name in ("period", "known_on", "release")] == [
            made["words"], made["known_on"], made["release"]
        ]  # fmt: skip


def pictures(answer: Any, made: Any) -> None:
    """A picture in a PDF is drawn text by text, with no space between: the same as in the page."""
    drawn = [block["svg"] for page in made["pages"] for block in page["blocks"] if block.get("svg")]
    told = {joined(unescape("".join(re.findall(r"<text[^>]*>(.*?)</text>", svg)))) for svg in drawn}
    _, top = tagged.read(answer.content)
    assert {joined(node.words) for node in top.all("Figure")} == told


def joined(words: str) -> str:
    return re.sub(r"[\W_]", "", words)


def main(path: str, body: bytes) -> bytes:
    """Around it stands how long the session lasts; what is to be printed has nothing around."""
    alone = path.endswith(("/whole", "print=all"))
    return body if alone else body[body.index(b"<main") : body.index(b"</main>")]


def read(frozen: Frozen, ref: str, path: str, answer: Any) -> int:
    """How many numbers an answer holds: all of them are where the snapshot has them."""
    briefing, made, also = frozen.made(ref)
    days = [f"{at:%-d %b %Y}" for at in (briefing.lead_at, briefing.auditor_at)]
    signed = "By a lead on {}, by an auditor on {}".format(*days)
    found = 0
    kind = answer.headers["content-type"]
    if kind == "application/pdf":
        pictures(answer, made)
    elif kind == "application/zip":
        listed(answer, made)
    for told in texts(path, answer):
        assert strays(told, made, [*also, signed]) == [], (ref, path)
        found += len(Stream.of(told).numbers)
    return found


def test_every_number_of_every_product_is_where_the_snapshot_has_it(frozen):
    """D12: pages, pictures and their texts, PDF, workbook and files."""
    found: Counter[str] = Counter()
    for ref in frozen.refs:
        _, made, _ = frozen.made(ref)
        pages = [f"pages/{page['number']}" for page in made["pages"]]
        for name in ("whole", *pages, "pdf", "tables.xlsx", "tables.zip"):
            answer = frozen.get("vca_member", f"/briefings/{ref}/{name}")
            assert answer.status_code == 200, (ref, name)
            found[name.split("/")[0]] += read(frozen, ref, f"/{name}", answer)

    print(f"D12: {len(frozen.refs)} reports, numbers read: {dict(found)}")
    assert set(found) == {"whole", "pages", "pdf", "tables.xlsx", "tables.zip"}
    assert min(found.values()) > 100 * len(frozen.refs)


def test_a_number_that_does_not_belong_would_be_found(frozen):
    ref = frozen.refs[-1]
    briefing, made, also = frozen.made(ref)
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx(made, briefing)))

    assert book.sheetnames
    page = frozen.get("vca_member", f"/briefings/{ref}/pages/3").text
    wrong = text_of_html(main("", page.replace("<h1", "<p>987</p><h1", 1).encode()).decode())
    assert strays(wrong, made, also) == ["987"]


def address(chance: random.Random, refs: list[str]) -> tuple[str, str]:
    """As somebody would try them: other pages, tables, filters, half-hidden drafts."""
    ref = chance.choice([*refs, refs[-1], refs[-1], NEWEST, "BR-7K2-Q4MT", "*"])
    end = chance.choice([
        *PATHS,
        *(f"/pages/{chance.choice((*range(1, 12), 0, 12, -1, 'x'))}" for _ in range(3)),
        *(f"/tables/{chance.choice(TABLES)}{chance.choice(('.csv', '.csv', '', '.json'))}"
          for _ in range(3)),
    ])  # fmt: skip
    query = f"?{chance.choice(FILTERS)}" if chance.random() < 0.3 else ""
    return ref, f"/briefings/{ref}{end}{query}"


def test_no_address_of_a_report_gives_another_number(frozen):
    """D7: each answer is a part of a frozen report, or refused."""
    chance, answers, bodies = random.Random(7), Counter(), set()
    for _ in range(REQUESTS):
        role = chance.choice(("partner", "vca_member", "vca_member"))
        ref, path = address(chance, frozen.refs)
        answer = frozen.ground.as_(role).get(path, headers=HTML, follow_redirects=False)
        answers[answer.status_code] += 1
        if 400 <= answer.status_code < 500:
            continue
        assert answer.status_code == 200, (role, path, answer.status_code)
        html = answer.headers["content-type"].startswith("text/html")
        told = main(path, answer.content) if html else answer.content
        seen = hashlib.sha256(ref.encode() + told).digest()
        if seen not in bodies:
            assert read(frozen, ref, path, answer) > 0, path
            bodies.add(seen)

    print(f"D7: {REQUESTS} requests, {dict(answers)}, {len(bodies)} different answers")
    assert answers[200] > REQUESTS / 10
    assert answers[404] + answers[403] > REQUESTS / 10
    assert answers[422] > REQUESTS / 100


def test_asking_again_gives_the_same_bytes(frozen):
    """D11: nothing can be averaged."""
    url = f"/briefings/{frozen.refs[-1]}"
    ends = ("", "/whole", "/pages/3", "/pages/4", "/pages/5", "/pages/9", "/pdf", "/tables.xlsx",
            "/tables.zip", "/tables/T3a.csv")  # fmt: skip

    def told(path: str) -> bytes:
        answer = frozen.get("vca_member", path)
        assert answer.status_code == 200, path
        html = answer.headers["content-type"].startswith("text/html")
        return main(path, answer.content) if html else answer.content

    for end in ends:
        first = told(url + end)
        assert {told(url + end) for _ in range(REPEATS)} == {first}, end
    print(f"D11: {len(ends)} addresses, each {REPEATS} times again")
