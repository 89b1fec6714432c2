"""How sure a cluster is, beside the map, in the words of its page; of the other side no more."""

import pytest

from app.clusters import telling
from tests.conftest import cloned
from tests.people import browser, sign_in_as

WORLD = "/map/items?layer=clusters&bbox=-2,50,2,53&z=18"


@pytest.fixture(scope="module")
def calculated(cluster, clusters_template):
    with cloned(cluster, clusters_template, "maps_sure") as db:
        yield db


def told(db, settings, role, **given):
    with browser(db, settings, sign_in_as(db, role, **given)) as client:
        items = client.get(WORLD).json()["items"]
        found = [one for item in items for one in item.get("members") or [item]]
        page = client.get(found[0]["href"], headers={"Accept": "text/html"}).text
    return found, page


def test_the_map_says_how_sure_as_the_page_of_the_cluster_does(calculated, settings):
    found, page = told(calculated, settings, "cs_lead", agency="AFC")

    assert found
    assert all(one["sure"] for one in found)
    assert all(sentence in page for sentence in found[0]["sure"])
    assert {one["across"] for one in found} == {""}


def test_of_the_other_borough_a_practitioner_is_told_only_that_there_is_one(calculated, settings):
    found, page = told(calculated, settings, "practitioner")

    across = [one for one in found if one["across"]]
    assert across
    for one in found:
        assert one["across"] in {"", telling.ACROSS}
        assert bool(one["across"]) == one["cross_borough"]
        assert "Richmond" not in " ".join([*one["boroughs"], *one["sure"]])
        assert not any("1 of" in sentence for sentence in one["sure"])
    assert all(sentence in page for sentence in found[0]["sure"])
