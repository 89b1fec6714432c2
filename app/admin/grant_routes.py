"""Grants: lists by state, asked for, approved by somebody else, revoked, asked for again."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

from app.accounts import queries as known
from app.accounts.deps import Db, for_record
from app.accounts.models import User
from app.accounts.permissions import ROLES
from app.accounts.rules import GRANT_WORDS
from app.admin import grants, queries, rules, words
from app.admin.deps import MayAll, can_all
from app.admin.rules import OPENS_TO, GrantState, Kind
from app.admin.schemas import GrantForm
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import linked
from app.reference import queries as reference

grant_pages = APIRouter(prefix="/admin/grants", include_in_schema=False)

Reader = Annotated[Actor, Depends(MayAll("grant.read"))]
Asker = Annotated[Actor, Depends(MayAll("grant.create"))]
Approver = Annotated[Actor, Depends(MayAll("grant.approve"))]
Ender = Annotated[Actor, Depends(MayAll("grant.revoke"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
Again = Annotated[str | None, Query(alias="from", max_length=20)]


def _or_none(value: str | None) -> str | None:
    return value or None


State = Annotated[GrantState | None, BeforeValidator(_or_none)]


@grant_pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    state: State = None,
    emergency: Literal["yes", ""] = "",
    number: PageNumber = 1,
) -> Response:
    now = clock.now()
    with db.read(actor) as session:
        found = queries.grants(session, state, now=now, number=number, emergency=bool(emergency))
        return html.render(
            request,
            "admin/grants.html",
            page_title="Grants",
            page=linked(found, request.url, queries.PAGE_SIZE),
            counts=queries.grant_counts(session, now=now),
            chosen=state,
            emergency=bool(emergency),
            states=rules.GRANT_STATE_WORDS,
            state_of=lambda grant: rules.grant_state(grant, now),
            kinds=GRANT_WORDS,
            roles=words.labels(),
            may_ask=can_all(actor, "grant.create"),
        )


@grant_pages.get("/new")
def new(request: Request, db: Db, actor: Asker, again: Again = None) -> Response:
    with db.read(actor) as session:
        values = _as_before(session, again) if again else {}
        return _form(request, session, actor, values, {})


@grant_pages.post("/new")
def send_new(request: Request, db: Db, actor: Asker, sent: html.Form) -> Response:
    wanted, errors = html.parse(GrantForm, sent)
    with db.begin(_with_reason(actor, wanted)) as session:
        if wanted is not None:
            person = _person(session, wanted.person)
            record = grants.record_id(session, wanted.kind, wanted.record)
            errors = grants.problems(actor, wanted, person, record)
            if not errors and person is not None and record is not None:
                grant = grants.ask(
                    session, actor, wanted, person=person, record=record, now=clock.now()
                )
                return html.see(f"/admin/grants/{grant.ref}")
        elif "until_on" in errors:
            errors["until_on"] = rules.BAD_END
        return _form(request, session, actor, sent, errors)


@grant_pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    return _page(request, db, actor, ref, "admin/grant.html", title="Grant {ref}")


@grant_pages.get("/{ref}/approve")
def ask_approve(ref: str, request: Request, db: Db, actor: Approver) -> Response:
    return _page(request, db, actor, ref, "admin/grant-approve.html", title="Approve this grant?")


@grant_pages.post("/{ref}/approve")
def send_approve(ref: str, db: Db, actor: Approver, _: html.Form) -> Response:
    with db.begin(actor) as session:
        grants.approve(session, actor, ref, now=clock.now())
    return html.see(f"/admin/grants/{read_reference(ref, 'GR')}")


@grant_pages.get("/{ref}/revoke")
def ask_revoke(ref: str, request: Request, db: Db, actor: Ender) -> Response:
    return _page(request, db, actor, ref, "admin/grant-revoke.html", title="Revoke this grant?")


@grant_pages.post("/{ref}/revoke")
def send_revoke(ref: str, db: Db, actor: Ender, _: html.Form) -> Response:
    with db.begin(actor) as session:
        grants.revoke(session, actor, ref, now=clock.now())
    return html.see(f"/admin/grants/{read_reference(ref, 'GR')}")


def _page(
    request: Request, db: Db, actor: Actor, ref: str, template: str, *, title: str
) -> Response:
    now = clock.now()
    with db.begin(actor) as session:
        row = grants.shown(session, ref)
        grant = row.grant
        state = rules.grant_state(grant, now)
        barrier = rules.barrier_to_approve(grant, by=actor.id, role=actor.role, now=now)
        over = state in (GrantState.OVER, GrantState.REVOKED)
        by = (grant.created_by, grant.approved_by, grant.revoked_by)
        return html.render(
            request,
            template,
            page_title=title.format(ref=grant.ref),
            row=row,
            state=state,
            state_words=rules.GRANT_STATE_WORDS[state],
            people=queries.people(session, by),
            kind=GRANT_WORDS[grant.kind],
            purposes=dict(reference.codes(session, "purpose")),
            role=ROLES[row.role].label,
            barrier=barrier,
            may={
                "approve": can_all(actor, "grant.approve") and barrier is None,
                "revoke": can_all(actor, "grant.revoke") and not over,
                "again": can_all(actor, "grant.create") and grant.kind in list(Kind),
            },
        )


def _form(
    request: Request,
    session: Session,
    actor: Actor,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    roles = {role for kind in Kind for role in OPENS_TO[kind]}
    people = queries.grantees(session, roles, today=clock.today())
    agencies = known.agencies(session)
    own = ROLES[actor.role].purposes
    return html.render(
        request,
        "admin/grant-form.html",
        page_title="Ask for a grant",
        values=values,
        errors=errors,
        people=[(found.ref, _named(found, agencies)) for found in people],
        kinds=[(kind.value, GRANT_WORDS[kind]) for kind in Kind],
        purposes=[pair for pair in reference.codes(session, "purpose") if pair[0] in own],
        latest=clock.today() + rules.LONGEST_GRANT,
    )


def _named(user: User, agencies: Mapping[str, str]) -> str:
    agency = agencies.get(user.agency_code, user.agency_code)
    return f"{user.name} ({ROLES[user.role].label}, {agency})"


def _person(session: Session, ref: str) -> User | None:
    try:
        return known.user(session, ref)
    except NotFoundError:
        return None


def _with_reason(actor: Actor, wanted: GrantForm | None) -> Actor:
    """A child's reference is found by whoever gives a reason for this child."""
    if wanted is None or wanted.kind != Kind.CHILD_LINK:
        return actor
    if wanted.purpose not in ROLES[actor.role].purposes:
        return actor
    return for_record(actor, read_reference(wanted.record, "CH") or "", wanted.purpose)


def _as_before(session: Session, ref: str) -> dict[str, Any]:
    """What is asked for again is looked at again: the reason and the end are typed anew."""
    row = queries.grant(session, ref)
    return {
        "person": row.person_ref,
        "kind": row.grant.kind,
        "record": row.record,
        "purpose": row.grant.purpose,
    }
