"""Key pages as people set them: small, spaced out, without colours, printed, by keyboard."""

import pytest

from tests.e2e.conftest import session_cookie
from tests.people import sign_in_as

MARKING = "OFFICIAL-SENSITIVE"
# Pages by what they are, each opened as the lead or, where it is theirs, as the analyst.
KEY = {
    "home": "/",
    "map": "/map",
    "places": "/places",
    "place": "/places/*",
    "clusters": "/clusters",
    "cluster": "/clusters/*",
    "report": "/report",
    "triage": "/reports",
    "intelligence": "/intelligence",
    "import": "/imports/new",
    "help": "/help",
    "briefings": "/briefings",
    "incident form": "/incidents/new",
}
# The text spacing of WCAG 1.4.12, as somebody's own style sheet sets it.
SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
    " word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"
)
# What is cut: text in a box that hides what does not fit. A name for readers alone is not shown.
CUT = """() => [...document.querySelectorAll('body *')].filter(e => {
  const s = getComputedStyle(e);
  const words = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const hides = [s.overflowX, s.overflowY].some(o => ['hidden', 'clip'].includes(o));
  return words && hides && e.checkVisibility() && e.clientWidth > 1 && e.tagName !== 'SELECT'
    && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1);
}).map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 40))"""
# What scrolls sideways must be reached by the keyboard and have a name.
SCROLLS = """() => [...document.querySelectorAll('body *')].filter(e =>
    ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1
    && e.checkVisibility() && e.tagName !== 'TEXTAREA' && e.tagName !== 'SELECT')
  .filter(e => !(e.tabIndex >= 0 && e.getAttribute('role') === 'region'
    && (e.ariaLabel || e.getAttribute('aria-labelledby'))))
  .map(e => e.tagName + '.' + e.className)"""
WIDE = "document.documentElement.scrollWidth - window.innerWidth"
# Targets of at least 24 pixels. Less may be a link in a sentence, and what stands apart enough.
SMALL = """() => {
  const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select,'
    + ' textarea, summary, [role=button], [tabindex="0"]')].filter(e => e.checkVisibility());
  const box = e => (e.type === 'checkbox' || e.type === 'radio') && e.labels[0]
    ? e.labels[0].getBoundingClientRect() : e.getBoundingClientRect();
  const inline = e => e.tagName === 'A' && getComputedStyle(e).display === 'inline'
    && [...e.parentElement.childNodes].some(n => n !== e && n.textContent.trim());
  const boxes = all.map(e => [e, box(e)]).filter(([e, b]) => b.width > 1 && b.height > 1);
  const centre = b => [b.x + b.width / 2, b.y + b.height / 2];
  const small = boxes.filter(([e, b]) => (b.width < 24 || b.height < 24) && !inline(e));
  return small.filter(([e, b]) => boxes.some(([o, c]) => {
    if (o === e || e.contains(o) || o.contains(e)) return false;
    const [x, y] = centre(b);
    if (c.width < 24 || c.height < 24) {
      const [u, v] = centre(c);
      return Math.hypot(x - u, y - v) < 24;
    }
    const dx = Math.max(c.left - x, 0, x - c.right), dy = Math.max(c.top - y, 0, y - c.bottom);
    return Math.hypot(dx, dy) < 12;
  })).map(([e, b]) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`
    + ` ${Math.round(b.width)}x${Math.round(b.height)}`);
}"""


@pytest.fixture(scope="module")
def people(chromium, live_url, site_db):
    """A page of the lead and its address for each of the key pages."""
    context = chromium.new_context(base_url=live_url, viewport={"width": 1280, "height": 1024})
    person = sign_in_as(site_db, "cs_lead", agency="AFC")
    context.add_cookies([session_cookie(person.cookie)])
    page = context.new_page()
    found = dict(KEY)
    for name, path in KEY.items():
        if path.endswith("*"):
            page.goto(path[:-2])
            found[name] = page.locator("main tbody th a").first.get_attribute("href")
    context.close()
    return person.cookie, found


@pytest.fixture
def open_as(chromium, live_url, people):
    opened = []

    def opens(name, width=1280, height=1024, **options):
        context = chromium.new_context(
            base_url=live_url, viewport={"width": width, "height": height}, **options
        )
        opened.append(context)
        context.add_cookies([session_cookie(people[0])])
        page = context.new_page()
        page.goto(people[1][name], wait_until="load")
        return page

    yield opens
    for context in opened:
        context.close()


@pytest.mark.parametrize("name", KEY)
def test_a_page_fits_a_small_screen_enlarged_text_and_wide_spacing(open_as, name):
    """320 pixels are 1,280 at 400%. Only tables of data scroll, in a region with a name."""
    page = open_as(name, 320, 256)
    small = page.evaluate(SMALL)
    found = {"small": [page.evaluate(WIDE), page.evaluate(SCROLLS), page.evaluate(CUT)]}

    page.set_viewport_size({"width": 320, "height": 800})
    page.locator("html").evaluate(
        "(root, css) => { const s = new CSSStyleSheet(); s.replaceSync(css);"
        " document.adoptedStyleSheets = [s]; }",
        SPACED,
    )
    found["spaced"] = [page.evaluate(WIDE), page.evaluate(SCROLLS), page.evaluate(CUT)]
    page.set_viewport_size({"width": 1280, "height": 800})
    found["spaced at a desk"] = [page.evaluate(WIDE), page.evaluate(SCROLLS), page.evaluate(CUT)]

    assert {k: v for k, v in found.items() if v[0] > 0 or v[1] or v[2]} == {}
    assert small == []


FOCUS = """() => {
  const e = document.activeElement, b = e.getBoundingClientRect();
  const at = (e.type === 'radio' || e.type === 'checkbox') && e.labels[0]
    ? e.labels[0].getBoundingClientRect() : b;
  const x = Math.min(Math.max(at.x + Math.min(at.width / 2, 20), 1), innerWidth - 2);
  const y = Math.min(Math.max(at.y + at.height / 2, 1), innerHeight - 2);
  const top = document.elementFromPoint(x, y);
  const clear = top && (e.contains(top) || top.contains(e) || [...(e.labels || [])].some(l =>
    l.contains(top) || top.contains(l)));
  return {name: e.id || e.name || e.textContent.trim().slice(0, 30), tag: e.tagName, clear,
    box: [b.x, b.y, b.width, b.height], inside: b.bottom > 0 && b.top < innerHeight};
}"""


@pytest.mark.parametrize("name", KEY)
def test_the_focus_is_seen_on_every_stop_and_nothing_covers_it(open_as, name):
    """Pictures of the same spot with and without the focus differ."""
    page = open_as(name, 1000, 700, reduced_motion="reduce")
    hidden, covered = [], []
    for _ in range(24):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop["tag"] == "BODY":
            break
        if not stop["inside"] or not stop["clear"]:
            covered.append(stop["name"])
            continue
        x, y, width, height = stop["box"]
        clip = {
            "x": max(x - 8, 0),
            "y": max(y - 8, 0),
            "width": min(width + 16, 1000 - max(x - 8, 0)),
            "height": min(height + 16, 700 - max(y - 8, 0)),
        }
        held = page.screenshot(clip=clip)
        page.evaluate("window.held = document.activeElement; window.held.blur()")
        if page.screenshot(clip=clip) == held:
            hidden.append(stop["name"])
        page.evaluate("window.held.focus({preventScroll: true, focusVisible: true})")
    assert (hidden, covered) == ([], [])


def test_without_colours_and_without_motion_a_page_keeps_what_it_says(open_as):
    for name in ("home", "places", "map"):
        plain = open_as(name)
        forced = open_as(name, forced_colors="active", reduced_motion="reduce")
        assert forced.evaluate("matchMedia('(forced-colors: active)').matches")
        buttons = forced.locator("main .govuk-button:visible").all()
        edges = [b.evaluate("e => getComputedStyle(e).borderTopStyle") for b in buttons[:3]]
        assert "none" not in edges
        assert plain.screenshot() != forced.screenshot()
        moving = forced.evaluate(
            "document.getAnimations().filter(a => a.playState === 'running').length"
        )
        assert moving == 0


# The name of the marking, then what only a screen can use.
PRINTED = """() => {
  const seen = [...document.querySelectorAll('button, input, select, textarea')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1);
  const lines = document.body.innerText.split('\\n').map(t => t.trim()).filter(Boolean);
  return {controls: seen.map(e => e.name || e.textContent.trim()), first: lines[0],
    last: lines.at(-1), nav: [...document.querySelectorAll('nav')].filter(n =>
      n.checkVisibility()).map(n => n.ariaLabel)};
}"""
TO_READ = (
    "home",
    "map",
    "places",
    "place",
    "clusters",
    "cluster",
    "triage",
    "intelligence",
    "help",
)


@pytest.mark.parametrize("name", TO_READ)
def test_what_is_printed_is_marked_and_holds_nothing_to_press(open_as, name):
    page = open_as(name)
    page.emulate_media(media="print")
    printed = page.evaluate(PRINTED)
    assert (printed["controls"], printed["nav"]) == ([], [])
    if name != "help":  # it is open to everybody
        assert (printed["first"], printed["last"]) == (MARKING, MARKING)
