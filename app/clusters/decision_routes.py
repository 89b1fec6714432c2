"""Decisions about a cluster, each a page with a question; the same for programs."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.clusters import deciding, decisions, queries
from app.clusters.deciding import Kind, What
from app.clusters.decisions import DecisionIn
from app.clusters.deps import Partners
from app.clusters.models import Row
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError, StaleError
from app.core.problems import documented
from app.reference import queries as reference

pages = APIRouter(prefix="/clusters", include_in_schema=False)
api = APIRouter(prefix="/api/v1/clusters", tags=["clusters"])

Lead = Annotated[Actor, Depends(May("cluster.approve"))]

WORDS = {"until": "Enter the day until which you want to watch this."}
NOT_FOR_PLACES = frozenset({"RESIDENTIAL", "ONLINE"})


class DecisionOut(BaseModel):
    """What was decided. `seen` is what the next decision must say it looked at."""

    cluster: str
    lineage: str
    state: str
    kind: str
    words: str
    place: str | None
    seen: str


@api.post("/{key}/decisions", status_code=201, responses=documented(403, 404, 409, 422))
def decide(key: str, wanted: DecisionIn, db: Db, actor: Lead, partners: Partners) -> DecisionOut:
    """Adopt, watch, dismiss, rename, name a lead agency, or undo the last of these."""
    with db.begin(actor) as session:
        row = queries.find(session, key)
        one = decisions.decide(session, actor, row, wanted, partners)
        session.flush()
        after = decisions.made(session, row)
        return DecisionOut(
            cluster=row.content_id,
            lineage=row.lineage,
            state=queries.find(session, key).state,
            kind=one.kind,
            words=deciding.in_words(one, _agencies(session)),
            place=one.place_ref,
            seen=deciding.seen(after),
        )


@pages.get("/{key}/decide/{what}")
def ask(
    key: str, what: What, request: Request, db: Db, actor: Lead, partners: Partners
) -> Response:
    with db.read(actor) as session:
        row = queries.find(session, key)
        return _page(request, session, row, what, _begun(row, what))


@pages.post("/{key}/decide/{what}")
def send(
    key: str, what: What, request: Request, db: Db, actor: Lead, sent: html.Form, partners: Partners
) -> Response:
    wanted, wrong = html.parse(DecisionIn, sent | {"what": what})
    with db.begin(actor) as session:
        row = queries.find(session, key)
        if wanted is None:
            errors = {field: WORDS.get(field, words) for field, words in wrong.items()}
            return _page(request, session, row, what, sent, errors)
        try:
            with session.begin_nested():  # what a refusal began is not kept
                decisions.decide(session, actor, row, wanted, partners)
        except InvalidError as refused:
            return _page(request, session, row, what, sent, refused.fields)
        except (StaleError, RuleBrokenError) as refused:
            errors = {"decided": refused.detail}
            return _page(request, session, row, what, sent, errors, status=409)
    return html.see(f"/clusters/{row.content_id}#decision")


def _begun(row: Row, what: What) -> dict[str, Any]:
    """What a form shows before anything was typed."""
    if what is What.RENAME:
        return {"name": row.name}
    if what is What.WATCH:
        return {"until": (clock.today() + timedelta(days=91)).isoformat()}
    return {"name": row.name} if what is What.ADOPT else {}


def _page(
    request: Request,
    session: Session,
    row: Row,
    what: What,
    values: dict[str, Any],
    errors: dict[str, str] | None = None,
    *,
    status: int = 422,
) -> Response:
    made = decisions.made(session, row)
    agencies = _agencies(session)
    last = deciding.standing(made)
    types = [
        (one.code, one.label)
        for one in reference.place_types(session)
        if "A" in one.geom_kinds and one.sensitivity not in NOT_FOR_PLACES
    ]
    return html.render(
        request,
        "clusters/decide.html",
        status=status if errors else 200,
        page_title=deciding.QUESTIONS[what],
        cluster=row,
        what=str(what),
        seen=deciding.seen(made),
        last=None if last is None else deciding.in_words(last, agencies),
        last_reason=None if last is None else last.reason,
        adopted=last is not None and last.kind == Kind.ADOPTED,
        likely=decisions.likely_places(session, row) if what is What.ADOPT else [],
        types=types,
        agencies=list(agencies.items()),
        values=values,
        errors=errors or {},
    )


def _agencies(session: Session) -> dict[str, str]:
    return dict(reference.codes(session, "agency"))
