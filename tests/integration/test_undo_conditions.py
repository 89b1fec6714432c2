"""An undo of places that items of code C hang on: these lose nothing, and nobody learns of them."""

import json
import re

import pytest
from sqlalchemy import text

from tests import importing
from tests.intelligence import CONDITIONAL, analyst, reader_ref, released, sent
from tests.people import HTML, browser, send

FILE = b"name,type,easting,northing\nExample shop,TAKEAWAY_SHOP,518000,169300\n"
HERE = {"where": "PLACE", "easting": None, "northing": None}
JSON = {"Accept": "application/json"}


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


def place_of(db, lead):
    with db.read(lead.person.actor) as session:
        return session.execute(text("select ref from app.place order by ref")).scalar_one()


def geometry(client, ref):
    found = client.get("/api/v1/intelligence", headers=JSON).json()["features"]
    return next(each["geometry"] for each in found if each["id"] == ref)


def plain(words):
    """Without what differs each time: references, moments, tokens, numbers of a request."""
    words = re.sub(r"[A-Z]{2}-[0-9A-Z]{3}-[0-9A-Z]{4}", "REF", words)
    words = re.sub(r'value="[0-9a-f]{64}"', "", words)
    words = re.sub(r"\d+:\d\d[ap]m|\d\d:\d\d(:\d\d[.\d]*)?", "then", words)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "key", words)


def undone_pages(lead, db, settings, batch):
    """Every byte that the one who undoes gets on the way, and the undo itself."""
    pages = [lead.get(f"/imports/{batch}/undo", headers=HTML)]
    importing.undone(lead, db, settings, batch)
    pages += [lead.get(path, headers=HTML) for path in (f"/imports/{batch}", "/imports", "/places")]
    return [(page.status_code, plain(page.text)) for page in pages]


def test_a_recipient_keeps_where_it_was_and_the_undo_differs_in_no_byte(db, settings, as_, lead):
    batch = importing.imported(lead, db, settings, FILE, kind="places-of-concern")
    bare = undone_pages(lead, db, settings, batch)
    writer, second = analyst(as_), analyst(as_)
    person, recipient = reader_ref(db)
    batch = importing.imported(lead, db, settings, FILE, kind="places-of-concern")
    place = place_of(db, lead)
    item = released(writer, second, **CONDITIONAL | HERE, place=place, recipients=[recipient])
    named = browser(db, settings, person)
    assert send(named, f"/intelligence/{item}/conditions").status_code == 303
    before = geometry(named, item)
    assert before["type"] == "Point"

    hiding = undone_pages(lead, db, settings, batch)

    assert [status for status, _ in hiding] == [status for status, _ in bare]
    # The first list of imports is one batch shorter.
    assert [json.dumps(page) for page in hiding[:2] + hiding[3:]] == [
        json.dumps(page) for page in bare[:2] + bare[3:]
    ]
    assert lead.get(f"/api/v1/places/{place}").status_code == 404
    assert geometry(named, item) == before
    assert geometry(writer, item) == before
    assert writer.get(f"/intelligence/{item}", headers=HTML).status_code == 200


def test_what_is_not_released_yet_keeps_where_it_was_and_its_writer(db, settings, as_, lead):
    writer = analyst(as_)
    importing_batch = importing.imported(lead, db, settings, FILE, kind="places-of-concern")
    item = sent(writer, **HERE, place=place_of(db, lead))
    before = geometry(writer, item)

    importing.undone(lead, db, settings, importing_batch)

    assert geometry(writer, item) == before
    with db.read(writer.person.actor) as session:
        found = session.execute(
            text(
                "select where_kind, written_by, borough_codes = chosen_boroughs, version,"
                " (select count(*) from app.intel_version as v where v.intel_item_id = item.id)"
                " from app.intel_item as item"
            )
        ).one()
    assert tuple(found) == ("POINT", writer.person.user_id, True, 2, 2)


def test_nobody_draws_items_by_the_function_of_the_undo(db, lead):
    with db.read(lead.person.actor) as session:
        may = "select has_function_privilege('app.intel_keeps_where(uuid[])', 'execute')"
        assert session.execute(text(may)).scalar_one() is False
