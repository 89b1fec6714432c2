"""Controls of the contract: a default map fails it, every look has its ring, pictures and pins."""

import io
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image
from playwright.sync_api import Error

from app.core.db import Database
from app.core.settings import Settings
from tests.conftest import CLAIMS_KEY, Logins
from tests.e2e import contract as c
from tests.e2e import contract_more as more
from tests.e2e.conftest import ROOT, session_cookie
from tests.e2e.contract import Known, Seen, answering
from tests.e2e.test_pin_map import Running, site
from tests.e2e.test_triage import sent
from tests.people import sign_in_as

DESK = {"width": 1280, "height": 900}
DEFAULT = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Map</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/leaflet@1.9.4/leaflet.css">
<script src="/leaflet@1.9.4/leaflet.js"></script></head>
<body><h1>Map</h1><div id="map"></div><p id="status"></p><script src="/control.js"></script>
</body></html>"""
SCRIPT = """document.getElementById("map").style.height = "600px";
const map = L.map("map").setView([51.41, -0.3], 12);
const icon = L.icon({iconUrl: "/leaflet@1.9.4/images/layers.png", iconSize: [25, 41]});
for (let i = 0; i < 30; i += 1)
  L.marker([51.38 + (i % 6) * 0.012, -0.34 + i * 0.003], {icon}).addTo(map)
    .bindPopup(`Place ${i}`);
map.on("moveend", () => { const at = map.getCenter();
  history.replaceState(null, "", `#${map.getZoom()}/${at.lat}/${at.lng}`); });
map.panBy([1, 0], {animate: false});"""
CONTROL = Known(
    name="control",
    path="/",
    item=".leaflet-marker-icon",
    single=".leaflet-marker-icon",
    group=".marker-cluster",
    status="#status",
    panel=".leaflet-popup",
    frame="#map",
    ready="",
)
PIN = Known(
    name="pin",
    path="/report/where/map",
    canvas="#pin-canvas",
    status="#pin-status",
    help="#pin-help",
    frame=".cm-pin__frame, .cm-mapbuttons",
    rows="#pin-words",
    says="cross",
)
LOOKS = [
    *({"kind": "place", "level": level, "shape": shape, "type": "park"}
      for level in range(5) for shape in ("circle", "square", "line")),
    *({"kind": "cell", "class": code, "shape": "square", "count": 9, "type": code, "words": code}
      for code in ("MORE", "EXPECTED", "FEWER", "UNKNOWN")),
    *({"kind": "cluster", "cross_borough": across, "count": 9, "boroughs": ["Kingston 9"]}
      for across in (True, False)),
    {"kind": "group", "count": 9, "shape": "circle", "members": [], "box": [0, 0, 0, 0]},
]  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    """The vendored files, and the page of the control."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        given = {"/": ("text/html", DEFAULT), "/control.js": ("text/javascript", SCRIPT)}
        if self.path not in given:
            super().do_GET()
            return
        kind, body = given[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())


@pytest.fixture
def control(chromium):
    serve = partial(Quiet, directory=ROOT / "frontend/static/vendor")
    server = ThreadingHTTPServer(("127.0.0.1", 0), serve)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.set_default_timeout(1500)
    base = f"http://127.0.0.1:{server.server_port}"
    seen = Seen(context.new_page(), base, CONTROL).open()
    seen.page.locator(CONTROL.item).first.wait_for()
    yield seen
    context.close()
    server.shutdown()
    server.server_close()


def test_a_default_map_fails_the_contract(control, capsys):
    red = []
    for check in c.FIRST_TEN:
        control.page.keyboard.press("Escape")
        try:
            check(control)
        except (AssertionError, Error, KeyError, IndexError, ValueError, TypeError) as error:
            red.append(check.__name__.partition("_")[0] + f" {type(error).__name__}")
    with capsys.disabled():
        print(f"\nred of the first ten: {', '.join(red)}")

    assert len(red) >= 8


@pytest.fixture
def lead(chromium, live_url, site_db):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    cookie = sign_in_as(site_db, "cs_lead", agency="AFC").cookie
    context.add_cookies([session_cookie(cookie)])
    yield Seen(context.new_page(), live_url, Known("lead", "/map?layer=places", layer="places"))
    context.close()


def every_look(found):
    """One thing of each look, in rows, around the middle of the boroughs."""
    made = [
        {"id": f"look-{i}", "name": f"Look {i}", "href": "", "boroughs": [], "stage": "",
         "lon": -0.36 + 0.018 * (i % 6), "lat": 51.435 - 0.014 * (i // 6)} | look
        for i, look in enumerate(LOOKS)
    ]  # fmt: skip
    return found | {"items": made, "names": []}


def test_every_level_and_class_has_its_ring_and_is_told_apart_without_our_colours(lead):
    with answering(lead, more.ITEMS, every_look):
        lead.open().rest()
        looks = [lead.page.locator(f'[data-id="look-{i}"]') for i in range(len(LOOKS))]
        assert more.m12_the_focus_is_a_ring_of_black_and_yellow(lead, looks) == len(LOOKS)
        # The line and the circle of one level differ in shape, levels in their numbers.
        assert more.m13_looks_are_told_apart_in_the_colours_of_the_system(lead, looks) == len(LOOKS)


def test_m12_black_or_yellow_stands_out_from_every_colour_of_the_ground():
    written = (ROOT / "frontend/static/js/map-style.js").read_text()
    items = (ROOT / "frontend/static/js/map-items.js").read_text()
    colours = sorted(set(re.findall(r'"#([0-9a-f]{6})"', written + items)))

    assert len(colours) > 15
    for colour in colours:
        ground = tuple(bytes.fromhex(colour))
        assert max(contrast(more.BLACK, ground), contrast(more.YELLOW, ground)) >= 3, colour
    assert contrast(more.BLACK, more.YELLOW) >= 3


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_m9_as_close_as_it_goes_a_group_is_a_list_of_its_members(lead):
    def together(found):
        one = {"kind": "place", "shape": "circle", "type": "park", "level": 1, "boroughs": []}
        members = [one | {"id": f"PL-{n}", "name": f"Demo {n}", "href": f"/places/PL-{n}",
                          "lon": -0.3, "lat": 51.41} for n in "AB"]  # fmt: skip
        group = {"id": "group:A", "kind": "group", "name": "Group of 2 places near here",
                 "shape": "circle", "level": 1, "count": 2, "members": members, "href": "",
                 "box": [-0.3, 51.41, -0.3, 51.41], "lon": -0.3, "lat": 51.41}  # fmt: skip
        return found | {"items": [group]}

    with answering(lead, more.ITEMS, together):
        lead.open("/map?layer=places#18/51.41/-0.3").rest()
        lead.all().first.focus()
        lead.page.keyboard.press("Enter")
        lead.page.locator("#panel h2:focus").wait_for()

    assert lead.page.locator("#panel li a").all_inner_texts() == ["Demo A", "Demo B"]


def test_m11_one_finger_scrolls_the_page(chromium, live_url, lead):
    cookies = lead.page.context.cookies()
    context = chromium.new_context(viewport=DESK, has_touch=True, is_mobile=True)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{live_url}/map")
    page.locator("#map-status", has_text="wide").wait_for()

    assert page.locator("#map").evaluate("el => getComputedStyle(el).touchAction") == "pan-x pan-y"
    context.close()


def test_the_picture_of_triage_is_named_and_leads_to_the_map(lead, site_db, settings):
    ref = sent(site_db, settings, 9, longitude=-0.3012, latitude=51.4123)
    lead.page.goto(f"{lead.base}/reports/{ref}")
    image = lead.page.locator("img.cm-pinned")
    image.scroll_into_view_if_needed()
    body = lead.page.request.get(lead.base + image.get_attribute("src")).body()
    assert len(Image.open(io.BytesIO(body)).convert("RGB").getcolors(1 << 20)) > 3
    assert "cross on the spot" in image.get_attribute("alt")
    lead.page.get_by_role("link", name="Open on the map").click()
    lead.page.locator("#map-status", has_text="wide").wait_for()
    lead.rest()
    assert lead.view()[0] == 16


@pytest.fixture(scope="module")
def pinned(cluster, site_db, tmp_path_factory):
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("pinned"),
        demo=True,
        secret_key="a key of the tests only",
        basemap=basemap if basemap.exists() else None,
    )
    db = Database(Logins(cluster, "site"), CLAIMS_KEY)
    running = Running(*site(db, settings))
    yield running.url
    running.stop()
    db.dispose()


@pytest.fixture(scope="module")
def pin(chromium, pinned):
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    yield Seen(context.new_page(), pinned, PIN).open()
    context.close()


@pytest.mark.parametrize(
    "check",
    [
        c.m1_is_a_named_region_described_by_its_count,
        c.m2_a_skip_link_before_it_and_the_words_come_first,
        c.m3_few_tab_stops_and_no_trap,
        more.m15_small_windows_and_large_text,
        more.m21_help_by_key_and_by_button,
        more.m22_another_size_and_paper,
        more.nothing_was_complained_of,
    ],
    ids=lambda check: check.__name__.partition("_")[0],
)
def test_the_pin_map_keeps_the_contract(pin, check):
    check(pin)


def test_m12_the_ring_of_the_pin_map(pin):
    more.m12_the_focus_is_a_ring_of_black_and_yellow(pin, classes=[
        pin.page.locator('[data-do="north"]'), pin.page.locator('[data-do="in"]'),
    ])  # fmt: skip


def test_m13_the_cross_is_seen_in_the_colours_of_the_system(pin):
    pin.page.emulate_media(forced_colors="active")
    box = pin.page.locator(".cm-pin__cross").bounding_box()
    shot = more.picture(pin.page, box)
    pin.page.emulate_media(forced_colors="none")
    found = shot.getcolors(1 << 20)
    assert sum(n for n, colour in found if more.near(colour, more.BLACK)) > 60


def test_m23_the_pin_map_tells_of_no_place_of_concern(pin):
    names = pin.page.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
        ".map(a => a.name).filter(n => n.startsWith('data-')).map(n => n.slice(5))"
    )
    assert set(names) - set(more.ATTRIBUTES.split()) == set()
    assert pin.page.locator(".cm-item").count() == 0


def test_m24_axe_finds_nothing_on_the_pin_map(pin):
    assert more.axe(pin.page) == []
    pin.page.keyboard.press("?")
    assert more.axe(pin.page) == []
