"""The report as files: the canonical page, and the PDF that a job prints and keeps."""

import json

from app.audit import service as audit
from app.briefings import queries
from app.briefings.document import document
from app.briefings.models import Briefing, BriefingFile, Json
from app.core import pages as html
from app.core import pdf
from app.core.actor import job_actor
from app.core.db import Database

PRINT = job_actor("briefings:build")


def whole(made: Json, briefing: Briefing) -> bytes:
    """Every page, from the snapshot and what became of it alone: the same bytes each time."""
    return html.rendered("briefings/whole.html", document=document(made, briefing)).encode()


def as_pdf(made: Json, briefing: Briefing) -> pdf.Pdf:
    """The tagged PDF. Its day of creation is the one that its numbers were known on."""
    return pdf.made(document(made, briefing), at=briefing.cut_at)


def keep_pdf(db: Database, ref: str) -> None:
    """Print a frozen report and keep the file; printed again when it is tabled or recalled."""
    with db.begin(PRINT) as session:
        briefing = queries.find(session, ref, lock=True)
        made: Json = json.loads(briefing.snapshot or "")
        file = as_pdf(made, briefing)
        values = {
            "briefing_id": briefing.id,
            "format": "PDF",
            "printed_as": briefing.state,
            "document_sha256": briefing.decisions_sha256 or briefing.snapshot_sha256,
            "body": file.body,
            "body_sha256": file.sha256,
        }
        session.merge(BriefingFile(**values))
        audit.record(session, "briefing.print", "briefing", briefing.ref)
