"""The behaviour contract of the map (M1 to M24), in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ROOT

ITEM = ".cm-item"


def opened(seen, path="/map"):
    page = seen.open(path)
    page.locator("#map-status", has_text="wide").wait_for()
    return page


def numbers(text):
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


def names(page):
    return page.locator(ITEM).evaluate_all("all => all.map(b => b.getAttribute('aria-label'))")


def settled(page, unlike=""):
    """The view in the address, once it has stopped changing."""
    before = None
    for _ in range(40):
        now = page.evaluate("location.hash")
        if now and now == before and now != unlike:
            return now
        before = now
        page.wait_for_timeout(400)
    return before


def test_m1_the_map_is_named_and_described_by_the_count(desktop):
    page = opened(desktop)

    region = page.get_by_role("region", name=re.compile("Map of Kingston"))
    described = page.locator("#" + region.get_attribute("aria-describedby")).inner_text()
    assert "on the map" in described
    ends = [page.locator(one).bounding_box() for one in (".cm-map", ".cm-map__side")]
    beside, legend = (box["y"] + box["height"] for box in ends)
    assert abs(beside - legend) < 8, "the legend goes on as far as the map does"


def test_m2_a_skip_link_leads_to_the_table_and_the_count_comes_first(desktop):
    page = opened(desktop)

    link = page.get_by_role("link", name="Skip to the table")
    assert link.get_attribute("href") == "#rows"
    order = page.evaluate(
        "document.getElementById('count').compareDocumentPosition(document.getElementById('map'))"
    )
    assert order == 4, "the map follows the count"


def test_m3_one_tab_stop_for_all_items_and_no_trap(desktop):
    page = opened(desktop)
    page.locator("#map").focus()

    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.className"))

    assert sum("cm-item" in stop for stop in stops) == 1


def test_m4_arrow_keys_visit_every_item(desktop):
    page = opened(desktop)
    sent = page.locator(ITEM).evaluate_all("all => all.map(b => b.dataset.id)")
    page.locator(ITEM).first.focus()

    visited = []
    for _ in sent:
        visited.append(page.evaluate("document.activeElement.dataset.id"))
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    last = page.evaluate("document.activeElement.dataset.id")
    page.keyboard.press("Home")

    assert visited == sent
    assert last == sent[-1]
    assert page.evaluate("document.activeElement.dataset.id") == sent[0]


def test_m5_names_are_unique_and_mean_something(desktop):
    found = names(opened(desktop))

    assert len(found) == len(set(found))
    assert not any(re.fullmatch(r"\d+|Marker", name) for name in found)


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_m6_and_m7_the_panel_opens_and_closes_with_the_keyboard(desktop, key):
    page = opened(desktop, "/map?layer=clusters")
    single = page.locator(f"{ITEM}--cluster").first
    name = single.get_attribute("aria-label")
    single.focus()
    page.keyboard.press(key)

    heading = page.locator("#panel h2")
    assert name.startswith(heading.inner_text())
    assert heading.evaluate("h => document.activeElement === h")

    page.keyboard.press("Escape")
    assert page.locator("#panel h2").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == name


def test_m8_moves_by_arrow_keys_are_announced(desktop):
    page = opened(desktop)
    before = settled(page)
    page.locator("#map").focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")

    assert settled(page, unlike=before) != before
    page.wait_for_timeout(1100)
    assert re.match(
        r"Map [\d.]+ (kilo)?metres wide, around \w.*\. \d+ place.* in view\.",
        page.locator("#map-status").inner_text(),
    )


def test_m10_items_are_large_enough_and_apart(desktop):
    page = opened(desktop)

    boxes = page.locator(ITEM).evaluate_all(
        "all => all.map(b => b.getBoundingClientRect())"
        ".map(r => [r.x + r.width / 2, r.y + r.height / 2, r.width, r.height])"
    )

    assert all(w >= 24 and h >= 24 for _, _, w, h in boxes)
    close = [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[i + 1 :]
        if abs(a[0] - b[0]) < 20 and abs(a[1] - b[1]) < 20
    ]
    assert close == []


def test_m11_every_drag_has_a_button(desktop):
    page = opened(desktop)
    before = settled(page)

    page.get_by_role("button", name="North").click()

    assert settled(page, unlike=before) != before


def test_m15_the_map_keeps_a_usable_size_at_320_pixels(phone):
    page = phone.open("/map")
    assert not page.locator("#map").is_visible(), "a telephone shows the list first"
    page.get_by_role("button", name="Show map").click()
    page.locator("#map-status", has_text="wide").wait_for()

    height = page.locator("#map").bounding_box()["height"]

    assert 320 <= height <= 700 * 0.7
    scale = page.locator(".leaflet-control-scale").bounding_box()
    credit = page.locator(".leaflet-control-attribution")
    assert "Crown copyright" in credit.inner_text()
    assert credit.bounding_box()["y"] >= scale["y"] + scale["height"]


def test_m16_items_and_the_rest_are_the_rows_of_the_table(desktop):
    for path in ("/map", "/map?layer=clusters", "/map?type=PG_ONLINE", "/map?borough=E09000027"):
        page = desktop.open(path)
        sentence = page.locator("#count strong").inner_text()
        rows = page.locator("#map-table tbody tr").count()
        found = page.evaluate(
            "q => fetch('/map/items' + q + (q ? '&' : '?') + 'z=18').then(r => r.json())",
            path.partition("?")[1] + path.partition("?")[2],
        )
        shown = sum(item["count"] if item["kind"] == "group" else 1 for item in found["items"])
        places, clusters, *_ = numbers(sentence)

        assert (
            shown + sum(found["off_map"].values()) == rows == found["matches"] == places + clusters
        )


def test_m17_a_row_is_shown_on_the_map(desktop):
    page = opened(desktop)
    link = page.locator("[data-show]").nth(3)
    wanted = link.get_attribute("data-show")

    link.click()
    page.wait_for_timeout(900)

    ids = page.locator(ITEM).evaluate_all("all => all.map(b => b.dataset.id)")
    assert wanted in ids or any(x.startswith("group:") for x in ids)


def test_a_link_finds_a_place_whose_row_is_on_another_page_of_the_table(desktop):
    page = opened(desktop)
    row = page.locator("[data-show^=PL-]").first
    ref = row.get_attribute("data-show")
    whole = page.content()
    page.route(
        re.compile(r"/map$"),
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace(f'data-show="{ref}"', 'data-show="elsewhere"'),
        ),
    )

    page.goto("about:blank")
    opened(desktop, f"/map#{ref}")
    zoom = page.evaluate("Number(location.hash.slice(1).split('/').at(-3))")
    shown = page.evaluate("[...document.querySelectorAll('.cm-item')].map(b => b.dataset.id)")
    page.goto("about:blank")
    desktop.open("/map#PL-000-0000")
    page.locator("#map-status", has_text="What this link leads to is not among").wait_for()

    assert f'data-show="{ref}"' in whole
    assert zoom == 16
    assert ref in shown or any(one.startswith("group:") for one in shown)


def test_m18_without_javascript_the_table_is_whole_and_no_frame_is_empty(without_javascript):
    page = without_javascript.page
    page.goto(without_javascript.base + "/map")

    assert not page.locator("#map").is_visible()
    assert page.locator("#map-table tbody tr").count() > 50
    assert page.locator("#map-picture img").is_visible()
    assert page.get_by_role("link", name="Closer").is_visible()


@pytest.mark.parametrize("answer", [500, None])
def test_m19_a_failing_answer_leaves_a_sentence_and_the_table(browser, live_url, answer):
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.route(
        "**/map/items**",
        lambda route: route.fulfill(status=answer) if answer else route.abort(),
    )
    page.goto(f"{live_url}/map")
    page.wait_for_timeout(1200)

    assert "could not be loaded" in page.locator("#map-status").inner_text()
    assert page.locator("#map-table tbody tr").count() > 50
    context.close()
    assert errors == []


def test_m20_a_name_that_is_markup_is_text(browser, live_url, site_db):
    from sqlalchemy import text

    from app.core.actor import job_actor

    bad = "Demo <img src=x onerror=alert(1)>"
    with site_db.begin(job_actor("demo:load")) as session:
        ref, before = session.execute(
            text("select ref, name from app.place where qk is not null order by ref limit 1")
        ).one()
        session.execute(text("update app.place set name = :n where ref = :r"), {"n": bad, "r": ref})
    context = browser.new_context()
    page = context.new_page()
    alerts = []
    page.on("dialog", lambda d: (alerts.append(d.message), d.dismiss()))
    page.goto(f"{live_url}/map#{ref}")
    page.wait_for_timeout(1500)
    page.locator(f'[data-id="{ref}"]').first.click(force=True)
    page.wait_for_timeout(300)

    shown = page.locator("tr", has_text="onerror").count()
    images = page.locator("main img[src='x']").count()
    context.close()
    with site_db.begin(job_actor("demo:load")) as session:
        session.execute(
            text("update app.place set name = :n where ref = :r"), {"n": before, "r": ref}
        )
    assert (alerts, images) == ([], 0)
    assert shown == 1


def test_m21_keyboard_help_opens_with_a_question_mark(desktop):
    page = opened(desktop)

    page.keyboard.press("?")
    assert page.locator("#map-help").is_visible()

    page.keyboard.press("Escape")
    assert not page.locator("#map-help").is_visible()


def test_a_cross_borough_cluster_is_flagged_on_the_map_and_in_the_table(desktop):
    page = opened(desktop, "/map?layer=clusters")

    flagged = page.locator("#map-table .cm-badge--cross").count()
    on_map = [name for name in names(page) if "cross-borough" in name]

    assert flagged >= 4
    assert on_map
    page.locator(".cm-item--cross").first.click()
    expect(page.locator("#panel")).to_contain_text("Cross-borough: incidents in")


def test_the_view_survives_a_reload(desktop):
    page = opened(desktop)
    first = settled(page)
    page.get_by_role("button", name="Closer").click()
    before = settled(page, unlike=first)

    page.reload()
    page.wait_for_selector(ITEM)

    assert before != first
    assert settled(page) == before


def test_reduced_motion_is_obeyed(browser, live_url):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{live_url}/map")
    page.wait_for_selector(ITEM)

    assert page.locator(".leaflet-zoom-anim").count() == 0
    context.close()


def test_m9_a_group_is_gone_into_and_its_first_thing_has_the_focus(desktop):
    page = opened(desktop)
    group = page.locator(f"{ITEM}--group").first
    west = page.evaluate("location.hash")

    group.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("before => location.hash !== before", arg=west)
    page.wait_for_function("() => document.activeElement.classList.contains('cm-item')")

    assert settled(page, unlike=west) != west


def test_m22_a_map_of_another_size_keeps_its_middle_and_is_not_blank(desktop):
    page = opened(desktop)
    before = settled(page)

    page.set_viewport_size({"width": 900, "height": 1100})
    page.wait_for_timeout(800)

    zoom, lat, lon = (float(part) for part in before[1:].split("/"))
    now = [float(part) for part in page.evaluate("location.hash")[1:].split("/")]
    assert now == [pytest.approx(v, abs=2e-3) for v in (zoom, lat, lon)]
    assert page.locator(ITEM).count() > 0


@pytest.mark.parametrize("opens", [False, True])
def test_m24_axe_finds_nothing_with_the_panel_closed_and_open(desktop, opens):
    page = opened(desktop, "/map?layer=clusters")
    if opens:
        page.locator(f"{ITEM}--cluster").first.click()
        page.locator("#panel h2").wait_for()
    page.evaluate((ROOT / "tests/e2e/vendor/axe.min.js").read_text())

    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help))")

    assert found == []


def test_a_meeting_has_no_navigation_no_homes_and_a_way_out(desktop):
    page = opened(desktop, "/map?screen=1&children=3-7")

    assert page.get_by_role("navigation", name="Sections").count() == 0
    assert page.get_by_text("Address not shown").count() == 0
    assert page.locator(".cm-protected").first.is_visible()
    assert page.locator("#map-table tbody tr").count() > 50, "the filter of children is not used"
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/map(\?)?(#.*)?$"))
