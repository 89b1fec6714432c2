"""Administration: what a person may do there, and what each role may do anywhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts.deps import Db
from app.accounts.permissions import PERMISSIONS, ROLES
from app.admin import queries, words
from app.admin.deps import MayAll, can_all
from app.admin.rules import GrantState
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError

pages = APIRouter(prefix="/admin", include_in_schema=False)

Reader = Annotated[Actor, Depends(MayAll("user.read"))]
Said = Annotated[str | None, Query(max_length=40)]


@pages.get("")
def index(request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        grants = can_all(actor, "grant.read")
        counts = queries.grant_counts(session, now=clock.now()) if grants else {}
        return html.render(
            request,
            "admin/index.html",
            page_title="Administration",
            waiting=queries.waiting(session),
            asked=counts.get(GrantState.ASKED, 0),
            ending=counts.get(GrantState.ENDING, 0),
            may={
                "create": can_all(actor, "user.create"),
                "confirm": can_all(actor, "user.approve"),
                "grants": grants,
                "ask": can_all(actor, "grant.create"),
            },
        )


@pages.get("/roles")
def roles(request: Request, actor: Reader, role: Said = None, thing: Said = None) -> Response:
    """The permission file in words: one role, or one object across roles."""
    if thing:
        return _of_thing(request, thing)
    chosen = ROLES.get(role or "practitioner")
    if chosen is None:
        raise NotFoundError("There is no such role.")
    told = {
        name: words.lines(PERMISSIONS, chosen.name, name)
        for name, found in PERMISSIONS.objects.items()
        if found.enabled
    }
    return html.render(
        request,
        "admin/roles.html",
        page_title=f"What a {chosen.label} may do",
        chosen=chosen,
        thing=None,
        may={words.OBJECTS[name]: found for name, found in told.items() if found},
        never=[words.OBJECTS[name] for name, found in told.items() if not found],
        facts=words.facts(chosen),
        **_choices(),
    )


def _of_thing(request: Request, thing: str) -> Response:
    found = PERMISSIONS.objects.get(thing)
    if found is None:
        raise NotFoundError("There is no such kind of record.")
    told = {role: words.lines(PERMISSIONS, role.name, thing) for role in ROLES.values()}
    return html.render(
        request,
        "admin/roles.html",
        page_title=f"{words.OBJECTS[thing]}: who may do what",
        chosen=None,
        thing=thing,
        later=not found.enabled,
        audited=found.audit_reads,
        may={html.capital(role.label): lines for role, lines in told.items() if lines},
        never=[role.label for role, lines in told.items() if not lines],
        facts=[],
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    return {
        "roles": words.labels(),
        "things": dict(sorted(words.OBJECTS.items(), key=lambda pair: pair[1])),
    }
