"""The page of answers. What was searched for is in no title and no log."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.deps import Db, May
from app.accounts.permissions import ROLES
from app.core import pages as html
from app.core.actor import Actor
from app.core.paging import Page, linked
from app.places.routes import Partners
from app.search import rules, service

pages = APIRouter(prefix="/search", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("place.read"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
OneKind = Literal["places", "online", "incidents", "intelligence", "clusters", "reports", ""]


@pages.get("")
def answers(
    request: Request,
    db: Db,
    actor: Reader,
    partners: Partners,
    q: Annotated[str, Query(max_length=400)] = "",
    kind: OneKind = "",
    number: PageNumber = 1,
) -> Response:
    """With every tier of the role: items are of another tier than places."""
    actor = replace(actor, tiers=ROLES[actor.role].tiers)
    words = rules.words_of(q)
    short = len(words) < rules.SHORTEST
    with db.begin(actor) as session:
        groups = (
            [] if short else service.search(session, actor, words, kind=kind or None, number=number)
        )
        on_map = [] if short or kind else service.on_map(session, words, partners)
    total = groups[0].total if kind and groups else 0
    return html.render(
        request,
        "search/answers.html",
        status=422 if q and short else 200,
        page_title="Search",
        words=words,
        kind=kind,
        groups=groups,
        on_map=on_map,
        child=None if short else service.child(actor, words),
        page=linked(Page((), total, number), request.url, service.SIZE),
        errors={"q": service.LEAST} if q and short else {},
    )
