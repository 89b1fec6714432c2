"""Saved views: the list, saving one, its name, and the question before it is deleted."""

from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.accounts.permissions import PERMISSIONS
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.maps import choices, rules, saved

map_views = APIRouter(prefix="/map/views", include_in_schema=False)

Lister = Annotated[Actor, Depends(May("map_view.read", own_query=True))]
Maker = Annotated[Actor, Depends(May("map_view.create"))]
Owner = Annotated[Actor, Depends(May("map_view.update"))]
Remover = Annotated[Actor, Depends(May("map_view.delete"))]
Errors = dict[str, str]


def in_full(actor: Actor) -> bool:
    """What the map itself is to the role: partners see shapes, and save no other filters."""
    rule = PERMISSIONS.rule(actor.role, "place.read")
    return rule is not None and rule.view == "full"


@map_views.get("")
def listing(request: Request, db: Db, actor: Lister) -> Response:
    """With the filters of the map in the address, a form to save them."""
    asked = dict(request.query_params)
    filters, wrong = rules.parse(asked, clock.today(), in_full=in_full(actor))
    if wrong:
        raise InvalidError("Change the fields named below.", wrong)
    with db.read(actor) as session:
        return _page(request, session, actor, {"query": filters.query()}, {}, form=bool(asked))


@map_views.post("")
def save(request: Request, db: Db, actor: Maker, sent: html.Form) -> Response:
    query = saved.canonical(sent.get("query", ""), clock.today(), in_full=in_full(actor))
    if query is None:
        raise InvalidError("Change the fields named below.", {"query": "These are no filters."})
    name = sent.get("name", "").strip()
    with db.begin(actor) as session:
        problem = saved.problem(session, name)
        if sum(view.created_by == actor.id for view in saved.views(session)) >= saved.MOST:
            problem = saved.TOO_MANY
        if problem:
            return _page(request, session, actor, sent | {"query": query}, {"name": problem})
        saved.save(session, actor, name=name, query=query, shared="shared" in sent)
    return html.see("/map/views")


@map_views.get("/{view_id}")
def edit(view_id: UUID, request: Request, db: Db, actor: Owner) -> Response:
    with db.read(actor) as session:
        view = saved.own(session, actor, view_id)
        values = {"name": view.name} | ({"shared": "yes"} if view.shared_role else {})
        return _change(request, values, {})


@map_views.post("/{view_id}")
def change(view_id: UUID, request: Request, db: Db, actor: Owner, sent: html.Form) -> Response:
    name = sent.get("name", "").strip()
    with db.begin(actor) as session:
        view = saved.own(session, actor, view_id)
        if problem := saved.problem(session, name):
            return _change(request, sent, {"name": problem})
        saved.change(session, actor, view, name=name, shared="shared" in sent)
    return html.see("/map/views")


@map_views.get("/{view_id}/delete")
def ask_delete(view_id: UUID, request: Request, db: Db, actor: Remover) -> Response:
    with db.read(actor) as session:
        name = saved.own(session, actor, view_id).name
    return html.render(
        request, "map/view_delete.html", page_title="Delete this saved view?", name=name
    )


@map_views.post("/{view_id}/delete")
def delete(view_id: UUID, db: Db, actor: Remover, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        saved.delete(session, saved.own(session, actor, view_id))
    return html.see("/map/views")


def _change(request: Request, values: dict[str, str], errors: Errors) -> Response:
    return html.render(
        request,
        "map/view_change.html",
        page_title="Change a saved view",
        values=values,
        errors=errors,
    )


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    values: dict[str, str],
    errors: Errors,
    *,
    form: bool = True,
) -> Response:
    asked = dict(parse_qsl(values["query"]))
    filters, _ = rules.parse(asked, clock.today(), in_full=in_full(actor))
    return html.render(
        request,
        "map/views.html",
        page_title="Saved views of the map",
        views=saved.views(session),
        me=actor.id,
        form=form,
        tags=choices.tags(filters, choices.form(session, filters)),
        values=values,
        errors=errors,
    )
