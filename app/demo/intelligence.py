"""Synthetic items of intelligence, so that the queue of a first start has something to check.

They are written by nobody, so that the one demonstration analyst may check them. One is of code C
and names the demonstration lead and practitioner, who first accept its conditions.
"""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import NOBODY, job_actor
from app.core.db import Database
from app.core.ids import new_reference
from app.intelligence.rules import SCHEME, State, expires_on, review_due

TABLE = Path(__file__).resolve().parents[2] / "data" / "demo" / "intelligence.csv"
JOB = job_actor("demo:load")
NAMES = UUID("b4b4a1b2-37c5-4b8e-9a51-0c1d7f5b0e42")
AGENCY = "MPS_SWBCU"
RECIPIENTS = ["demo-lead", "demo-practitioner"]

THERE = text("select exists (select from app.intel_item where id = :id)")
PLACE = text("""
    select id from app.place where type_code = :type and is_synthetic and deleted_at is null
    order by ref limit 1
""")
ITEM = text("""
    insert into app.intel_item (id, ref, agency_code, tier, handling, conditions, created_by,
        updated_by, written_by, is_synthetic, kind, body, scheme_version, source_eval, info_assess,
        discovered_by, harm_codes, where_kind, geom, accuracy, when_kind, valid_from_on,
        expires_on, review_due, released_at, state)
    values (:id, :ref, :agency, :handling, :handling, :conditions, :nobody, :nobody, :nobody, true,
        :kind, :body, :scheme, :source, :assessment, :discovered_by, :harms, :where,
        ST_SetSRID(ST_MakePoint(:easting, :northing), 27700), 'STREET', 'NOT_KNOWN', :valid_from,
        :expires_on, :review_due, :released_at, :state)
""")
DETAILS = text("""
    insert into app.intel_item_police (intel_item_id, created_by, provenance_id)
    values (:id, :nobody, :pointer)
""")
AT_PLACE = text("""
    insert into app.intel_item_place (intel_item_id, place_id, created_by)
    values (:id, :place, :nobody)
""")
RECIPIENT = text("""
    insert into app.intel_recipient (id, intel_item_id, user_id, created_by)
    select gen_random_uuid(), :id, person.id, :nobody from app."user" as person
    where person.username = any (:names) and person.is_synthetic
""")


def load_once(db: Database) -> int:
    """How many were added; on later starts none, which the first one tells."""
    with TABLE.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    with db.begin(JOB) as session:
        if session.scalar(THERE, {"id": _key(0)}):
            return 0
        for number, row in enumerate(rows):
            _add(session, number, row, clock.today())
        audit.record(session, "demo.load", "demo", None, rows=len(rows))
    return len(rows)


def _add(session: Session, number: int, row: Mapping[str, str], today: date) -> None:
    valid_from = today - timedelta(days=int(row["days_ago"]))
    expires = max(expires_on(valid_from, None), valid_from)
    released = row["state"] in {State.RELEASED, State.REVIEW_DUE, State.WITHDRAWN}
    given: dict[str, Any] = {
        "id": _key(number),
        "ref": new_reference("IN"),
        "agency": AGENCY,
        "nobody": NOBODY,
        "scheme": SCHEME,
        "source": row["grade"][0],
        "assessment": row["grade"][1],
        "harms": row["harms"].split(),
        "where": "PLACE" if row["place_type"] else "POINT",
        "easting": float(row["easting"]) if row["easting"] else None,
        "northing": float(row["northing"]) if row["northing"] else None,
        "valid_from": valid_from,
        "expires_on": expires,
        "review_due": review_due(today, expires) if released else None,
        "released_at": clock.now() if released else None,
        "pointer": f"SYNTHETIC-{number + 1:03}",
        "names": RECIPIENTS,
    }
    own = {name: row[name] or None for name in ("handling", "conditions", "kind", "body", "state")}
    session.execute(ITEM, given | own | {"discovered_by": row["discovered_by"]})
    session.execute(DETAILS, given)
    place = session.scalar(PLACE, {"type": row["place_type"]}) if row["place_type"] else None
    if place is not None:
        session.execute(AT_PLACE, given | {"place": place})
    if row["handling"] == "C":
        session.execute(RECIPIENT, given)


def _key(number: int) -> UUID:
    return uuid5(NAMES, f"demonstration item {number}")
