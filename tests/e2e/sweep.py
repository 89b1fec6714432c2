"""Walks every page that a role may open, in a browser, and measures each one once."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.html import complaints
from tests.routes import READS, Route

SERVICES = ("Contextmap", "Tell us about a place")
MAP_REQUESTS = 35
FORM = ("/report/", "/sign-in", "/cookies")
AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Each value is a page of its own; a reference or a number is one more example of the same page.
APART = {"section", "what", "step", "which"}
NOT_PAGES = re.compile(
    r"\.(png|csv|json)$|/file$|^/(healthz|readyz|metrics|exit|account/stay)$|^/map/items$|/oidc|/tiles/|^/ogc/(api|c)"
)
ONE = re.compile(r"\{[a-z_]+\}")
FILE = 200_000

# What is measured inside the page: its words, its outline, and the shape of its elements.
LOOK = """() => {
  const lines = document.body.innerText.split('\\n').map(t => t.trim())
    .filter(t => t && !t.startsWith('Skip to '));
  const heads = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .filter(h => h.checkVisibility());
  const caption = document.querySelector('h1 [class*="govuk-caption"]');
  const h1 = document.querySelector('h1');
  const shape = [...document.body.querySelectorAll('*')].map(e => [e.tagName, e.className.baseVal
    ?? e.className, e.getAttribute('role'), e.type, e.hidden, e.hasAttribute('aria-label')].join());
  return {
    title: document.title,
    h1: h1 && h1.textContent.replace(caption ? caption.textContent : '', '').trim(),
    h1s: heads.filter(h => h.tagName === 'H1').length,
    levels: heads.map(h => Number(h.tagName[1])),
    first: lines[0], last: lines.at(-1),
    shape: [...new Set(shape)].join('|'),
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    unnamed: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
      .filter(e => !(e.labels && e.labels.length) && !e.ariaLabel &&
        !e.getAttribute('aria-labelledby')
        && e.type !== 'image').map(e => e.name),
    wide: document.documentElement.scrollWidth - window.innerWidth,
  };
}"""


# What a refused form owes: a title, a summary that has the focus, and links that lead to fields.
REFUSED = """() => {
  const wrong = [], summary = document.querySelector('.govuk-error-summary');
  if (!document.title.startsWith('Error: ')) wrong.push('the title does not say Error');
  if (!summary) return [...wrong, 'no summary'];
  if (document.activeElement !== summary) wrong.push('the summary has not the focus');
  const links = [...summary.querySelectorAll('a')];
  if (!links.length) wrong.push('the summary has no links');
  for (const link of links) {
    const to = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!to) wrong.push(`${link.hash} leads nowhere`);
    else if (!to.matches('input, select, textarea, button, fieldset, [tabindex]')
      && !to.querySelector('input, select, textarea')) wrong.push(`${link.hash} is no field`);
  }
  const said = new Set([...document.querySelectorAll('[aria-describedby]')]
    .flatMap(e => e.getAttribute('aria-describedby').split(' ')));
  for (const error of document.querySelectorAll('.govuk-error-message[id]'))
    if (!said.has(error.id)) wrong.push(`${error.id} describes nothing`);
  return wrong;
}"""


# A page that was made narrow is laid out anew by the second frame after it.
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
  done(document.documentElement.scrollWidth - window.innerWidth))))"""


@dataclass
class Load:
    """One page as one role saw it."""

    role: str
    key: str
    path: str
    status: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    led_to: str = ""
    asked: set[str] = field(default_factory=set)

    @property
    def elsewhere(self) -> bool:
        """It leads to a page that is judged under its own address."""
        return self.led_to != urlsplit(self.path).path

    @property
    def kb(self) -> float:
        return sum(self.sizes.values()) / 1000

    def line(self) -> str:
        return (
            f"{self.role:15} {self.status} {self.kb:7.1f} KB {self.requests:3} requests "
            f"{len(self.wrong)} wrong  {self.path}"
        )


def budgets(path: str) -> Iterator[tuple[str, int, int]]:
    """Name, KB and requests of the first view (KB of the page's own and of tiles and items)."""
    if urlsplit(path).path in {"/map", "/map/compare"}:
        yield "page", 200, MAP_REQUESTS
        yield "basemap", 200, MAP_REQUESTS
        yield "items", 30, MAP_REQUESTS
    elif path.startswith("/report"):
        yield "page", 40, 8
    else:
        yield "page", 80, 12


def part_of(url: str) -> str:
    path = urlsplit(url).path
    if path.startswith("/basemap/") or path == "/map/picture.png":  # drawn there, ground and all
        return "basemap"
    return "items" if path == "/map/items" else "page"


class Walker:
    """One role at one browser; every address is opened once and judged whole.

    `judged` holds the shapes of pages that axe has seen; without it axe is not asked.
    """

    def __init__(
        self, context, base: str, role: str, marking: str, judged: set[str] | None
    ) -> None:
        self.context, self.base, self.role = context, base, role
        self.marking, self.judged = marking, judged
        self.page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda e: self._wrong(f"script: {e}"))
        self.page.on("request", self._asked)
        self.wire = context.new_cdp_session(self.page)
        self.wire.send("Network.enable")
        self.wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.wire.on("Network.responseReceived", self._answered)
        self.wire.on("Network.loadingFinished", self._finished)
        self.now = Load(role, "", "")
        self.urls: dict[str, str] = {}

    def open(self, key: str, path: str) -> tuple[Load, list[str]]:
        self.now, self.urls = Load(self.role, key, path), {}
        answer = self.page.goto(self.base + path, wait_until="load")
        if urlsplit(path).path == "/map":
            self.page.locator("#map-status", has_text="wide").wait_for()
        self.now.status = answer.status if answer else 0
        self.now.led_to = urlsplit(self.page.url).path
        is_page = answer is not None and "text/html" in answer.headers.get("content-type", "")
        if not is_page or self.now.elsewhere:
            self.now.wrong.clear()
            return self.now, []
        return self.now, self._judge(answer.text())

    def send_empty(self, path: str) -> Load:
        """The form of a page with nothing filled in: the same page, and what is wrong with it."""
        self.page.goto(self.base + path, wait_until="load")
        self.now, self.urls = Load(self.role, f"{path} refused", path), {}
        form = self.page.locator("main form[method=post]").last
        with self.page.expect_navigation() as answered:
            form.locator("button:not([type=button])").first.click()
        answer = answered.value
        self.now.status = answer.status
        self.now.led_to = urlsplit(self.page.url).path
        self._judge(answer.text())
        self.now.wrong += self.page.evaluate(REFUSED)
        return self.now

    def _judge(self, source: str) -> list[str]:
        seen = self.page.evaluate(LOOK)
        for words in complaints(source):
            self._wrong(f"html: {words}")
        if seen["h1s"] != 1:
            self._wrong(f"{seen['h1s']} headings of the first level")
        told = seen["title"].removeprefix("Error: ")
        if told not in self._titles(_plain(seen["h1"])):
            self._wrong(f"the title {told!r} is not the heading {seen['h1']!r}")
        if any(b - a > 1 for a, b in zip(seen["levels"], seen["levels"][1:], strict=False)):
            self._wrong(f"a level of heading is left out: {seen['levels']}")
        marked = self.marking and self.now.key not in OPEN_TO_ALL
        if marked and (seen["first"], seen["last"]) != (self.marking, self.marking):
            self._wrong(f"not marked first and last: {seen['first']!r}, {seen['last']!r}")
        if seen["unnamed"]:
            self._wrong(f"without a label: {seen['unnamed']}")
        if seen["wide"] > 0:
            self._wrong(f"{seen['wide']} px too wide")
        self._weigh()
        self._axe(seen["shape"])
        self._narrow()
        return seen["links"]

    def _titles(self, heading: str) -> set[str]:
        """The start of the service has its name alone."""
        named = {f"{heading} - {name}" for name in SERVICES}
        return named | set(SERVICES) if self.now.led_to == "/" else named

    def _narrow(self) -> None:
        """On a small telephone, or at 400%, nothing but a table of data goes sideways."""
        wide = self.page.viewport_size
        self.page.set_viewport_size({"width": 320, "height": 800})
        over = self.page.evaluate(SETTLED)
        self.page.set_viewport_size(wide)
        if over > 0:
            self._wrong(f"{over} px too wide for a screen of 320")

    def _weigh(self) -> None:
        for part, most, requests in budgets(self.now.path):
            kb = self.now.sizes.get(part, 0) / 1000
            if kb > most or self.now.requests > requests:
                self._wrong(f"{part}: {kb:.1f} KB of {most}, {self.now.requests} requests")

    def _axe(self, shape: str) -> None:
        """A page of the same elements, classes and roles as one before is not judged again."""
        if self.judged is None:
            return
        mark = hashlib.sha256(f"{self.now.key} {shape}".encode()).hexdigest()
        if mark in self.judged:
            return
        self.judged.add(mark)
        self.page.evaluate(AXE)
        ran = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules},"
            " resultTypes: ['violations']})",
            RULES,
        )
        for v in ran["violations"]:
            self._wrong(f"axe {v['id']}: {[n['target'] for n in v['nodes'][:3]]}")

    def _wrong(self, words: str) -> None:
        self.now.wrong.append(words)

    def _said(self, message) -> None:
        expected = f"status of {self.now.status or message.text[-4:]}"
        refused = "Failed to load resource" in message.text and message.location["url"].endswith(
            self.now.path
        )
        if message.type in {"error", "warning"} and not refused:
            self._wrong(f"console: {message.text} ({expected})")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.base, "data:")):
            self._wrong(f"asks for {request.url}")

    def _answered(self, event) -> None:
        self.urls[event["requestId"]] = event["response"]["url"]

    def _finished(self, event) -> None:
        url = self.urls.get(event["requestId"], "")
        if not url.startswith("http"):
            return
        if url not in self.now.asked:  # an icon may be asked for twice where nothing is kept
            self.now.requests += 1
        self.now.asked.add(url)
        part = part_of(url)
        self.now.sizes[part] = self.now.sizes.get(part, 0) + int(event["encodedDataLength"])


def _plain(words: str | None) -> str:
    return re.sub(r"\s+", " ", words or "").strip()


OPEN_TO_ALL = {r.path for r in READS if r.permission == "public"}
PAGES = [r for r in READS if not r.is_api and not NOT_PAGES.search(r.path)]
FORMS = [(re.compile(ONE.sub("[^/]+", r.path) + "$"), r) for r in READS]


def route_of(path: str) -> Route | None:
    return next((r for form, r in FORMS if form.match(path)), None)


def key_of(route: Route, path: str) -> str:
    """The pattern of an address, with the values that make it a page of its own."""
    parts = zip(route.path.split("/"), path.split("/"), strict=True)
    return "/".join(there if one[1:-1] in APART else one for one, there in parts)


def without_names(role: str) -> list[str]:
    """Pages without a name of a record in their address; the form of the public is theirs alone."""
    mine = [r for r in PAGES if "{" not in r.path and r.opens_for(role)]
    if role == "public":
        return [r.path for r in mine if r.path in OPEN_TO_ALL]
    return [r.path for r in mine if not r.path.startswith(FORM)]


def walk(walker: Walker, starts: list[str]) -> list[Load]:
    """Every page that can be reached by links, one of each pattern."""
    waiting, seen, found = list(starts), set(), []
    while waiting:
        path = waiting.pop(0)
        route = route_of(urlsplit(path).path)
        if route is None or NOT_PAGES.search(urlsplit(path).path):
            continue
        query = urlsplit(path).query
        key = key_of(route, urlsplit(path).path) + (f"?{query}" if query else "")
        if walker.role != "public" and path.startswith(FORM):
            continue
        if key in seen or not route.opens_for(walker.role):
            continue
        seen.add(key)
        load, links = walker.open(key, path)
        found.append(load)
        same = [urlsplit(url) for url in links if url.startswith(walker.base)]
        waiting += [url.path for url in same]
    return found


def written(loads: list[Load]) -> str:
    """One line of evidence a page."""
    lines = [load.line() + "".join(f"\n    {w}" for w in load.wrong) for load in loads]
    heavy = sorted(loads, key=lambda load: -load.kb)[:5]
    return "\n".join([*lines, "", "The five heaviest:", *(load.line() for load in heavy), ""])
