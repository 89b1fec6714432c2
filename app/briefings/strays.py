"""K1 for finished products: each number of a page or file stands where the snapshot has it. Pure.

`strays(text_of_product, snapshot)` takes the text of any product (of a PDF, a workbook, a CSV;
`text_of_html` makes it of a page) and returns the numbers that do not belong. A number belongs
when it is part of a whole row, title, note, sentence or picture text of the snapshot, in that
order of words, below the title of its own table. So one changed digit is found, also where the new
number stands somewhere else in the report. What a template adds is given as `wording`.
"""

import re
from base64 import b64decode
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.briefings.aloud import aloud
from app.briefings.models import Json

# References, hashes and page numbers of a footer: no counts.
OWN = re.compile(
    r"\b(?:BR-[0-9A-Z]{3}-[0-9A-Z]{4}|[0-9a-f]{12,64}|page \d+ of \d+)\b", re.IGNORECASE
)
WORDING = ("Here * stands for 1 to 7, and - for not shown.",)
SIGNS = {"1 to 7": "*", "not shown": "-"}
DRAWN = "data:image/svg+xml;base64,"
READ_ALOUD = frozenset({"alt", "aria-label", "aria-description", "title", "summary"})
UNSEEN = frozenset({"style", "script", "template"})
BETWEEN = "|"
ENOUGH_LETTERS = 8


def strays(text_of_product: str, snapshot: Json, wording: Sequence[str] = ()) -> list[str]:
    """Numbers of a product that are not where the snapshot has them; empty when all are.

    >>> told = {"kind": "table", "id": "T1", "title": "Harm", "columns": ["All"],
    ...         "rows": [["Theft", ["10"]], ["Fraud", ["15"]]]}
    >>> made = {"pages": [{"number": 1, "title": "One", "blocks": [told]}]}
    >>> strays("Harm. Theft 10, Fraud 15", made), strays("Harm. Theft 15, Fraud 15", made)
    ([], ['15'])
    """
    stream = Stream.of(OWN.sub(" ", text_of_product))
    for said in (*WORDING, *wording, *_anywhere(snapshot)):
        stream.cover(said)
    blocks = [b for page in snapshot["pages"] for b in page["blocks"] if b["kind"] != "text"]
    owners = Owners.of(stream, [block["title"] for block in blocks])
    for block in blocks:
        for said in dict.fromkeys((*_of_block(block), *_of_block(aloud(block)))):
            stream.cover(said, owners, block["title"])
    return stream.uncovered()


def text_of_html(page: str) -> str:
    """What is seen of a page or read aloud, with the texts of its pictures, each on its own line.

    On one line, the numbers of neighbouring wards would read as those of a telephone.

    >>> text_of_html('<p>10<svg aria-label="Bar: 15"><text>15</text></svg></p>').split()
    ['10', 'Bar:', '15', '15']
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return " \n".join(reader.said)


@dataclass(slots=True)
class Stream:
    """The letters and digits of a text, and where its numbers are."""

    letters: str
    numbers: list[tuple[int, int]] = field(default_factory=list)
    covered: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> "Stream":
        letters = plain(text)
        return cls(letters, [match.span() for match in re.finditer(r"\d+", letters)])

    def cover(self, said: str, owners: "Owners | None" = None, title: str = "") -> None:
        """Mark the numbers in each place where this is said, below the title if one is given."""
        wanted = plain(said)
        if not re.search(r"\d", wanted):
            return
        at = self.letters.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            whole = not (self._digit(at - 1, at) or self._digit(end - 1, end))
            if whole and (owners is None or owners.at(at) == plain(title)):
                self._mark(at, end)
            at = self.letters.find(wanted, at + 1)

    def uncovered(self) -> list[str]:
        return [self.letters[a:b] for n, (a, b) in enumerate(self.numbers) if n not in self.covered]

    def _digit(self, first: int, second: int) -> bool:
        """Whether a number goes on from one place to the next."""
        if first < 0 or second >= len(self.letters):
            return False
        return self.letters[first].isdecimal() and self.letters[second].isdecimal()

    def _mark(self, begin: int, end: int) -> None:
        n = bisect_right(self.numbers, (begin, -1))
        while n < len(self.numbers) and self.numbers[n][1] <= end:
            self.covered.add(n)
            n += 1


@dataclass(frozen=True, slots=True)
class Owners:
    """Which table a place of the text belongs to: the one whose title was last."""

    starts: list[int]
    titles: list[str]

    @classmethod
    def of(cls, stream: Stream, titles: Iterable[str]) -> "Owners":
        found: dict[int, str] = {}
        for title in {plain(one) for one in titles}:
            at = stream.letters.find(title)
            while at >= 0:
                found[at] = max(found.get(at, ""), title, key=len)
                at = stream.letters.find(title, at + 1)
        starts = sorted(found)
        return cls(starts, [found[at] for at in starts])

    def at(self, place: int) -> str | None:
        """Above the first title stand the rows of a file that names itself below them."""
        if not self.titles:
            return None
        return self.titles[max(0, bisect_right(self.starts, place) - 1)]


def plain(text: str) -> str:
    """Letters and digits alone; what lies between two numbers is one sign.

    >>> plain("Kingston, 10 | 1 to 7"), plain("15,400")
    ('kingston10|1to7', '15|400')
    """
    joined = re.sub(r"(?<=\d)[\W_]+(?=\d)", BETWEEN, text.lower())
    return re.sub(r"(?:(?!\|)[\W_])+|(?<!\d)\|+|\|+(?!\d)", "", joined)


def _anywhere(made: Json) -> Iterator[str]:
    """What stands on a cover, in a heading or in a footer, and the sentences that people wrote."""
    yield from (made.get("title", ""), made.get("coverage", ""))
    words, known_on = made.get("words", ""), made.get("known_on", "")
    yield from (f"{words}, as known on {known_on}", f"As known on {known_on}", f"Period {words}")
    yield from (f"Known on {known_on}", f"Release {made.get('release', '')}")
    yield from (f"vca-{made.get('period', '')}", f"Half-year {made.get('half_year', '')}")
    for page in made["pages"]:
        yield f"{page['number']} {page['title']}"
        yield from (f"Page {page['number']}", f"{page['title']} {page['number']}")
        for block in page["blocks"]:
            if block["kind"] == "text":
                yield from _sentences(block)


def _sentences(block: Json) -> Iterator[str]:
    """A line of a few letters belongs only right below its heading."""
    yield block["title"]
    for line in (*block["lines"], block["empty"]):
        short = sum(letter.isalpha() for letter in line) < ENOUGH_LETTERS
        yield f"{block['title']} {line}" if short else line


def _of_block(block: Json) -> Iterator[str]:
    yield from (block["title"], f"{block.get('id', '')}: {block['title']}")
    for name in ("note", "verdict", "empty", "alt", "legend"):
        yield block.get(name) or ""
    columns = block.get("columns", [])
    yield from (" ".join(columns), *columns)
    for name, shown in block.get("rows", []):
        yield " ".join([name, *shown])
        yield " ".join([name, *(SIGNS.get(one, one) for one in shown)])
    if block.get("svg"):
        yield text_of_html(block["svg"])


class _Reader(HTMLParser):
    """Texts and the attributes that are read aloud, in the order of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        for name, value in attrs:
            if value and (name in READ_ALOUD or name.startswith("data-")):
                self.said.append(value)
            elif value and name == "src" and value.startswith(DRAWN):
                self.said.append(text_of_html(b64decode(value.removeprefix(DRAWN)).decode()))

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)
