"""Attacks on the intake that once worked: each is a sentence of what must not happen again."""

import json
import re
import secrets
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.actor import PUBLIC, job_actor
from app.core.ids import random_id
from app.reports import ending, jobs, screening
from tests.people import HTML, browser, send, sign_in_as
from tests.reports import rows, screened, sent

DECIDED = {"identifiable": "NO", "tone": "CARE", "place": "NONE"}
NOTHING = {"outcome_NFA": "yes", "reason": "TOO_LITTLE"}
SUBMIT = text("""
    select intake.submit(:key, '\\x01', cast(:facts as jsonb), '\\x01', :key, '\\x01',
                         null, null, null)
""")
FACTS = {
    "danger_answer": "NO",
    "where_kind": "DESCRIBED",
    "what_ticks": ["DRUGS"],
    "day_parts": [],
    "quarantine": [],
    "borough_codes": [],
    "when_kind": "OFTEN",
    "channel": "WEB",
    "ref": "RP-7K2-Q4MT",
}


@pytest.fixture
def lead(db, settings):
    with browser(db, settings, sign_in_as(db, "cs_lead", agency="AFC")) as client:
        yield client


def version_of(page):
    return re.search(r'name="version" value="(\d+)"', page)[1]


def test_a_report_full_of_addresses_can_be_decided(db, settings, lead):
    """Two fields for each of two hundred extracts were more than a form may have."""
    words = " ".join(f"a{n}@b.co" for n in range(50))[:499]
    ref = screened(db, settings, notice_text=words, helps_text=words.replace("b.co", "c.co")).ref
    assert send(lead, f"/reports/{ref}/take").status_code == 303

    page = lead.get(f"/reports/{ref}", headers=HTML).text
    names = re.findall(r'name="((?:choice|why)_\d+)"', page)
    cut = {name: "REDACT" if name.startswith("choice") else "" for name in names}
    answer = send(lead, f"/reports/{ref}", version=version_of(page), **DECIDED, **NOTHING, **cut)

    assert answer.status_code == 303, answer.text
    assert "@b.co" not in lead.get(f"/reports/{ref}").text.split("Decision")[1]


def test_half_a_character_in_a_code_is_refused_and_not_a_failure(db, settings):
    report = {"danger_answer": "NO", "where_kind": "DESCRIBED", "where_text": "by the bins"}
    report |= {"what_harms": ["DRUGS"], "when_kind": "OFTEN"}
    odd = dict.fromkeys(("mode", "when_kind", "how_known", "reporter_kind"), "�")
    odd |= {"child_count_band": "\ud800", "what_harms": ["\ud800"], "day_parts": ["\ud800"]}
    with browser(db, settings, raise_server_exceptions=False) as program:
        for name, value in odd.items():
            answer = program.post(
                "/api/v1/reports",
                content=json.dumps(report | {name: value}),
                headers={"Content-Type": "application/json", "Idempotency-Key": str(random_id())},
            )
            assert answer.status_code == 422, name


def test_one_report_that_cannot_be_screened_stops_no_other(db, settings, monkeypatch):
    poison, other = sent(db, settings), sent(db, settings)
    rows(db, "update app.report set created_at = created_at - interval '5 minutes'")
    ((poison_id,),) = rows(db, "select id from app.report where ref = %s", poison.ref)
    real = screening.screen

    def screen(session, keys, report_id):
        if report_id == poison_id:
            raise RuntimeError("Synthetic")
        real(session, keys, report_id)

    monkeypatch.setattr(screening, "screen", screen)
    shared = {"db": db, "keys": screening.Keys.of(settings)}
    jobs.sweep.func(SimpleNamespace(additional_context=shared), 0)

    assert rows(db, "select ref from app.report where state = 'SCREENED'") == [(other.ref,)]
    with db.read(jobs.SCREEN) as session:
        assert ending.unscreened(session, now=jobs.clock.now()) == [poison_id]


def test_what_is_typed_where_a_place_is_asked_for_opens_nothing(db, settings, lead):
    """Neither NUL in the claims, nor a star for everything, nor the reporter of this report."""
    ref = screened(db, settings).ref
    assert send(lead, f"/reports/{ref}/take").status_code == 303
    version = version_of(lead.get(f"/reports/{ref}", headers=HTML).text)

    for typed in ("PL-\0", "*", ref, "a\0b"):
        given = {"version": version, "place_ref": typed, "outcome_NFA": "yes"} | DECIDED
        answer = send(lead, f"/reports/{ref}", **given | {"place": "OTHER"})
        assert answer.status_code == 422, typed
    for path, field in (("", "note"), ("/contact", "note")):
        given = {"version": version, "purpose": "TRIAGE", field: "a\0b"} | DECIDED | NOTHING
        assert send(lead, f"/reports/{ref}{path}", **given).status_code == 422, path
    assert rows(db, "select state from app.report") == [("IN_TRIAGE",)]


def submitted(db, actor, **given):
    facts = FACTS | {"id": str(random_id())} | given
    with db.begin(actor) as session:
        return session.scalar(SUBMIT, {"key": secrets.token_bytes(32), "facts": json.dumps(facts)})


@pytest.mark.parametrize(
    "lie",
    [
        {"channel": "PARTNER_ACCOUNT"},
        {"channel": "EMAIL_IMPORT"},
        {"channel": "DRB"},
        {"ref": "<script>"},
        {"ref": "RP-" + "7" * 900},
        {"what_ticks": ["<img src=x>"]},
        {"reporter_kind": "a b"},
        {"mode_code": "x" * 5000},
        {"quarantine": ["<b>"]},
        {"borough_codes": ["E09000021"] * 500},
    ],
    ids=str,
)
def test_whoever_breaks_into_the_form_cannot_lie_about_a_report(db, lie):
    """As its database role, past the code: not who sent it, nor text where codes belong."""
    with pytest.raises(DBAPIError) as refused:
        submitted(db, PUBLIC, **lie)

    assert isinstance(
        refused.value.orig, psycopg.errors.CheckViolation | psycopg.errors.InsufficientPrivilege
    )


def test_each_sender_has_a_channel_of_its_own(db):
    partner = sign_in_as(db, "partner").actor
    told = [
        submitted(db, PUBLIC),
        submitted(db, partner, channel="PARTNER_ACCOUNT", ref="RP-7K2-Q4MV"),
        submitted(db, job_actor("imports:mailbox"), channel="EMAIL_IMPORT", ref="RP-7K2-Q4MW"),
    ]

    assert told == ["new"] * 3
    with pytest.raises(DBAPIError):
        submitted(db, partner, channel="EMAIL_IMPORT", ref="RP-7K2-Q4MX")
