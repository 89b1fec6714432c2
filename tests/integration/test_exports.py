"""Exports end to end: asked for on a page, made by the worker, fetched, gone after a day."""

import csv
import io
import json

import pytest

from app.core import clock
from app.exports import making, rights
from app.exports.rules import Dataset, Format, Stamp
from app.exports.source import Around
from app.exports.sources import SOURCES, source
from tests.people import KINGSTON, RICHMOND, send

KNOWN = (KINGSTON, RICHMOND)
STAMP = Stamp("OFFICIAL-SENSITIVE", "EX-1", "Kim", "Lee", "Plan", "now", "later", synthetic=True)

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Example fried chicken"}
AT = {"easting": 518000, "northing": 169300}
ASB = {
    "harm_code": "ASB",
    "occurred_from": "2026-07-29T00:20",
    "source_agency": "AFC",
    "postcode": "KT1 1EU",
}
ANSWERS = {
    "format": "csv",
    "purpose": "PLAN",
    "recipient_agency": "AFC",
    "recipient": "Kim Example",
    "reason": "To plan detached work for the summer holidays.",
}


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


def place(client, **given):
    answer = client.post("/api/v1/places", json=SHOP | AT | given)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


def asked(client, path="/exports/new?what=places", **answers):
    answer = send(client, path, **(ANSWERS | answers))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def made(db, settings, client, path="/exports/new?what=places", **answers):
    """Ask, let the worker work, fetch."""
    page = asked(client, path, **answers)
    work(db, settings)
    answer = client.get(f"{page}/file")
    assert answer.status_code == 200, answer.text
    return answer


def work(db, settings):
    with db.begin(making.TIDY) as session:
        waiting = [e.id for e in session.query(making.Export).filter_by(state="QUEUED")]
    for export in waiting:
        making.make(db, settings, export)


def table(answer):
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return lines[0], [dict(zip(lines[1], line, strict=True)) for line in lines[2:]]


def test_places_of_a_list_leave_as_csv(db, settings, lead):
    ref = place(lead)
    place(lead, name="Another yard")

    answer = made(db, settings, lead, "/exports/new?what=places&q=chicken")

    first, rows = table(answer)
    assert "OFFICIAL-SENSITIVE" in first[0]
    assert "Kim Example" in first[0]
    assert [row["ref"] for row in rows] == [ref]
    assert rows[0]["marking"] == "OFFICIAL-SENSITIVE"
    assert answer.headers["content-disposition"].startswith('attachment; filename="contextmap-')
    assert "sandbox" in answer.headers["content-security-policy"]


def test_incidents_leave_as_geojson(db, settings, lead):
    assert lead.post("/api/v1/incidents", json=ASB).status_code == 201

    answer = made(db, settings, lead, "/exports/new?what=incidents&harm=ASB", format="geojson")

    found = json.loads(answer.content)
    (feature,) = found["features"]
    assert feature["properties"]["harm_code"] == "ASB"
    longitude, latitude = feature["geometry"]["coordinates"]
    assert -0.4 < longitude < -0.2
    assert 51.3 < latitude < 51.5


def test_every_format_that_is_offered_can_be_made():
    assert set(making.WRITERS) == set(Format)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("what", list(SOURCES))
def test_every_dataset_leaves_in_every_format(db, settings, as_, what, form):
    """Whoever may export it at all; of an empty list nothing is made."""
    who = as_("police_analyst" if what == Dataset.INTELLIGENCE else "cs_lead", agency="AFC")
    able = rights.of(who.person.actor.role)

    answer = who.get(f"/exports/new?what={what}")

    assert answer.status_code == 200, answer.text
    assert "Nothing to export with these filters." in answer.text
    with db.begin(rights.bare(who.person.actor)) as session:
        kind = source(what, able)
        around = Around(clock.today(), KNOWN)
        sheet = kind.rows(session, kind.read({}, around), able, limit=5)
    assert sheet.ids == []
    assert making.WRITERS[form](sheet, STAMP)
