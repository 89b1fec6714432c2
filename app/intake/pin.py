"""The page of the map: each press moves its middle, or takes it."""

from math import isfinite

from sqlalchemy.orm import Session

from app.core.partnership import Partnership
from app.intake import places, questions, service
from app.intake.questions import Form
from app.intake.schemas import Draft, Map
from app.intake.where import Taken
from app.maps import pin
from app.maps.pin import View

PAGE = "/report/where/map"
WIDE = 12
CHOICE_NEEDED = "Choose a spot on the map or use the buttons."
TOO_FAR = "This is too far away for us. Choose another spot, or describe it in words."


def view_of(draft: Draft, house: Partnership) -> View:
    """Where the map is: as it was left, around what was found, or all of the partnership."""
    if draft.map is not None:
        return View(draft.map.easting_m, draft.map.northing_m, draft.map.zoom)
    known = draft.spot or next(iter(draft.matches), None)
    if known is not None:
        return View(round(known.easting_m), round(known.northing_m), pin.ZOOM_START + 2)
    west, south, east, north = house.area
    middle = pin.at_lonlat((west + east) / 2, (south + north) / 2, WIDE)
    if middle is None:
        raise ValueError("the partnership is off the grid")
    return middle


def pressed(session: Session, draft: Draft, form: Form, house: Partnership) -> Taken:
    """On to the next question with the middle of the map, or to the map as it is now."""
    scripted = _scripted(form)
    view, do = scripted or view_of(draft, house), _last(form, "do")
    if "pin.x" in form:
        found = pin.clicked(view, _whole(form, "pin.x"), _whole(form, "pin.y"))
        if found is None:
            return PAGE, service.refused(draft, "map", {}, errors={"pin": CHOICE_NEEDED})
        return PAGE, _at(draft, found)
    if do != "use":
        return PAGE, _at(draft, pin.after(view, do))
    accuracy_m = _whole(form, "accuracy_m") if scripted and _last(form, "accuracy_m") else None
    spot = places.on_map(session, view, house.codes, accuracy_m=accuracy_m)
    if spot.verdict == "too_far":
        return PAGE, service.refused(_at(draft, view), "map", {}, errors={"pin": TOO_FAR})
    moved = _at(draft, view)
    words = draft.answer("where_text")
    kept = {"where_text": words} if words else {}
    changed = service.answered(moved, "where", kept, questions.OF_PLACE).but(spot=spot)
    return service.onwards(changed), changed


def _at(draft: Draft, view: View) -> Draft:
    return draft.but(map=Map(**view._asdict(), chosen=True), pending=None)


def _scripted(form: Form) -> View | None:
    """The middle of the script's map; None where the picture is used."""
    try:
        longitude, latitude = float(_last(form, "longitude")), float(_last(form, "latitude"))
    except ValueError:
        return None
    if not (isfinite(longitude) and isfinite(latitude)):
        return None
    return pin.at_lonlat(longitude, latitude)


def _whole(form: Form, name: str) -> int:
    """A number as a browser sends it; -1 for whatever else is sent."""
    said = _last(form, name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else -1


def _last(form: Form, name: str) -> str:
    return next(reversed(form.get(name, ())), "")
