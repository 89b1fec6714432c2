"""Exports in a browser: asked for by keyboard alone, fetched; the map file without a network."""

import re

import pytest
import shapely

from app.core.settings import Settings
from app.exports import as_map, making
from app.exports.rules import Stamp
from app.exports.sheet import Sheet
from tests.e2e.test_pages import violations
from tests.e2e.test_xss import ALL, LIVING, PAYLOADS

NEW = "/exports/new?what=places&type=PARK"


@pytest.fixture
def work(site_db, live_url, tmp_path_factory):
    """The worker of the tests: it makes what waits, in the folder that the service reads."""
    folder = next(p for p in tmp_path_factory.getbasetemp().iterdir() if p.name.startswith("site"))
    settings = Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")

    def done():
        with site_db.begin(making.TIDY) as session:
            waiting = [e.id for e in session.query(making.Export).filter_by(state="QUEUED")]
        for export in waiting:
            making.make(site_db, settings, export)

    return done


def reach(page, selector, *, most=80):
    """By Tab alone, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached")


def goes_on(page, key, title):
    """Until the page of this title is there."""
    with page.expect_navigation():
        page.keyboard.press(key)
    page.wait_for_load_state("load")
    assert title in page.title()


def test_a_file_is_asked_for_and_fetched_by_keyboard_alone(desktop, work, tmp_path):  # noqa: PLR0915 - one journey
    page = desktop.open("/places?type=PARK")
    reach(page, "a[href^='/exports/new']", most=400)
    goes_on(page, "Enter", "Export places of concern")
    reach(page, "main button.govuk-button")
    goes_on(page, "Enter", "Error:")
    assert all("422" in words for words in desktop.complaints)
    desktop.complaints.clear()
    assert violations(page) == []
    reach(page, ".govuk-error-summary a")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "format"
    page.keyboard.press("Space")
    reach(page, "[name=purpose]")
    page.keyboard.press("Space")
    reach(page, "#recipient_agency")
    page.keyboard.type("Achieving")
    reach(page, "#recipient")
    page.keyboard.type("Kim Example")
    reach(page, "#reason")
    page.keyboard.type("To plan detached work for the summer.")
    reach(page, "main button.govuk-button")
    goes_on(page, "Enter", "Export EX-")
    assert "being made" in page.inner_text("main")
    assert violations(page) == []
    work()
    reach(page, "main a.govuk-button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Download the file")
    assert violations(page) == []
    reach(page, "main a.govuk-button")
    with page.expect_download() as fetched:
        page.keyboard.press("Enter")
    path = tmp_path / fetched.value.suggested_filename
    fetched.value.save_as(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert path.name.endswith(".csv")


@pytest.mark.parametrize(
    "path", ["/exports", NEW, f"{NEW}&q=nothing+is+called+this", "/exports/waiting"]
)
def test_axe_finds_nothing_on_pages_of_exports(desktop, path):
    page = desktop.open(path)

    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")

    assert violations(page) == []
    assert widths[0] <= widths[1]


# The map file


def portable(names):
    """A map file of rows with these names, about where they are in Kingston."""
    shapes = [
        shapely.Point(515000 + 900 * (at % 8), 166000 + 900 * (at // 8)) for at in range(len(names))
    ]
    shapes[0] = shapely.LineString([(515000, 166000), (515500, 166900)])
    shapes[-1] = None
    marks = ["line", "square", "diamond", "triangle", "pentagon", "hexagon", "ring", "circle"]
    sheet = Sheet(
        "places",
        "Places of concern",
        ("name", "ref", "boroughs"),
        [[name, f"PL-{at:03}", name] for at, name in enumerate(names)],
        shapes,
        [marks[at % len(marks)] for at in range(len(names))],
        ("name", "ref", "boroughs"),
        tuple((mark, names[at % len(names)]) for at, mark in enumerate(marks)),
        filters=[("Words in the name", names[1])],
    )
    stamp = Stamp(
        marking="OFFICIAL-SENSITIVE",
        ref="EX-7K2-Q4MT",
        person=names[2],
        recipient=names[3],
        purpose="Plan",
        made_at="26 November 2026, 05:10",
        deleted_at="27 November 2026, 05:10",
        synthetic=True,
    )
    return as_map.html(sheet, stamp)


@pytest.fixture
def opened(chromium, tmp_path):
    """The file as somebody opens it: from the disk, on a machine without a network."""
    made = []

    def opens(body, **options):
        path = tmp_path / "map.html"
        path.write_bytes(body)
        context = chromium.new_context(offline=True, **options)
        made.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append("dialog"), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_load_state()
        return page

    yield opens
    for context in made:
        context.close()


def test_a_map_file_asks_nobody_and_complains_of_nothing(opened):
    page = opened(portable([f"Example place {at}" for at in range(12)]))

    page.locator(".mark").nth(2).focus()
    page.keyboard.press("Enter")

    page.wait_for_selector(".leaflet-popup-content")
    assert "Example place 2" in page.inner_text(".leaflet-popup-content")
    assert page.locator(".mark").count() == 11
    assert page.locator("tbody tr").count() == 12
    text = page.inner_text("body")
    assert text.count("OFFICIAL-SENSITIVE") >= 3
    for words in ("EX-7K2-Q4MT", "Demonstration data: synthetic", "11 on the map, 1 in the table"):
        assert words in text
    assert page.asked == [page.url]
    assert page.said == []


def test_a_map_file_names_no_other_host():
    body = portable([f"Example place {at}" for at in range(12)]).decode()

    assert set(re.findall(r"https?://[^\s\"'<>)]+", body)) == {"http://www.w3.org/2000/svg"}
    assert "url(" not in "".join(re.findall("<style>(.*?)</style>", body, re.DOTALL))
    assert "//# sourceMappingURL" not in body
    assert re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", body) is None


@pytest.mark.asvs("1.2.3")
@pytest.mark.parametrize("policy", [True, False], ids=["as it is", "without its policy"])
def test_scripts_in_every_word_of_a_map_file_run_in_no_view(opened, policy):
    body = portable([*PAYLOADS, ALL, "last"])
    if not policy:
        body = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", body, count=1)

    page = opened(body)
    for at in range(page.locator(".mark").count()):
        page.evaluate("at => document.querySelectorAll('.mark')[at].click()", at)
    page.wait_for_timeout(300)

    found = page.evaluate(LIVING)
    assert not found["ran"]
    assert found["found"] == ["SCRIPT"] * 3
    assert page.evaluate("document.scripts.length") == 4
    assert page.inner_text("tbody tr:first-child th") == PAYLOADS[0]
    assert page.said == []
    assert page.asked == [page.url]


def test_axe_finds_nothing_in_a_map_file(opened):
    """Its own policy lets no script of the test run, so that it is taken off for this look."""
    for width, rows in ((1200, 12), (320, 5)):
        body = portable([f"Example place {at}" for at in range(rows)])
        body = re.sub(rb'<meta http-equiv="Content-Security-Policy"[^>]*>', b"", body, count=1)
        page = opened(body, viewport={"width": width, "height": 800})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_map_file_prints_with_its_marking(opened):
    page = opened(portable([f"Example place {at}" for at in range(12)]))

    page.emulate_media(media="print")

    assert page.locator(".watermark").is_visible()
    assert page.locator("header .marking").is_visible()
    assert page.locator(".mark").first.is_visible()
    assert not page.locator(".leaflet-control-zoom").is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_a_map_file_without_scripts_is_its_table(opened):
    page = opened(portable([f"Example place {at}" for at in range(12)]), java_script_enabled=False)

    assert page.locator("tbody tr").count() == 12
    assert "The map needs scripts." in page.inner_text("body")
