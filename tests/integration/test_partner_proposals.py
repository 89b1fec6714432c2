"""What a partner proposes: a place of public realm, for others to look into."""

from tests.integration.test_places import PARK


def test_x(as_, db):
    partner = as_("partner")
    answer = partner.post("/api/v1/places", json=PARK, headers={"Accept": "application/json"})
    print(answer.status_code, answer.text)
    assert 0
