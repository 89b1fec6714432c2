"""P10: the first complete map of 10^5 events in a browser, beside folium; and of 10^6.

The peer is what an analyst does today: folium, one mark an event, opened from the same machine.
Its Leaflet comes from our vendored copy and its other scripts are empty, so that no network is in
its time. Ours is the map page itself: signed in, rights, policies, headers, every event counted.
Done is drawn and two more frames.
"""

import gzip
import http.server
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import folium
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from geo import crs
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, session_cookie
from tests.people import sign_in_as
from tests.perf import data
from tests.perf.london import ROOT, London, london, serving
from tests.perf.measure import row
from tests.perf.served import free_port

LEAFLET = ROOT / "frontend/static/vendor/leaflet@1.9.4"
OURS = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
SIZE = {"width": 1366, "height": 900}
# Watched from the first frame: when all that is drawn stays drawn, and two frames more.
WATCH = """
window.drawnAt = new Promise(resolve => {
  const look = () => {
    if (!(READY)) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  };
  requestAnimationFrame(look);
});
"""
FOLIUM_READY = "document.readyState === 'complete'"
OURS_READY = """
(() => {
  const tiles = [...document.querySelectorAll('#map .leaflet-layer .leaflet-tile')];
  return window.dataTiles > 0 && tiles.length > 0
    && tiles.every(t => t.classList.contains('leaflet-tile-loaded'));
})()
"""
COUNT_TILES = """
window.dataTiles = 0;
new PerformanceObserver(list => {
  window.dataTiles += list.getEntries().filter(e => /tiles\\/incidents/.test(e.name)).length;
}).observe({type: 'resource', buffered: true});
"""
Shown = dict[str, float]


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 10_000 if fast else 100_000
    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with london(n) as place, our_site(place) as port:
            ours = [our_map(browser, place, port, n) for _ in range(3)]
            for kind in ("CircleMarker", "GeoJson"):
                theirs = [folium_map(browser, kind, n) for _ in range(3 if fast else 1)]
                yield compared(n, kind, summed(ours), summed(theirs))
        if not fast:
            with london(1_000_000) as place, our_site(place) as port:
                found = summed([our_map(browser, place, port, 1_000_000) for _ in range(3)])
            yield row("P10 first complete map, 1,000,000 events", found.pop("ms"), "ms", **found)
        browser.close()


def compared(n: int, kind: str, ours: Shown, theirs: Shown) -> dict[str, Any]:
    more = {key: value for key, value in ours.items() if key != "ms"}
    more |= {f"peer_{key}": value for key, value in theirs.items() if key != "ms"}
    name = f"P10 first complete map, {n:,} events, beside folium {kind}"
    return row(name, ours["ms"], "ms", f"folium {kind}", theirs["ms"], **more)


def summed(runs: list[Shown]) -> Shown:
    return {key: round(median(run[key] for run in runs), 2) for key in runs[0]}


@contextmanager
def our_site(place: London) -> Iterator[int]:
    port = free_port()
    env = {"CONTEXTMAP_DATA_DIR": str(place.settings.data_dir), "CONTEXTMAP_DEMO": "0"}
    with serving(OURS, port, "/healthz", env):
        yield port


def our_map(browser: Browser, place: London, port: int, n: int) -> Shown:
    """The map page with the layer of incidents, by somebody who has not been there before."""
    context = browser.new_context(viewport=SIZE)
    context.add_cookies([session_cookie(sign_in_as(place.db, "cs_lead").cookie)])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.add_init_script(COUNT_TILES + WATCH.replace("READY", OURS_READY))
    shown = opened(
        page, f"http://127.0.0.1:{port}/map?layer=incidents&period=all", "/tiles/incidents"
    )
    said = page.locator("#count").inner_text()
    context.close()
    if f"{n:,} published police events" not in said:
        raise AssertionError(f"not every event is in it: {said}")
    if complaints:
        raise AssertionError(f"the page complained: {complaints[0]}")
    return shown


def folium_map(browser: Browser, kind: str, n: int) -> Shown:
    """The same events as folium writes them, in one file from this machine."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    page.set_default_timeout(600_000)
    page.route("**/*", vendored)
    page.add_init_script(WATCH.replace("READY", FOLIUM_READY))
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "map.html"
        written.write_bytes(folium_page(kind, n))
        with files(folder) as port:
            shown = opened(page, f"http://127.0.0.1:{port}/map.html", "map.html")
        shown["data_kb"] = round(len(gzip.compress(written.read_bytes())) / 1024, 1)
    context.close()
    return shown


def folium_page(kind: str, n: int) -> bytes:
    metres, _ = (column[:n] for column in data.events(2 * n))
    lonlat = np.round(crs.to_wgs84(metres), 6)
    made = folium.Map(tiles=None, zoom_start=11)
    made.fit_bounds([lonlat.min(axis=0)[::-1].tolist(), lonlat.max(axis=0)[::-1].tolist()])
    if kind == "CircleMarker":
        for lon, lat in lonlat.tolist():
            folium.CircleMarker((lat, lon), radius=3).add_to(made)
    else:
        shape = {"type": "MultiPoint", "coordinates": lonlat.tolist()}
        points = [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": at}}
            for at in shape["coordinates"]
        ]
        collection = {"type": "FeatureCollection", "features": points}
        folium.GeoJson(collection, marker=folium.CircleMarker(radius=3)).add_to(made)
    return made.get_root().render().encode()


def vendored(route: Any) -> None:
    """Nothing from other hosts: their Leaflet is ours, everything else is empty."""
    url = route.request.url
    if "127.0.0.1" in url:
        route.continue_()
    elif url.endswith(("leaflet.js", "leaflet.css")):
        route.fulfill(path=LEAFLET / url.rpartition("/")[2])
    else:
        route.fulfill(
            body="", content_type="text/css" if url.endswith("css") else "text/javascript"
        )


@contextmanager
def files(folder: str) -> Iterator[int]:
    handler = partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: the benchmark's own lines are what is read."""


def opened(page: Page, url: str, data_path: str) -> Shown:
    """When it was complete, the heap after a collection, and what came over the wire."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    asked: dict[str, str] = {}
    came: dict[str, float] = {}
    line.on(
        "Network.requestWillBeSent", lambda e: asked.update({e["requestId"]: e["request"]["url"]})
    )
    line.on(
        "Network.loadingFinished", lambda e: came.update({e["requestId"]: e["encodedDataLength"]})
    )
    page.goto(url, wait_until="commit", timeout=600_000)
    ms = page.evaluate("window.drawnAt")
    line.send("HeapProfiler.collectGarbage")
    heap = line.send("Runtime.getHeapUsage")["usedSize"]
    held = sum(size for number, size in came.items() if data_path in asked.get(number, ""))
    return {
        "ms": ms,
        "heap_mb": heap / 1e6,
        "data_kb": held / 1024,
        "page_kb": sum(came.values()) / 1024,
        "requests": float(len(came)),
    }


def url_of(event: dict[str, Any]) -> str:
    return str(event["request"]["url"])


def size_of(event: dict[str, Any]) -> float:
    return float(event["encodedDataLength"])
