"""Intelligence as it leaves: released items of handling code P, in their sanitised view."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import ColumnElement, FromClause, func, not_, select
from sqlalchemy.orm import Session

from app.exports.of_places import borough, dates
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import EXACT, NONE, Sheet, said
from app.exports.source import Around, Query, Source
from app.intelligence.models import IntelItem, IntelPlace
from app.intelligence.queries import GRADE, Filters
from app.intelligence.rules import KINDS, State
from app.places import queries as places
from app.places.models import Place
from app.places.schemas import box_of, period_of
from app.reference import queries as reference

COLUMNS = (
    *("ref", "kind", "text", "grade", "handling", "harm_codes", "boroughs", "discovered_by"),
    *("online_address", "valid_from", "valid_to", "state", "position", "synthetic"),
)
BRIEF = ("ref", "text", "grade", "kind", "boroughs", "valid_from")
TASKS = {"check": "To check what another wrote", "issues": "To mend what came back"}


class Intelligence(Source):
    """The list of intelligence, by the filters of its page."""

    thing = "intelligence_p"
    title = "Intelligence"
    one, many = "item", "items"
    list_path = "/intelligence"
    keys = frozenset(
        {"state", "harm", "grade", "handling", "borough", "kind", "place", "q", "bbox"}
        | {"datetime", "task"}
    )
    name = Dataset.INTELLIGENCE

    def filters(self, query: Query, around: Around) -> Any:  # noqa: ANN401
        return Filters(
            state=query.get("state") or None,
            harm=query.get("harm") or None,
            grade=query.get("grade") or None,
            handling=query.get("handling") or None,
            borough=query.get("borough") or None,
            kind=query.get("kind") or None,
            place=query.get("place") or None,
            words=query.get("q") or None,
            box=box_of(query.get("bbox")),
            period=period_of(query.get("datetime")),
            task=task_named(query.get("task")),
            reader=around.asker,
        )

    def words(self, session: Session, filters: Filters) -> list[tuple[str, str]]:
        harms = {found.code: found.label for found in reference.harms(session)}
        found = [
            ("Words", filters.words),
            ("State", filters.state and filters.state.replace("_", " ").capitalize()),
            ("Harm", filters.harm and harms.get(filters.harm, filters.harm)),
            ("Grade", filters.grade),
            ("Handling", filters.handling),
            ("Kind", filters.kind),
            ("At the place", filters.place),
            ("Borough", borough(session, filters.borough)),
            ("Area", "The box that was drawn" if filters.box else None),
            ("Dates", dates(filters.period)),
            ("On the work list", filters.task and TASKS[filters.task]),
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        return filters.conditions()

    def leaving(self, rights: Rights) -> list[ColumnElement[bool]]:
        """Twice what keeps code C in: the tier of the row, and its handling."""
        doubtful = (IntelItem.source_eval == "3") & IntelItem.info_assess.in_(("D", "E"))
        return [
            IntelItem.deleted_at.is_(None),
            IntelItem.tier.in_(rights.tiers.get(self.thing, ())),
            IntelItem.handling == "P",
            IntelItem.state == State.RELEASED,
            not_(doubtful),
        ]

    def kept_back(self, rights: Rights) -> str:
        return "Only released items of handling code P leave, and none graded 3D or 3E."

    def table(self) -> FromClause:
        return IntelItem.__table__

    def id_column(self) -> ColumnElement[UUID]:
        return IntelItem.__table__.c.id

    def sheet(
        self,
        session: Session,
        where: Sequence[ColumnElement[bool]],
        rights: Rights,
        *,
        limit: int,
    ) -> Sheet:
        found = session.execute(
            select(IntelItem, GRADE, _at(rights)).where(*where).order_by(IntelItem.ref).limit(limit)
        ).all()
        names = places.boroughs(session)
        shapes = [None if shape is None else to_shape(shape) for *_, shape in found]
        rows = [
            [
                *_row(item, grade, names),
                NONE if shape is None else EXACT,
                "yes" if item.is_synthetic else "",
            ]
            for (item, grade, _), shape in zip(found, shapes, strict=True)
        ]
        return Sheet(
            self.name,
            self.title,
            COLUMNS,
            [[said(value) for value in row] for row in rows],
            shapes,
            ["circle"] * len(found),
            BRIEF,
            (("circle", "Item"),),
            ids=[item.id for item, *_ in found],
            refs=[item.ref for item, *_ in found],
        )


def task_named(task: str | None) -> str | None:
    """ValueError when there is no such task: leaving it out would export more."""
    if task and task not in TASKS:
        raise ValueError("no such task")
    return task or None


def _at(rights: Rights) -> ColumnElement[Any]:
    """What was drawn for it, or else a point of its first place that may leave."""
    place = (
        select(func.ST_PointOnSurface(Place.geom))
        .join(IntelPlace, IntelPlace.place_id == Place.id)
        .where(
            IntelPlace.intel_item_id == IntelItem.id,
            IntelPlace.removed_at.is_(None),
            Place.geom.is_not(None),
            Place.deleted_at.is_(None),
            Place.tier.in_(rights.tiers.get("place", ())),
        )
        .order_by(Place.ref)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(IntelItem.geom, place)


def _row(item: IntelItem, grade: str, names: dict[str, str]) -> list[object]:
    return [
        item.ref,
        KINDS.get(item.kind, item.kind).partition(":")[0],
        item.body,
        grade,
        item.handling,
        item.harm_codes,
        [names.get(code, code) for code in item.borough_codes],
        item.discovered_by,
        item.url_defanged,
        item.valid_from_on,
        item.valid_to_on,
        item.state,
    ]
