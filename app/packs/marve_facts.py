"""Everything that a MARVE pack reads, gathered once and held by place."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause
from sqlalchemy.orm import Session

from app.core.clock import london
from app.packs import marve_sql, pictures
from app.packs.content import Asked, Json
from app.packs.marve_rules import Item, Standing, chosen, independent, reasons
from app.packs.pictures import Name
from app.reference import gazetteer
from app.reference import queries as reference

YEAR = timedelta(days=365)
CLOSE = 15  # the zoom from which the gazetteer tells streets
WIDER, ENOUGH_NAMES = (1, 2, 4), 2
ByPlace = dict[UUID, list[Row[Any]]]


@dataclass(frozen=True, slots=True)
class Facts:
    """Of all places that are worked with, and more of those with a page."""

    asked: Asked
    values: dict[str, Any]
    places: dict[UUID, Row[Any]]
    items: dict[UUID, list[Item]]
    pages: Sequence[Standing]
    rest: Sequence[Standing]
    agenda: Sequence[Row[Any]]
    harms: dict[str, str]
    maps: dict[UUID, Json]
    guardians: ByPlace
    scores: ByPlace
    signs: ByPlace
    scales: ByPlace
    goals: ByPlace
    verdicts: ByPlace
    actions: ByPlace
    voices: frozenset[UUID]

    @property
    def today(self) -> date:
        found: date = self.values["day"]
        return found

    def why(self, standing: Standing) -> list[str]:
        return reasons(standing, self.today)

    def asks(self, place: UUID) -> list[str]:
        """What the agenda says about it."""
        return [one.body for one in self.agenda if one.subject_id == place]


def values(asked: Asked) -> dict[str, Any]:
    """What every query may name. The last day of the window is the day that ages are counted to."""
    since, until = asked.window.start_at, asked.window.end_at
    return {
        "since": since,
        "until": until,
        "first": min(since, until - YEAR),
        "as_long_before": since - (until - since),
        "first_on": london(since).date(),
        "end_on": london(until).date(),
        "day": london(until).date(),
        "meeting": asked.meeting_id,
    }


def gather(session: Session, asked: Asked) -> Facts:
    given = values(asked)
    places = {row.id: row for row in session.execute(marve_sql.PLACES, given)}
    items = _items(session, given)
    agenda = session.execute(marve_sql.AGENDA, given).all()
    named = {one.subject_id for one in agenda if one.section == "L"}
    standings = [_standing(row, items.get(row.id, ()), named, asked) for row in places.values()]
    pages, rest = chosen(standings, given["day"])
    given["places"] = [one.key for one in pages]
    rows = {name: grouped(session.execute(query, given)) for name, query in DETAILS.items()}
    voices = frozenset(row.place_id for row in session.execute(marve_sql.VOICE, given))
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    maps = _maps(session, given)
    return Facts(
        asked, given, places, items, pages, rest, agenda, harms, maps, voices=voices, **rows
    )


DETAILS: dict[str, TextClause] = {
    "guardians": marve_sql.GUARDIANS,
    "scores": marve_sql.SCORES,
    "signs": marve_sql.SIGNS,
    "scales": marve_sql.SCALES,
    "goals": marve_sql.GOALS,
    "verdicts": marve_sql.VERDICTS,
    "actions": marve_sql.ACTIONS,
}


def grouped(rows: Iterable[Row[Any]]) -> ByPlace:
    found: ByPlace = defaultdict(list)
    for row in rows:
        found[row.place_id].append(row)
    return dict(found)


def _items(session: Session, given: dict[str, Any]) -> dict[UUID, list[Item]]:
    found: dict[UUID, list[Item]] = defaultdict(list)
    for row in session.execute(marve_sql.ITEMS, given):
        found[row.place_id].append(
            Item(
                kind=row.kind,
                source=row.source,
                at=row.at,
                known_at=row.known_at,
                grade=row.grade,
                proactive=row.proactive,
                repeats=row.repeats,
                ref=row.ref,
            )
        )
    return dict(found)


def _standing(
    row: Row[Any], items: Iterable[Item], named: set[UUID | None], asked: Asked
) -> Standing:
    fresh = [one for one in items if one.known_at >= asked.window.start_at]
    return Standing(
        key=row.id,
        name=row.name,
        state=row.state,
        state_before=row.state_before,
        level=row.level,
        level_before=row.level_before,
        band=row.band,
        band_before=row.band_before,
        urgent_since=None if row.urgent_since is None else london(row.urgent_since),
        new_items=independent(fresh),
        review_on=row.review_on,
        cluster_changed=row.cluster_changed,
        by_hand=row.id in named,
    )


def _maps(session: Session, given: dict[str, Any]) -> dict[UUID, Json]:
    """A picture of each shape, with names of open data around it; homes have none."""
    return {row.id: _map(session, row.shape) for row in session.execute(marve_sql.SHAPES, given)}


def _map(session: Session, shape: str) -> Json:
    """As close as there are names to find one's way by."""
    made: Json = {}
    for wider in WIDER:
        near = gazetteer.drawn(session, pictures.box(shape, wider), CLOSE)
        names = [
            Name(one.kind, one.label, one.easting_m, one.northing_m)
            for one in near
            if one.easting_m is not None and one.northing_m is not None
        ]
        made = pictures.shape(shape, names, wider)
        if len(made["names"]) >= ENOUGH_NAMES:
            break
    return made
