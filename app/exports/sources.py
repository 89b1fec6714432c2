"""Every dataset that can be exported, by its name in the address."""

from app.core.errors import NotFoundError
from app.exports.of_incidents import Incidents
from app.exports.of_intelligence import Intelligence
from app.exports.of_map import OfMap, Online
from app.exports.of_places import Places
from app.exports.of_reports import Reports
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.source import Source

SOURCES: dict[Dataset, Source] = {
    Dataset.PLACES: Places(),
    Dataset.MAP: OfMap(),
    Dataset.ONLINE: Online(),
    Dataset.INCIDENTS: Incidents(),
    Dataset.INTELLIGENCE: Intelligence(),
    Dataset.REPORTS: Reports(),
}


def source(name: str | None, rights: Rights) -> Source:
    """The dataset, for a role that may export it; to others it does not exist."""
    found = next((kept for known, kept in SOURCES.items() if known == name), None)
    if found is None or not rights.may(found.thing):
        raise NotFoundError("Page not found. Check the address.")
    return found
