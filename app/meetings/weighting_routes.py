"""Points of each rater, how they lie once all have rated, what was decided; goals of the room."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, can
from app.assessments import weighting as rules_of
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.meetings import conference, minutes, queries, view
from app.meetings.conference import Weighed
from app.meetings.models import Meeting
from app.meetings.routes import Chair, Editor, heading, said_of
from app.meetings.schemas import AbsentIn, ConclusionIn, RatingIn
from app.places.models import Place
from app.plans import queries as plan_queries
from app.plans.library import goals as library

weighing = APIRouter(prefix="/meetings", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("context_weighting.read"))]
Rater = Annotated[Actor, Depends(May("context_weighting.create"))]
Planner = Annotated[Actor, Depends(May("plan.create"))]
Screen = Annotated[Literal["1", ""], Query(alias="screen")]
WORDS = {
    "rater_kind": "Say for whom you rate.",
    "must_change_first": "Choose the context that must change first.",
    "rationale": "Say why, in up to 500 characters.",
    "member": conference.WHO,
    "absent_reason": "Say why, in 10 to 300 characters.",
    "decision": "Write what the conference decided, in 3 to 500 characters.",
} | dict.fromkeys(rules_of.CONTEXTS, "Points are whole numbers from 0 to 100.")
USUALLY = {"police_analyst": "POLICE", "partner": "OTHER"}


@weighing.get("/{ref}/weighting")
def look(ref: str, request: Request, db: Db, actor: Reader, place: str = "") -> Response:
    with db.read(actor) as session:
        return _page(request, session, actor, queries.find(session, ref), place, {}, {})


@weighing.get("/{ref}/weighting/part")
def part(
    ref: str, request: Request, db: Db, actor: Reader, screen: Screen = "", place: str = ""
) -> Response:
    """The piece of the page that changes while people rate; asked for by a script."""
    with db.read(actor) as session:
        meeting = queries.find(session, ref)
        found = _weighed(session, actor, meeting, place)
        return html.render(
            request,
            "meetings/_weighed.html",
            weighed=found,
            on_screen=bool(screen),
            **conference.ABOUT,
        )


@weighing.post("/{ref}/weighting")
def rate(ref: str, request: Request, db: Db, actor: Rater, sent: html.Form) -> Response:
    wanted, errors = html.parse(RatingIn, sent)
    errors = said_of(errors, WORDS)
    if wanted is not None:
        try:
            with db.begin(actor) as session:
                meeting = queries.find(session, ref)
                conference.rate(session, actor, meeting, wanted)
                return html.see(_address(meeting, wanted.place))
        except InvalidError as wrong:
            errors = dict(wrong.fields)
        except RuleBrokenError as refused:
            errors = {"points": refused.detail}
    with db.read(actor) as session:
        meeting = queries.find(session, ref)
        return _page(request, session, actor, meeting, sent.get("place", ""), sent, errors)


@weighing.post("/{ref}/weighting/decision")
def conclude(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    wanted, errors = html.parse(ConclusionIn, sent)
    errors = said_of(errors, WORDS)
    if wanted is not None:
        try:
            with db.begin(actor) as session:
                meeting = queries.find(session, ref)
                conference.conclude(session, actor, meeting, wanted)
                return html.see(_address(meeting, wanted.place))
        except InvalidError as wrong:
            errors = dict(wrong.fields)
    with db.begin(actor) as session:
        meeting = view.opened(session, ref)
        return _page(request, session, actor, meeting, sent.get("place", ""), sent, errors)


@weighing.post("/{ref}/weighting/absent")
def excuse(ref: str, request: Request, db: Db, actor: Chair, sent: html.Form) -> Response:
    """The points of the others are shown, with the reason why one is missing."""
    wanted, errors = html.parse(AbsentIn, sent)
    errors = said_of(errors, WORDS)
    if wanted is not None:
        try:
            with db.begin(actor) as session:
                meeting = queries.find(session, ref, lock=True)
                conference.excuse(session, actor, meeting, wanted)
                return html.see(_address(meeting, wanted.place))
        except InvalidError as wrong:
            errors = dict(wrong.fields)
        except RuleBrokenError as refused:
            errors = {"member": refused.detail}
    with db.begin(actor) as session:
        meeting = view.opened(session, ref)
        return _page(request, session, actor, meeting, sent.get("place", ""), sent, errors)


def _address(meeting: Meeting, place: str) -> str:
    path = f"/meetings/{meeting.ref}/weighting"
    return html.address(path, place=place) if place else path


def _weighed(session: Session, actor: Actor, meeting: Meeting, ref: str) -> Weighed | None:
    known = queries.places(session, meeting)
    chosen = [one for one in known if one.ref == ref] or known
    return conference.weighed(session, actor, meeting, chosen[0]) if chosen else None


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    meeting: Meeting,
    ref: str,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    found = _weighed(session, actor, meeting, ref)
    said = None if found is None else conference.conclusion(session, meeting, found.place)
    standing = {} if said is None else {"decision": said.decision or ""}
    return html.render(
        request,
        "meetings/weighting.html",
        page_title="Context weighting",
        meeting=meeting,
        heading=heading(request, meeting),
        question=rules_of.QUESTION,
        weighed=found,
        places=[(one.ref, one.name) for one in queries.places(session, meeting)],
        missing=view.missing(session, actor, meeting, found),
        excused=[] if found is None else view.people(session, found.absent),
        on_screen=False,
        may_rate=can(actor, "context_weighting.create"),
        may_decide=can(actor, "meeting_pack.update"),
        values=standing | _mine(actor, found) | values,
        errors=errors,
        **conference.ABOUT,
    )


def _mine(actor: Actor, found: Weighed | None) -> dict[str, str]:
    """What this person said, to be changed; an empty form says for whom it probably is."""
    usual = {"rater_kind": USUALLY.get(actor.role, "PRACTITIONER")}
    if found is None or not found.mine or found.spread:
        return usual
    own = found.mine[0]
    points = {context: str(given) for context, given in own.points.items()}
    said = {"must_change_first": own.must_change_first, "rationale": own.rationale}
    return {"rater_kind": own.rater_kind} | points | said


@weighing.get("/{ref}/goals")
def library_of(ref: str, request: Request, db: Db, actor: Planner, place: str = "") -> Response:
    with db.read(actor) as session:
        meeting = queries.find(session, ref)
        return _goals(request, session, meeting, minutes.place_of(session, meeting, place), {})


@weighing.post("/{ref}/goals")
def choose(ref: str, request: Request, db: Db, actor: Planner, sent: html.Form) -> Response:
    chosen = [goal.code for goal in library() if f"goal_{goal.code}" in sent]
    try:
        with db.begin(actor) as session:
            meeting = queries.find(session, ref)
            place = minutes.place_of(session, meeting, sent.get("place", ""))
            conference.choose(session, actor, meeting, place, chosen)
            to = html.address(f"/meetings/{meeting.ref}", screen="1", place=place.ref)
            return html.see(f"{to}#goals")
    except (InvalidError, RuleBrokenError) as wrong:
        fields = wrong.beside("goals")
    with db.read(actor) as session:
        meeting = queries.find(session, ref)
        place = minutes.place_of(session, meeting, sent.get("place", ""))
        return _goals(request, session, meeting, place, dict(fields), chosen)


def _goals(
    request: Request,
    session: Session,
    meeting: Meeting,
    place: Place,
    errors: dict[str, str],
    chosen: list[str] | None = None,
) -> Response:
    plan = minutes.open_plan(session, place)
    had = [] if plan is None else [one.goal_code for one in plan_queries.goals(session, plan)]
    return html.render(
        request,
        "meetings/goals.html",
        page_title="Which goals does the room choose?",
        meeting=meeting,
        place=place,
        title=view.title_of(place),
        goals=library(),
        had=had,
        chosen=chosen or [],
        errors=errors,
    )
