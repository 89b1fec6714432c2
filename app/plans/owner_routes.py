"""Actions, for those who do them: my list, how mine stands; for leads what waits for a decision."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, can
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import RuleBrokenError, StaleError
from app.core.paging import linked
from app.plans import actions, finding, lists, owning, queries, view
from app.plans.forms import REFUSED
from app.plans.models import Action
from app.plans.schemas import DecisionIn, Show, TellIn
from app.reference import queries as reference

owners = APIRouter(prefix="/actions", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("action.read"))]
Teller = Annotated[Actor, Depends(May("action.update"))]
Lead = Annotated[Actor, Depends(May("action.approve"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
SHOWN: dict[Show, str] = {
    "mine": "My actions",
    "overdue": "Actions overdue by agency",
    "help": "Actions whose owners need help",
    "confirm": "Actions to confirm",
    "all": "All open actions",
    "over": "Actions that are over",
}
BY_OWNER = tuple(actions.State)[:3]
OF_OWNERS: tuple[Show, ...] = ("mine", "over")


@owners.get("")
def listing(
    request: Request, db: Db, actor: Reader, show: Show = "mine", number: PageNumber = 1
) -> Response:
    offered = OF_OWNERS if view.task_only(actor) else tuple(SHOWN)
    show = show if show in offered else "mine"
    today = clock.today()
    with db.read(actor) as session:
        found = lists.listed(session, actor, show, today, number=number)
        lines = view.lines(session, [row.action for row in found.rows])
        agencies = dict(reference.codes(session, "agency"))
        overdue = lists.by_agency(session, actor, today) if show == "overdue" else []
        return html.render(
            request,
            "plans/actions.html",
            page_title=SHOWN[show],
            page=linked(found, request.url, lists.PAGE_SIZE),
            rows=list(zip(found.rows, lines, strict=True)),
            show=show,
            offered=[(name, SHOWN[name]) for name in offered],
            overdue=[(agencies.get(code, code), n) for code, n in overdue],
            task_only=view.task_only(actor),
        )


@owners.get("/{ref}")
def show_one(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        found = queries.find_action(session, ref)
        return _shown(request, session, actor, found, {}, {})


@owners.post("/{ref}")
def tell(ref: str, request: Request, db: Db, actor: Teller, sent: html.Form) -> Response:
    given = sent | {"help_wanted": sent.get("help_wanted") == "yes"}
    wanted, errors = html.parse(TellIn, given)
    with db.begin(actor) as session:
        if wanted is None:
            said = errors | ({"state": "Choose how it stands."} if "state" in errors else {})
            return _shown(request, session, actor, queries.find_action(session, ref), sent, said)
        try:
            found = owning.tell(session, actor, ref, wanted)
        except REFUSED as refused:
            found, wrong = queries.find_action(session, ref), refused.beside("state")
            return _shown(request, session, actor, found, sent, wrong)
        except StaleError as stale:
            return _stale(request, session, actor, ref, sent, stale.detail)
        return html.see(f"/actions/{found.ref}")


def _stale(
    request: Request, session: Session, actor: Actor, ref: str, sent: dict[str, str], words: str
) -> Response:
    """What the owner typed stays in the form, below what somebody else has saved."""
    found = queries.find_action(session, ref)
    session.refresh(found)
    kept = sent | {"version": str(found.version)}
    return _shown(request, session, actor, found, kept, {"state": words}, status=409)


@owners.get("/{ref}/decide")
def ask_decision(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        return _decision(request, session, actor, queries.find_action(session, ref), {}, {})


@owners.post("/{ref}/decide")
def decide(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    wanted, errors = html.parse(DecisionIn, sent)
    with db.begin(actor) as session:
        found = queries.find_action(session, ref)
        if wanted is None:
            said = errors | ({"to": "Choose one."} if "to" in errors else {})
            return _decision(request, session, actor, found, sent, said)
        try:
            owning.decide(session, actor, ref, wanted)
        except RuleBrokenError as refused:
            field = "reason" if wanted.to == actions.State.WITHDRAWN else "to"
            return _decision(request, session, actor, found, sent, {field: refused.detail})
        return html.see(f"/actions/{found.ref}")


def _decision(
    request: Request,
    session: Session,
    actor: Actor,
    found: Action,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    return html.render(
        request,
        "plans/decide.html",
        page_title="Is this action done?",
        line=view.lines(session, [found])[0],
        standing=owning.standing(actor, found),
        waits=found.state == actions.State.DONE_PENDING_EVIDENCE,
        values={"version": found.version} | values,
        errors=errors,
    )


def _shown(
    request: Request,
    session: Session,
    actor: Actor,
    found: Action,
    values: dict[str, Any],
    errors: dict[str, str],
    *,
    status: int | None = None,
) -> Response:
    kept = {"version": found.version, "state": found.state, "evidence": found.evidence}
    kept["help_wanted"] = "yes" if found.help_wanted else ""
    if "state" in values:  # a box that was left empty is not sent
        kept["help_wanted"] = ""
    changes = [] if view.task_only(actor) else finding.action_changes(session, found)
    place = view.own_place(session, actor, found)
    return html.render(
        request,
        "plans/own.html",
        status=status,
        page_title=found.body,
        line=view.lines(session, [found])[0],
        place=place,
        standing=owning.standing(actor, found),
        states=[(code, actions.WORDS[code]) for code in _offered(found)],
        all_states=actions.WORDS,
        changes=changes,
        names=view.history(session, changes),
        edits=place is not None and can(actor, "action.create") and found.state not in actions.OVER,
        values=kept | values,
        errors=errors,
    )


def _offered(found: Action) -> list[actions.State]:
    """Where it stands and where its owner may take it."""
    onward = {*actions.MOVES.get(found.state, ()), found.state}
    if found.state == actions.State.OPEN:
        onward.add(actions.State.DONE_PENDING_EVIDENCE)
    return [state for state in BY_OWNER if state in onward]
