"""A report of a home: where it is moves behind the purpose that an exact address asks for."""

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.places import queries as places
from app.places.models import Place, PlaceExact
from app.places.rules import Sensitivity
from app.reports import triage
from app.reports.sealing import Keys, seal
from app.reports.triage import Opened

ADDRESS = 200
WHERE = ("where_text",)


def is_home(place: Place) -> bool:
    return place.sensitivity == Sensitivity.RESIDENTIAL


def move_there(session: Session, keys: Keys, found: Opened, place: Place) -> None:
    """Pin and words go to the exact address of the place and are emptied here, in one commit."""
    report, original = found.report, found.original
    exact = places.exact(session, place.id)
    where = found.said.get("where_text", "")
    if exact is None and report.geom is not None:
        session.add(PlaceExact(place_id=place.id, geom=report.geom, address=where or None))
    elif exact is not None and where and where not in (exact.address or ""):
        known = "; ".join(filter(None, (exact.address, where)))
        exact.address = known[:ADDRESS]
    audit.record(session, "place_exact.update", "place", place.ref, of="report")
    said = {name: words for name, words in found.said.items() if name not in WHERE}
    key = keys.triage.public_key()
    original.sealed = seal(said, key, report=report.id, use="words")
    # Choices count the extracts of the words as they were: they end with them.
    kept = triage.redacted(keys, report)["words"]
    content = {"words": {name: words for name, words in kept.items() if name not in WHERE}}
    report.redacted = seal(content, key, report=report.id, use="redacted")
    report.geom, report.pin_accuracy_m = None, None
    # Distances from the pin to other places would tell where it was.
    original.suggestion, original.match_hash = None, None
