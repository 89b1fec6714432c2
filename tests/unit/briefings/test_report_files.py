"""One snapshot, four kinds of file: each is read back, and all say the same."""

import csv
import hashlib
import io
import zipfile
from base64 import b64decode
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from app.briefings import checks, document, printing, products, sheets
from app.briefings.strays import strays, text_of_html
from app.core import pdf, svg
from app.core.errors import AppError
from tests import tagged
from tests.html import complaints
from tests.report_snapshot import briefing, snapshot
from tests.report_snapshot import whole as full

FORMULA = "=Café, \u201cRiver\u201d"
MADE = snapshot()
BRIEFING = briefing(MADE)
WHOLE = printing.whole(MADE, BRIEFING).decode()
PDF = printing.as_pdf(MADE, BRIEFING)
FILE, TOP = tagged.read(PDF.body)


class Page(HTMLParser):
    """Words by the element they stand in, rows of tables, pictures."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.pictures: list[tuple[str, str]] = []
        self.feed(words)

    def handle_starttag(self, tag, attrs) -> None:
        said = dict(attrs)
        if tag == "img":
            self.pictures.append((said["alt"], said["src"]))
        elif tag not in {"meta", "link"}:
            self.open.append(tag)
            self.words.append((tag, ""))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag) -> None:
        self.open.pop()

    def handle_data(self, data) -> None:
        if not self.open:
            return
        self.words.append((self.open[-1], " ".join(data.split())))
        if self.open[-1] in {"th", "td"}:
            self.tables[-1][-1][-1] += data

    def of(self, *tags: str) -> Counter[str]:
        return Counter(words for tag, words in self.words if tag in tags and words)


HTML = Page(WHOLE)


def cells(node) -> list[list[str]]:
    return [[cell.words for cell in row.all("TH", "TD")] for row in node.all("TR")]


def test_the_page_is_well_formed_and_the_pdf_is_tagged_titled_and_in_a_language():
    root = FILE.trailer["/Root"]
    assert complaints(WHOLE) == []
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert FILE.metadata.title == MADE["title"]
    assert b"pdfuaid" in FILE.trailer["/Root"]["/Metadata"].get_data()
    assert [one.title for one in FILE.outline if not isinstance(one, list)] == [
        page["title"] for page in MADE["pages"]
    ]  # fmt: skip


def test_headings_are_in_order_and_tables_and_figures_carry_what_a_listener_needs():
    levels = [int(node.tag[1]) for node in TOP.all("H1", "H2", "H3")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    figures = list(TOP.all("Figure"))
    assert [node.alt for node in figures] == [alt for alt, _ in HTML.pictures] != []
    for node in TOP.all("Table"):
        first, *rest = node.all("TR")
        assert {(cell.tag, cell.scope) for cell in first.below} == {("TH", "/Column")}
        assert rest


def test_each_page_says_its_marking_its_hash_and_its_number():
    said = [page.extract_text() for page in FILE.pages]
    foot = f"{BRIEFING.ref} · {BRIEFING.snapshot_sha256[:12]}"
    for n, text in enumerate(said, 1):
        assert text.count(MADE["marking"]) == 2
        assert foot in text
        assert f"page {n} of {len(said)}" in text


def test_the_pdf_has_each_sentence_title_and_table_of_the_page():
    tables = [[["", *one["columns"]], *([name, *shown] for name, shown in one["rows"])]
              for one in document.tables(MADE)]  # fmt: skip
    assert [cells(node) for node in TOP.all("Table")] == HTML.tables == tables
    printed = Counter(node.words for node in TOP.all("P")) - Counter([""])
    assert printed == HTML.of("p") - Counter(
        {MADE["marking"]: 1, f"{MADE['marking']} · {BRIEFING.ref} · "
         f"{BRIEFING.snapshot_sha256[:12]}": 1}
    )  # fmt: skip
    titles = [node.words for node in TOP.all("Title", "H1", "H2", "Caption")]
    seen = HTML.of("h1", "h2", "caption", "figcaption")
    assert Counter(titles).keys() == seen.keys()


def test_the_picture_is_the_same_in_both_and_shows_the_numbers_of_its_table():
    chart = MADE["pages"][1]["blocks"][1]
    (alt, source), = HTML.pictures  # fmt: skip
    assert b64decode(source.removeprefix(document.SVG)).decode() == svg.standalone(chart["svg"])
    said = [node.text for node in ET.fromstring(chart["svg"]).iter() if node.text]  # noqa: S314
    shown = [row[0] for _, row in chart["rows"]]
    assert [text for text in said if text in shown] == shown
    assert [pair.split(": ")[1] for pair in alt.split(". ")[1].split("; ")] == shown
    assert set(shown) <= set(FILE.pages[1].extract_text().split("\n"))


def test_a_kept_picture_does_not_look_like_an_address_to_the_check_of_personal_data():
    kept = MADE["pages"][1]["blocks"][1]["svg"]
    assert [name for name, pattern in checks.PERSONAL if pattern.search(kept)] == []


def test_the_same_snapshot_gives_the_same_bytes_and_another_day_of_reading_changes_nothing():
    again = printing.as_pdf(snapshot(), briefing(snapshot()))
    assert (again.body, again.sha256) == (PDF.body, hashlib.sha256(PDF.body).hexdigest())
    assert sheets.as_xlsx(MADE, BRIEFING) == sheets.as_xlsx(MADE, BRIEFING)
    assert FILE.metadata.creation_date == BRIEFING.cut_at


def aloud(node) -> str:
    """As it is read: of a figure its alternative, since its pieces lie where they are drawn."""
    if node.tag == "Figure":
        return node.alt
    return " ".join([node.own, *map(aloud, node.below)])


def test_each_number_of_the_pdf_and_of_the_workbook_stands_where_the_snapshot_has_it():
    also = [*products.wording(MADE, BRIEFING), "Signs"]
    body = next(node for node in TOP.all("Document"))
    words = " ".join(aloud(one) for one in body.below if one.tag != "TOC")
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx(MADE, BRIEFING)))
    for sheet in book:
        rows = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
        assert strays(" ".join(rows), MADE, also) == [], sheet.title
    assert strays(words, MADE, also) == []
    words = " ".join(words.split())
    assert "All 60" in words
    assert strays(words.replace("All 60", "All 65"), MADE, also) == ["65"]


def test_a_report_that_cannot_be_printed_is_not_signed():
    made = snapshot()
    made["pages"][0]["blocks"][0]["lines"] = ["Better light \U0001f600"]
    (problem,) = products.unprintable(made, briefing(made))
    assert (problem["stops"], "smiley" in problem["words"]) == ("yes", True)
    assert products.unprintable(MADE, BRIEFING) == []


def test_a_long_list_is_printed_by_band_and_a_merged_group_by_its_sign_with_no_cell_lost():
    made = full()
    page = printing.whole(made, briefing(made)).decode()
    html = Page(page)
    _, top = tagged.read(printing.as_pdf(made, briefing(made)).body)
    assert complaints(page) == []
    assert [cells(node) for node in top.all("Table")] == html.tables

    listed, merged = document.block(made, "T2c"), document.block(made, "T3b")
    ((_, *printed),) = [one for one in html.tables if one[0] == ["", "Places"]]
    assert [band for band, _ in printed] == [
        "8 to 17",
        "1 to 7",
        "none recorded or too few sources",
    ]
    assert [[name, [band]] for band, names in printed for name in names.split("; ")] == (
        listed["rows"]
    )  # fmt: skip
    assert [["Parks and open space", "&", "10"], ["Online", "&", "15"]] in [
        table[1:3] for table in html.tables
    ]
    note = "In Kingston, & is counted in Parks and open space + Online."
    assert [note in words for words in html.of("p")].count(True) == 1
    for one in (listed, merged):
        rows = of_csv(sheets.as_csv(one, made, briefing(made)))[1:]
        assert [row[0] for row in rows[: len(one["rows"])]] == [name for name, _ in one["rows"]]


def test_a_changed_number_of_a_long_list_is_found_on_the_page():
    made = full()
    also = products.wording(made, briefing(made))
    said = text_of_html(printing.whole(made, briefing(made)).decode())
    assert strays(said, made, also) == []
    assert strays(said.replace("place 7;", "place 77;"), made, also)
    assert strays(said.replace("8 to 17", "8 to 18"), made, also)


def test_one_changed_number_is_another_file():
    made = snapshot()
    made["pages"][1]["blocks"][0]["rows"][2][1][0] = "65"
    _, other = tagged.read(printing.as_pdf(made, briefing(made)).body)
    assert [cells(node) for node in other.all("Table")] != HTML.tables


def of_csv(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_the_workbook_and_the_csv_files_have_the_cells_of_the_page_and_no_formula():
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx(MADE, BRIEFING)))
    found = document.tables(MADE)
    assert book.sheetnames == [one["id"] for one in found]
    signs = {"1 to 7": "*", "not shown": "-", FORMULA: f"'{FORMULA}", "-5": "'-5"}
    with zipfile.ZipFile(io.BytesIO(sheets.as_zip(MADE, BRIEFING))) as parts:
        assert len(of_csv(parts.read("metadata.csv"))) == len(found) + 1
        for one, table in zip(found, HTML.tables, strict=True):
            rows = of_csv(parts.read(f"vca-2026-Q1-{one['id']}.csv"))
            assert rows == of_csv(sheets.as_csv(one, MADE, BRIEFING))
            assert rows[: len(table)] == [[signs.get(cell, cell) for cell in row] for row in table]
            sheet = list(book[one["id"]].iter_rows())
            assert {cell.data_type for row in sheet for cell in row} <= {"s", "n", "inlineStr"}
            width = len(table[0])
            assert [["" if c.value is None else str(c.value) for c in row][:width]
                    for row in sheet] == [(row + [""] * width)[:width] for row in rows]  # fmt: skip


@pytest.mark.parametrize(
    ("differs", "banner"),
    [
        ({"state": "CHECKED"}, "Checked, waits for signatures."),
        ({"state": "RECALLED", "recalled_at": BRIEFING.cut_at,
          "recalled_reason": "Synthetic: a place was named too early."},
         "Recalled on 17 April 2026: Synthetic: a place was named too early."),
    ],
)  # fmt: skip
def test_what_is_not_to_be_relied_on_says_so_on_each_page(differs, banner):
    other = briefing(MADE, **differs)
    file, _ = tagged.read(printing.as_pdf(MADE, other).body)
    assert all(banner in " ".join(page.extract_text().split()) for page in file.pages)
    assert banner in printing.whole(MADE, other).decode()
    assert banner not in WHOLE


def test_what_was_decided_is_printed_and_a_letter_without_a_shape_is_told():
    tabled = briefing(MADE, state="TABLED", decisions='{"decisions": ["Agreed: light."]}')
    _, top = tagged.read(printing.as_pdf(MADE, tabled).body)
    assert "Agreed: light." in [node.words for node in top.all("P")]
    told = document.document(MADE, BRIEFING) | {"lines": ["\U0001f600"]}
    with pytest.raises(AppError, match="could not be made"):
        pdf.made(told, at=BRIEFING.cut_at)
    with pytest.raises(AppError):
        pdf.made(told | {"lines": [], "title": ""}, at=BRIEFING.cut_at)
