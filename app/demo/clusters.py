"""The first calculation over the demonstration, left to the worker: nobody waits a night for it."""

from sqlalchemy import text

from app.clusters import service
from app.clusters.schemas import RunIn
from app.core.db import Database
from app.core.settings import Settings
from app.places.queries import partner_codes

ANY = text("select exists (select from app.cluster_run)")


def ask_once(db: Database, settings: Settings) -> None:
    """Where none was ever asked for."""
    with db.begin(service.JOB) as session:
        if session.scalar(ANY):
            return
        partners = partner_codes(settings.partnership)
        service.ask_in_background(session, service.JOB, RunIn(source="partnership"), partners)
