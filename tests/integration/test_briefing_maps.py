"""Maps of the report: only what may be shown is on them, and nothing that the table has not."""

import re
from datetime import UTC, datetime

import pytest
import shapely

from app.briefings import of_maps
from app.briefings.asked import Asked
from app.briefings.building import BUILD
from app.briefings.of_clusters import Cluster
from app.briefings.of_numbers import Numbers
from app.releases.rules import window
from geo.disclosure import Cell, Rule
from tests import release_year
from tests.databases import cloned
from tests.people import KINGSTON, RICHMOND
from tests.releases import Ground

BOROUGHS = {KINGSTON: "Kingston upon Thames", RICHMOND: "Richmond upon Thames"}
ASKED = Asked(window("2025-Q4"), tuple(BOROUGHS), BOROUGHS)


@pytest.fixture(scope="module")
def year(cluster, template, settings):
    with cloned(cluster, template, "briefing_maps") as db:
        ground = Ground(db, settings)
        release_year.lived(ground, 200)
        yield ground


def named(ground: Ground, quarter: str, shown: str) -> tuple[Cell, ...]:
    """Each place of the year, as if a release had a band of it: also those that it never has."""
    refs = [ref for (ref,) in ground.rows("select ref from app.place where geom is not null")]
    return tuple(Cell("RQ7", quarter, "PLACE", ref, "ALL", "ALL", shown, 1, 7, Rule.BAND)
                 for ref in refs)  # fmt: skip


def drawn(ground: Ground) -> dict:
    names = dict(ground.rows("select ref, name from app.place"))
    numbers = Numbers("2025-Q4", named(ground, "2025-Q4", "8 to 17"),
                      named(ground, "2025-Q3", "1 to 7"), (), names, ())  # fmt: skip
    (ref,) = ground.rows("select ref from app.cluster_lineage")[0]
    known = Cluster("A", ref, *["-"] * (len(Cluster._fields) - 2))
    with ground.db.read(BUILD) as session:
        under = of_maps.ground(session, ASKED.partners)
        return of_maps.pair(session, under, numbers, ASKED, [known])


def test_the_ground_is_of_the_partnership_alone_and_wards_keep_one_border(year):
    with year.db.read(BUILD) as session:
        under = of_maps.ground(session, ASKED.partners)
    assert sorted(under.boroughs) == sorted(BOROUGHS.values())
    assert len(under.wards) == len(release_year.wards())
    whole = shapely.union_all(list(under.boroughs.values()))
    assert shapely.union_all(list(under.wards.values())).area == pytest.approx(whole.area, rel=0.02)
    corners = shapely.get_coordinates(list(under.wards.values()))
    assert (corners == corners.round()).all()


def test_the_pair_names_public_places_and_managed_ones_with_a_reason_and_nothing_else(year):
    pair = drawn(year)
    kinds = year.rows("select ref, type_code, sensitivity, may_name from app.place")
    shown = {ref for ref, _, kind, may in kinds if kind == "PUBLIC_REALM" or
             (kind == "MANAGED" and may)}  # fmt: skip
    assert set(pair["refs"]) == shown
    assert len(pair["rows"]) == len(shown) == 5
    assert {row[2] for _, row in pair["rows"]} == {"8 to 17"}
    assert "school" not in str(pair).replace("No homes, schools", "").lower()
    assert drawn(year) == pair
    letters = re.findall(r">A</text>", pair["svg"])
    assert len(letters) in (0, 2)  # fewer than three public squares are listed, not drawn


def test_a_place_with_an_old_label_leaves_both_panels(year):
    before = drawn(year)
    first, second = before["refs"][:2]
    expired = "update app.place set label_expires_on = '2025-06-01' where ref = %s"
    with year.superuser() as admin:
        admin.execute(expired, (first,))
    after = drawn(year)
    assert set(before["refs"]) - set(after["refs"]) == {first}
    assert len(after["svg"]) < len(before["svg"])
    assert second in after["refs"]


def test_an_outline_needs_three_public_squares(year):
    """The made-up cluster has points at a few corners; moved far apart it has an outline."""
    with year.superuser() as admin:
        admin.execute("""
            update app.place as moved
            set geom = ST_Translate(moved.geom, 600 * (at.n % 3), 600 * (at.n / 3))
            from (select id, row_number() over (order by ref) as n from app.place
                  where sensitivity = 'PUBLIC_REALM') as at
            where moved.id = at.id
        """)
        later = datetime(2025, 11, 1, tzinfo=UTC)
        admin.execute("update app.cluster_run set finished_at = %s", (later,))
    svg = drawn(year)["svg"]
    assert svg.count(">A</text>") == 1  # it was not known at the end of the quarter before
    assert svg.count("stroke-dasharray") == 1
