"""The picture of the map for people without JavaScript, and the words for a spot."""

import io
import re
import time

import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.core.actor import PUBLIC
from app.core.closed import FORM_COOKIE
from app.main import create_app
from app.maps import basemap, picture, pin, pin_page, pin_routes
from app.maps.picture import Frame
from app.maps.pin import View
from app.reference import gazetteer
from app.reference.gazetteer import Drawn

KINGSTON = ("E09000021", "E09000027")
MARK = (0x12, 0x43, 0x6D)  # of a station
VIEW = View(517_950, 169_250, 14)
COOKIE = "a synthetic form"


@pytest.fixture
def site(db, settings):
    with TestClient(create_app(db, settings), base_url="https://testserver") as client:
        client.cookies.set(FORM_COOKIE, COOKIE)
        yield client


def opened(body):
    image = Image.open(io.BytesIO(body)).convert("RGB")
    assert image.size == (640, 640)
    return image


def near(pixel, colour):
    return all(abs(a - b) <= 24 for a, b in zip(pixel, colour, strict=True))


def marks(image):
    """Middle of the pixels of a station's colour."""
    found = [(x, y) for x in range(640) for y in range(640) if near(image.getpixel((x, y)), MARK)]
    xs, ys = [x for x, _ in found], [y for _, y in found]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


@pytest.fixture(params=["tiles", "outline"])
def street_map(request):
    if request.param == "outline":
        return None
    shared = request.getfixturevalue("shared")
    return basemap.opened(shared / "data/open/basemap/light_basemap_z8-14.pmtiles")


@pytest.mark.parametrize("zoom", [13, 14, 15, 16])
def test_a_click_lands_within_a_unit_of_the_symbol_that_was_drawn(zoom):
    """A symbol is put where (160, 80) is; what is clicked there is the symbol's place."""
    view = VIEW._replace(zoom=zoom)
    there = pin.clicked(view, 160, 80)
    station = Drawn("STATION", "", "Synthetic station", *map(float, there[:2]), None)

    x, y = marks(opened(picture.png(view, [station], (), None)))

    assert (x / 2, y / 2) == (pytest.approx(160, abs=1), pytest.approx(80, abs=1))


def test_pictures_of_both_kinds_show_names_the_crosshair_and_their_source(db, street_map, capsys):
    took = []
    for zoom in (13, 14, 15, 16):
        view = VIEW._replace(zoom=zoom)
        began = time.perf_counter()
        with db.read(PUBLIC) as session:
            found = gazetteer.drawn(session, Frame.of_view(view).box(), zoom)
        body = picture.png(view, found, KINGSTON, street_map)
        took.append(1000 * (time.perf_counter() - began))
        image = opened(body)
        assert len(body) < 60_000
        assert image.getpixel((320, 300)) == (11, 12, 12), "the crosshair's upper arm"
        bottom = [image.getpixel((x, 625)) for x in range(640)]
        assert any(sum(p) < 500 for p in bottom), "words on the strip of sources"
        assert near(bottom[2], (255, 255, 255))
    with capsys.disabled():
        kind = "outline" if street_map is None else "tiles"
        print(f"\npicture from {kind}: {' '.join(f'{ms:.0f}' for ms in took)} ms at z13-16")


def test_the_picture_of_a_sealed_view_is_public_and_kept_by_nobody(site, settings):
    url = pin_page.picture_url(settings, VIEW, COOKIE)

    answer = site.get(url)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store, private"
    opened(answer.content)
    assert not re.search(r"517|169", url.partition("=")[2]) or len(url) < 120


def test_who_finds_its_address_in_a_log_does_not_see_the_picture(site, settings):
    url = pin_page.picture_url(settings, VIEW, COOKIE)
    for cookie in ("", "another form"):
        site.cookies.clear()
        if cookie:
            site.cookies.set(FORM_COOKIE, cookie)
        assert site.get(url).status_code == 404, cookie
    assert site.get(pin_page.picture_url(settings, VIEW, "")).status_code == 404


@pytest.mark.parametrize("query", ["", "?t=", "?t=abc", "?t=" + "A" * 50, "?x=1"])
def test_without_a_token_of_ours_there_is_no_picture(site, query):
    assert site.get(f"/report/where/map.png{query}").status_code == 404


def test_a_picture_far_from_everything_is_still_a_picture(site, settings):
    url = pin_page.picture_url(settings, View(100_000, 900_000, 15), COOKIE)

    opened(site.get(url).content)


def test_too_many_drawings_at_once_are_asked_to_wait(site, settings, monkeypatch):
    monkeypatch.setattr(pin_routes, "WAIT_S", 0.01)
    for _ in range(2):
        pin_routes.drawing.acquire()
    try:
        answer = site.get(pin_page.picture_url(settings, VIEW, COOKIE))
    finally:
        for _ in range(2):
            pin_routes.drawing.release()

    assert answer.status_code == 503
    assert site.get(pin_page.picture_url(settings, VIEW, COOKIE)).status_code == 200


def test_outline_tiles_stand_in_for_a_street_map(site):
    there = site.get("/basemap/outline/14/8177/5455.png")
    sea = site.get("/basemap/outline/14/8177/5000.png")

    assert there.status_code == 200
    assert Image.open(io.BytesIO(there.content)).size == (512, 512)
    assert there.headers["cache-control"] == "public, max-age=86400"
    assert sea.status_code == 204
    assert site.get("/basemap/outline/3/1/1.png").status_code == 404
    assert site.get("/basemap/outline/14/99999/1.png").status_code == 404


def test_a_spot_is_told_in_words(site):
    inside = site.post("/report/where/near", json={"longitude": -0.3030, "latitude": 51.4099})
    beyond = site.post("/report/where/near", json={"longitude": -0.1937, "latitude": 51.4560})
    abroad = site.post("/report/where/near", json={"longitude": 2.35, "latitude": 48.85})

    assert inside.json() == {
        "label": "Eden Street, KT1",
        "inside": "inside",
        "borough": "Kingston upon Thames",
    }
    assert (beyond.json()["inside"], beyond.json()["borough"]) == ("outside", "Wandsworth")
    assert abroad.json() == {"label": None, "inside": "too_far", "borough": None}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"longitude": 200, "latitude": 51},
        {"longitude": "here", "latitude": 51},
        {"longitude": 0, "latitude": 51, "place": "x"},
    ],
)
def test_what_is_no_spot_is_refused(site, body):
    assert site.post("/report/where/near", json=body).status_code == 422


def test_no_position_reaches_the_log(site, settings, capfd):
    site.post("/report/where/near", json={"longitude": -0.3030, "latitude": 51.4099})
    site.get(pin_page.picture_url(settings, VIEW, COOKIE))

    said = capfd.readouterr()
    assert "51.40" not in said.err + said.out
    assert "map.png?" not in said.err + said.out
