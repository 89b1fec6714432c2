"""A triage that is not finished: what was filled in is kept on the server, sealed."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.reports.sealing import Content, Keys, SealBrokenError, opened, seal
from app.reports.triage import Opened, touch


def save(session: Session, keys: Keys, found: Opened, sent: Mapping[str, str]) -> None:
    """Keep what was filled in so far: it may hold words of the report, so it is sealed."""
    report, content = found.report, {"sent": dict(sent), "at": clock.now().isoformat()}
    found.original.working = seal(
        content, keys.triage.public_key(), report=report.id, use="working"
    )
    touch(report)
    audit.record(session, "report.save", "report", report.ref)


def saved(keys: Keys, found: Opened) -> Content:
    """`sent` and `at` of the last saving; empty when there is none."""
    box = found.original.working
    try:
        return opened(box, keys.triage, report=found.report.id, use="working") if box else {}
    except SealBrokenError:
        return {}
