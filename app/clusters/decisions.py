"""A lead decides about a cluster: adopt, watch, dismiss, name, lead agency; or takes it back.

Each hangs on the lineage, so that the cluster of the next run is known by it. The database writes
state and name to the clusters of the lineage (migration 0020).
"""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from pydantic import Field
from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from app.audit import service as audit
from app.clusters import deciding
from app.clusters.deciding import NEW_PLACE, Decision, Kind, What
from app.clusters.models import ClusterDecision, Row
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, StaleError
from app.core.ids import new_id
from app.core.types import Day, ListCode, StrictModel, Text
from app.places import queries as places
from app.places import rules as place_rules
from app.places import service as place_service
from app.places.models import Place
from app.places.rules import State
from app.places.schemas import PlaceIn
from app.reference import queries as reference

LOCK = text("select pg_advisory_xact_lock(hashtextextended(:lineage, 72110423))")
KINDS = {
    What.ADOPT: Kind.ADOPTED,
    What.WATCH: Kind.WATCH,
    What.DISMISS: Kind.DISMISSED,
    What.RENAME: Kind.NAMED,
    What.AGENCY: Kind.AGENCY,
}
WRONG = "Change the fields named below."
CHANGED = "Somebody else decided about this cluster meanwhile. Look at it and decide again."
NOTHING = "There is no decision to take back."


class DecisionIn(StrictModel):
    """A decision, and what the page or program was looking at (`seen`)."""

    what: Annotated[What, Field(strict=False)]
    seen: Annotated[str, Field(pattern=r"^\d{1,6}\.\d{1,6}$")]
    reason: Annotated[Text, Field(max_length=2000)] = ""
    until: Day | None = None
    name: Annotated[Text, Field(max_length=200)] = ""
    agency: Annotated[ListCode, Field(max_length=40)] = ""
    place: Annotated[Text, Field(max_length=20)] = ""
    type_code: Annotated[ListCode, Field(max_length=40)] = ""


def made(session: Session, row: Row) -> list[Decision]:
    """Of the lineage, the newest first; a place out of sight has no reference."""
    place = aliased(Place)
    found = session.execute(
        select(ClusterDecision, place.ref, place.name)
        .outerjoin(place, place.id == ClusterDecision.place_id)
        .where(ClusterDecision.lineage_id == row.lineage_id)
        .order_by(ClusterDecision.number.desc())
    )
    return [_shown(one, ref, name) for one, ref, name in found]


def _shown(one: ClusterDecision, ref: str | None, name: str | None) -> Decision:
    return Decision(
        id=one.id,
        number=one.number,
        kind=one.kind,
        content_id=one.content_id.rstrip(),
        reason=one.reason,
        name=one.name,
        lead_agency=one.lead_agency,
        watch_until=one.watch_until,
        place_ref=ref,
        place_name=name,
        at=one.created_at,
        by=one.created_by,
        undone_at=one.undone_at,
    )


def decide(
    session: Session, actor: Actor, row: Row, wanted: DecisionIn, partners: Sequence[str]
) -> Decision:
    """Write what was decided; raises StaleError when somebody was faster."""
    before = _as_looked_at(session, row, wanted.seen)
    if wanted.what is What.UNDO:
        return _take_back(session, actor, row, deciding.standing(before))
    said = _said(session, actor, row, wanted, partners)
    one = ClusterDecision(
        id=new_id(),
        lineage_id=row.lineage_id,
        number=1 + (before[0].number if before else 0),
        kind=KINDS[wanted.what],
        content_id=row.content_id,
        run_id=row.run_id,
        created_by=actor.id,
        **said,
    )
    session.add(one)
    audit.record(
        session,
        f"cluster.{wanted.what}",
        "cluster",
        row.lineage,
        content_id=row.content_id,
        number=one.number,
    )
    return made(session, row)[0]


def _as_looked_at(session: Session, row: Row, seen: str) -> list[Decision]:
    """One lead after the other; the second is told."""
    session.execute(LOCK, {"lineage": str(row.lineage_id)})
    before = made(session, row)
    if deciding.seen(before) != seen:
        raise StaleError(CHANGED)
    return before


def _take_back(session: Session, actor: Actor, row: Row, last: Decision | None) -> Decision:
    if last is None:
        raise InvalidError(NOTHING, {"what": NOTHING})
    one = session.get_one(ClusterDecision, last.id)
    one.undone_at, one.undone_by = clock.now(), actor.id
    audit.record(session, "cluster.undo", "cluster", row.lineage, kind=one.kind, number=one.number)
    return next(each for each in made(session, row) if each.id == last.id)


def _said(
    session: Session, actor: Actor, row: Row, wanted: DecisionIn, partners: Sequence[str]
) -> dict[str, Any]:
    """The columns of its kind, or all that is wrong with them."""
    wrong = _problems(session, wanted)
    if wrong:
        raise InvalidError(WRONG, wrong)
    said: dict[str, Any] = {"reason": wanted.reason or None}
    if wanted.what is What.RENAME:
        said["name"] = wanted.name
    if wanted.what is What.AGENCY:
        said["lead_agency"] = wanted.agency
    if wanted.what is What.WATCH:
        said["watch_until"] = wanted.until
    if wanted.what is What.ADOPT:
        place = _place(session, actor, row, wanted, partners)
        place.provenance = (place.provenance or {}) | {"cluster": row.lineage}
        said["place_id"] = place.id
    return said


def _problems(session: Session, wanted: DecisionIn) -> dict[str, str]:
    found: dict[str, str | None] = {}
    if wanted.what is What.WATCH:
        found["until"] = deciding.watch_problem(wanted.until, clock.today())
    if wanted.what is What.RENAME:
        found["name"] = _name_problem(session, wanted.name)
    elif wanted.what is What.AGENCY:
        known = {code for code, _ in reference.codes(session, "agency")}
        found["agency"] = None if wanted.agency in known else "Choose the agency that leads."
    else:
        found["reason"] = deciding.reason_problem(wanted.reason)
    if wanted.what is What.ADOPT:
        found["place"] = None if wanted.place else "Choose a place, or a new one."
        if wanted.place == NEW_PLACE and not wanted.type_code:
            found["type_code"] = "Choose a type."
    return {field: words for field, words in found.items() if words is not None}


def _name_problem(session: Session, name: str) -> str | None:
    if len(name) > deciding.NAME_MAX:
        return f"Use at most {deciding.NAME_MAX} characters."
    return place_rules.name_problem(name, place_rules.lint(name, places.language(session)))


def _place(
    session: Session, actor: Actor, row: Row, wanted: DecisionIn, partners: Sequence[str]
) -> Place:
    """One that is known, or a new one of the outline of the cluster."""
    if wanted.place != NEW_PLACE:
        try:
            known = places.find(session, wanted.place)
        except NotFoundError as missing:
            raise InvalidError(WRONG, {"place": missing.detail}) from missing
        if known.state == State.CLOSED:
            raise InvalidError(WRONG, {"place": "This place is closed. Choose another."})
        return known
    proposed = PlaceIn(
        type_code=wanted.type_code,
        name=wanted.name or row.name,
        description=f"Adopted from cluster {row.lineage}. {wanted.reason}",
        geometry=orjson.loads(row.hull),
    )
    draft = place_service.draft(session, proposed, partners)
    if draft.errors:
        known_fields = {"type_code", "name"}
        shown = {(f if f in known_fields else "place"): w for f, w in draft.errors.items()}
        raise InvalidError(WRONG, shown)
    return place_service.propose(session, actor, proposed, draft)


def likely_places(session: Session, row: Row) -> list[tuple[str, str]]:
    """Places in sight where its incidents are: perhaps it is one of these."""
    found = session.execute(PLACES, {"id": row.id})
    return [(ref, name) for ref, name in found]


PLACES = text("""
    select place.ref, place.name
    from app.cluster_member as member join app.place on place.id = member.place_id
    where member.cluster_id = :id and place.deleted_at is null and place.state <> 'CLOSED'
      and place.sensitivity <> 'RESIDENTIAL'
    group by place.ref, place.name
    order by sum(member.n) desc, place.ref limit 8
""")
