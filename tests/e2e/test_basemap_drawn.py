"""A street map of `basemap build`, served and drawn: shapes, words, attribution, no complaint."""

from io import BytesIO

import pytest
from PIL import Image

from app import cli
from tests.conftest import CLAIMS_KEY
from tests.e2e.conftest import SignedIn, watched
from tests.e2e.test_map import opened
from tests.integration.test_basemap_build import BOX, town
from tests.live import serving
from tests.people import sign_in_as

WATER, PARK, ROAD, WORDS, HOUSE = "#cfdde6", "#dfe8d8", "#ffffff", "#505a5f", "#e4e1da"


@pytest.fixture
def streets(tmp_path, site_db, cluster, chromium):
    out = tmp_path / "streets.pmtiles"
    made = cli.main(
        ["basemap", "build", str(town(tmp_path / "town.osm.pbf")), "--out", str(out), BOX]
    )
    assert made == 0
    (tmp_path / "site").mkdir()
    given = {"basemap": out}
    with serving(cluster.dsn("ROLE", "site"), CLAIMS_KEY, tmp_path / "site", **given) as running:
        browser = SignedIn(chromium, sign_in_as(site_db, "cs_lead", agency="AFC").cookie)
        yield from watched(browser, running.url, viewport={"width": 1280, "height": 900})
        assert running.violations() == 0


def colours(page):
    """How many pixels of the map have each colour."""
    picture = Image.open(BytesIO(page.locator("#map").screenshot())).convert("RGB")
    return {"#{:02x}{:02x}{:02x}".format(*colour): n for n, colour in picture.getcolors(1 << 24)}


def drawn(page, *wanted):
    """The colours, once all that are waited for are there."""
    for _ in range(60):
        found = colours(page)
        if all(found.get(colour, 0) > 5 for colour in wanted):
            return found
        page.wait_for_timeout(250)
    raise AssertionError([colour for colour in wanted if found.get(colour, 0) <= 5])


def test_what_was_built_is_drawn_with_words_and_attribution(streets):
    page = opened(streets, "/map?layer=clusters#15/51.40500/-0.30300")
    drawn(page, WATER, ROAD, WORDS, HOUSE)
    page.goto("about:blank")
    page = opened(streets, "/map?layer=clusters#12/51.40500/-0.30300")
    far = drawn(page, WATER, PARK, WORDS)

    assert far.get(HOUSE, 0) == 0, "houses only when close"
    assert page.get_by_text("© OpenStreetMap contributors").first.is_visible()
