"""The lead sees where the pin of a report is: drawn on the server, to be opened on the map."""

import io
import re

from PIL import Image

from app.maps import pin_routes
from tests.reports import BUS, rows, screened

CROSS = (0x0B, 0x0C, 0x0C)


def test_the_page_of_the_lead_shows_the_pin_in_a_picture_and_leads_to_the_map(client, db, settings):
    ref = screened(db, settings, pin_accuracy_m=40).ref

    page = client.get(f"/reports/{ref}").text
    picture = client.get(f"/reports/{ref}/map.png")

    (image,) = re.findall(r'<img class="cm-pinned"[^>]*>', page)
    assert f'src="/reports/{ref}/map.png"' in image
    assert 'alt="Map with a cross on the spot that the reporter chose, near ' in image
    assert "Their device said within 40 metres." in page
    ((zoom, lat, lon),) = re.findall(r'href="/map#(\d+)/([-\d.]+)/([-\d.]+)">Open on the map', page)
    assert (zoom, lat[:5], lon[:5]) == ("16", "51.41", "-0.30")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store, private"
    drawn = Image.open(io.BytesIO(picture.content)).convert("RGB")
    assert drawn.size == (640, 640)
    assert CROSS in {drawn.getpixel((320, y)) for y in range(300, 320)}
    seen = rows(db, "select role, object_ref from audit.event where action = 'report.map'")
    assert seen == [("cs_lead", ref)]


def test_a_flood_of_the_public_keeps_no_lead_waiting(client, db, settings, monkeypatch):
    ref = screened(db, settings).ref
    monkeypatch.setattr(pin_routes, "WAIT_S", 0.01)
    for _ in range(2):
        pin_routes.drawing.acquire()
    try:
        answer = client.get(f"/reports/{ref}/map.png")
    finally:
        for _ in range(2):
            pin_routes.drawing.release()

    assert answer.status_code == 200


def test_without_a_pin_there_is_no_picture_and_nothing_is_recorded(client, db, settings):
    ref = screened(db, settings, **BUS).ref

    page, picture = client.get(f"/reports/{ref}").text, client.get(f"/reports/{ref}/map.png")

    assert "cm-pinned" not in page
    assert (picture.status_code, picture.json()["detail"]) == (404, "There is no such picture.")
    assert not rows(db, "select 1 from audit.event where action = 'report.map'")


def test_the_picture_is_of_the_lead_alone(as_, db, settings):
    ref = screened(db, settings).ref
    path = f"/reports/{ref}/map.png"

    seen = {
        role: as_(role).get(path).status_code for role in ("partner", "practitioner", "auditor")
    }

    assert seen == {"partner": 404, "practitioner": 404, "auditor": 404}
    assert as_("vca_member").get(path).status_code == 403
