"""Whatever is done to an incident, its history tells all of it (a random walk, and a replay)."""

import os
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.incidents import history
from app.incidents.models import Incident
from tests.people import browser, sign_in_as

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
WALKS, STEPS = (200, 50) if LONG else (6, 10)
WHY = "Synthetic: the caller rang again."
START = {
    "occurred_from": "2026-03-29T16:20",
    "harm_code": "KNIFE",
    "source_agency": "AFC",
    "easting": 517_900,
    "northing": 169_900,
}
CORRECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "harm_code": st.sampled_from(["ASB", "KNIFE", "ROBBERY"]),
        "other_harm_codes": st.lists(st.sampled_from(["SYV", "ASB"]), max_size=2, unique=True),
        "occurred_from": st.sampled_from(["2026-01-02T10:00", "2026-10-25T01:30"]),
        "time_precision": st.sampled_from(["EXACT", "HOUR", "DAY", "WEEK", "MONTH"]),
        "time_about": st.booleans(),
        "uncertainty_m": st.none() | st.integers(0, 5000),
        "summary": st.none() | st.sampled_from(["Synthetic", "Synthetic, again"]),
        "line_linked": st.booleans(),
        "outcome_band": st.sampled_from(["NFA", "SUPPORT", "ONGOING"]),
        "confidence": st.sampled_from(["REPORTED", "CORROBORATED"]),
    },
)
MOVES = {"RECORDED": {"CONFIRMED", "WITHDRAWN"}, "CONFIRMED": {"WITHDRAWN"}, "WITHDRAWN": set()}
ROLES = ("practitioner", "police_analyst", "cs_lead")
STEP = st.one_of(
    st.tuples(st.just("correct"), st.sampled_from(ROLES), CORRECTIONS),
    st.tuples(st.just("restore"), st.sampled_from(ROLES), st.integers(1, 6)),
    st.tuples(
        st.just("move"),
        st.sampled_from(ROLES),
        st.sampled_from(["RECORDED", "CONFIRMED", "WITHDRAWN"]),
    ),
    st.tuples(st.just("late"), st.sampled_from(ROLES), CORRECTIONS),
)
WALK = settings(
    max_examples=WALKS,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass
class Model:
    """What should be, in a few lines: versions as they were answered, and the state."""

    state: str = "RECORDED"
    versions: list[dict] = field(default_factory=list)

    def may_correct(self, role):
        return self.state == "RECORDED" or (self.state == "CONFIRMED" and role != "practitioner")


@pytest.fixture
def clients(module_db, settings):
    return {
        role: browser(module_db, settings, sign_in_as(module_db, role, agency="AFC"))
        for role in ROLES
    }


def shown(answer):
    """What the wire tells of an incident, without what every version changes."""
    gone = ("version", "updated_at", "created_at", "state")
    return {name: value for name, value in answer.items() if name not in gone}


def take(clients, path, model, step):
    """One step, sent as the newest version was; None where nothing may come of it."""
    kind, role, given_ = step
    client, newest = clients[role], len(model.versions)
    if kind == "move":
        body = {"version": newest, "to": given_, "reason": WHY}
        answer = client.post(f"{path}/state", json=body)
        may = role == "cs_lead" and given_ in MOVES[model.state]
        return answer, may, given_ if may else model.state
    may = model.may_correct(role)
    if kind == "restore":
        body = {"version": newest, "restore": given_, "reason": WHY}
        return client.post(f"{path}/restore", json=body), may and given_ <= newest, model.state
    body = given_ | {"version": newest + (kind == "late"), "reason": WHY}
    return client.patch(path, json=body), may and kind == "correct", model.state


@given(steps=st.lists(STEP, min_size=3, max_size=STEPS))
@WALK
def test_no_walk_reaches_a_forbidden_state_or_loses_a_version(module_db, clients, steps):
    lead = clients["cs_lead"]
    made = lead.post("/api/v1/incidents", json=START).json()
    path = f"/api/v1/incidents/{made['ref']}"
    model = Model(versions=[made])

    for step in steps:
        answer, may, state = take(clients, path, model, step)
        now = lead.get(path).json()
        assert (answer.status_code == 200) == may, (step, answer.text)
        assert now["state"] == state
        model.state = state
        if now["version"] > len(model.versions):
            model.versions.append(now)
            if step[0] == "restore":
                assert shown(now) == shown(model.versions[step[2] - 1])
        assert now == model.versions[-1]

    _must_be_told(module_db, lead, made["ref"], model)


def _must_be_told(db, lead, ref, model):
    told = lead.get(f"/api/v1/incidents/{ref}/versions").json()[::-1]
    assert [one["version"] for one in told] == [one["version"] for one in model.versions]
    assert [one["incident"]["state"] for one in told] == [one["state"] for one in model.versions]
    assert [one["incident"]["harm_code"] for one in told] == [
        one["harm_code"] for one in model.versions
    ]
    with db.read(_lead_actor(db)) as session:
        moves = session.scalar(
            text(
                "select count(*) from app.incident_state_change as one join app.incident "
                "on incident.id = one.incident_id where incident.ref = :ref"
            ),
            {"ref": ref},
        )
    states = [one["state"] for one in model.versions]
    changes = sum(a != b for a, b in pairwise(states))
    assert moves == 1 + changes


def _lead_actor(db):
    return sign_in_as(db, "cs_lead").actor


@given(corrections=st.lists(CORRECTIONS, min_size=1, max_size=8))
@WALK
def test_any_sequence_of_corrections_can_be_replayed_from_the_history(
    module_db, clients, corrections
):
    lead = clients["cs_lead"]
    made = lead.post("/api/v1/incidents", json=START).json()
    path = f"/api/v1/incidents/{made['ref']}"
    for wanted in corrections:
        version = lead.get(path).json()["version"]
        lead.patch(path, json=wanted | {"version": version, "reason": WHY})

    with module_db.read(_lead_actor(module_db)) as session:
        incident = session.query(Incident).filter_by(ref=made["ref"]).one()
        kept = history.versions(session, incident)[::-1]
        replayed = dict(kept[0].content)
        for earlier, later in pairwise(kept):
            replayed |= {
                name: value
                for name, value in later.content.items()
                if value != earlier.content[name]
            }
        assert replayed == history.content(session, incident)
        assert [one.number for one in kept] == list(range(1, incident.version + 1))
