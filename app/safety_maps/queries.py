"""Reads of drawings. Row-level security has limited them to what the actor may see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assessments.models import Assessment, Method, SafetyMap, SafetyMapChange
from app.assessments.rules import State as Step
from app.core.errors import RuleBrokenError
from app.places import queries as places
from app.places.models import Place
from app.safety_maps import releasing, rules
from app.safety_maps.grid import Cell, Grid, cells_of
from app.safety_maps.releasing import Release, Shown
from app.safety_maps.rules import AREAS, LIGHTS, Area, State
from app.safety_maps.schemas import SessionIn

OPEN = (Step.DRAFT, Step.SCOPING, Step.GATHERING, Step.ANALYSIS)
NO_MAP = "An online space has no map to draw on."
A_HOME = "A home is not drawn by children."


@dataclass
class Sheet:
    """One drawing, put together from its colours."""

    id: UUID
    on: date
    area: Area
    after_dark: bool
    group: int
    state: str
    author: UUID
    note: str | None
    rows: list[SafetyMap] = field(default_factory=list)
    cells: dict[Cell, str] = field(default_factory=dict)
    released_at: datetime | None = None

    @property
    def of(self) -> tuple[str, bool]:
        """The same area and the same light."""
        return self.area.code, self.after_dark

    @property
    def session(self) -> tuple[date, str, bool]:
        return self.on, *self.of


def grid_of(place: Place, area: Area) -> Grid:
    """The squares of a place; RuleBrokenError where nobody draws."""
    if place.sensitivity == "RESIDENTIAL":
        raise RuleBrokenError(A_HOME)
    shape = places.shape_of(place)
    if shape is None:
        raise RuleBrokenError(NO_MAP)
    middle = shape.centroid
    return Grid.around(middle.x, middle.y, area.cell_m)


def sheets(session: Session, place: Place, *, lock: bool = False) -> list[Sheet]:
    """Every drawing of a place, oldest first."""
    wanted = (
        select(SafetyMap)
        .where(SafetyMap.place_id == place.id, SafetyMap.deleted_at.is_(None))
        .order_by(SafetyMap.created_at, SafetyMap.sheet_id, SafetyMap.colour)
    )
    rows = session.scalars(wanted.with_for_update() if lock else wanted).all()
    return list(_together(rows, _released(session, place)))


def _together(rows: Sequence[SafetyMap], released: dict[UUID, datetime]) -> Iterator[Sheet]:
    found: dict[UUID, Sheet] = {}
    for row in rows:
        area = rules.area_of(row.area_label)
        if area is None:
            continue  # of another program: not on these squares
        sheet = found.get(row.sheet_id)
        if sheet is None:
            sheet = found[row.sheet_id] = Sheet(
                row.sheet_id,
                row.session_on,
                area,
                row.after_dark,
                row.group_size,
                row.state,
                row.created_by,
                row.note,
            )
        sheet.rows.append(row)
        sheet.released_at = released.get(row.id)
        drawn = to_shape(row.drawing)
        sheet.cells |= dict.fromkeys(cells_of(drawn, area.cell_m), row.colour)
    yield from found.values()


def _released(session: Session, place: Place) -> dict[UUID, datetime]:
    """When each colour was released: those of one release have one moment."""
    found = session.execute(
        select(SafetyMapChange.record_id, SafetyMapChange.at)
        .join(SafetyMap, SafetyMap.id == SafetyMapChange.record_id)
        .where(SafetyMap.place_id == place.id, SafetyMapChange.to_state == State.RELEASED)
    )
    return {row.record_id: row.at for row in found}


def of_session(found: Sequence[Sheet], asked: SessionIn) -> list[Sheet]:
    wanted = (asked.on, asked.area, asked.after_dark)
    return [sheet for sheet in found if sheet.session == wanted]


def shown(found: Sequence[Sheet], area: Area, *, after_dark: bool) -> Shown:
    """The aggregate of one area in one light."""
    by_moment: dict[datetime, list[dict[Cell, str]]] = {}
    for sheet in found:
        at = sheet.released_at if sheet.state == State.RELEASED else None
        if at is not None and sheet.of == (area.code, after_dark):
            by_moment.setdefault(at, []).append(sheet.cells)
    return releasing.shown([by_moment[at] for at in sorted(by_moment)])


def green_shares(
    session: Session, place: Place, area_code: str = "NEAR", *, after_dark: bool = False
) -> Sequence[Release]:
    """For measures of the kind SAFETY_MAP_SHARE: one for each release, oldest first.

    Releases are of at least ten drawings and have none in common, so that a baseline and what
    came of it can be compared, and no drawing be told from their difference.
    """
    return _shares(sheets(session, place), rules.area(area_code), after_dark=after_dark)


def all_green_shares(session: Session, place: Place) -> list[Release]:
    """Of every area and light, in the order of the pages."""
    found = sheets(session, place)
    return [
        one for area in AREAS for dark in LIGHTS for one in _shares(found, area, after_dark=dark)
    ]


def _shares(found: Sequence[Sheet], area: Area, *, after_dark: bool) -> list[Release]:
    own = [
        sheet
        for sheet in found
        if sheet.state == State.RELEASED and sheet.of == (area.code, after_dark)
    ]
    own = sorted((one for one in own if one.released_at), key=lambda one: str(one.released_at))
    made: list[Release] = []
    for number, share in enumerate(shown(own, area, after_dark=after_dark).shares, 1):
        batch, own = own[: share.n], own[share.n :]
        days = [sheet.on for sheet in batch]
        made.append(Release(area, after_dark, number, share, min(days), max(days)))
    return made


def gathering(session: Session, place: Place) -> Assessment | None:
    """The assessment that is worked on: drawings are one of its methods."""
    return session.scalar(
        select(Assessment)
        .where(
            Assessment.place_id == place.id,
            Assessment.deleted_at.is_(None),
            Assessment.state.in_(OPEN),
        )
        .order_by(Assessment.created_at.desc(), Assessment.id)
        .limit(1)
    )


def method(session: Session, of: Assessment, asked: SessionIn) -> Method | None:
    """Of this session, or one that was planned and not held yet."""
    found = session.scalars(
        select(Method)
        .where(
            Method.assessment_id == of.id,
            Method.method_code == "SAFETY_MAP",
            Method.deleted_at.is_(None),
            Method.held_on.is_(None)
            | ((Method.held_on == asked.on) & (Method.after_dark == asked.after_dark)),
        )
        .order_by(Method.held_on.is_(None), Method.created_at, Method.id)
        .with_for_update()
    )
    return found.first()
