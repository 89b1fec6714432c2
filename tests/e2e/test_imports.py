"""The whole of an import by keyboard alone, wide and narrow; each page is open to everybody."""

import csv
import io
import os
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.conftest import CLAIMS_KEY, cloned
from tests.e2e.conftest import session_cookie
from tests.e2e.test_pages import violations
from tests.importing import incidents, work
from tests.integration.test_imports import ASB, NATIVE, line
from tests.integration.test_stop_search import NATIVE as OF_SEARCHES
from tests.integration.test_stop_search import search
from tests.live import serving
from tests.people import sign_in_as

WIDTHS = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}
PLACES = (
    b"name,type,easting,northing,harms\n"
    b"Example shop,TAKEAWAY_SHOP,518000,169300,ASB\n"
    b"Example corner,CONGREGATION,518900,169300,ASB\n"
)
ITEMS = (
    b"date,text,source_eval,info_assess,handling,discovered_by,easting,northing\n"
    b"05/03/2026,Synthetic one,2,C,P,PARTNER_REPORT,518050,169150\n"
    b"06/03/2026,Synthetic two,1,B,P,PARTNER_REPORT,,\n"
)
FILES = {
    "incidents": (incidents(12, _2="S-3,29/07/2026,Noise,517800,168000,AFC,Synthetic"), "cs_lead"),
    "places-of-concern": (PLACES, "cs_lead"),
    "intelligence": (ITEMS, "police_analyst"),
}


def csv_of(*rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


STREETS = [
    line(
        Crime_ID=f"{i:064x}",
        Longitude=f"{-0.305 + i / 500:.6f}",
        Latitude=f"{51.42 - i / 900:.6f}",
        Location=f"On or near Example {i} Street",
    )
    for i in range(24)
]
POLICE = {
    "police-street": csv_of(
        NATIVE, *STREETS, line(**ASB), line(**ASB), line(Longitude="", Latitude=""),
        line(Month="May"),
    ),
    "stop-search": csv_of(OF_SEARCHES, *[search()] * 3, search(Latitude="", Longitude="")),
}  # fmt: skip


class Place:
    """A running service over a database of its own, and the worker's part of it."""

    def __init__(self, db, settings, url) -> None:
        self.db, self.settings, self.url = db, settings, url

    def work(self) -> None:
        work(self.db, self.settings)


@pytest.fixture(scope="module")
def place(cluster, template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imports")
    settings = Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")
    with (
        cloned(cluster, template, "imports_site") as db,
        serving(cluster.dsn("ROLE", "imports_site"), CLAIMS_KEY, folder) as running,
    ):
        yield Place(db, settings, running.url)
        assert running.violations() == 0


@pytest.fixture(params=WIDTHS)
def width(request):
    return request.param


def looked_at(page, name, width):
    """Nothing wrong for anybody, nothing wider than the screen; a picture where asked for."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if folder := os.environ.get("CONTEXTMAP_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)


def press(page, name, key="Enter", among=""):
    """By keyboard: what has this name takes the focus by Tab and is pressed."""
    for _ in range(160):
        page.keyboard.press("Tab")
        tag, found = page.evaluate(
            "[document.activeElement.tagName, (document.activeElement.labels?.[0] "
            "?? document.activeElement).textContent.trim()]"
        )
        if found == name and among in tag:
            page.keyboard.press(key)
            return
    raise AssertionError(f"Tab does not reach {name}.")


class Journey:
    """One import on one width of screen."""

    def __init__(self, place, page, kind, width) -> None:
        self.place, self.page, self.kind, self.width = place, page, kind, width

    def look(self, step):
        looked_at(self.page, f"{self.kind}-{step}", self.width)

    def at(self, heading, step=None):
        self.page.get_by_role("heading", name=heading).wait_for()
        if step:
            self.look(step)

    def refused(self, button, step):
        press(self.page, button)
        self.at("There is a problem", step)

    def upload(self, file):
        self.page.goto(f"{self.place.url}/imports")
        self.look("0-list")
        press(self.page, "Import a file")
        self.at("Upload a file")
        self.refused("Upload", "1-upload-error")
        self.page.get_by_label("Choose a file").set_input_files(file)
        press(self.page, "Upload")
        self.at("What is it?")
        self.refused("Continue", "2-kind-error")

    def say(self):
        press(self.page, "Incidents", " ", among="INPUT")
        for _ in range(list(FILES).index(self.kind)):
            self.page.keyboard.press("ArrowDown")
        press(self.page, "Continue")
        self.at("Which columns are what?", "3-columns")
        press(self.page, "Do a dry run")
        self.page.wait_for_url("**/progress")
        self.look("4-progress")
        self.place.work()
        self.at("Dry run: nothing is written yet", "5-dry-run")

    def say_police(self):
        press(self.page, "Incidents", " ", among="INPUT")
        for _ in range(len(FILES) + list(POLICE).index(self.kind)):
            self.page.keyboard.press("ArrowDown")
        press(self.page, "Continue")
        self.at("What is kept of this file", "3-columns")
        press(self.page, "Do a dry run")
        self.page.wait_for_url("**/progress")
        self.look("4-progress")
        self.place.work()
        self.at("Dry run: nothing is written yet", "5-dry-run")

    def explain(self):
        press(self.page, "Say what unknown values mean")
        self.at("What do these values mean?", "5-values")
        press(self.page, '"Noise" (1 row)', "A")
        press(self.page, "Do the dry run again")
        self.page.wait_for_url("**/progress")
        self.place.work()
        self.at("Dry run: nothing is written yet")

    def go_on(self):
        if self.page.get_by_role("button", name="Look at possible duplicates").count():
            press(self.page, "Look at possible duplicates")
            self.at("Are these there already?")
            self.refused("Save and continue", "6-duplicates-error")
            press(self.page, "Keep both for all")
        else:
            self.page.get_by_role("button", name="Continue with").press("Enter")
        self.at("Import these rows?")

    def confirm(self):
        self.refused("Import", "7-confirm-error")
        number = self.page.get_by_text("Type the number of rows: ").first.inner_text()
        press(self.page, "Type the number of rows to import", "Home")
        self.page.keyboard.type("".join(c for c in number if c.isdecimal()))
        press(self.page, "Import")
        self.page.wait_for_url("**/progress")
        self.place.work()
        self.page.get_by_text("Records made").wait_for()
        self.look("8-receipt")

    def undo(self):
        press(self.page, "Undo this batch")
        self.at("Undo this import?", "9-undo")
        press(self.page, "Undo this batch")
        self.page.wait_for_url("**/progress")
        self.place.work()
        self.page.get_by_text("set back").first.wait_for()
        self.look("9-undone")


@pytest.mark.parametrize("kind", FILES)
def test_an_import_by_keyboard_alone(place, chromium, kind, width, tmp_path):
    body, role = FILES[kind]
    file = tmp_path / f"{kind}-{width}.csv"
    file.write_bytes(body.replace(b"Synthetic", f"Synthetic {width}".encode()))
    context = chromium.new_context(viewport=WIDTHS[width])
    person = sign_in_as(place.db, role, agency="AFC")
    context.add_cookies([session_cookie(person.cookie)])
    journey = Journey(place, context.new_page(), kind, width)

    journey.upload(file)
    journey.say()
    if kind == "incidents":
        journey.explain()
    journey.go_on()
    journey.confirm()
    journey.undo()

    context.close()


@pytest.mark.parametrize("kind", POLICE)
def test_a_police_file_by_keyboard_alone(place, chromium, kind, width, tmp_path):
    file = tmp_path / f"2024-03-metropolitan-{kind}-{width}.csv"
    file.write_bytes(POLICE[kind])
    context = chromium.new_context(viewport=WIDTHS[width])
    person = sign_in_as(place.db, "police_analyst", agency="MPS_SWBCU")
    context.add_cookies([session_cookie(person.cookie)])
    journey = Journey(place, context.new_page(), kind, width)

    journey.upload(file)
    journey.say_police()
    journey.go_on()
    journey.confirm()
    journey.undo()

    context.close()
