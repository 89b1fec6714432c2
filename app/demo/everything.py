"""All records of the demonstration; with what makes them it is loaded where somebody wants them."""

from app.core.db import Database
from app.core.settings import Settings
from app.demo import (
    accounts,
    clusters,
    context,
    decided,
    documents,
    imports,
    incidents,
    intelligence,
    reports,
    service,
    vault,
)


def load_once(db: Database, settings: Settings) -> None:
    service.load_once(db)
    accounts.ensure(db, settings)
    reports.load_once(db, settings)
    intelligence.load_once(db)
    incidents.load_once(db)
    context.load_once(db)
    decided.load_once(db, settings)
    vault.load_once(db, settings)
    imports.load_once(db)
    clusters.ask_once(db, settings)
    documents.ask_once(db)
