"""Assessments: those of a place and of a person, the task list, the check, approval, versions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.assessments import basics, boundary, queries, reading, rules, view, words, writing
from app.assessments.deps import Approver, Editor, Reader, Starter, of_role
from app.assessments.models import Assessment
from app.assessments.reading import Whole
from app.assessments.rules import OPEN, State
from app.assessments.section_routes import basics_lists
from app.assessments.telling import told, writes
from app.comments import service as comments
from app.comments.rules import KINDS as COMMENTED
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError, StaleError
from app.places import life_queries
from app.places import queries as places
from app.places.arrivals import came_from
from app.places.models import Place
from app.places.routes import Partners

at_place = APIRouter(prefix="/places", include_in_schema=False)
pages = APIRouter(prefix="/assessments", include_in_schema=False)

Asked = Literal["mine", "review"]
REFUSED = (RuleBrokenError, StaleError)
LISTS = {"mine": "My assessments", "review": "Assessments that wait for peer review"}


@at_place.get("/{ref}/assessments")
def of_place(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(of_role(actor)) as session:
        place = places.find(session, ref)
        found = [reading.read(session, one) for one in queries.of_place(session, place)]
        signed = {one.assessment.approved_by for one in found}
        return html.render(
            request,
            "assessments/of-place.html",
            page_title=f"Assessments of {place.name}",
            place=place,
            found=[(whole, writing.scored(whole), view.voice(whole)) for whole in found],
            may_begin=writes(actor) and not any(one.assessment.state in OPEN for one in found),
            came=[(o, a) for o in came_from(session, place) for a in queries.of_place(session, o)],
            names=life_queries.names_of(session, {one for one in signed if one is not None}),
            states=view.STATES,
        )


@at_place.get("/{ref}/assessments/new")
def new(ref: str, request: Request, db: Db, actor: Starter) -> Response:
    with db.read(of_role(actor)) as session:
        return _begin(request, session, places.find(session, ref), None, {})


@at_place.post("/{ref}/assessments")
def begin(
    ref: str, request: Request, db: Db, actor: Starter, sent: html.Form, partners: Partners
) -> Response:
    with db.begin(of_role(actor)) as session:
        place = places.find(session, ref)
        try:
            columns, _ = basics.read(session, place, sent, partners)
        except InvalidError as wrong:
            return _begin(request, session, place, sent, wrong.fields)
        return html.see(f"/assessments/{writing.begin(session, actor, place, columns).ref}")


def _begin(
    request: Request,
    session: Session,
    place: Place,
    sent: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> Response:
    return html.render(
        request,
        "assessments/new.html",
        page_title="Begin an assessment",
        place=place,
        values=sent or {"scope": place.boundary_note or ""},
        errors=errors,
        is_online=queries.is_online(session, place),
        **basics_lists(session, place, None, sent),
    )


@pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, which: Annotated[Asked, Query(alias="list")] = "mine"
) -> Response:
    wanted = reading.mine(actor.id) if which == "mine" else reading.to_review(actor.id)
    with db.read(actor) as session:
        return html.render(
            request,
            "assessments/list.html",
            page_title=LISTS[which],
            rows=reading.listed(session, wanted),
            which=which,
            states=view.STATES,
        )


@pages.get("/{ref}")
def tasks(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(of_role(actor)) as session:
        whole = reading.read(session, queries.find(session, ref))
        return html.render(
            request,
            "assessments/tasks.html",
            page_title="Assessment",
            tasks=view.tasks(whole),
            notices=view.notices(whole.assessment, actor.id),
            comments=_comments(session, actor, whole.assessment),
            **told(session, actor, whole),
        )


def _comments(session: Session, actor: Actor, made: Assessment) -> comments.Shown:
    return comments.shown(session, actor, COMMENTED["AS"], made.id, made.ref)


@pages.get("/{ref}/check")
def check(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(of_role(actor)) as session:
        return _check(request, session, actor, queries.find(session, ref))


def _check(
    request: Request, session: Session, actor: Actor, assessment: Assessment, wrong: str = ""
) -> Response:
    whole = reading.read(session, assessment)
    to = next(iter(rules.MOVES.get(assessment.state, ())), None)
    known = writing.known(session, actor, whole)
    return html.render(
        request,
        "assessments/check.html",
        status=409 if wrong else 200,
        page_title="Check and send",
        to=to,
        step=view.STEPS.get(to, "") if to else "",
        missing=rules.barriers(assessment.state, to, known) if to else [],
        approving=to is State.APPROVED,
        wrong=wrong,
        marked=words.marked(session, whole),
        **told(session, actor, whole),
        **_summary(whole),
    )


def _summary(whole: Whole) -> dict[str, Any]:
    found = writing.scored(whole)
    return {
        "scores": [(view.SHORT[one.domain], one, view.score_words(one)) for one in found],
        "items": {one.domain: view.items(whole, one.domain) for one in found},
        "columns": rules.COLUMNS,
        "signs": whole.signs,
        "views": rules.VIEWS,
        "scale": view.scale(whole.scales),
        "question": rules.SCALE_QUESTION,
        "not_asked": rules.NOT_ASKED_YET,
        "methods": whole.methods,
        "method_names": rules.METHODS,
        "corners": boundary.lines(whole.assessment),
    }


@pages.post("/{ref}")
def move(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    """The next step, or word that a notice was seen; a refusal says all that is missing."""
    try:
        with db.begin(of_role(actor)) as session:
            desk = writing.open_to_change(session, actor, ref)
            if "notice" in sent:
                writing.read_notice(desk, sent["notice"])
            else:
                writing.move_on(desk, was=sent.get("was", ""))
            return html.see(f"/assessments/{desk.assessment.ref}")
    except REFUSED as refusal:
        return _refused(request, db, actor, ref, refusal.detail)


@pages.post("/{ref}/approve")
def approve(ref: str, request: Request, db: Db, actor: Approver, sent: html.Form) -> Response:
    try:
        with db.begin(of_role(actor)) as session:
            desk = writing.open_to_change(session, actor, ref)
            if "signed" not in sent:
                raise RuleBrokenError("Tick that you have read it and approve it.")
            writing.approve(desk, was=sent.get("was", ""))
            return html.see(f"/assessments/{desk.assessment.ref}/whole")
    except REFUSED as refusal:
        return _refused(request, db, actor, ref, refusal.detail)


def _refused(request: Request, db: Database, actor: Actor, ref: str, said: str) -> Response:
    """The same page with what stopped it; nothing was changed."""
    with db.read(of_role(actor)) as session:
        return _check(request, session, actor, queries.find(session, ref), said)


@pages.get("/{ref}/whole")
def as_a_whole(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """All of it to read or to print."""
    with db.read(of_role(actor)) as session:
        whole = reading.read(session, queries.find(session, ref))
        return html.render(
            request,
            "assessments/whole.html",
            page_title=f"Assessment of {whole.place.name}",
            states=reading.states(session, whole.assessment),
            state_words=view.STATES,
            comments=_comments(session, actor, whole.assessment),
            **told(session, actor, whole),
            **_summary(whole),
        )


@pages.get("/{ref}/compare")
def compare(
    ref: str, request: Request, db: Db, actor: Reader, to: Annotated[str, Query(max_length=20)]
) -> Response:
    """Two versions of the same place side by side; the older one first, however they are asked."""
    with db.read(of_role(actor)) as session:
        one, other = (reading.read(session, queries.find(session, r)) for r in (ref, to))
        if one.place.id != other.place.id:
            raise NotFoundError("There is no such assessment.")
        before, now = sorted((one, other), key=lambda w: w.assessment.created_at)
        return html.render(
            request,
            "assessments/compare.html",
            page_title="Two assessments side by side",
            before=before.assessment,
            now_=now.assessment,
            states=view.STATES,
            domains=view.side_by_side(before, now),
            scales=(view.scale(before.scales), view.scale(now.scales)),
            voices=(view.voice(before), view.voice(now)),
            place=now.place,
        )
