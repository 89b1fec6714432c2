"""Intelligence: the queue of analysts, what others may read of it, and the page of one item."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.accounts.permissions import ROLES
from app.core import pages as html
from app.core.actor import Actor
from app.core.paging import linked
from app.intelligence import audience, queries, rules, service, view
from app.intelligence.queries import Filters
from app.intelligence.rules import FULL, STATES, TABS, State
from app.intelligence.schemas import FullOut
from app.places import queries as places
from app.places.schemas import Box, Period, box_of, period_of
from app.reference import queries as reference

pages = APIRouter(prefix="/intelligence", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("intelligence_p.read"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
NARROWING = ("harm", "grade", "borough", "q", "kind", "handling", "place", "bbox", "datetime")


def codes_of(
    state: str | None = None,
    harm: str | None = None,
    grade: str | None = None,
    handling: str | None = None,
    borough: str | None = None,
    kind: str | None = None,
) -> Filters:
    """A filter form sends what was left open as an empty text."""
    return Filters(
        state or None, harm or None, grade or None, handling or None, borough or None, kind or None
    )


def filters_of(
    codes: Annotated[Filters, Depends(codes_of)],
    period: Annotated[Period, Depends(period_of)],
    box: Annotated[Box | None, Depends(box_of)],
    place: str | None = None,
    q: Annotated[str | None, Query(max_length=80)] = None,
) -> Filters:
    return replace(codes, place=place or None, words=q or None, box=box, period=period)


def task_of(
    asked: Annotated[Filters, Depends(filters_of)],
    actor: Reader,
    task: Literal["check", "issues", ""] = "",
) -> Filters:
    """The same, or only what the work list of an analyst leads to."""
    return replace(asked, task=task, reader=actor.id) if task else asked


Asked = Annotated[Filters, Depends(filters_of)]
Task = Annotated[Filters, Depends(task_of)]


def partners_of(request: Request) -> tuple[str, ...]:
    return places.partner_codes(request.app.state.settings.partnership)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]


def of_role(actor: Actor) -> Actor:
    """With every tier of the role: an item may propose a place, which is of another tier."""
    return replace(actor, tiers=ROLES[actor.role].tiers)


@pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, asked: Task, number: PageNumber = 1
) -> Response:
    full = actor.view == FULL
    with db.begin(actor) as session:
        page = service.listed(session, asked, number=number)
        return html.render(
            request,
            "intelligence/list.html",
            page_title="Intelligence",
            page=linked(page, request.url, queries.PAGE_SIZE),
            full=full,
            me=actor.id,
            tabs=TABS.items(),
            state_words=STATES,
            offered=[] if full else service.offered(session),
            filters=dict(request.query_params),
            narrowed=any(request.query_params.get(name) for name in NARROWING),
            **words(session),
        )


@pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader, partners: Partners) -> Response:
    with db.begin(actor) as session:
        item = service.opened(session, ref)
        out = view.shown(session, item)
        full = isinstance(out, FullOut)
        return html.render(
            request,
            "intelligence/show.html",
            page_title=f"Intelligence {out.ref}",
            item=out,
            full=full,
            mine=actor.id in service.written_by(item),
            takeable=full and item.state == State.SUBMITTED,
            history=view.history(session, item.id) if full else [],
            near=view.near(session, item),
            named=service.named(session, item) if full else [],
            seen=audience.of_item(request.app.state.db, session, actor, item.ref, partners)
            if full
            else [],
            **words(session, item.scheme_version),
        )


def words(session: Session, scheme: str = rules.SCHEME) -> Mapping[str, Any]:
    """Labels of every code that a page of intelligence shows."""
    return {
        "grades": view.grades(session, scheme),
        "kinds": rules.KINDS,
        "states": STATES,
        "harms": {harm.code: harm.label for harm in reference.harms(session)},
        "boroughs": places.boroughs(session),
        "discovered": dict(reference.codes(session, "discovered_by")),
        "actions": dict(reference.codes(session, "intel_action")),
        "day_parts": dict(reference.codes(session, "day_part")),
        "day_types": dict(reference.codes(session, "day_type")),
        "agencies": dict(reference.codes(session, "agency")),
        "platforms": dict(reference.codes(session, "platform")),
    }
