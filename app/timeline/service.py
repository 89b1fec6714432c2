"""Evidence about a place gathered for whoever asks, and decisions that rest on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.errors import NotFoundError
from app.places import life, life_queries, moves
from app.places import queries as places
from app.places.guards import CLOSE_WORDS, Close, Evidence
from app.places.life import Move
from app.places.life_schemas import MoveIn
from app.places.models import Place
from app.places.rules import State
from app.timeline import queries, rules
from app.timeline.rules import Item, Kind, Subject, Weight
from app.timeline.schemas import RowOut

WATCHED = {Kind.REPORT, Kind.INTELLIGENCE}


@dataclass(frozen=True, slots=True)
class Gathered:
    """A place and what hangs on it, as far as the actor may see."""

    place: Place
    items: Sequence[Item]

    @property
    def weight(self) -> Weight:
        return rules.weigh(self.items)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows of the timeline; None asks for all."""

    kind: Kind | None = None
    since: date | None = None
    until: date | None = None

    def holds(self, row: RowOut) -> bool:
        begin = None if self.since is None else datetime.combine(self.since, time.min, LONDON)
        end = None
        if self.until is not None:
            end = datetime.combine(self.until, time.min, LONDON) + timedelta(days=1)
        return (
            (self.kind is None or row.kind == self.kind)
            and (begin is None or row.at >= begin)
            and (end is None or row.at < end)
        )


def gather(session: Session, actor: Actor, place: Place) -> Gathered:
    """Whoever sees a place as partners do is shown no reasons. Watched reads leave one event."""
    if actor.view != "full":
        raise NotFoundError("Page not found. Check the address.")
    items = queries.items(session, place)
    watched = sum(item.kind in WATCHED for item in items)
    if watched:
        audit.record(session, "place.evidence", "place", place.ref, rows=watched)
    return Gathered(place, items)


def evidence(session: Session, found: Gathered, wanted: MoveIn | None = None) -> Evidence:
    """What guards ask: the place, and the items that the actor may see."""
    weight = found.weight
    return replace(
        moves.known(session, found.place, wanted),
        independent_items=weight.independent,
        agencies=len(weight.agencies),
        well_graded_items=weight.well_graded,
    )


def choices(actor: Actor, state: str, known: Evidence) -> list[tuple[Move, list[str]]]:
    """Every move that this role may make from here, with what is missing whatever is filled in."""
    filled = replace(
        known,
        class_confirmed=True,
        level="CL2" if known.level == "CL0" else known.level,
        review_on=known.today,
        assessor_named=True,
        boundary_written=True,
        close_code=Close.NOT_SUBSTANTIATED,
    )
    return [
        (move, life.barriers(move, actor.role, filled))
        for move in life.MOVES[State(state)]
        if actor.role in move.by
    ]


def move(session: Session, actor: Actor, ref: str, wanted: MoveIn) -> Place:
    """One decision: locked, weighed, made, audited."""
    found = gather(session, actor, places.lock(session, ref))
    return make(session, actor, found, wanted)


def make(session: Session, actor: Actor, found: Gathered, wanted: MoveIn) -> Place:
    """The same, of a place that is locked already."""
    return moves.make(session, actor, found.place, wanted, evidence(session, found, wanted))


def rows(session: Session, found: Gathered, asked: Asked) -> list[RowOut]:
    """Newest first: what came in, and what was decided."""
    names = queries.agencies(session)
    made = [RowOut.of(item, names) for item in found.items]
    made += [
        RowOut.of_state(change, life_queries.state_words(session, change.to_state))
        for change in life_queries.states(session, found.place)
    ]
    return sorted(filter(asked.holds, made), key=lambda row: row.at, reverse=True)


def newest_day(found: Gathered) -> date:
    """Since when nothing has been recorded."""
    newest = found.weight.newest or found.place.created_at
    return clock.london(newest).date()


def why(session: Session, found: Gathered) -> list[str]:
    place = found.place
    close = CLOSE_WORDS.get(Close(place.close_code)) if place.close_code else None
    return rules.why(
        Subject(
            state=place.state,
            state_words=life_queries.state_words(session, place.state),
            label_expires_on=place.label_expires_on,
            is_proposed=place.state in {State.PROPOSED, State.SCREENED},
            is_closed=place.state == State.CLOSED,
            close_words=(close or "").lower(),
        ),
        found.items,
        queries.agencies(session),
    )
