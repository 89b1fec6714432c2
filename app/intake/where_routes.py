"""Choosing one of the places that were found, or a spot on the map."""

from fastapi import APIRouter, Request, Response

from app.accounts.deps import Db
from app.core import pages as html
from app.core.actor import PUBLIC
from app.intake import drafts, pin, places, service, view, where
from app.intake.deps import Sent, checked, leave, opened, page
from app.intake.routes import ENDED
from app.maps import pin_page

where_pages = APIRouter(include_in_schema=False)


@where_pages.get("/report/where/choose")
def choose(request: Request, db: Db) -> Response:
    with db.begin(PUBLIC) as session:
        found = opened(request, session)
        if found is None:
            return leave(request)
        if elsewhere := where.no_choice(found.draft):
            return html.see(elsewhere)
        told = service.told(found.draft)
        if told is not found.draft:
            drafts.write(session, found.lock, told)
    return page(request, found, view.template(found.draft, "choose"), **view.choose(found.draft))


@where_pages.post("/report/where/choose")
def choice(request: Request, db: Db, sent: Sent) -> Response:
    with db.begin(PUBLIC) as session:
        found = checked(request, session, sent)
        if found is None:
            return html.see(ENDED)
        if elsewhere := where.no_choice(found.draft):
            return html.see(elsewhere)
        to, draft = where.chosen(session, found.draft, sent, request.app.state.partnership.codes)
        drafts.write(session, found.lock, draft)
    return html.see(to)


@where_pages.get(pin.PAGE)
def on_map(request: Request, db: Db) -> Response:
    of = request.app.state
    with db.begin(PUBLIC) as session:
        found = opened(request, session)
        if found is None:
            return leave(request)
        if elsewhere := where.no_place(found.draft):
            return html.see(elsewhere)
        told = service.told(found.draft)
        if told is not found.draft:
            drafts.write(session, found.lock, told)
        shown = pin.view_of(found.draft, of.partnership)
        near = places.near(session, shown)
    chosen = found.draft.map is not None and found.draft.map.chosen
    cookie = request.cookies[drafts.COOKIE]
    name = of.partnership.name
    small = pin_page.shown(of.settings, shown, near, name, chosen=chosen, cookie=cookie)
    return page(request, found, "report/where-map.html", map=small, **view.on_map(found.draft))


@where_pages.post(pin.PAGE)
def press(request: Request, db: Db, sent: Sent) -> Response:
    with db.begin(PUBLIC) as session:
        found = checked(request, session, sent)
        if found is None:
            return html.see(ENDED)
        if elsewhere := where.no_place(found.draft):
            return html.see(elsewhere)
        to, draft = pin.pressed(session, found.draft, sent, request.app.state.partnership)
        drafts.write(session, found.lock, draft)
    return html.see(to)
