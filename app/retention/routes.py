"""Retention and holds under administration: leads ask, auditors approve. Pages only."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, for_record
from app.accounts.permissions import PERMISSIONS, ROLES, Rule
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError
from app.core.ids import read_reference
from app.reference import queries as reference
from app.retention import queries, rules, service
from app.retention.models import Run
from app.retention.schemas import HoldForm

retention_pages = APIRouter(prefix="/admin", include_in_schema=False)


@dataclass(frozen=True)
class MayOfAll(May):
    """As `May`, for those who see all of them: the police see holds of their own elsewhere."""

    def rule_for(self, actor: Actor) -> Rule:
        rule = May.rule_for(self, actor)
        if rule.scope != "all":
            raise ForbiddenError("Your role does not allow this.")
        return rule


Reader = Annotated[Actor, Depends(MayOfAll("retention_hold.read"))]
Asker = Annotated[Actor, Depends(MayOfAll("retention_hold.request"))]
Approver = Annotated[Actor, Depends(MayOfAll("retention_hold.approve"))]
Ender = Annotated[Actor, Depends(MayOfAll("retention_hold.revoke"))]


@retention_pages.get("/retention")
def show(request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        return _page(request, session, actor, {}, {})


@retention_pages.post("/retention/{ref}/approve")
def approve(ref: str, request: Request, db: Db, actor: Approver, sent: html.Form) -> Response:
    """By the number of rows, typed."""
    with db.begin(actor) as session:
        try:
            service.approve(session, actor, queries.run(session, ref), sent.get("number", ""))
        except InvalidError as invalid:
            return _page(request, session, actor, sent, invalid.fields)
    return html.see("/admin/retention")


@retention_pages.get("/holds")
def holds(request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        return html.render(
            request,
            "retention/holds.html",
            page_title="Holds",
            rows=queries.holds(session),
            may=_may(actor),
            me=actor.id,
        )


@retention_pages.get("/holds/new")
def new_hold(request: Request, db: Db, actor: Asker) -> Response:
    with db.read(actor) as session:
        return _form(request, session, actor, {}, {})


@retention_pages.post("/holds/new")
def ask_hold(request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    wanted, errors = html.parse(HoldForm, sent)
    purposes = ROLES[actor.role].purposes
    if sent.get("purpose") not in purposes:
        errors["purpose"] = "Choose why it is needed."
    known = read_reference(sent.get("record", ""), "CH") or ""
    purpose = sent["purpose"] if "purpose" not in errors else None
    with db.begin(for_record(actor, known, purpose)) as session:
        if wanted is not None and not errors:
            try:
                service.ask_hold(session, actor, wanted)
                return html.see("/admin/holds")
            except InvalidError as invalid:
                errors = invalid.fields
        return _form(request, session, actor, sent, errors)


@retention_pages.post("/holds/{ref}/approve")
def approve_hold(ref: str, db: Db, actor: Approver, _: html.Form) -> Response:
    with db.begin(actor) as session:
        service.approve_hold(session, actor, queries.hold(session, ref))
    return html.see("/admin/holds")


@retention_pages.post("/holds/{ref}/end")
def end_hold(ref: str, db: Db, actor: Ender, _: html.Form) -> Response:
    with db.begin(actor) as session:
        service.end_hold(session, actor, queries.hold(session, ref))
    return html.see("/admin/holds")


def _may(actor: Actor) -> dict[str, bool]:
    return {
        action: (rule := PERMISSIONS.rule(actor.role, f"retention_hold.{action}")) is not None
        and rule.scope == "all"
        for action in ("request", "approve", "revoke")
    }


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    runs = queries.runs(session)
    waiting = next((run for run in runs if run.state == rules.State.PLANNED), None)
    known = queries.every_rule(session)
    may = _may(actor)
    # Who does not approve sees no total that an item of intelligence they may not know of moves.
    look = queries.looked(session) if may["approve"] else None
    lines = look.lines if look is not None else []
    return html.render(
        request,
        "retention/retention.html",
        page_title="Retention",
        waiting=waiting,
        runs=[run for run in runs if run is not waiting],
        says=partial(_says, whole=may["approve"]),
        standing=rules.standing,
        look=look,
        lines=rules.table(lines, known),
        due=sum(line.due for line in lines),
        held=sum(line.held for line in lines),
        known=rules.shortened(known),
        regimes=rules.REGIMES,
        may=may,
        values=values,
        errors=errors,
    )


def _says(run: Run, *, whole: bool) -> str:
    told = {kind: n for kind, n in run.counts.items() if whole or kind not in rules.OF_AUDITOR}
    return rules.sentence(told)


def _form(
    request: Request,
    session: Session,
    actor: Actor,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    own = ROLES[actor.role].purposes
    return html.render(
        request,
        "retention/hold-form.html",
        page_title="Ask for a hold",
        values=values,
        errors=errors,
        today=clock.today(),
        purposes=[pair for pair in reference.codes(session, "purpose") if pair[0] in own],
    )
