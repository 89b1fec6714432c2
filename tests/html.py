"""A strict reader of our own pages: what a forgiving browser would mend in silence is told."""

import re
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
FLOW_IN_P = {"div", "dl", "fieldset", "form", "h1", "h2", "h3", "ol", "p", "table", "ul", "details"}
POINTERS = ("for", "aria-describedby", "aria-controls", "aria-labelledby")
ONCE = {"html", "head", "body", "title", "main", "h1"}
BARE = {"a", "button"}  # neither holds another of these


def timeless(answer):
    """Text of a page without the minute that its frame tells: it may change between two."""
    return re.sub(r"Last updated [^<]*", "", answer.text)


class Reader(HTMLParser):
    """Complaints with their line; none for a well-formed page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.complaints: list[str] = []
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.pointed: list[tuple[str, str]] = []
        self.seen: list[str] = []

    def wrong(self, words: str) -> None:
        self.complaints.append(f"line {self.getpos()[0]}: {words}")

    def handle_starttag(self, tag, attrs) -> None:
        said = dict(attrs)
        if len(said) < len(attrs):
            self.wrong(f"<{tag}> has an attribute twice")
        self._named(said)
        self._placed(tag)
        if (tag == "img" or said.get("type") == "image") and not said.get("alt"):
            self.wrong(f"<{tag}> without alt")
        if "svg" not in self.open:  # a drawing has a title of its own
            self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def _named(self, said) -> None:
        """Each id once, and what points at one is looked up in the end."""
        name = said.get("id", "one")
        if name in self.ids or not name or " " in name:
            self.wrong(f"id {name!r} is wrong or there twice")
        self.ids |= {name} if "id" in said else set()
        self.pointed += [(n, each) for n in POINTERS if n in said for each in said[n].split()]
        if re.match("#.", said.get("href") or ""):
            self.pointed.append(("href", said["href"][1:]))

    def _placed(self, tag) -> None:
        """Inside what may hold it."""
        if "p" in self.open and tag in FLOW_IN_P:
            self.wrong(f"<{tag}> inside <p>")
        if tag in BARE and BARE & set(self.open):
            self.wrong(f"<{tag}> inside {BARE & set(self.open)}")
        if tag == "li" and self.open[-1] not in {"ul", "ol"}:
            self.wrong(f"<li> inside <{self.open[-1]}>")

    def handle_startendtag(self, tag, attrs) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag) -> None:
        if not self.open or self.open[-1] != tag:
            self.wrong(f"</{tag}> where {self.open[-1:]} is open")
        else:
            self.open.pop()

    def handle_data(self, data) -> None:
        if "&" in data:
            self.wrong("a bare &")


def complaints(page: str) -> list[str]:
    """What is wrong with a whole page."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    found = reader.complaints
    found += [f"<{tag}> is left open" for tag in reader.open]
    found += [f"{n} points at {to}" for n, to in reader.pointed if to not in reader.ids]
    found += [f"{reader.seen.count(t)} of <{t}>" for t in sorted(ONCE) if reader.seen.count(t) != 1]
    return found if page.startswith("<!DOCTYPE html>") else [*found, "no doctype"]
