"""Pointing at a spot on the public form's small map: with JavaScript, and with the picture.

A page of the test around the shipped macros and script, so that this holds whatever page uses them.
"""

import io
import re
import threading
import time

import pytest
import uvicorn
from fastapi import Request, Response
from PIL import Image
from starlette.routing import Route

from app.core import pages
from app.core.closed import FORM_COOKIE
from app.core.db import Database
from app.core.settings import Settings
from app.main import create_app
from app.maps import pin, pin_page
from app.maps.pin import View
from tests.conftest import CLAIMS_KEY, Logins
from tests.e2e.conftest import ROOT, Watched
from tests.live import free_port

EDEN = View(518_110, 169_180, 15)
PAGE = """{% import "report/_pin_map.html" as small %}<!DOCTYPE html>
<html lang="en-GB" class="govuk-template"><head><meta charset="utf-8"><title>Where is it?</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/css/app.css">{{ small.head() }}
<script src="/static/js/js-enabled.js"></script></head>
<body class="govuk-template__body"><div class="cm-width"><main id="main">
<h1 class="govuk-heading-l">Where is it?</h1>
<form method="post" action="/report/where/map" autocomplete="off">{{ small.show(map) }}</form>
</main></div>{{ small.scripts(map) }}</body></html>"""
ARRIVED = '<!DOCTYPE html><title>Sent</title><link rel="icon" href="/static/icon.svg">Sent'
STATUS = "#pin-status"


def site(db, settings):
    """The service, with one page more."""
    app = create_app(db, settings)
    sent = []

    async def where(request: Request) -> Response:
        if request.method == "POST":
            sent.append(dict(await request.form()))
            return Response(ARRIVED, media_type="text/html; charset=utf-8")
        shown = pin_page.shown(
            *(settings, EDEN, "Eden Street, KT1", "Kingston and Richmond"),
            chosen=False,
            cookie="a synthetic form",
        )
        body = pages._env.from_string(PAGE).render(map=shown)
        answer = Response(body, media_type="text/html; charset=utf-8")
        answer.set_cookie(FORM_COOKIE, "a synthetic form", secure=True)
        return answer

    app.router.routes.insert(0, Route("/report/where/map", where, methods=["GET", "POST"]))
    return app, sent


class Running:
    def __init__(self, app, sent) -> None:
        self.sent = sent
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        given = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")
        self.server = uvicorn.Server(given)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started and self.thread.is_alive():
            time.sleep(0.02)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture(scope="module", params=["tiles", "outline"])
def running(request, cluster, template, site_db, tmp_path_factory):
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("pin"),
        demo=True,
        secret_key="a key of the tests only",
        basemap=basemap if request.param == "tiles" and basemap.exists() else None,
    )
    db = Database(Logins(cluster, "site"), CLAIMS_KEY)
    started = Running(*site(db, settings))
    yield started
    started.stop()
    db.dispose()


@pytest.fixture
def seen(chromium, running):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    watched = Watched(context.new_page(), running.url)
    yield watched
    context.close()
    assert watched.foreign == []
    assert watched.complaints == []


def opened(seen):
    page = seen.open("/report/where/map")
    page.locator(STATUS, has_text="wide").wait_for()
    return page


def centre(page):
    return [
        float(page.locator(f"[name={name}]").input_value()) for name in ("longitude", "latitude")
    ]


def settled(page, unlike):
    """The status, once it says something else and has stopped changing."""
    page.wait_for_function(
        "before => document.querySelector('#pin-status').textContent !== before", arg=unlike
    )
    return page.locator(STATUS).inner_text()


def test_the_middle_is_said_and_sent(seen, running):
    page = opened(seen)

    assert "near Eden Street, KT1, in Kingston upon Thames." in page.locator(STATUS).inner_text()
    page.get_by_role("button", name="Use this spot").click()
    page.wait_for_load_state()

    sent = running.sent[-1]
    there = pin.at_lonlat(float(sent["longitude"]), float(sent["latitude"]), 15)
    assert abs(there.easting_m - EDEN.easting_m) <= 1
    assert abs(there.northing_m - EDEN.northing_m) <= 1
    assert (sent["do"], sent["accuracy_m"]) == ("use", "")
    assert "pin.x" not in sent


def test_m1_m2_the_map_is_named_described_and_can_be_skipped(seen):
    page = opened(seen)

    region = page.get_by_role(
        "region", name="Map of Kingston and Richmond with a cross in the middle"
    )
    described = page.locator("#" + region.get_attribute("aria-describedby"))
    assert "cross" in described.inner_text()
    link = page.get_by_role("link", name="Skip the map")
    assert page.locator(link.get_attribute("href")).count() == 1


def test_m3_few_tab_stops_and_no_trap(seen):
    page = opened(seen)
    page.locator("#pin-canvas").focus()

    stops = 0
    while stops < 12:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Use this spot":
            break
        stops += 1

    assert stops <= 10


def test_m8_keys_move_and_zoom_and_the_new_spot_is_said_within_a_second_or_two(seen):
    page = opened(seen)
    before, said = centre(page), page.locator(STATUS).inner_text()
    page.locator("#pin-canvas").focus()

    page.keyboard.press("ArrowRight")
    said = settled(page, said)
    east = centre(page)
    page.keyboard.press("Shift+ArrowUp")
    said = settled(page, said)
    north = centre(page)
    page.keyboard.press("+")
    closer = settled(page, said)

    assert east[0] > before[0]
    assert north[1] - east[1] > 2 * (east[0] - before[0]) * 0.5
    assert int(re.search(r"Map (\d+) metres", closer)[1]) < 1000


def test_m11_each_direction_has_a_button_and_one_finger_scrolls(chromium, running, seen):
    page = opened(seen)
    start = centre(page)
    for name, index, sign in (("East", 0, 1), ("North", 1, 1), ("West", 0, -1), ("South", 1, -1)):
        before = centre(page)
        button = page.get_by_role("button", name=name)
        assert button.bounding_box()["height"] >= 44
        button.click()
        page.wait_for_timeout(400)
        assert (centre(page)[index] - before[index]) * sign > 0
    assert centre(page) == [pytest.approx(v, abs=1e-4) for v in start]

    touch = chromium.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    phone = touch.new_page()
    phone.goto(running.url + "/report/where/map")
    phone.locator(STATUS, has_text="wide").wait_for()
    action = phone.locator("#pin-canvas").evaluate("el => getComputedStyle(el).touchAction")
    assert action == "pan-x pan-y"
    touch.close()


def test_m12_m14_focus_is_seen_and_motion_can_be_off(chromium, running, seen):
    page = opened(seen)
    page.locator("#pin-canvas").focus()
    ring = page.locator("#pin-canvas").evaluate("el => getComputedStyle(el).outlineWidth")
    assert ring == "3px"

    for options in ({"reduced_motion": "reduce"}, {"forced_colors": "active"}):
        context = chromium.new_context(viewport={"width": 360, "height": 740}, **options)
        other = context.new_page()
        other.goto(running.url + "/report/where/map")
        other.locator(STATUS, has_text="wide").wait_for()
        assert other.locator(".cm-pin__cross").is_visible()
        context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_m15_nothing_scrolls_sideways_at_320_pixels(chromium, running, javascript):
    context = chromium.new_context(
        viewport={"width": 320, "height": 700}, java_script_enabled=javascript
    )
    page = context.new_page()
    page.goto(running.url + "/report/where/map")
    page.wait_for_load_state("networkidle")

    wide = page.locator("body").evaluate("el => el.ownerDocument.documentElement.scrollWidth")
    context.close()
    assert wide <= 320


def test_m19_when_the_words_cannot_come_the_map_still_works(seen, running):
    page = opened(seen)
    page.route("**/report/where/near", lambda route: route.abort())

    page.get_by_role("button", name="East").click()
    page.locator(STATUS, has_text="cannot name this spot").wait_for()
    page.get_by_role("button", name="Use this spot").click()
    page.wait_for_load_state()

    assert float(running.sent[-1]["longitude"])
    seen.complaints.clear()  # the browser's own line about the lost request


def test_m19_without_the_map_program_the_picture_stays(chromium, running):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.route("**/leaflet.js", lambda route: route.abort())
    page.goto(running.url + "/report/where/map")

    assert page.locator("#pin").is_visible()
    assert page.locator("#pin-canvas").is_hidden()
    context.close()


def test_m21_help_opens_by_key_and_button_and_escape_closes_it(seen):
    page = opened(seen)

    page.keyboard.press("?")
    assert page.locator("#pin-help").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#pin-help").is_hidden()
    page.get_by_role("button", name="Keyboard help").click()
    assert page.locator("#pin-help").is_visible()


def test_my_location_is_asked_on_a_press_rounded_and_forgotten_when_moved(chromium, running):
    context = chromium.new_context(
        viewport={"width": 360, "height": 740},
        geolocation={"longitude": -0.30123456, "latitude": 51.41234567, "accuracy": 23},
        permissions=["geolocation"],
    )
    page = context.new_page()
    page.goto(running.url + "/report/where/map")
    page.locator(STATUS, has_text="wide").wait_for()
    page.get_by_role("button", name="Use my location").click()
    page.wait_for_function("document.querySelector('[name=accuracy_m]').value !== ''")
    page.wait_for_timeout(600)

    assert centre(page) == [pytest.approx(-0.3012, abs=2e-5), pytest.approx(51.4123, abs=2e-5)]
    assert page.locator("[name=accuracy_m]").input_value() == "20"
    page.get_by_role("button", name="East").click()
    page.wait_for_timeout(600)
    assert page.locator("[name=accuracy_m]").input_value() == ""
    context.close()


def test_a_device_that_does_not_share_is_told_of_in_words(chromium, running):
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(running.url + "/report/where/map")
    page.locator(STATUS, has_text="wide").wait_for()
    page.get_by_role("button", name="Use my location").click()
    page.locator(STATUS, has_text="Move the map instead").wait_for()
    context.close()


def test_j5_a_press_on_the_picture_sends_units_of_the_picture(chromium, running):
    for scale in (1, 3):
        context = chromium.new_context(
            viewport={"width": 360, "height": 1200},
            device_scale_factor=scale,
            java_script_enabled=False,
        )
        page = context.new_page()
        page.goto(running.url + "/report/where/map")
        page.wait_for_load_state("networkidle")
        picture = page.locator("#pin")
        assert page.locator("#pin-canvas").is_hidden()
        image = page.request.get(running.url + picture.get_attribute("src"))
        assert Image.open(io.BytesIO(image.body())).size == (640, 640)
        picture.click(position={"x": 160, "y": 80})
        page.wait_for_load_state()
        sent = running.sent[-1]
        assert (sent["pin.x"], sent["pin.y"]) == ("160", "80")
        assert sent["longitude"] == sent["latitude"] == ""
        context.close()


def test_without_javascript_each_button_says_what_it_does(chromium, running):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, value in (("Zoom in", "in"), ("North", "n"), ("Use the middle of the map", "use")):
        page.goto(running.url + "/report/where/map")
        page.get_by_role("button", name=name).click()
        page.wait_for_load_state()
        assert running.sent[-1]["do"] == value
    context.close()


def test_m24_axe_finds_nothing(seen):
    page = opened(seen)
    page.keyboard.press("?")
    page.evaluate((ROOT / "tests/e2e/vendor/axe.min.js").read_text())

    found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.help))")

    assert found == []


def test_the_map_page_keeps_its_budget(chromium, running, capsys):
    """150 KB, and 150 KB of tiles, in 25 requests: as they come over the line."""
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    urls, sizes = {}, {}
    line.on(
        "Network.requestWillBeSent",
        lambda e: urls.__setitem__(e["requestId"], e["request"]["url"]),
    )
    line.on(
        "Network.loadingFinished",
        lambda e: sizes.__setitem__(e["requestId"], e["encodedDataLength"]),
    )
    page.goto(running.url + "/report/where/map")
    page.locator(STATUS, has_text="wide").wait_for()
    page.wait_for_load_state("networkidle")
    context.close()

    tiles = sum(size for key, size in sizes.items() if "/basemap/" in urls[key]) / 1024
    rest = sum(sizes.values()) / 1024 - tiles
    with capsys.disabled():
        print(f"\nmap page {rest:.0f} KB, tiles {tiles:.0f} KB, {len(urls)} requests")
    assert rest <= 150
    assert tiles <= 150
    assert len(urls) <= 25
