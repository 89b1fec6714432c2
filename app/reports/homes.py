"""A report of a home: where it is moves behind the purpose that an exact address asks for."""

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.places import queries as places
from app.places.models import Place, PlaceExact
from app.places.rules import Sensitivity
from app.reports import queries, triage
from app.reports.models import Report
from app.reports.sealing import Keys, seal
from app.reports.triage import Opened

ADDRESS = 200
WHERE = ("where_text",)


def is_home(place: Place) -> bool:
    return place.sensitivity == Sensitivity.RESIDENTIAL


def of_report(session: Session, report: Report) -> Place | None:
    """The home that a report was found to be about."""
    for outcome in queries.outcomes(session, report):
        place = session.get(Place, outcome.place_id) if outcome.place_id else None
        if place is not None and is_home(place):
            return place
    return None


def move_all(session: Session, keys: Keys, found: Opened, place: Place) -> None:
    """The same address was told by the reports that were merged into this one."""
    for merged in queries.merged_into(session, found.report):
        move_there(session, keys, triage.opened_by(session, keys, merged), place)
    move_there(session, keys, found, place)


def move_there(session: Session, keys: Keys, found: Opened, place: Place) -> None:
    """Pin and words go to the exact address of the place and are emptied here, in one commit."""
    report, original = found.report, found.original
    session.flush()  # what was moved before, by another report of this place
    exact = places.exact(session, place.id)
    where = found.said.get("where_text", "")
    if exact is None and report.geom is not None:
        warned = place.type_code == "CUCKOOED"
        session.add(
            PlaceExact(
                place_id=place.id,
                geom=report.geom,
                address=where or None,
                victim_warning=warned,
            )
        )
    elif exact is not None and where and where not in (exact.address or ""):
        known = "; ".join(filter(None, (exact.address, where)))
        exact.address = known[:ADDRESS]
    audit.record(session, "place_exact.update", "place", place.ref, of="report")
    report.geom, report.pin_accuracy_m = None, None
    # Distances from the pin to other places would tell where it was.
    original.suggestion, original.match_hash = None, None
    if not found.readable:  # sealed with another secret: nothing is written over it
        return
    said = {name: words for name, words in found.said.items() if name not in WHERE}
    key = keys.triage.public_key()
    original.sealed = seal(said, key, report=report.id, use="words")
    # Choices count the extracts of the words as they were: they end with them.
    kept = triage.redacted(keys, report).get("words", {})
    content = {"words": {name: words for name, words in kept.items() if name not in WHERE}}
    report.redacted = seal(content, key, report=report.id, use="redacted")
