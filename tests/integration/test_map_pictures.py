"""Pictures of the map: what the reader's own map shows stands where it is, and nothing else."""

import io
import re

import mapbox_vector_tile
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text

from app.core.actor import job_actor
from app.maps import map_picture, pin
from app.maps.map_picture import LEVELS, Ground, Seen
from app.maps.picture import Frame
from tests.conftest import cloned
from tests.people import browser, sign_in_as

KINGSTON = "E09000021"


@pytest.fixture(scope="module")
def site(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "cs_lead")) as lead:
        yield lead


def pixels(body):
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB")).astype(int)


def middle_of(image, colour):
    """Of all pixels that are near a colour."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    ys, xs = np.nonzero(np.abs(image - wanted).max(axis=2) <= 8)
    return (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2


@pytest.mark.parametrize("shape", ["circle", "square", "diamond", "hexagon", "line"])
@pytest.mark.parametrize("zoom", [11, 14, 17])
def test_a_symbol_stands_within_two_pixels_of_its_place(shape, zoom):
    view = pin.at_lonlat(-0.30, 51.41)._replace(zoom=zoom)
    frame = Frame.of_view(view, 320)
    west, south, east, north = frame.degrees()
    lon, lat = west + (east - west) * 0.3, south + (north - south) * 0.6
    item = {
        "kind": "place",
        "level": 4,
        "shape": shape,
        "lon": lon,
        "lat": lat,
        "name": "Synthetic",
    }

    body = map_picture.png(view, 320, Seen([item], {}), Ground([], frozenset(), None), "MARKED")

    x, y = middle_of(pixels(body), LEVELS[4])
    assert (x, y) == (pytest.approx(640 * 0.3, abs=2), pytest.approx(640 * 0.4, abs=3))


def test_squares_of_hot_spots_are_drawn_by_their_class():
    """One square of each class, a quarter of a tile wide, with the numbers that stand on them."""
    view = pin.at_lonlat(-0.30, 51.41)._replace(zoom=14)
    frame = Frame.of_view(view, 320)
    squares = [
        {
            "geometry": f"POLYGON(({x} 9, {x} 4000, {x + 900} 4000, {x + 900} 9, {x} 9))",
            "properties": {"class": code, "n": 9},
        }
        for x, code in ((0, "MORE"), (1000, "FEWER"), (2000, "EXPECTED"), (3000, "UNKNOWN"))
    ]
    body = mapbox_vector_tile.encode(
        [{"name": "hotspots", "features": squares}], default_options={"y_coord_down": True}
    )
    hot = {"hotspots": [(tile, body) for tile in map_picture.tiles_of(frame)]}
    ground = Ground([], frozenset(), None)
    west, south, east, north = frame.degrees()
    item = {"kind": "cell", "class": "MORE", "count": 9, "shape": "square", "name": "Around here"}
    item |= {"lon": (west + east) / 2, "lat": (south + north) / 2}

    drawn = pixels(map_picture.png(view, 320, Seen([], hot), ground, ""))
    bare = pixels(map_picture.png(view, 320, Seen([], {}), ground, ""))
    one = pixels(map_picture.png(view, 320, Seen([item], {}), ground, ""))

    changed = drawn[(drawn != bare).any(axis=2)].sum(axis=1)
    assert changed.size > 1000
    assert changed.min() < 300, "the outline and what is more than expected are dark"
    assert middle_of(one, LEVELS[4]) == (pytest.approx(320, abs=2), pytest.approx(320, abs=3))


def test_the_picture_is_as_large_as_asked_and_kept_nowhere(site):
    for query, side in (("", 960), ("?size=small", 640), ("?layer=clusters", 960)):
        answer = site.get(f"/map/picture.png{query}")

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert "no-store" in answer.headers["cache-control"]
        assert Image.open(io.BytesIO(answer.content)).size == (side, side)
        assert len(answer.content) < 200_000


@pytest.mark.parametrize("query", ["size=huge", "type=%27", "unknown=1", "from=yesterday"])
def test_what_makes_no_sense_is_refused(site, query):
    assert site.get(f"/map/picture.png?{query}").status_code == 422


def test_other_filters_and_other_views_are_other_pictures(site):
    whole, parks, close = (
        site.get(f"/map/picture.png?{query}").content
        for query in ("", "type=PARK", "bbox=-0.30,51.41,-0.30,51.41&z=15")
    )

    assert len({whole, parks, close}) == 3


def test_without_a_script_links_move_the_picture_and_keep_the_filters(site):
    page = site.get("/map?type=PG_OPEN&period=12m", headers={"Accept": "text/html"}).text
    links = re.findall(r'<a class="govuk-link" href="(/map\?[^"]*#picture)">(\w[^<]*)<', page)

    assert [words for _, words in links] == [
        "West", "East", "North", "South", "Closer", "Wider", "Show everything",
    ]  # fmt: skip
    for url, _ in links:
        assert "type=PG_OPEN" in url
        assert "period=12m" in url
    moved = site.get(links[0][0].replace("&amp;", "&"), headers={"Accept": "text/html"}).text
    (src,) = re.findall(r'<img src="([^"]+)"', moved)
    assert "bbox=" in src
    assert site.get(src.replace("&amp;", "&")).status_code == 200
    (alt,) = re.findall(r' alt="([^"]+)"', moved)
    assert re.match(r"Picture of the map: \d+ places?", alt)
    assert "Last 12 months" in alt


def test_a_partner_finds_no_picture_of_clusters_or_incidents(demo_db, settings):
    with browser(demo_db, settings, sign_in_as(demo_db, "partner", boroughs=[KINGSTON])) as partner:
        assert partner.get("/map/picture.png").status_code == 200
        assert partner.get("/map/picture.png?layer=clusters").status_code == 404
        assert partner.get("/map/picture.png?period=12m").status_code == 422


@pytest.mark.parametrize("role", ["practitioner", "partner"])
def test_the_picture_is_that_of_the_rows_the_role_may_see(cluster, demo_template, settings, role):
    """With everything else gone from the database it is the same, byte for byte."""
    with cloned(cluster, demo_template, f"pictures_{role}") as db:
        person = sign_in_as(db, role, boroughs=[KINGSTON])
        with browser(db, settings, person) as reader:
            asked = "/map/picture.png?bbox=-0.40,51.33,-0.23,51.49"
            before = reader.get(asked).content
            page = reader.get("/map", headers={"Accept": "text/html"}).text
            seen = set(re.findall(r'data-id="([^"]+)"', page))
            with db.begin(job_actor("demo:load")) as session:
                gone = session.execute(
                    text("update app.place set deleted_at = now() where ref <> all(:refs)"),
                    {"refs": sorted(seen)},
                ).rowcount
            after = reader.get(asked).content

    assert gone > 10
    assert before == after
