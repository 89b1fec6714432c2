"""The behaviour contract of a map (M1 to M11) as functions over a page, whatever map it holds.

A map is told by its selectors alone, so that a default map of another program can be asked too.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from playwright.sync_api import expect

NAMES = {
    "place": r".+, .+, (level [0-4] of 4|identification|assessment|intervention|monitoring)"
    r", PL-[\w-]+",
    "group": r"Group of \d[\d,]*:? .*(places?|clusters?|squares?).* (near|in|around|by|of) .+",
    "cluster": r".+, (cross-borough )?cluster(,| in) .+, \d[\d,]* incidents?, \w{6}",
    "cell": r".+, .+, \d[\d,]* incidents?, c250:-?\d+:-?\d+",
}
# Until everything on the map stands where it stood three looks ago, however busy the machine is.
STILL = """
    async (items) => {
      const places = () => [...document.querySelectorAll(items)]
        .map((item) => item.getBoundingClientRect()).map((r) => [r.x, r.y, r.width]).join(" ");
      let alike = 0;
      for (let looks = 0, before = places(); alike < 3 && looks < 100; looks += 1) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        const now = places();
        alike = now === before ? alike + 1 : 0;
        before = now;
      }
    }
"""
FAR = re.compile(r"Map [\d.]+ (kilo)?metres wide")


@dataclass(frozen=True)
class Known:
    """Where a map is, who looks at it, and what its parts are called."""

    name: str
    path: str
    role: str = ""
    layer: str = ""
    canvas: str = "#map"
    item: str = ".cm-item"
    single: str = ".cm-item:not(.cm-item--group)"
    group: str = ".cm-item--group"
    status: str = "#map-status"
    panel: str = "#panel"
    help: str = "#map-help"
    frame: str = ".cm-map__frame, .cm-mapbuttons"
    rows: str = "#rows"
    table: str = "#map-table"
    says: str = r"[\d,]+ on the map, [\d,]+ not on the map"
    ready: str = "wide"


class Seen:
    """A map in a browser, and what it complained of."""

    def __init__(self, page, base, known):
        self.page, self.base, self.known = page, base, known
        self.complaints, self.foreign, self.answers, self.pending = [], [], [], set()
        self.home = ""  # the view it was opened with
        page.on("console", self._said)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))
        page.on("request", self._asked)
        page.on("requestfinished", lambda r: self.pending.discard(r.url))
        page.on("requestfailed", lambda r: self.pending.discard(r.url))
        page.on("response", lambda r: "/map/items" in r.url and self.answers.append(r))

    def _said(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.base, "data:")):
            self.foreign.append(request.url)
        if "/map/items" in request.url:
            self.pending.add(request.url)

    def open(self, path=None):
        self.page.goto(self.base + (path or self.known.path))
        if self.known.ready:
            self.page.locator(self.known.status, has_text=self.known.ready).wait_for()
        return self

    def rest(self):
        """Until nothing moves and nothing is asked for."""
        self.page.wait_for_timeout(180)
        for _ in range(200):
            if not self.pending:
                break
            self.page.wait_for_timeout(50)
        self.page.evaluate(STILL, self.known.item)
        return self

    def again(self):
        """As it was opened, without asking for the page anew; nothing is moved that is there."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.keyboard.press("Escape")
        here = self.page.evaluate("location.hash")
        if here and here == self.home and not self.pending:
            return self
        if (everything := self.page.locator('[data-do="all"]')).count():
            everything.click()
        self.rest()
        self.home = self.home or self.page.evaluate("location.hash")
        return self

    @property
    def canvas(self):
        return self.page.locator(self.known.canvas)

    def all(self):
        return self.page.locator(self.known.item)

    def sent(self):
        """What the server sent last."""
        return self.answers[-1].json()

    def said(self):
        return self.page.locator(self.known.status).inner_text()

    def on(self, selector):
        return self.page.evaluate("s => document.activeElement.matches(s)", selector)

    def view(self):
        """Zoom, latitude and longitude of the middle, as the address has them."""
        parts = self.page.evaluate("location.hash")[1:].split("/")[-3:]
        return [float(part) for part in parts]

    def one(self):
        """A thing that is no group; groups are gone into until there is one."""
        for _ in range(8):
            found = self.page.locator(self.known.single)
            if found.count():
                return found.first
            self.page.locator(self.known.group).first.focus()
            self.page.keyboard.press("Enter")
            self.rest()
        raise AssertionError("no single thing on the map")


@contextmanager
def answering(seen, path, change):
    """The map's questions answered as `change` says: an answer of the server, changed."""

    def answer(route):
        real = route.fetch()
        route.fulfill(response=real, json=change(real.json()))

    seen.page.route(path, answer)
    try:
        yield
        seen.rest()
    finally:
        seen.page.unroute_all(behavior="wait")


def m1_is_a_named_region_described_by_its_count(seen):
    assert seen.canvas.get_attribute("role") == "region"
    name = seen.canvas.get_attribute("aria-label")
    assert re.search(r"Map of .*Kingston", name)
    described = seen.page.locator("#" + seen.canvas.get_attribute("aria-describedby"))
    assert re.search(seen.known.says, described.inner_text())


def m2_a_skip_link_before_it_and_the_words_come_first(seen):
    order = seen.page.evaluate(
        """([canvas, rows]) => {
          const map = document.querySelector(canvas);
          const before = (a, b) => Boolean(a && b && a.compareDocumentPosition(b) & 4);
          const link = [...document.querySelectorAll(`a[href="${rows}"]`)]
            .find((a) => /skip/i.test(a.textContent));
          const words = document.getElementById(map.getAttribute("aria-describedby"));
          return [before(link, map), before(document.querySelector("h1"), map),
                  before(words, map), before(map, document.querySelector(rows))];
        }""",
        [seen.known.canvas, seen.known.rows],
    )
    assert order == [True] * 4


def m3_few_tab_stops_and_no_trap(seen):
    page, known = seen.page, seen.known
    inside = "s => Boolean(document.activeElement.closest(s))"
    frame = f"{known.canvas}, {known.frame}"
    seen.canvas.focus()
    assert seen.on(known.canvas)
    stops, items = 1, 0
    while stops < 14:
        page.keyboard.press("Tab")
        if not page.evaluate(inside, frame):
            break
        stops, items = stops + 1, items + seen.on(known.item)
    assert stops <= 10
    assert items == min(1, seen.all().count())
    for _ in range(stops):
        page.keyboard.press("Shift+Tab")
    assert seen.on(known.canvas)
    page.keyboard.press("Shift+Tab")
    assert not page.evaluate(inside, frame)


def m4_arrow_keys_visit_every_item_in_the_order_of_the_table(seen):
    page = seen.page
    sent = [item["id"] for item in seen.sent()["items"]]
    assert sent
    assert seen.all().evaluate_all("all => all.map(b => b.dataset.id)") == sent
    page.evaluate(
        "() => { window.visited = []; document.addEventListener('focusin',"
        " (e) => window.visited.push(e.target.dataset.id)); }"
    )
    seen.all().first.focus()
    for _ in sent[1:]:
        page.keyboard.press("ArrowRight")
    for key in ("ArrowRight", "End", "Home", "ArrowLeft"):
        page.keyboard.press(key)
    around = [sent[0], sent[-1], sent[0], sent[-1]] if len(sent) > 1 else []
    assert page.evaluate("window.visited") == [*sent, *around]
    rows = page.locator(f"{seen.known.table} tbody tr").evaluate_all(
        "all => all.map(row => row.dataset.id)"
    )
    places = [rows.index(one) for one in sent if one in rows]
    assert places == sorted(places)


def m5_names_are_unique_and_mean_something(seen):
    found = seen.all().evaluate_all(
        "all => all.map(b => [(b.className.match(/cm-item--(\\w+)/) ?? [])[1] ?? '',"
        " b.getAttribute('aria-label') ?? b.alt ?? b.title])"
    )
    names = [name for _, name in found]
    assert names
    assert len(set(names)) == len(names)
    for kind, name in found:
        assert re.fullmatch(NAMES[kind], name), name


def m6_enter_and_space_open_the_panel(seen):
    page = seen.page
    for key in ("Enter", "Space"):
        one = seen.one()
        name = one.get_attribute("aria-label") or one.get_attribute("alt")
        one.focus()
        page.keyboard.press(key)
        heading = page.locator(f"{seen.known.panel} :is(h2, h3)")
        expect(heading).to_be_focused(timeout=2000)
        assert heading.inner_text()
        assert name.startswith(heading.inner_text())
        page.keyboard.press("Escape")


def m7_escape_closes_and_focus_goes_back(seen):
    page = seen.page
    one = seen.one()
    one.focus()
    page.evaluate("() => { window.before = document.activeElement; }")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert page.locator(seen.known.panel).inner_text()
    page.keyboard.press("Escape")
    assert not page.locator(seen.known.panel).inner_text()
    assert page.evaluate("document.activeElement === window.before")
    page.keyboard.press("Enter")
    with answering(seen, "**/map/items**", lambda found: found | {"items": []}):
        page.locator('[data-do="north"]').click(timeout=2000)
        page.wait_for_function("s => !document.querySelector(s)", arg=seen.known.item)
        page.keyboard.press("Escape")
        assert seen.on(seen.known.canvas), "the thing is gone"


PANS = (("ArrowRight", 80, 0), ("Shift+ArrowUp", 0, 240), ("ArrowLeft", -80, 0))


def m8_keys_move_it_and_each_move_is_said_once(seen, pans=PANS):
    page, known = seen.page, seen.known
    seen.canvas.focus()
    page.wait_for_timeout(1050)  # what was said before is said
    page.evaluate(
        """(s) => { window.heard = []; const status = document.querySelector(s);
           new MutationObserver(() => window.heard.push([Date.now(), status.textContent]))
           .observe(status, {childList: true, characterData: true, subtree: true}); }""",
        known.status,
    )
    for key, across, up in pans:
        before, heard = seen.view(), len(page.evaluate("window.heard"))
        page.keyboard.press(key)
        page.wait_for_function("n => window.heard.length > n", arg=heard, timeout=4000)
        zoom, lat, lon = seen.view()
        pixel = 360 / 256 / 2**zoom
        assert abs((lon - before[2]) / pixel - across) < 3
        assert abs((lat - before[1]) / (pixel * 0.623) - up) < 6
    zoom = seen.view()[0]
    page.keyboard.press("+")
    page.wait_for_function("n => window.heard.length > n", arg=len(pans), timeout=8000)
    assert seen.view()[0] > zoom
    page.keyboard.press("-")  # twice within a second: said once
    page.keyboard.press("-")
    page.wait_for_function("n => window.heard.length > n", arg=len(pans) + 1, timeout=8000)
    page.wait_for_timeout(1050)
    heard = page.evaluate("window.heard")
    assert len(heard) == len(pans) + 2, heard
    assert all(later[0] - earlier[0] >= 950 for earlier, later in pairwise(heard))
    assert all(re.search(r"Map [\d.]+ (kilo)?metres wide", words) for _, words in heard)


def m9_a_group_is_gone_into(seen):
    page = seen.page
    for _ in range(3):
        if page.locator(seen.known.group).count():
            break
        seen.canvas.focus()
        page.keyboard.press("-")
        seen.rest()
    group = page.locator(seen.known.group).first
    assert group.count()
    zoom = seen.view()[0]
    group.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("z => Number(location.hash.slice(1).split('/')[0]) > z", arg=zoom)
    seen.rest()
    assert seen.on(seen.known.item)


def m10_targets_are_large_and_apart(seen):
    boxes = seen.all().evaluate_all(
        "all => all.map(b => b.getBoundingClientRect())"
        ".map(r => [r.x + r.width / 2, r.y + r.height / 2, r.width, r.height])"
    )
    assert boxes
    assert all(w >= 24 and h >= 24 for _, _, w, h in boxes)
    for i, (x, y, *_) in enumerate(boxes):
        assert all((x - a) ** 2 + (y - b) ** 2 >= 24**2 for a, b, *_ in boxes[i + 1 :])


def m11_every_drag_has_a_button_and_the_wheel_scrolls_the_page(seen):
    page = seen.page
    for words, index, sign in (("north", 1, 1), ("south", 1, -1), ("east", 2, 1), ("west", 2, -1)):
        _moved_by(seen, words, index, sign)
    _moved_by(seen, "in", 0, 1)
    _moved_by(seen, "out", 0, -1)
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    box, before = seen.canvas.bounding_box(), seen.view()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.wheel(0, 120)
    page.wait_for_function("() => scrollY > 0", timeout=3000)
    seen.rest()
    assert seen.view() == before
    seen.canvas.focus()
    page.mouse.wheel(0, -240)
    page.wait_for_function(
        "z => Number(location.hash.slice(1).split('/').at(-3)) !== z", arg=before[0]
    )


def _moved_by(seen, words, index, sign):
    before = seen.view()
    button = seen.page.locator(f'[data-do="{words}"]')
    box = button.bounding_box()
    assert min(box["width"], box["height"]) >= 24
    button.click()
    seen.page.wait_for_function(
        "([i, sign, was]) => { const now = location.hash.slice(1).split('/').slice(-3);"
        " return sign * (Number(now[i]) - was) > 0; }",
        arg=[index, sign, before[index]],
    )


FIRST_TEN = (
    m1_is_a_named_region_described_by_its_count,
    m2_a_skip_link_before_it_and_the_words_come_first,
    m3_few_tab_stops_and_no_trap,
    m4_arrow_keys_visit_every_item_in_the_order_of_the_table,
    m5_names_are_unique_and_mean_something,
    m6_enter_and_space_open_the_panel,
    m7_escape_closes_and_focus_goes_back,
    m8_keys_move_it_and_each_move_is_said_once,
    m9_a_group_is_gone_into,
    m10_targets_are_large_and_apart,
)
