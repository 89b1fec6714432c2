"""The small map of the public form: its picture, its outline, and the words for a spot.

Public, from open data alone. A position is in no address and no log: the picture's is sealed, the
question what a spot is near is a POST. The same picture shows the lead where a report's pin is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core.actor import PUBLIC, Actor
from app.core.closed import FORM_COOKIE
from app.core.db import Database
from app.core.errors import BusyError, NotFoundError
from app.core.json import json_bytes
from app.core.partnership import partnership
from app.core.settings import Settings
from app.core.types import StrictModel
from app.maps import basemap, picture, pin, pin_page, rules
from app.maps.picture import Frame
from app.maps.pin import View
from app.reference import gazetteer
from app.reference.gazetteer import Drawn, Verdict
from app.reports import queries as reports
from app.reports.rules import FULL

pin_pages = APIRouter(include_in_schema=False)

# Each takes a processor for a tenth of a second; the others wait, and not for long.
drawing = BoundedSemaphore(2)
drawing_for_staff = BoundedSemaphore(1)  # a flood of the public keeps no lead waiting
WAIT_S = 5
ZOOMS = (9, pin.ZOOM_MAX)
CLOSE = 16  # streets have their names
NO_PICTURE = "There is no such picture."

Reader = Annotated[Actor, Depends(May("report.read"))]


class Spot(StrictModel):
    longitude: float = Field(ge=-180, le=180)
    latitude: float = Field(ge=-90, le=90)


@pin_pages.get("/report/where/map.png")
def map_picture(
    request: Request, db: Db, t: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    settings: Settings = request.app.state.settings
    cookie = request.cookies.get(FORM_COOKIE, "")
    view = pin_page.view_of(settings, t, cookie) if cookie else None
    if view is None:
        raise NotFoundError(NO_PICTURE)
    return _picture(settings, db, view, PUBLIC, drawing)


@pin_pages.get("/reports/{ref}/map.png")
def report_picture(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """Where the pin of a report is, with the page of the lead; who else reads it has the words."""
    with db.begin(actor) as session:
        report = reports.find(session, ref) if actor.view == FULL else None
        if report is None or report.pin is None:
            raise NotFoundError(NO_PICTURE)
        east, north = report.pin
        audit.record(session, "report.map", "report", report.ref)
    view = View(round(east), round(north), CLOSE)
    return _picture(request.app.state.settings, db, view, actor, drawing_for_staff)


@pin_pages.get("/basemap/outline/{z}/{x}/{y}.png")
def outline_tile(z: int, x: int, y: int, request: Request, db: Db) -> Response:
    """The same for everybody, like the street map it stands in for; kept for a day."""
    if not (ZOOMS[0] <= z <= ZOOMS[1] and rules.tile_exists(z, x, y)):
        raise NotFoundError("There is no such tile.")
    frame = Frame.of_tile(z, x, y)
    found = _found(db, frame, PUBLIC)
    headers = {"Cache-Control": "public, max-age=86400"}
    if not found:
        return Response(status_code=204, headers=headers)
    with taking_turns(drawing):
        codes = partnership(request.app.state.settings.partnership).codes
        body = picture.outline_tile(frame, found, codes)
    return Response(body, media_type="image/png", headers=headers)


def _picture(
    settings: Settings, db: Database, view: View, actor: Actor, turns: BoundedSemaphore
) -> Response:
    codes = partnership(settings.partnership).codes
    found = _found(db, Frame.of_view(view), actor)
    with taking_turns(turns):
        body = picture.png(view, found, codes, basemap.readable(settings.basemap))
    return Response(body, media_type="image/png")


def _found(db: Database, frame: Frame, actor: Actor) -> list[Drawn]:
    with db.read(actor) as session:
        return gazetteer.drawn(session, frame.box(), frame.zoom)


@contextmanager
def taking_turns(turns: BoundedSemaphore, wait_s: float | None = None) -> Iterator[None]:
    if not turns.acquire(timeout=WAIT_S if wait_s is None else wait_s):
        raise BusyError("Too many maps are being drawn. Please try again.")
    try:
        yield
    finally:
        turns.release()


@pin_pages.post("/report/where/near")
def near_spot(spot: Spot, request: Request, db: Db) -> Response:
    """What to say of the middle of the map, and whether it is the partnership's."""
    own = partnership(request.app.state.settings.partnership)
    view = pin.at_lonlat(spot.longitude, spot.latitude)
    said: dict[str, Any] = {"label": None, "inside": Verdict.TOO_FAR, "borough": None}
    if view is not None:
        with db.read(PUBLIC) as session:
            near = gazetteer.near(session, view.easting_m, view.northing_m)
            reach = gazetteer.reach(session, view.easting_m, view.northing_m, sorted(own.codes))
        said = {"label": near.label, "inside": reach.verdict, "borough": near.borough}
    return Response(json_bytes(said), media_type="application/json")
