"""Children's maps of a place: what is shown, how a session begins, and the sheet for paper."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.places import queries as places
from app.places.models import Place
from app.safety_maps import queries, rules, service, view
from app.safety_maps.grid import COLUMNS, SIDE
from app.safety_maps.schemas import AreaCode, Light, OpenIn, SessionIn

pages = APIRouter(prefix="/places/{ref}/safety-maps", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("safety_map.read"))]
Maker = Annotated[Actor, Depends(May("safety_map.create"))]


def session_of(
    on: date, area: AreaCode, light: Light, group: Annotated[int, Query(ge=1, le=60)]
) -> SessionIn:
    """Which session an address is of."""
    return SessionIn(on=on, area=area, light=light, group=group)


Asked = Annotated[SessionIn, Depends(session_of)]
REFUSED = (InvalidError, RuleBrokenError, ForbiddenError)
WORDS = {
    "on": "Enter the day of the session.",
    "area": "Choose how far the map goes.",
    "light": "Choose by day or after dark.",
    "group": "Enter how many children take part, from 1 to 60.",
    "consent": "Read the sentence out, and tick that you did.",
    "how": "Choose how they draw.",
}
HOW = [
    ("draw", "On this phone or computer, one after the other"),
    ("paper", "On paper: print the sheet first"),
    ("type", "They have drawn on paper: type it in now"),
]


@pages.get("")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        found = queries.sheets(session, place)
        audit.record(session, "safety_map.read", "place", place.ref, rows=len(found))
        return html.render(
            request,
            "safety_maps/show.html",
            page_title=f"Children's maps of {place.name}",
            place=place,
            boards=view.boards(place, found),
            groups=view.groups(found),
            colours=rules.COLOURS,
            least=rules.LEAST,
            unit=view.UNIT,
            columns=COLUMNS,
            own=actor.works_in(place.borough_codes),
        )


@pages.get("/new")
def ask(ref: str, request: Request, db: Db, actor: Maker) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        audit.record(session, "safety_map.form", "place", place.ref)
        return _ask(request, place, {"on": clock.today().isoformat()}, {})


@pages.post("/new")
def begin(ref: str, request: Request, db: Db, actor: Maker, sent: html.Form) -> Response:
    wanted, errors = html.parse(OpenIn, sent)
    with db.begin(actor) as session:
        place = places.find(session, ref)
        if wanted is None:
            said = {name: WORDS.get(name, why) for name, why in errors.items()}
            return _ask(request, place, sent, said)
        try:
            service.opened(session, place, wanted, consent=True)
        except REFUSED as refused:
            return _ask(request, place, sent, refused.beside("area"))
        return html.see(address(place, wanted.how, wanted))


def address(place: Place, page: str, asked: SessionIn) -> str:
    """Of a page of one session; there is nothing of a child in it."""
    return html.address(
        f"/places/{place.ref}/safety-maps/{page}",
        on=asked.on.isoformat(),
        area=asked.area,
        light=asked.light,
        group=str(asked.group),
    )


def _ask(
    request: Request, place: Place, values: dict[str, str], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "safety_maps/new.html",
        page_title="Begin a session",
        place=place,
        values=values,
        errors=errors,
        areas=[(area.code, area.label) for area in rules.AREAS],
        lights=[("day", "By day"), ("dark", "After dark")],
        ways=HOW,
        consent=rules.CONSENT,
    )


@pages.get("/paper")
def paper(ref: str, request: Request, db: Db, actor: Maker, asked: Asked) -> Response:
    """A4, one for each child; nothing is on it that is not on a street map."""
    with db.begin(actor) as session:
        place = places.find(session, ref)
        queries.grid_of(place, rules.area(asked.area))
        audit.record(session, "safety_map.paper", "place", place.ref)
        return sheet(request, "paper", place, asked, page_title="Where do you feel safe?")


def sheet(
    request: Request,
    template: str,
    place: Place,
    asked: SessionIn,
    **more: Any,  # noqa: ANN401
) -> Response:
    """A page that children look at: no menu, no marking."""
    return html.render(
        request,
        f"safety_maps/{template}.html",
        place=place,
        asked=asked,
        area=rules.area(asked.area),
        light=rules.LIGHTS[asked.after_dark],
        colours=rules.COLOURS,
        consent=rules.CONSENT,
        columns=COLUMNS,
        rows=range(1, SIDE + 1),
        unit=view.UNIT,
        protected=False,
        **more,
    )
