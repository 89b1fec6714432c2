"""The street map under a child's drawing, square on the National Grid as the drawing is.

Nothing that anybody drew is in it, and nothing of the place but where it is.
"""

from math import ceil
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from PIL import Image, ImageDraw
from shapely import Geometry

from app.accounts.deps import Db, May
from app.core.actor import Actor
from app.core.partnership import partnership
from app.core.settings import Settings
from app.maps import basemap, picture, street_layers
from app.maps.canvas import FINE, GREY, Canvas, Label, font
from app.maps.map_picture import Ground
from app.maps.picture import Frame
from app.maps.pin import View
from app.maps.pin_routes import drawing_for_staff, taking_turns
from app.places import queries as places
from app.reference import gazetteer
from app.safety_maps import queries, rules
from app.safety_maps.grid import Grid

safety_pictures = APIRouter(prefix="/map/safety", include_in_schema=False)

Viewer = Annotated[Actor, Depends(May("place.read"))]
ZOOMS = {50: 17, 100: 16, 250: 15}  # so that a picture is about as wide as it is shown
MARGIN = 1.06  # for the slant of the grid
SIDE = 1040  # pixels of a picture: sharp on paper, too
PATIENCE_S = 10


@safety_pictures.get("/{ref}/{area}.png")
def of_area(
    ref: str, area: Literal["NEAR", "WAYS", "WIDE"], request: Request, db: Db, actor: Viewer
) -> Response:
    settings: Settings = request.app.state.settings
    own = frozenset(partnership(settings.partnership).codes)
    with db.read(actor) as session:
        place = places.find(session, ref)
        grid = queries.grid_of(place, rules.area(area))
        _, frame = framed(grid)
        found = gazetteer.drawn(session, frame.box(), frame.zoom)
        here = places.shape_of(place)
        name = place.name
    ground = Ground(found, own, basemap.readable(settings.basemap))
    with taking_turns(drawing_for_staff, PATIENCE_S):
        body = png(grid, ground, name, here)
    return Response(body, media_type="image/png")


def framed(grid: Grid) -> tuple[View, Frame]:
    """A square of the web map that holds the squares of the drawing."""
    west, south, east, north = grid.box()
    view = View(round((west + east) / 2), round((south + north) / 2), ZOOMS[grid.cell_m])
    per_unit = Frame.of_view(view).metres_per_pixel() * FINE
    return view, Frame.of_view(view, ceil((east - west) * MARGIN / per_unit))


def png(grid: Grid, ground: Ground, name: str, here: Geometry | None) -> bytes:
    """Streets and names, with a mark where the place is: who draws sees where they are."""
    view, frame = framed(grid)
    canvas, names = Canvas(frame.side), picture.NO_NAMES
    if ground.basemap is None:
        picture.ground(canvas, frame, ground.found)
    else:
        names = street_layers.paint(canvas, frame.of_world, view, ground.basemap)
    picture.borders(canvas, frame, ground.found, ground.partners)
    canvas.smoothed()
    if here is not None:
        ((x, y),) = frame.of_metres([(here.centroid.x, here.centroid.y)])
        canvas.label(Label(x, y, name, 26, "#12436d", "#12436d"))
    known = [one for one in ground.found if one.kind not in names.kinds]
    bare = all(one.kind != "STREET" for one in known)  # then postcodes say where one is
    for label in [*names.labels, *picture.named(frame, known, bare=bare)]:
        canvas.label(label)
    west, south, east, north = grid.box()
    corners = frame.of_metres([(west, north), (west, south), (east, south), (east, north)])
    flat = tuple(float(value) for corner in corners for value in corner)
    canvas.image = canvas.image.transform(
        (SIDE, SIDE), Image.Transform.QUAD, flat, Image.Resampling.BICUBIC
    )
    credited(canvas.image, ground)
    return picture.as_png(canvas)


def credited(image: Image.Image, ground: Ground) -> None:
    """Whose map it is, in the corner; open data of the service stand at the foot of the page."""
    if ground.basemap is None:
        return
    words, pen = ground.basemap.credit(), ImageDraw.Draw(image)
    left = SIDE - 8 - pen.textlength(words, font=font(15))
    pen.rectangle([left - 6, SIDE - 24, SIDE, SIDE], fill="#ffffff")
    pen.text((left, SIDE - 22), words, font=font(15), fill=GREY)
