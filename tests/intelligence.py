"""Synthetic items of intelligence for tests, sent as an analyst sends them."""

from tests.people import KINGSTON, sign_in_as

PLAIN = {
    "kind": "OBSERVATION",
    "where": "DRAWN",
    "easting": 518000.0,
    "northing": 169300.0,
    "accuracy": "EXACT",
    "when": "NOT_KNOWN",
    "valid_from_on": "2026-11-01",
    "body": "Synthetic: children are asked to carry parcels from the car park.",
    "provenance_id": "SYN-0001",
    "discovered_by": "CASEWORK",
    "source_eval": "2",
    "info_assess": "B",
    "handling": "P",
    "harm_codes": ["COUNTY_LINES"],
}
CONDITIONAL = PLAIN | {
    "handling": "C",
    "conditions": "Synthetic: tell nobody else.",
    "body": "Synthetic, with conditions: parcels are handed over by the lift.",
}
POLICE = "MPS_SWBCU"


def analyst(as_, **more):
    return as_("police_analyst", agency=more.pop("agency", POLICE), **more)


def sent(client, **more):
    """The reference of a new item."""
    answer = client.post("/api/v1/intelligence", json=PLAIN | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["ref"]


def reader_ref(db, role="practitioner", **more):
    """A person who can be named, and the reference of the account."""
    from tests.people import ref_of

    person = sign_in_as(db, role, boroughs=more.pop("boroughs", (KINGSTON,)), **more)
    return person, ref_of(db, person)


def decided(client, ref, **said):
    return client.post(f"/api/v1/intelligence/{ref}/qa", json=said)


def released(writer, second, **more):
    """The reference of an item that a second analyst has released."""
    ref = sent(writer, **more)
    answer = decided(second, ref, decision="RELEASE")
    assert answer.status_code == 200, answer.text
    return ref
