"""Synthetic reports of earlier quarters, decided and answered: who reported can be compared.

They were never in the inbox of this database: they go in as they ended, with the days of each
step, which only this job may say. Their words are sealed as all are.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import numpy as np
import shapely
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.core import clock
from app.core.actor import NOBODY
from app.core.db import Database
from app.core.settings import Settings
from app.demo.lives import reference
from app.demo.models import stored
from app.demo.rules import Row
from app.demo.service import JOB, Cursor, insert_rows
from app.reports.sealing import Keys, seal

NAMES = UUID("9d3a5b0e-52c4-4b1f-8d1d-7a3e3f0c5a21")
N_REPORTS = 320
SEED = 9
NEWEST_DAYS, OLDEST_DAYS = 12, 700  # a report that helped to find a place is kept for two years
FOUND_ONLY_DAYS = 150  # what came to nothing is kept for six months
WORDS = "Synthetic: what somebody saw here, as an example."


Place = tuple[UUID, bytes, list[str]]


class Source(NamedTuple):
    """Who reports, as what, how often; and since how many days no more."""

    agency: str
    kind: str
    channel: str
    weight: int
    silent_days: int = 0


SOURCES = (
    Source("PUBLIC", "RESIDENT", "WEB", 14),
    Source("PUBLIC", "PARENT_CARER", "WEB", 8),
    Source("PUBLIC", "YOUNG_PERSON", "WEB", 6),
    Source("EDU", "SCHOOL", "PARTNER_ACCOUNT", 18),
    Source("PUBLIC", "SCHOOL", "WEB", 9),
    Source("LA_KINGSTON", "COUNCIL", "PARTNER_ACCOUNT", 10),
    Source("LA_RICHMOND", "COUNCIL", "PARTNER_ACCOUNT", 9),
    Source("HOUSING_RP", "HOUSING", "PARTNER_ACCOUNT", 6),
    Source("BUSINESS", "BUSINESS", "PARTNER_ACCOUNT", 8),
    Source("TFL", "TRANSPORT", "PARTNER_ACCOUNT", 7),
    Source("RAIL_OP", "TRANSPORT", "PARTNER_ACCOUNT", 5, silent_days=160),
    Source("VCS", "VCS", "PARTNER_ACCOUNT", 9),
    Source("FAITH", "FAITH", "PARTNER_ACCOUNT", 5),
    Source("MPS_SWBCU", "POLICE", "PARTNER_ACCOUNT", 9),
    Source("NHS_ED", "HEALTH", "PARTNER_ACCOUNT", 6),
)
PLACES = """
    select place.id, ST_AsBinary(ST_PointOnSurface(place.geom)), place.harm_codes
    from app.place where is_synthetic and deleted_at is null and geom is not null
      and sensitivity in ('PUBLIC_REALM', 'MANAGED') order by ref
"""
THERE = "select exists (select from app.report where id = %s)"
FORGET = "delete from app.report_state_change where report_id = any (%s)"


def load_once(db: Database, settings: Settings) -> int:
    """How many reports were made; on later starts, and without places, none."""
    keys = Keys.of(settings)
    with db.cursor(JOB) as cursor:
        found = cursor.execute(THERE, (_key(0),)).fetchone()
        places = cursor.execute(PLACES).fetchall()
        if not places or (found is not None and found[0]):
            return 0
        rng = np.random.Generator(np.random.PCG64(SEED))
        now = clock.now()
        made = [_report(rng, number, places, now) for number in range(N_REPORTS)]
        insert_rows(cursor, "report", [report for report, _ in made])
        mailbox = X25519PrivateKey.generate().public_key().public_bytes_raw()
        words = [_words(keys, report["id"], mailbox) for report, _ in made]
        insert_rows(cursor, "report_original", words)
        insert_rows(cursor, "report_outcome", [_outcome(*one) for one in made])
        _tell(cursor, [report for report, _ in made])
        cursor.execute(
            "select audit.log('demo.load', 'report', null, 'done', %s, '{}'::jsonb)", (len(made),)
        )
    return len(made)


def _report(
    rng: np.random.Generator,
    number: int,
    places: Sequence[Place],
    now: datetime,
) -> tuple[Row, UUID]:
    """A report and the place that it was found to be about."""
    days = int(rng.integers(NEWEST_DAYS, OLDEST_DAYS))
    came = now - timedelta(days=days, hours=int(rng.integers(0, 24)))
    source = _source(rng, days)
    place, point, harms = places[int(rng.integers(len(places)))]
    decided = came + timedelta(hours=float(rng.gamma(2, 30)))
    found = days > FOUND_ONLY_DAYS or rng.random() < 0.75
    key = _key(number)
    return {
        "id": key,
        "ref": reference("RP", key),
        "agency_code": source.agency,
        "created_by": NOBODY,
        "updated_by": NOBODY,
        "is_synthetic": True,
        "created_at": came,
        "channel": source.channel,
        "reporter_kind": source.kind,
        "danger_answer": "NO",
        "where_kind": "PLACE",
        "geom": stored(shapely.from_wkb(bytes(point))),
        "pin_accuracy_m": 25,
        "when_kind": "OFTEN",
        "day_parts": ["AFTER_SCHOOL"],
        "harm_codes": list(harms),
        "tone": str(rng.choice(["CARE", "CARE", "CARE", "COMPLAINT", "UNCLEAR"])),
        "outcome_codes": ["LINKED_PLACE"] if found else ["NFA"],
        "decided_at": min(decided, now),
        "closed_at": came + timedelta(days=30) if days > 31 else None,
        "state": "CLOSED" if days > 31 else "DECIDED",
    }, place  # fmt: skip


def _source(rng: np.random.Generator, days: int) -> Source:
    """Some organisations have been silent for a while."""
    speaking = [source for source in SOURCES if days >= source.silent_days]
    weights = np.array([source.weight for source in speaking], float)
    return speaking[int(rng.choice(len(speaking), p=weights / weights.sum()))]


def _words(keys: Keys, report: UUID, mailbox: bytes) -> Row:
    sealed = seal({"notice_text": WORDS}, keys.triage.public_key(), report=report, use="words")
    return {"report_id": report, "sealed": sealed, "mailbox_key": mailbox}


def _outcome(report: Row, place: UUID) -> Row:
    (code,) = report["outcome_codes"]
    return {
        "id": uuid5(report["id"], "outcome"),
        "report_id": report["id"],
        "code": code,
        "place_id": place if code == "LINKED_PLACE" else None,
        "created_at": report["decided_at"],
        "created_by": NOBODY,
    }


def _tell(cursor: Cursor, reports: list[Row]) -> None:
    """The steps of each in place of the one line, of now, that going in wrote."""
    cursor.execute(FORGET, ([report["id"] for report in reports],))
    steps = []
    for report in reports:
        was = None
        for state, at in _steps(report):
            steps.append({"report_id": report["id"], "from_state": was, "to_state": state,
                          "at": at, "by": NOBODY})  # fmt: skip
            was = state
    insert_rows(cursor, "report_state_change", steps)


def _steps(report: Row) -> list[tuple[str, datetime]]:
    came, decided, closed = report["created_at"], report["decided_at"], report["closed_at"]
    begun = [
        ("RECEIVED", came),
        ("SCREENED", came + timedelta(minutes=1)),
        ("IN_TRIAGE", came + (decided - came) / 2),
        ("DECIDED", decided),
    ]
    if closed is None:
        return begun
    return [*begun, ("FEEDBACK_SENT", decided + (closed - decided) / 8), ("CLOSED", closed)]


def _key(number: int) -> UUID:
    return uuid5(NAMES, str(number))
