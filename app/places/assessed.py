"""What the newest assessment says, for the page of its place: children's voice and guardianship.

Both stand there always, "not yet heard" and "not yet assessed" included.
"""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.places.models import Place

# The approved one, or the one that is written now; children of methods that count as voice.
NEWEST = text("""
    select made.ref, made.state, made.approved_at, made.due_on, made.d2, made.d2_known,
           made.no_voice_reason, made.voice_due_on,
           app.children_were_asked(made.id) as asked,
           (select coalesce(sum(n_children), 0)::int from app.assessment_method
            where assessment_id = made.id and held_on is not null and deleted_at is null
              and method_code in ('CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP', 'WALKABOUT')) as n,
           (select body from app.signs_panel
            where assessment_id = made.id and view = 'CHILDREN' and deleted_at is null
            order by (column_code = 'WORRIED') desc, position, created_at, id limit 1) as said
    from app.context_assessment as made
    where made.place_id = :place and made.deleted_at is null and made.state = any (:states)
    order by made.approved_at desc nulls last, made.created_at desc
    limit 1
""")
UNDER_WAY = ["DRAFT", "SCOPING", "GATHERING", "ANALYSIS", "PEER_REVIEW"]


class Newest(NamedTuple):
    """One assessment, as far as the page of its place tells of it."""

    ref: str
    state: str
    approved_at: datetime | None
    due_on: date | None
    d2: int | None
    d2_known: int
    no_voice_reason: str | None
    voice_due_on: date | None
    asked: bool
    n: int
    said: str | None


class Assessed(NamedTuple):
    """The two lines of the summary, and the assessments they come from."""

    approved: Newest | None
    under_way: Newest | None
    voice: str
    guardianship: str
    said: str | None


def of(session: Session, place: Place) -> Assessed:
    approved, under_way = (_newest(session, place, states) for states in (["APPROVED"], UNDER_WAY))
    best = next((one for one in (approved, under_way) if one is not None and one.asked), None)
    told = best or approved or under_way
    return Assessed(
        approved, under_way, _voice(told), _guardianship(approved), best.said if best else None
    )


def _newest(session: Session, place: Place, states: list[str]) -> Newest | None:
    row = session.execute(NEWEST, {"place": place.id, "states": states}).one_or_none()
    return None if row is None else Newest._make(row)


def _voice(told: Newest | None) -> str:
    if told is not None and told.asked:
        return f"Children were heard: {told.n} took part."
    if told is not None and told.no_voice_reason and told.voice_due_on:
        return f"Children are not yet heard. They will be by {told.voice_due_on:%-d %B %Y}."
    return "Children are not yet heard."


def _guardianship(approved: Newest | None) -> str:
    if approved is None:
        return "Not yet assessed."
    if approved.d2 is None:
        return f"Not enough known: {approved.d2_known} of 9."
    return f"{approved.d2} of 100, higher is more concern."
