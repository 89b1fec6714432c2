"""Drawings are kept, checked by a second person, and released by a lead, ten or more at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from geoalchemy2.shape import from_shape
from sqlalchemy.orm import Session

from app.assessments import service as assessments
from app.assessments.models import SafetyMap
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.db import BNG
from app.core.errors import InvalidError, RuleBrokenError
from app.core.states import moved
from app.places import recording
from app.places.models import Place
from app.reference import personal
from app.safety_maps import queries, rules
from app.safety_maps.grid import NAMES, Grid, by_colour, shape
from app.safety_maps.queries import Sheet
from app.safety_maps.rules import LEAST, MOVES, State
from app.safety_maps.schemas import DrawingIn, SessionIn

FUTURE = "Enter a day that is not in the future."
FULL = (
    "All {} drawings of this group are saved. If more children came, begin again with their number."
)
SECOND = "Somebody else than who collected the drawings checks them."
CHOOSE = "Choose at least one drawing."
TOO_FEW = "{} drawings of this area and light are checked and wait. They are released from {} on."
WHY = "Say in at least 10 characters why they are withheld."
LEAST_WHY, MOST_WHY = 10, 500


def opened(session: Session, place: Place, asked: SessionIn, *, consent: bool) -> None:
    """A session begins: that the sentence on consent was read out is kept, and nobody's name."""
    if asked.on > clock.today():
        raise InvalidError(rules.WRONG, {"on": FUTURE})
    queries.grid_of(place, rules.area(asked.area))
    audit.record(
        session,
        "safety_map.begin",
        "place",
        place.ref,
        on=asked.on.isoformat(),
        area=asked.area,
        light=asked.light,
        group=asked.group,
        consent=consent,
    )


def save(session: Session, actor: Actor, place: Place, asked: SessionIn, drawing: DrawingIn) -> int:
    """One drawing; how many the session has now. The same form sent twice is one drawing."""
    area = rules.area(asked.area)
    grid = queries.grid_of(place, area)
    if asked.on > clock.today():
        raise InvalidError(rules.WRONG, {"on": FUTURE})
    before = queries.of_session(queries.sheets(session, place), asked)
    if any(sheet.id == drawing.sheet for sheet in before):
        audit.record(session, "safety_map.create", "place", place.ref, outcome="again", rows=0)
        return len(before)
    colours = rules.coloured(drawing.typed, frozenset(NAMES))
    must_name_nobody(drawing.note)
    if len(before) >= asked.group:
        raise RuleBrokenError(FULL.format(asked.group))
    rows = _rows(actor, place, asked, drawing, _cells(grid, colours))
    heard_in = heard(session, actor, place, asked, len(before) + 1)
    for row in rows:
        row.assessment_id = heard_in
    session.add_all(rows)
    session.flush()
    audit.record(session, "safety_map.create", "place", place.ref, area=area.code)
    return len(before) + 1


def _cells(grid: Grid, colours: dict[str, str]) -> dict[tuple[int, int], str]:
    return {grid.cell(name): colour for name, colour in colours.items()}


def _rows(
    actor: Actor,
    place: Place,
    asked: SessionIn,
    drawing: DrawingIn,
    cells: dict[tuple[int, int], str],
) -> list[SafetyMap]:
    area = rules.area(asked.area)
    return [
        SafetyMap(
            **recording.part(actor),
            place_id=place.id,
            session_on=asked.on,
            sheet_id=drawing.sheet,
            group_size=asked.group,
            area_label=area.label,
            drawing=from_shape(shape(of_colour, area.cell_m), srid=BNG),
            colour=colour,
            after_dark=asked.after_dark,
            note=drawing.note,
        )
        for colour, of_colour in by_colour(cells).items()
    ]


def must_name_nobody(note: str | None) -> None:
    if found := personal.found(note or ""):
        words = f"Leave out what may identify someone: {found[0].extract}."
        raise InvalidError(rules.WRONG, {"note": words})


def heard(session: Session, actor: Actor, place: Place, asked: SessionIn, n: int) -> UUID | None:
    """Children's voice: the session is a method of the assessment that is worked on."""
    of = queries.gathering(session, place)
    if of is None:
        return None
    made = queries.method(session, of, asked)
    facts = {"held_on": asked.on, "after_dark": asked.after_dark, "n_children": n}
    if made is None:
        assessments.add_method(session, actor, of, "SAFETY_MAP", planned=False, **facts)
        return of.id
    for name, value in facts.items():
        setattr(made, name, value)
    recording.touch(made, actor)
    return of.id


def check(session: Session, actor: Actor, place: Place, chosen: Collection[UUID]) -> int:
    """By a second person."""
    found = _chosen(session, place, chosen)
    if any(sheet.author == actor.id for sheet in found):
        raise RuleBrokenError(SECOND)
    _move(session, actor, place, found, State.CHECKED)
    return len(found)


def withhold(
    session: Session, actor: Actor, place: Place, chosen: Collection[UUID], reason: str
) -> int:
    if not LEAST_WHY <= len(reason) <= MOST_WHY:
        raise InvalidError(rules.WRONG, {"reason": WHY})
    must_name_nobody(reason)
    found = _chosen(session, place, chosen)
    recording.because(session, reason)
    _move(session, actor, place, found, State.WITHHELD)
    return len(found)


def release(
    session: Session, actor: Actor, place: Place, area_code: str, *, after_dark: bool
) -> int:
    """Every checked drawing of one area in one light, when they are ten or more."""
    waiting = [
        sheet
        for sheet in queries.sheets(session, place, lock=True)
        if sheet.of == (area_code, after_dark) and sheet.state == State.CHECKED
    ]
    if len(waiting) < LEAST:
        raise RuleBrokenError(TOO_FEW.format(len(waiting), LEAST))
    _move(session, actor, place, waiting, State.RELEASED)
    return len(waiting)


def _chosen(session: Session, place: Place, chosen: Collection[UUID]) -> list[Sheet]:
    found = [one for one in queries.sheets(session, place, lock=True) if one.id in chosen]
    if not found:
        raise InvalidError(rules.WRONG, {"sheets": CHOOSE})
    return found


def _move(session: Session, actor: Actor, place: Place, found: Sequence[Sheet], to: State) -> None:
    was = sorted({sheet.state for sheet in found})
    for sheet in found:
        moved("drawing", sheet.state, to, MOVES)
        for row in sheet.rows:
            row.state = to
            recording.touch(row, actor)
    session.flush()
    audit.record(
        session, "safety_map.move", "place", place.ref, rows=len(found), was=was, to=to.value
    )
