"""The public form as people meet it: by keyboard, without JavaScript, on a phone, and leaving."""

import re
import time

import pytest
from playwright.sync_api import Error

from tests.conftest import CLAIMS_KEY, ROOT, cloned
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.report_form import CANARY, ROADS, SCREENS, Form, partnership_with, road
from tests.e2e.test_pages import violations
from tests.html import complaints
from tests.live import serving
from tests.readability import grade

PHONE = {"width": 360, "height": 740}
CONTROL = "control"


@pytest.fixture(scope="module")
def form_db(cluster, template):
    with cloned(cluster, template, "reportform") as db:
        yield db


@pytest.fixture(scope="module")
def form_url(form_db, cluster, exit_site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("form")
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    with serving(
        cluster.dsn("ROLE", "reportform"),
        CLAIMS_KEY,
        folder,
        basemap=basemap if basemap.exists() else None,
        partnership=partnership_with(folder, exit_site),
    ) as live:
        yield live.url
        assert live.violations() == 0


@pytest.fixture
def visitor(chromium, form_url, exit_site):
    """A new browser each time; at the end, nobody else was asked for anything."""
    opened = []
    foreign = []

    def new(**options):
        context = chromium.new_context(**({"viewport": PHONE} | options))
        opened.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda r: r.url.startswith((form_url, exit_site, "data:")) or foreign.append(r.url),
        )
        return Form(page, form_url)

    yield new
    for context in opened:
        context.close()
    assert foreign == []


class Keyboard:
    """Tab, Space, arrows, Enter and letters; it counts what somebody does."""

    def __init__(self, form: Form) -> None:
        self.form, self.page, self.actions = form, form.page, 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.actions += 1

    def reach(self, selector: str) -> None:
        """Tab until it has the focus: never trapped, never passed by."""
        for _ in range(60):
            if self.page.evaluate("s => document.activeElement?.matches(s)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} is not reached by Tab on {self.form.at}")

    def choose(self, name: str, value: str) -> None:
        if self.page.locator(f'[name="{name}"]').first.get_attribute("type") == "checkbox":
            self.reach(f'[name="{name}"][value="{value}"]')
            self.press("Space")
            return
        self.reach(f'[name="{name}"]')
        self.press("Space")  # a group of radios is one stop; arrows go on from there
        for _ in range(20):
            chosen = self.page.evaluate("() => document.activeElement.value")
            if chosen == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{name} {value}")

    def answer(self, answers) -> None:
        for name, value in answers.items():
            if self.page.locator(f'[name="{name}"]').first.get_attribute("type") in {
                "radio",
                "checkbox",
            }:
                self.choose(name, value)
            else:
                self.reach(f'[name="{name}"]')
                self.page.keyboard.type(value)
                self.actions += 1

    def go(self, button: str = "main form .govuk-button") -> None:
        self.reach(button)
        before = self.page.url
        self.press("Enter")
        self.page.wait_for_url(lambda url: url != before)
        self.page.wait_for_load_state("load")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
@pytest.mark.parametrize("kind", ROADS)
def test_each_kind_by_keyboard_alone_on_a_phone(visitor, kind, script):
    form = visitor(java_script_enabled=script)
    form.page.goto(form.url + "/report")
    keys, pages = Keyboard(form), 0

    keys.go()
    for step, answers in road(kind):
        assert form.at == f"/report/{step}"
        pages += 1
        keys.answer(answers)
        keys.go()

    assert form.at == "/report/done"
    assert form.page.locator("h1").inner_text() == "We have received it"
    assert pages <= 8
    assert keys.actions < 120  # seconds, at one action a second


@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_is_whole_for_everybody(visitor, screen):
    form = visitor()
    SCREENS[screen](form)
    page = form.page

    assert violations(page) == []
    assert complaints(page.evaluate("fetch(location.href).then(r => r.text())")) == []
    assert page.title().startswith("Error: ") == screen.startswith("error")
    assert not re.search("safeguarding|abuse|police|child", page.title(), re.IGNORECASE)
    assert CANARY not in page.title() + page.url
    small = page.evaluate(
        "[...document.querySelectorAll('.govuk-button, .cm-exit__button, input[type=submit]')]"
        ".filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect().height)"
        ".filter(h => h < 44)"
    )
    assert small == []
    page.set_viewport_size({"width": 320, "height": 640})
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_an_error_is_focused_linked_and_told_beside_the_field(visitor):
    form = visitor()
    SCREENS["error ROUTE"](form)
    page = form.page

    assert "There is a problem" in page.locator(":focus").inner_text()
    page.get_by_role("link", name="Select how people travel.").click()
    assert page.locator(":focus").get_attribute("name") == "mode"
    group = page.locator("fieldset", has=page.locator("[name=mode]")).first
    assert group.get_attribute("aria-describedby") == "mode-error"


def test_no_part_of_the_way_out_covers_what_has_the_focus(visitor):
    form = visitor()
    form.walk("PLACE", "what")
    page = form.page
    page.evaluate("scrollTo(0, document.body.scrollHeight)")

    covered = []
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        covered += page.evaluate("""() => {
            const e = document.activeElement, r = e.getBoundingClientRect();
            if (e.closest('.cm-exit') || e.matches('.govuk-skip-link, body')) return [];
            const bar = document.querySelector('.cm-exit').getBoundingClientRect();
            return r.bottom <= bar.bottom && r.right > bar.left ? [e.outerHTML] : [];
        }""")

    assert covered == []


WEIGHTS = {"map": (300_000, 25)}


@pytest.mark.parametrize("screen", ["start", "what", "where", "check", "done", "map"])
def test_a_page_is_light(visitor, screen):
    form = visitor()
    SCREENS[screen](form)
    path = form.at
    page = form.page.context.new_page()  # with the cookie, and with an empty cache
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes = []
    wire.on("Network.loadingFinished", lambda e: sizes.append(e["encodedDataLength"]))

    page.goto(form.url + path)
    page.wait_for_load_state("networkidle")

    heaviest, most = WEIGHTS.get(screen, (40_000, 8))
    assert sum(sizes) <= heaviest, sizes
    assert len(sizes) <= most, sizes


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_is_easy_to_read(visitor, screen):
    form = visitor()
    SCREENS[screen](form)

    lines = form.page.locator("main").evaluate(
        "e => [...e.querySelectorAll('p, li, h1, h2, legend, .govuk-hint')]"
        ".map(x => x.textContent.trim())"
    )

    assert grade(lines) <= 9, lines


@pytest.fixture(scope="module")
def remembering(chromium):
    """Chromium with the back/forward cache that Playwright turns off: without it, no proof."""
    launched = chromium.browser_type.launch(
        executable_path=CHROMIUM,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield launched
    launched.close()


def test_control_a_plain_page_comes_back_from_memory(remembering, exit_site):
    page = remembering.new_page()
    page.goto(exit_site)
    page.evaluate("addEventListener('pageshow', e => { window.persisted = e.persisted })")

    page.goto(exit_site.replace("127.0.0.1", "localhost"))
    page.go_back(wait_until="commit")  # from memory nothing is loaded

    page.wait_for_function("window.persisted === true")
    page.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
@pytest.mark.parametrize("screen", SCREENS)
def test_after_leaving_back_and_forward_show_nothing_of_it(
    remembering, form_url, exit_site, screen, script
):
    context = remembering.new_context(viewport=PHONE, java_script_enabled=script)
    page = context.new_page()
    form = Form(page, form_url)
    page.goto(exit_site + "?before")
    SCREENS[screen](form)
    typed = "main input[type=text]:not([name=website]):visible, main textarea:visible"
    for field in page.locator(typed).all():
        field.fill(CANARY)
    # The first page needs no cookie; without a script nothing tells it from a first visit.
    neutral = set() if script else {f"{form_url}/report"}

    page.locator(".cm-exit__button").click()
    page.wait_for_url(exit_site)
    for step in ("back",) * 4 + ("forward",) * 2:
        (page.go_back if step == "back" else page.go_forward)(wait_until="commit")
        page.wait_for_timeout(100)  # for a page from memory to ask the server again
        assert "9q7zk" not in words_of(page), page.url
        assert page.url.startswith((exit_site, "about:blank")) or page.url in neutral
    assert [c for c in context.cookies() if c["name"].endswith("report")] == []
    context.close()


def words_of(page):
    """All that a page and its fields say; of one that is on its way elsewhere, once it is there."""
    until = time.monotonic() + 20
    while True:
        try:
            fields = page.locator("input:not([type=hidden]), textarea")
            return page.content() + str([field.input_value() for field in fields.all()])
        except Error as moving:
            under_way = any(why in str(moving) for why in ("is navigating", "was destroyed"))
            if not under_way or time.monotonic() > until:
                raise
            page.wait_for_timeout(50)


def test_shift_three_times_leaves(visitor, exit_site):
    form = visitor()
    form.walk("DESCRIBED", "what")

    for _ in range(3):
        form.page.keyboard.press("Shift")

    form.page.wait_for_url(exit_site)


def test_shift_between_letters_does_not(visitor):
    form = visitor()
    form.walk("DESCRIBED", "what")

    form.page.locator("textarea").first.press_sequentially("ABcDE")
    for key in ("Shift", "a", "Shift", "b", "Shift"):
        form.page.keyboard.press(key)

    assert form.at == "/report/what"


def test_the_count_of_characters_goes_down(visitor):
    form = visitor()
    form.walk("DESCRIBED", "what")

    form.page.locator("#notice_text").fill("x" * 499)
    assert form.page.locator("#notice_text-count").inner_text() == "You have 1 character left."
    form.page.locator("#notice_text").fill("x" * 502)
    assert "2 characters too many" in form.page.locator("#notice_text-count").inner_text()


def test_before_the_hour_ends_it_can_be_made_longer(visitor, exit_site):
    form = visitor()
    form.page.clock.install()
    form.walk("DESCRIBED", "what")
    line = form.page.locator("[data-stay]")

    form.page.clock.fast_forward("54:00")
    assert line.get_by_role("button").count() == 0
    form.page.clock.fast_forward("01:30")
    line.get_by_role("button", name="Keep this page open").click()
    form.page.get_by_text("one more hour").wait_for()
    form.page.clock.fast_forward("58:00")
    assert form.at == "/report/what"
    form.page.clock.fast_forward("03:00")
    form.page.wait_for_url(exit_site)
