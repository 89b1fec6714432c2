"""The priorities of a night, and another band that a lead sets."""

from datetime import date

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.places.models import Place
from app.priority import queries, rules
from app.priority.models import PlacePriority

WRONG = "Some answers need another look."
OVERRIDE = (
    *("band_override", "override_reason", "override_expires_on"),
    *("override_by", "override_role"),
)
KEEP_DAYS = 400


def run(session: Session, today: date) -> int:
    """Every place that is worked on; a second run of a day changes nothing."""
    items = queries.items(session, today)
    rows = []
    for place in queries.places(session, today):
        found = rules.priority(
            rules.Known(
                items=items.get(place["id"], ()),
                linked_children=place["linked"],
                d2=place["d2"],
                d3=place["d3"],
                is_urgent=place["is_urgent"],
            )
        )
        rows.append(
            {
                "place_id": place["id"],
                "run_on": today,
                "p": found.p,
                "p_without_proactive": found.p_without_proactive,
                "band": found.band,
                "confidence": found.confidence,
                "voice_items": found.voice_items,
                "terms": found.terms,
                "weights_version": rules.VERSION,
                "is_synthetic": place["is_synthetic"],
                **{name: place[name] for name in OVERRIDE},
            }
        )
    if rows:
        _write(session, rows)
    old = PlacePriority.run_on < date.fromordinal(today.toordinal() - KEEP_DAYS)
    session.execute(delete(PlacePriority).where(old))
    audit.record(session, "priority.run", "place", None, rows=len(rows))
    return len(rows)


def _write(session: Session, rows: list[dict[str, object]]) -> None:
    made = insert(PlacePriority)
    kept = {name: made.excluded[name] for name in rows[0] if name not in {"place_id", "run_on"}}
    again = made.on_conflict_do_update(index_elements=["place_id", "run_on"], set_=kept)
    session.execute(again, rows)


def override(
    session: Session, actor: Actor, place: Place, band: str, reason: str, ends_on: date | None
) -> PlacePriority:
    """Another band, for a time, shown as set by the actor's role."""
    if found := rules.override_problems(band, reason, ends_on, clock.today()):
        raise InvalidError(WRONG, found)
    row = _newest(session, place)
    row.band_override, row.override_reason = band, reason.strip()
    row.override_expires_on = ends_on
    row.override_by, row.override_role = actor.id, actor.role
    session.flush()
    audit.record(session, "priority.override", "place", place.ref, was=row.band, to=band)
    return row


def lift(session: Session, place: Place) -> None:
    """The band of the night counts again."""
    row = _newest(session, place)
    for name in OVERRIDE:
        setattr(row, name, None)
    session.flush()
    audit.record(session, "priority.override", "place", place.ref, to=row.band)


def _newest(session: Session, place: Place) -> PlacePriority:
    row = queries.newest(session, place, lock=True)
    if row is None:
        raise RuleBrokenError("No priority was worked out yet. It comes with the next night.")
    return row
