"""Synthetic reports for tests of triage, sent as the public sends them."""

import secrets

import psycopg

from app.core.actor import PUBLIC
from app.reports import service
from app.reports.jobs import SCREEN
from app.reports.schemas import ReportIn
from app.reports.screening import screen
from app.reports.sealing import Keys
from app.reports.service import Sending

PARK = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "easting": 518000.0,
    "northing": 169300.0,
    "where_text": "behind the shelter",
    "what_harms": ["DRUGS", "UNSAFE"],
    "notice_text": "Older people hand small bags to children after school by the bins",
    "when_kind": "OFTEN",
    "day_parts": ["AFTER_SCHOOL"],
}
BUS = {"where_kind": "ROUTE", "mode": "BUS", "line": "K2", "easting": None, "northing": None}
ONLINE = {"where_kind": "ONLINE", "online_raw": "https://example.com/@synthetic"}
NAMED = {"notice_text": "A boy called Kyle Example sells there. Ring 07700 900123 for more."}


def sent(
    db, settings, *, quarantine=(), channel="WEB", lad=None, boroughs=(), actor=PUBLIC, **given
):
    """What came in: `.ref` and `.receipt`."""
    sending = Sending(
        secrets.token_bytes(16),
        secrets.token_bytes(16),
        channel=channel,
        quarantine=quarantine,
        out_of_area_lad=lad,
        borough_codes=boroughs,
        is_synthetic=True,
    )
    with db.begin(actor) as session:
        report = ReportIn.model_validate(PARK | given)
        return service.receive(session, Keys.of(settings), report, sending)


def screened(db, settings, **given):
    """The same, after the screening job."""
    received = sent(db, settings, **given)
    ((known,),) = rows(db, "select id from app.report where ref = %s", received.ref)
    with db.begin(SCREEN) as session:
        screen(session, Keys.of(settings), known)
    return received


def rows(db, question, *given):
    """As nobody in the service could: past every policy."""
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    with psycopg.connect(dsn, autocommit=True) as admin:
        found = admin.execute(question, given or None)
        return found.fetchall() if found.description else []
