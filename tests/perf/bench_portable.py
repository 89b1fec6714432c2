"""P14: the map in one file at its most rows, beside folium; and that more is refused with a reason.

CPU seconds of making the file and its size, in fresh processes.
"""

from collections.abc import Iterator
from typing import Any

from geo.portable import MOST_FEATURES
from tests.perf.measure import in_fresh_process, row

MADE = """
import gzip, json, resource, time
import numpy as np
from geo import crs
from tests.perf import data
n = ARGS[0]
lonlat = np.round(crs.to_wgs84(data.events(2 * n)[0][:n]), 6).tolist()
def told(began, page):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = time.process_time() - began
    print(json.dumps({"cpu": spent, "peak": peak, "kb": len(page) / 1024,
                      "gz_kb": len(gzip.compress(page)) / 1024}))
"""
OURS = (
    MADE
    + """
from app.exports.as_map import LEAFLET, outlines
from geo import portable
read = lambda name: (LEAFLET / name).read_text()
assets = portable.Assets(read("leaflet.js"), read("leaflet.css"))
words = portable.Words("Synthetic places", "OFFICIAL", True, (), ("Name", "What"), (), "")
drawn = outlines()
began = time.process_time()
features = [portable.Feature((f"Place {i}", "synthetic"), "other", tuple(at))
            for i, at in enumerate(lonlat)]
told(began, portable.page(words, features, drawn, assets).encode())
"""
)
FOLIUM = (
    MADE
    + """
import folium
began = time.process_time()
made = folium.Map(tiles=None, zoom_start=11)
for i, (lon, lat) in enumerate(lonlat):
    folium.CircleMarker((lat, lon), radius=3, popup=f"Place {i}: synthetic").add_to(made)
told(began, made.get_root().render().encode())
"""
)
TOO_MANY = """
import json
from geo import portable
words = portable.Words("Synthetic places", "OFFICIAL", True, (), ("Name",), (), "")
features = [portable.Feature(("Place",), "other", (-0.3, 51.4))] * (portable.MOST_FEATURES + 1)
try:
    portable.page(words, features, [], portable.Assets("", ""))
    refused = 0
except ValueError as error:
    refused = int(str(portable.MOST_FEATURES) in str(error))
print(json.dumps({"refused": refused}))
"""


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    runs = 1 if fast else 3
    ours = in_fresh_process(OURS, MOST_FEATURES, runs=runs)
    theirs = in_fresh_process(FOLIUM, MOST_FEATURES, runs=runs)
    if not in_fresh_process(TOO_MANY, runs=1)["refused"]:
        raise AssertionError("a map file of more rows than it may hold was not refused")
    yield row(
        f"P14 map file of {MOST_FEATURES:,} places; more are refused",
        ours["cpu"],
        "CPU s",
        "folium CircleMarker with pop-ups",
        theirs["cpu"],
        peak_mb=round(ours["peak"]),
        kb=round(ours["kb"]),
        gz_kb=round(ours["gz_kb"]),
        peer_kb=round(theirs["kb"]),
        peer_gz_kb=round(theirs["gz_kb"]),
        peer_peak_mb=round(theirs["peak"]),
    )
