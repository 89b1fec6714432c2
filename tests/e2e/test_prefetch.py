"""The ring of street map tiles around the view, fetched ahead for whoever uses the map."""

import re

import pytest

from tests.e2e.test_map import opened

TILE = re.compile(r"/basemap/(\d+)/(\d+)/(\d+)\.pbf")
STREETS = "data/open/basemap/light_basemap_z8-14.pmtiles"
SPARING = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"


def asked(seen):
    tiles = []
    seen.page.on("request", lambda r: TILE.search(r.url) and tiles.append(TILE.search(r.url)[0]))
    return tiles


def quiet(page):
    page.wait_for_timeout(900)
    page.wait_for_load_state("networkidle")


@pytest.fixture
def with_streets(desktop, shared):
    assert (shared / STREETS).exists(), "the street map of both boroughs belongs to the open data"
    return desktop


def test_a_map_that_is_used_has_the_ring_around_it_in_the_cache(with_streets):
    tiles = asked(with_streets)
    page = opened(with_streets, "/map#13/51.41000/-0.30000")
    quiet(page)
    before = set(tiles)

    page.locator("#map").hover()
    quiet(page)
    ring = set(tiles) - before

    assert 4 <= len(ring) <= 24
    assert {re.search(r"/basemap/(\d+)", tile)[1] for tile in ring} == {"12"}
    kept = page.evaluate(
        """async ring => {
            const from = [];
            for (const tile of ring) {
                const answer = await fetch(document.getElementById('map').dataset.basemap
                    .replace('/basemap/{z}/{x}/{y}.pbf', tile));
                await answer.arrayBuffer();
                await new Promise(done => setTimeout(done, 50));
                const seen = performance.getEntriesByType('resource')
                    .filter(e => e.name.includes(tile));
                from.push(seen.at(-1).transferSize);
            }
            return from;
        }""",
        sorted(ring),
    )
    assert set(kept) == {0}, "they come from the browser's own cache"


def test_nothing_is_fetched_ahead_until_the_map_is_touched(with_streets):
    tiles = asked(with_streets)
    page = opened(with_streets, "/map#13/51.41000/-0.30000")
    quiet(page)
    columns = {int(TILE.search(tile)[2]) for tile in tiles if "/12/" in tile}

    assert len(tiles) == len(set(tiles))
    assert max(columns) - min(columns) <= 3, "only those of the view"


def test_who_saves_data_fetches_nothing_ahead(with_streets):
    with_streets.page.add_init_script(SPARING)
    tiles = asked(with_streets)
    page = opened(with_streets, "/map#13/51.41000/-0.30000")
    quiet(page)
    before = len(tiles)

    page.locator("#map").hover()
    quiet(page)

    assert len(tiles) == before
