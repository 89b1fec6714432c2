"""Whatever is changed, and whatever the permission file says is watched, leaves a trace."""

import pytest

from tests.audited import audited_by_the_file, changing, leaves_a_trace, routes

# What changes nothing that anybody could ask about later.
NO_TRACE = {
    "POST /csp-report": "counted only; nothing of the body is kept",
    "POST /report": "an empty form, gone in an hour",
    "POST /report/{step}": "answers that nobody has sent yet, readable with the cookie alone",
    "POST /report/where/choose": "as the other steps",
    "POST /report/where/map": "as the other steps",
    "POST /report/stay": "another hour of an open form",
    "POST /report/where/near": "a question to open data; a POST to keep the spot out of addresses",
    "POST /report/status": "the reporter's own look; when people come back is nobody's to know",
}


@pytest.mark.parametrize("name", sorted(changing() - NO_TRACE.keys()))
def test_a_route_that_changes_something_records_it(name):
    assert leaves_a_trace(name), f"{name} reaches no audit.record: say who did what."


@pytest.mark.parametrize("name", sorted(audited_by_the_file()))
def test_a_route_of_a_watched_object_records_each_use(name):
    assert leaves_a_trace(name), f"{name} reaches no audit.record: its object has audit_reads."


def test_the_reasons_are_of_routes_that_exist():
    assert set(routes()) >= NO_TRACE.keys()


def test_what_leaves_no_trace_is_told_from_what_does():
    assert not leaves_a_trace("GET /healthz")
    assert not leaves_a_trace("GET /places")
    assert leaves_a_trace("GET /api/v1/children/{ref}")
