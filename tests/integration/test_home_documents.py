"""The work list of those who sign releases and reports, and of the subgroup that reads them."""

import pytest

from app.briefings import building as reports
from app.releases import building
from tests.integration.test_home import rows
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.releases import PARTNERS, QUARTER, Ground

BOROUGHS = {KINGSTON: "Kingston", RICHMOND: "Richmond"}
WORDS = {f"change_{n}": f"Synthetic: change {n}." for n in (1, 2, 3)} | {"voice_1": "Synthetic."}
RELEASES, REPORTS = "Releases to sign", "Quarterly reports to sign"


@pytest.fixture
def ground(db, settings):
    return Ground(db, settings)


def waits(ground, role):
    """What waits for a signature, by label, and how much of it is behind the link."""
    return {label: n[0] for label, n in rows(ground.as_(role)).items() if label.endswith("sign")}


def test_what_was_checked_waits_for_a_lead_then_for_an_auditor_then_for_nobody(ground):
    lead, auditor = ground.as_("cs_lead"), ground.as_("auditor")
    send(lead, "/releases", period=QUARTER)
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({}, {})

    building.build(ground.db, QUARTER, PARTNERS)
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({RELEASES: "1"}, {})
    send(lead, f"/releases/{QUARTER}/sign")
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({}, {RELEASES: "1"})
    send(auditor, f"/releases/{QUARTER}/sign")
    building.publish(ground.db, QUARTER, PARTNERS)
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({}, {})

    url = send(lead, "/briefings", period=QUARTER).headers["location"].removesuffix("/write")
    send(lead, f"{url}/write", **WORDS)
    reports.check(ground.db, url.rsplit("/", 1)[-1], BOROUGHS)
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({REPORTS: "1"}, {})
    send(lead, f"{url}/sign")
    assert (waits(ground, "cs_lead"), waits(ground, "auditor")) == ({}, {REPORTS: "1"})
    member = ground.as_("vca_member")
    assert "Latest quarterly report" not in member.get("/", headers=HTML).text
    send(auditor, f"{url}/sign")
    assert waits(ground, "auditor") == {}

    home = member.get("/", headers=HTML).text
    assert f'<b>1</b> <a class="govuk-link" href="{url}">Latest quarterly report</a>' in home
    assert "January to March 2026" in home
    assert "Decisions and what became of them" not in home, "there was no report before it"


@pytest.mark.parametrize("path", ["/releases", "/briefings"])
def test_a_list_is_of_all_or_of_mine_to_sign(ground, path):
    lead = ground.as_("cs_lead")

    assert "you may sign" in lead.get(f"{path}?sign=mine", headers=HTML).text
    assert lead.get(f"{path}?sign=all", headers=HTML).status_code == 422
