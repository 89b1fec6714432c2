"""The behaviour contract of a map (M12 to M24) as functions over a page."""

import io
import re

from PIL import Image

from tests.e2e.contract import answering
from tests.e2e.sweep import AXE, RULES

BLACK, YELLOW = (11, 12, 12), (255, 221, 0)
BAD = "Demo <img src=x onerror=alert(1)>"
NOT_LOADED = "The map could not be loaded. The table below is complete."
ITEMS = "**/map/items**"
PLACE = {"id", "kind", "name", "shape", "type", "boroughs", "lon", "lat", "href"}
GROUP = {"id", "kind", "name", "shape", "lon", "lat", "count", "box", "members", "href"}
NUMBERS = {"level", "first_on", "last_on", "count", "cross_borough"}
TOLD = {"mode", "in_view", "in_view_words", "items", "around", "names"}
TOTALS = {"matches", "on_map", "off_map"}
STAFF = {
    "place": PLACE | NUMBERS,
    "cluster": PLACE | NUMBERS | {"sure", "across"},
    "group": GROUP | {"level", "cross_borough"},
    "cell": PLACE | {"class", "level", "ring", "count", "words", "lines"},
}
PARTNER = {"place": PLACE | {"stage"}, "group": GROUP}
ATTRIBUTES = """bounds query layer shows basemap attribution max-zoom do id level show lon lat leave
kind module zoom partnership script picture context idle-min"""


def picture(page, box, around=0):
    clip = {
        "x": max(0, box["x"] - around),
        "y": max(0, box["y"] - around),
        "width": box["width"] + 2 * around,
        "height": box["height"] + 2 * around,
    }
    return Image.open(io.BytesIO(page.screenshot(clip=clip, animations="disabled"))).convert("RGB")


def m12_the_focus_is_a_ring_of_black_and_yellow(seen, classes=None):
    """Beside the middle of each side: 3 px black, then 3 px yellow, on whatever lies below."""
    page = seen.page
    seen.canvas.scroll_into_view_if_needed()
    seen.canvas.focus()
    box = seen.canvas.bounding_box()
    assert _ring(page, box), "the map itself"
    found = classes or _of_each_class(seen)
    for one in found:
        one.focus()
        assert _ring(page, one.bounding_box()), one.get_attribute("aria-label")
        assert one.evaluate(
            """b => { const r = b.getBoundingClientRect();
               return [[.5, .5], [.1, .5], [.9, .5], [.5, .1], [.5, .9]].every(([x, y]) => {
                 const top = document.elementFromPoint(r.x + x * r.width, r.y + y * r.height);
                 return b.contains(top); }); }"""
        ), "covered"
    return len(found)


def _of_each_class(seen):
    """One thing of each look that lies away from the edge of the map."""
    picked = seen.page.evaluate(
        """([canvas, item]) => { const map = document.querySelector(canvas).getBoundingClientRect();
           const kept = new Map();
           [...document.querySelectorAll(item)].forEach((b, i) => {
             const r = b.getBoundingClientRect();
             if (r.left < map.left + 12 || r.right > map.right - 12) return;
             if (r.top < map.top + 12 || r.bottom > map.bottom - 12) return;
             const look = [b.className, b.dataset.level,
               b.querySelector('path')?.getAttribute('fill')].join();
             if (!kept.has(look)) kept.set(look, i); });
           return [...kept.values()]; }""",
        [seen.known.canvas, seen.known.item],
    )
    return [seen.all().nth(i) for i in picked]


def _ring(page, box):
    """Two of the three pixels of each colour at least, as an edge may lie between pixels."""
    shot = picture(page, box, around=8)
    left, top = min(8, box["x"]), min(8, box["y"])
    middle_x, middle_y = round(left + box["width"] / 2), round(top + box["height"] / 2)
    right, bottom = left + box["width"], top + box["height"]
    lines = [
        [(round(left) - k, middle_y) for k in range(1, 8)],
        [(round(right) - 1 + k, middle_y) for k in range(1, 8)],
        [(middle_x, round(top) - k) for k in range(1, 8)],
        [(middle_x, round(bottom) - 1 + k) for k in range(1, 8)],
    ]
    seen = 0
    for line in lines:
        colours = [shot.getpixel(at) for at in line if _within(at, shot.size)]
        black = sum(near(c, BLACK) for c in colours)
        yellow = sum(near(c, YELLOW) for c in colours)
        seen += black >= 2 and yellow >= 2
    return seen >= 3  # one side may lie at the edge of the window


def _within(at, size):
    return 0 <= at[0] < size[0] and 0 <= at[1] < size[1]


def near(one, other):
    return all(abs(a - b) <= 40 for a, b in zip(one, other, strict=True))


def m13_looks_are_told_apart_in_the_colours_of_the_system(seen, classes=None):
    page = seen.page
    page.emulate_media(forced_colors="active")
    _ground(page, "hidden")  # looks alone are compared, not what lies below them
    try:
        looks = {}
        for one in classes or _of_each_class(seen):
            page.evaluate("document.activeElement.blur()")
            box = one.bounding_box()
            name = one.get_attribute("aria-label")
            bare = picture(page, box, around=7)
            one.focus()
            assert picture(page, box, around=7).tobytes() != bare.tobytes(), f"ring of {name}"
            looks.setdefault(_inside(bare, 7), []).append(name)
        assert all(len(names) == 1 for names in looks.values()), looks
        return len(looks)
    finally:
        page.emulate_media(forced_colors="none")
        _ground(page, "")


def _ground(page, visibility):
    page.evaluate(
        "v => document.querySelectorAll('.leaflet-tile-pane, .cm-names')"
        ".forEach(one => { one.style.visibility = v; })",
        visibility,
    )


def _inside(shot, by):
    return shot.crop((by, by, shot.width - by, shot.height - by)).tobytes()


def m14_nothing_moves_by_itself(seen):
    """The browser asked for little motion when the map was made."""
    page = seen.page
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    assert page.locator(".leaflet-zoom-anim").count() == 0
    assert page.get_by_role("button", name="Play").count() == 0
    moving = page.evaluate(
        "document.getAnimations().filter(a => a.playState === 'running').map(a => String(a.id))"
    )
    assert moving == []
    page.locator('[data-do="in"]').click()
    at_once = page.locator(".leaflet-zoom-animated.leaflet-zoom-anim, .is-moving").count()
    assert at_once == 0


def m15_small_windows_and_large_text(seen):
    page, known = seen.page, seen.known
    before = page.viewport_size
    for width, height in ((320, 700), (320, 256)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(150)
        assert _wide(page) <= width
        shown = seen.canvas.bounding_box()["height"]
        assert shown >= 320
        assert height < 700 or shown <= 0.7 * height
        _usable(seen, width)
    page.set_viewport_size(before)
    page.evaluate(
        """() => { const all = [...document.querySelectorAll('body, body *')];
           const sizes = all.map(one => parseFloat(getComputedStyle(one).fontSize));
           all.forEach((one, i) => { if (!one.closest('.cm-item, svg'))
             one.style.fontSize = `${2 * sizes[i]}px`; }); }"""
    )
    page.wait_for_timeout(150)
    try:
        assert _wide(page) <= before["width"]
        _usable(seen, before["width"])
        assert seen.canvas.bounding_box()["height"] >= 320
        assert known.status
    finally:
        page.evaluate(
            "document.querySelectorAll('[style*=\"font-size\"]').forEach(one =>"
            " one.style.removeProperty('font-size'))"
        )


def _wide(page):
    return page.evaluate("document.documentElement.scrollWidth")


def _usable(seen, width):
    """Each button of the map can be brought into the window whole, and nothing lies over it."""
    wrong = seen.page.evaluate(
        """(width) => [...document.querySelectorAll('.cm-mapbuttons button')].filter((b) => {
             if (!b.offsetParent) return false;
             b.scrollIntoView({block: 'center'});
             const r = b.getBoundingClientRect();
             const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
             return r.left < 0 || r.right > width || !b.contains(top)
               || b.scrollWidth > b.clientWidth + 1; }).map(b => b.textContent)""",
        width,
    )
    assert wrong == []


def m16_what_is_shown_is_what_is_counted(seen):
    page = seen.page
    joint = "&" if "?" in seen.known.path else "?"
    found = page.evaluate(
        "q => fetch('/map/items' + q + 'z=18').then(r => r.json())",
        seen.known.path.partition("/map")[2] + joint,
    )
    drawn = sum(item["count"] if item["kind"] == "group" else 1 for item in found["items"])
    rows = page.locator(f"{seen.known.table} tbody tr").count()
    sentence = page.locator("#count strong").inner_text()
    on, off = (
        int(n.replace(",", ""))
        for n in re.search(r"([\d,]+) on the map, ([\d,]+) not", sentence).groups()
    )
    assert drawn == on == found["on_map"]
    assert off == sum(found["off_map"].values())
    assert on + off == found["matches"]
    if rows < on + off:  # a long table has pages
        assert page.get_by_role("link", name="Next page").is_visible()
    else:
        assert rows == on + off
    return found


def m17_a_row_leads_to_the_map_and_the_panel_to_the_record(seen):
    page = seen.page
    links = page.locator("[data-show]")
    for at in sorted({0, links.count() // 2, links.count() - 1}):
        wanted = links.nth(at).get_attribute("data-show")
        links.nth(at).click()
        page.wait_for_function(
            "s => document.activeElement.matches(s)", arg=seen.known.item, timeout=8000
        )
        seen.rest()
        on = page.evaluate("document.activeElement.dataset.id")
        members = [
            one["id"]
            for item in seen.sent()["items"]
            if item["id"] == on
            for one in item.get("members", [])
        ]
        assert wanted == on or wanted in members
    one = page.locator(f"{seen.known.item}:focus")
    kind = re.search(r"cm-item--(\w+)", one.get_attribute("class"))[1]
    wanted = one.get_attribute("data-id")
    if kind in {"place", "cluster"}:
        page.keyboard.press("Enter")
        href = page.locator(f"{seen.known.panel} a").get_attribute("href")
        assert href == f"/{kind}s/{wanted}"
        page.keyboard.press("Escape")


def m18_without_a_script(page, known):
    assert not page.locator(known.canvas).is_visible()
    assert page.locator(f"{known.table} tbody tr").count() > 0
    image = page.locator("#map-picture img")
    image.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => { const i = document.querySelector('#map-picture img');"
        " return i.complete && i.naturalWidth > 0; }"
    )
    words = page.locator("#map-picture nav a").all_inner_texts()
    for one in ("Closer", "Wider", "North", "South", "East", "West"):
        assert any(one in said for said in words), words
    assert page.locator("iframe, .js-only:visible").count() == 0


def m19_answers_that_do_not_come(seen, hangs=False):
    page = seen.page
    rows = page.locator(f"{seen.known.table} tbody tr").count()
    ways = {"500": lambda route: route.fulfill(status=500), "offline": lambda route: route.abort()}
    if hangs:
        ways["hangs"] = lambda route: None
    complaints = list(seen.complaints)
    for answer in ways.values():
        page.route(ITEMS, answer)
        page.locator('[data-do="north"]').click()
        page.locator(seen.known.status, has_text=NOT_LOADED).wait_for(timeout=20_000)
        assert page.locator(f"{seen.known.table} tbody tr").count() == rows
        page.unroute(ITEMS)
        page.locator('[data-do="all"]').click()
        page.locator(seen.known.status, has_text="wide").wait_for()
        seen.rest()
    # The browser's own lines about answers that failed.
    added = seen.complaints[len(complaints) :]
    assert all(line.startswith("Failed to load resource") for line in added), added
    seen.complaints[:] = complaints


def m20_a_name_that_is_markup_is_text(seen):
    page = seen.page

    def bad(found):
        kept = [item for item in found["items"] if item["kind"] != "group"]
        changed = [item | {"name": BAD} for item in kept or found["items"]]
        return found | {"items": changed, "around": BAD, "names": [
            one | {"name": BAD} for one in found["names"]]}  # fmt: skip

    with answering(seen, ITEMS, bad):
        page.locator('[data-do="north"]').click()
        page.locator(seen.known.status, has_text=BAD).wait_for()
        seen.rest()
        one = seen.all().first
        assert BAD in one.get_attribute("aria-label")
        if "cm-item--group" not in one.get_attribute("class"):
            one.focus()
            page.keyboard.press("Enter")
            assert page.locator(f"{seen.known.panel} h2").inner_text() == BAD
            page.keyboard.press("Escape")
        assert page.locator("img[src='x']").count() == 0
    nothing_was_complained_of(seen)


def nothing_was_complained_of(seen):
    assert seen.complaints == []
    assert seen.foreign == []


def m21_help_by_key_and_by_button(seen):
    page, known = seen.page, seen.known
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator(known.help).is_visible()
    page.keyboard.press("Escape")
    assert page.locator(known.help).is_hidden()
    button = page.get_by_role("button", name="Keyboard help")
    assert button.is_visible()
    button.click()
    assert page.locator(known.help).is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert page.locator(known.help).is_hidden()


def m22_another_size_and_paper(seen):
    page = seen.page
    before = page.viewport_size
    view = seen.view() if seen.known.layer else None
    for width, height in ((900, 1100), (740, 360), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        seen.rest()
        box = seen.canvas.bounding_box()
        assert box["width"] > 200
        assert box["height"] >= 320
        tiles = seen.canvas.evaluate(
            "el => { const m = el.getBoundingClientRect();"
            " return [...el.querySelectorAll('.leaflet-tile')].some(t => {"
            " const r = t.getBoundingClientRect();"
            " return r.left < m.right && r.right > m.left"
            " && r.top < m.bottom && r.bottom > m.top; }); }"
        )
        assert tiles, "ground under the middle"
        if view:
            assert all(abs(a - b) < 3e-3 for a, b in zip(seen.view(), view, strict=True))
    page.set_viewport_size(before)
    seen.rest()


def m22_on_paper_the_picture_and_the_table(seen):
    """On a small sheet, for which the small picture is drawn."""
    page = seen.page
    before = page.viewport_size
    page.set_viewport_size({"width": 600, "height": 800})
    page.emulate_media(media="print")
    try:
        page.wait_for_function(
            "() => { const i = document.querySelector('#map-picture img');"
            " i.scrollIntoView(); return i.complete && i.naturalWidth > 0; }"
        )
        assert page.locator("#map-picture img").is_visible()
        assert page.locator(seen.known.table).is_visible()
        assert not seen.canvas.is_visible()
    finally:
        page.emulate_media(media="screen")
        page.set_viewport_size(before)
        seen.rest()


def m23_no_more_than_the_role_may_know(seen, allowed):
    page = seen.page
    joint = "&" if "?" in seen.known.path else "?"
    asked = seen.known.path.partition("/map")[2] + joint
    for zoom in (9, 13, 18):
        found = page.evaluate(
            "q => fetch('/map/items' + q).then(r => r.json())", f"{asked}z={zoom}"
        )
        assert set(found) <= TOLD | TOTALS
        for one in found["names"]:
            assert set(one) == {"name", "kind", "lon", "lat"}
        for item in found["items"]:
            for one in [item, *item.get("members", [])]:
                assert set(one) - allowed[one["kind"]] == set()
                _as_coarse_as_its_class(one)
    attributes = page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
        ".filter(a => a.name.startsWith('data-')).map(a => [a.name.slice(5), a.value])"
    )
    assert {name for name, _ in attributes} - set(re.split(r"\s", ATTRIBUTES)) == set()
    degrees = [value for name, value in attributes if name in {"lon", "lat"}]
    assert all(_decimals(value) <= 5 for value in degrees), degrees[:3]


def _decimals(value):
    return len(str(value).partition(".")[2])


def _as_coarse_as_its_class(one):
    """A metre of its own shape; a square is told by its middle; a home is not on the map."""
    assert _decimals(one["lon"]) <= 5
    assert _decimals(one["lat"]) <= 5
    if one["kind"] == "cell":
        assert re.fullmatch(r"c250:-?\d+:-?\d+", one["id"])


# Rows of a table are alike: four of them are judged, and what stands around the table.
ROWS = "#map-table tbody tr:nth-child(n + 5)"
JUDGED = """async ([rules, part, rows]) => {
  const found = await axe.run({include: [part], exclude: [rows]},
    {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']});
  return found.violations.map(v => `${v.id}: ${v.help} `
    + v.nodes.slice(0, 3).map(n => String(n.target)).join());
}"""


def axe(page, part="html"):
    page.evaluate(AXE)
    return page.evaluate(JUDGED, [RULES, part, ROWS])


def m24_axe_finds_nothing(seen):
    """The whole page once; what opens and what fails changes the stage of the map alone."""
    page = seen.page
    assert axe(page) == [], "closed"
    seen.one().focus()
    page.keyboard.press("Enter")
    page.locator(f"{seen.known.panel} h2").wait_for()
    assert axe(page, "#map-stage") == [], "open"
    page.keyboard.press("Escape")
    page.route(ITEMS, lambda route: route.fulfill(status=500))
    page.locator('[data-do="north"]').click()
    page.locator(seen.known.status, has_text=NOT_LOADED).wait_for()
    assert axe(page, "#map-stage") == [], "not loaded"
    page.unroute(ITEMS)
    seen.complaints[:] = [c for c in seen.complaints if not c.startswith("Failed to load")]
