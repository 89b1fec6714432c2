"""Shares of safety maps as measures: both ends come from released maps, ten drawings each."""

import pytest

from app.core import clock
from tests.integration.test_outcomes import outcomes, place, send
from tests.outcomes import Maker
from tests.people import browser, in_days, sign_in_as
from tests.safety_maps import Maps

BEFORE, AFTER = -40, -2
MEASURE = {
    "kind": "SAFETY_MAP_SHARE",
    "body": "Squares in which children feel safe",
    "direction": "UP",
    "is_change": "yes",
    "target": "60",
    "due_on": in_days(60),
}


@pytest.fixture
def world(client, db, settings):
    """A place with a draft of a plan, and its maps; another lead checks drawings."""
    ref = place(client, "Arches")
    work = Maker(db).at_work(ref, ref)
    other = browser(db, settings, sign_in_as(db, "cs_lead", agency="AFC"))
    return work, Maps(db, ref), other


def released(client, other, maps, day, n=10, light="day", **said):
    """Drawn by one lead, checked by another, released."""
    query = f"on={in_days(day)}&area=NEAR&light={light}&group=30"
    maps.draw(client, n, query, **said)
    assert maps.check(other).status_code == 303
    return maps.release(client, f"NEAR {light}")


def measured(client, work, key="new", **more):
    url = f"/places/{work.ref}/plan/measures/{key}"
    return send(client, url, **MEASURE | {"goal": str(work.goal), "version": "1"} | more)


def test_a_baseline_is_taken_from_released_maps_and_not_typed(world, client, db):
    work, maps, other = world
    maker = Maker(db)
    none = measured(client, work, release="NEAR-day-1")
    assert "No safety maps of this place are released yet: at least 10 drawings" in none.text
    assert "None of this place is yet." in client.get(f"/places/{work.ref}/plan/measures/new").text
    released(client, other, maps, BEFORE, green="A1 B1", red="C3")
    form = client.get(f"/places/{work.ref}/plan/measures/new").text
    assert "Near, by day, release 1: 67% green, 10 drawings, " in form
    typed = measured(client, work, baseline="20")
    assert "The baseline of safety maps is not typed." in typed.text
    assert "Choose one of the list." in measured(client, work, release="WIDE-dark-1").text
    made = measured(client, work, release="NEAR-day-1", baseline="20", unit="points")
    assert made.status_code == 303, made.text
    ((key, *kept),) = maker.run(
        "select id, baseline, baseline_n, baseline_on::text, unit, method_code "
        "from app.plan_measure where kind = 'SAFETY_MAP_SHARE'"
    )
    assert kept == [67, 10, in_days(BEFORE), "% green, near, by day", "SAFETY_MAP"]
    page = client.get(f"/places/{work.ref}/plan/measures/{key}").text
    assert '<option value="NEAR-day-1" selected>' in page


@pytest.fixture
def begun(world, client, db):
    """A plan whose measure began with ten maps."""
    work, maps, other = world
    released(client, other, maps, BEFORE, green="A1 B1", red="C3")
    assert measured(client, work, release="NEAR-day-1").status_code == 303
    maker = Maker(db)
    ((key,),) = maker.run("select id from app.plan_measure where kind = 'SAFETY_MAP_SHARE'")
    maker.activate(work, clock.today())
    return maker, f"{outcomes(work)}/measures/{key}"


def test_a_share_is_measured_again_by_ten_maps_drawn_after_the_baseline(world, begun, client):
    (work, maps, other), (maker, url) = world, begun
    unheard = client.get(url).text
    assert "Nothing to compare yet: a release of at least 10 drawings is needed" in unheard
    assert "<form method" not in unheard[unheard.index("<h1") : unheard.index("</main>")]
    released(client, other, maps, AFTER, n=10, light="dark", green="A1")
    maps.draw(client, 4, f"on={in_days(AFTER)}&area=NEAR&light=day&group=30", green="A1 B1")
    assert "So far 4 drawings were made since then." in client.get(url).text
    refused = send(client, url, release="NEAR-day-2")
    assert refused.status_code == 422
    assert "of the same area, by day, all drawn after" in refused.text

    released(client, other, maps, AFTER, n=6, green="A1 B1")
    assert "release 2: 100% green, 10 drawings" in client.get(url).text
    assert "Choose one of the list." in send(client, url, release="NEAR-day-1").text
    assert "Choose the release." in send(client, url).text
    told = send(client, url, release="NEAR-day-2", note="He is a gang member.")
    assert "Change the words." in told.text
    assert send(client, url, release="NEAR-day-2").status_code == 303
    assert "This release was measured already." in send(client, url, release="NEAR-day-2").text
    ((value, n, on),) = maker.run("select value, n, on_date::text from app.measure_observation")
    assert (value, n, on) == (100, 10, in_days(AFTER))
    page = client.get(outcomes(work)).text
    assert "Better than at the start: 100% green, the mean of 10 drawings" in page
    assert "The target is reached (60%)." in page
    assert "asked of children" in page


def test_a_measure_that_names_no_area_is_refused_in_words(world, client, db):
    work, _, _ = world
    maker = Maker(db)
    maker.measure(work, "maps", kind="SAFETY_MAP_SHARE", unit="%")
    maker.activate(work)
    url = f"{outcomes(work)}/measures/{work.measures['maps']}"

    assert "does not say of which area and light" in client.get(url).text
    assert send(client, url, on_date=in_days(0), k="12", n="20").status_code == 422
