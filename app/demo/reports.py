"""Synthetic reports, so that the inbox of a first start has something to triage.

Sent as everything is sent, sealed and screened; each says in its words that it is synthetic. They
carry the time that they pretend to have come at, which only this job may say.
"""

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.settings import Settings
from app.reports.receipts import receipt_hmac, receipt_of, spelled
from app.reports.schemas import ReportIn
from app.reports.sealing import Keys, public_key, seal
from app.reports.service import Sending, receive

TABLE = Path(__file__).resolve().parents[2] / "data" / "demo" / "reports.csv"
FILE = "demo-receipts.json"
JOB = job_actor("demo:load")
NAMES = UUID("4b0c54f1-7d2b-4b0e-9a3a-5a2f6b1e0d11")
LISTS = ("what_harms", "day_parts")
NUMBERS = ("easting", "northing")
BESIDE = ("hours_ago", "agency", "email", "quarantine", "message", "out_of_area_lad")
STATUS = text("select intake.status(:mark)")
REPLY = text("select intake.reply(:mark, :id, :sealed, :copy)")


class Told(NamedTuple):
    """A line of the file of receipts."""

    about: str
    receipt: str


def load_once(db: Database, settings: Settings) -> int:
    """How many were sent; on later starts none, which the first one tells."""
    keys, table = Keys.of(settings), _table()
    for number, row in enumerate(table):
        agency = None if row["agency"] == "PUBLIC" else row["agency"]
        with db.begin(replace(JOB, agency=agency)) as session:
            if not _sent(session, keys, number, row):
                _write(settings, keys, table)
                return number
    _write(settings, keys, table)
    return len(table)


def _sent(session: Session, keys: Keys, number: int, row: Mapping[str, str]) -> bool:
    """False when it came before."""
    key = _key(number)
    partner = row["agency"] != "PUBLIC"
    sending = Sending(
        key,
        key,
        channel="PARTNER_ACCOUNT" if partner else "WEB",
        quarantine=row["quarantine"].split(),
        out_of_area_lad=row["out_of_area_lad"] or None,
        is_synthetic=True,
        came_at=clock.now() - timedelta(hours=float(row["hours_ago"])),
    )
    received = receive(session, keys, _report(row), sending)
    if received.again:
        return False
    if row["message"]:
        _write_back(session, keys, received.receipt, row["message"])
    return True


def _report(row: Mapping[str, str]) -> ReportIn:
    given: dict[str, Any] = {k: v for k, v in row.items() if v and k not in BESIDE}
    given |= {name: row[name].split() for name in LISTS}
    given |= {name: float(row[name]) for name in NUMBERS if row[name]}
    if row["email"]:
        given["contact"] = {"email": row["email"], "safe_times": "Synthetic: evenings"}
    return ReportIn.model_validate(given)


def _write_back(session: Session, keys: Keys, receipt: str, words: str) -> None:
    """As the reporter would, with the code."""
    mark = receipt_hmac(keys.receipts, receipt)
    status = session.scalar(STATUS, {"mark": mark})
    of: dict[str, Any] = {"report": UUID(status["report"]), "use": "message"}
    own = public_key(bytes.fromhex(status["mailbox_key"]))
    given = {
        "mark": mark,
        "id": uuid5(NAMES, receipt),
        "sealed": seal({"body": words}, keys.triage.public_key(), **of),
        "copy": seal({"body": words}, own, **of),
    }
    audit.written_by(session, REPLY, given)


def _write(settings: Settings, keys: Keys, table: list[dict[str, str]]) -> None:
    """The codes of two of them, to try the mailbox: for this user only."""
    path = settings.data_dir / FILE
    if path.exists():
        return
    told = [
        Told(table[number]["where_text"] or table[number]["from_text"], _spelled(keys, number))
        for number in (0, 3)
    ]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump([each._asdict() for each in told], file, indent=1)
        file.write("\n")


def _spelled(keys: Keys, number: int) -> str:
    return spelled(receipt_of(keys.sendings, _key(number)))


def _key(number: int) -> bytes:
    return f"demonstration report {number}".encode()


def _table() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
