"""The whole life of one place, from a report to "safer": eight people, each at their own pages."""

import os
from pathlib import Path

import pytest

from tests.conftest import CLAIMS_KEY, ROOT, cloned
from tests.e2e import life_begins as begins
from tests.e2e import life_goes_on as goes_on
from tests.e2e.life import PHONE, Life
from tests.e2e.report_form import partnership_with
from tests.live import serving

BASEMAP = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"


@pytest.fixture
def life(cluster, template, chromium, exit_site, tmp_path):
    """A service with nothing recorded; CONTEXTMAP_PICTURES names where the pictures stay."""
    folder = Path(os.environ.get("CONTEXTMAP_PICTURES") or tmp_path / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        cloned(cluster, template, "life") as db,
        serving(
            cluster.dsn("ROLE", "life"),
            CLAIMS_KEY,
            tmp_path,
            basemap=BASEMAP if BASEMAP.exists() else None,
            partnership=partnership_with(tmp_path, exit_site),
        ) as live,
    ):
        made = Life(db, live.url, chromium, folder)
        yield made
        made.close()
        assert live.violations() == 0


def test_one_place_from_a_report_to_safer(life, settings):
    lead = life.joins("Lena Marsh", "cs_lead", agency="AFC")
    peer = life.joins("Omar Bell", "cs_lead", agency="AFC")
    worker = life.joins("Ines Ward", "practitioner", agency="LA_KINGSTON")
    youth = life.joins("Tom Reed", "practitioner", agency="LA_KINGSTON")
    police = life.joins("Dee Holt", "police_analyst", agency="MPS_SWBCU")
    second = life.joins("Sam Frost", "police_analyst", agency="MPS_SWBCU")
    keeper = life.joins("Ali Stone", "partner", agency="BUSINESS", size=PHONE)

    begins.a_resident_reports(life, settings)
    begins.the_lead_decides_about_it(life, lead)
    begins.it_is_not_identified_by_one_report(life, worker, lead)
    begins.the_police_add_what_they_know(life, police, second)
    begins.it_is_identified(life, lead, "Ines Ward")
    at = begins.two_practitioners_assess_it(life, worker, youth)
    begins.another_lead_signs_it(life, lead, peer, at)

    raters = [lead, worker, police]
    meeting = goes_on.a_conference_is_planned(life, lead, peer, raters[1:])
    goes_on.everybody_weighs(life, meeting, raters)
    goes_on.the_room_chooses_goals(life, meeting, lead)
    goes_on.minutes_become_actions(life, meeting, lead, peer)
    goes_on.a_plan_is_agreed(life, worker, lead)
    goes_on.the_shopkeeper_does_their_part(life, keeper)
    goes_on.actions_are_confirmed(life, worker, lead)

    goes_on.young_people_draw(life, youth, lead)
    goes_on.children_are_asked_again(life, worker, youth)
    goes_on.the_outcome_is_reviewed(life, lead, worker, peer)
    goes_on.it_is_safer(life, lead)
