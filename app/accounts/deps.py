"""What a route names in its signature: the database, and the permission its caller needs."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from app.accounts.gate import Gate
from app.accounts.identity import Identified, identify, token_hash
from app.accounts.permissions import PERMISSIONS, Rule
from app.accounts.rules import source_of
from app.accounts.secrets import Factors
from app.core import clock
from app.core.actor import PUBLIC, Actor
from app.core.db import Database
from app.core.errors import (
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignInNeededError,
    StepUpNeededError,
)
from app.core.mail import Mailer
from app.core.pages import SESSION_COOKIE

SIGNED_IN = "signed_in"
SIGN_IN_FIRST = "Sign in first."
ELSEWHERE = frozenset({"released", "meta"})  # these roles get releases, or metadata, not records
SAFE = frozenset({"GET", "HEAD"})
WRITE = "write"


async def database(request: Request) -> Database:
    # async, although nothing waits: FastAPI sends a plain function to a thread, 0.1 ms each time.
    found = request.app.state.db
    if not isinstance(found, Database):
        raise TypeError("create_app was given no database")
    return found


Db = Annotated[Database, Depends(database)]


async def mailer(request: Request) -> Mailer:
    found: Mailer = request.app.state.mailer
    return found


Post = Annotated[Mailer, Depends(mailer)]


async def factors(request: Request) -> Factors:
    found: Factors = request.app.state.factors
    return found


Proofs = Annotated[Factors, Depends(factors)]


async def source(request: Request) -> str:
    """Where a request came from, behind the proxies that the operator named."""
    trusted = request.app.state.settings.trusted_proxies.split(",")
    peer = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return source_of(peer, forwarded, [proxy.strip() for proxy in trusted])


Source = Annotated[str, Depends(source)]


@dataclass(frozen=True, slots=True)
class May:
    """`Annotated[Actor, Depends(May("place.read"))]`: who may call, as a type.

    Asks for the session in a transaction of its own, ended before the route begins: revocation
    and a change of role act on the next request. `elsewhere` is for routes that serve releases
    and metadata; on others a role that may see nothing else of the object finds nothing.
    `own_query` is for routes that read the query themselves and refuse what they do not know.
    `open_to_all`: whoever brings no session or token, or one of a role that may not, is PUBLIC.
    """

    permission: str
    elsewhere: bool = False
    own_query: bool = False
    open_to_all: bool = False

    async def __call__(self, request: Request) -> Actor:
        if token_of(request) is None:
            return self.check(request)  # asks the database nothing, so that it needs no thread
        return await run_in_threadpool(self.check, request)

    def check(self, request: Request) -> Actor:
        """The same, for a route that already has a thread."""
        if not self.own_query:
            refuse_unknown_query(request)
        request.state.permission = self.permission
        known = self._known(request)
        return PUBLIC if known is None else self.admitted(request, known)

    async def check_soon(self, request: Request) -> Actor:
        """The same from the event loop, for a route that reads the query itself and for staff."""
        request.state.permission = self.permission
        token = token_of(request)
        known = await gate_of(request).identified(token_hash(token)) if token else None
        if known is None:
            raise SignInNeededError(SIGN_IN_FIRST)
        return self.admitted(request, known)

    def admitted(self, request: Request, known: Identified) -> Actor:
        """Of a live session or token: whether its permissions let it in, and as whom."""
        request.state.actor = known.actor
        request.state.identified = known
        if self.permission == SIGNED_IN:
            _must_be_a_person(known, request.method)
            return known.actor
        rule = self.rule_for(known.actor)
        _token_may(known, rule, request.method)
        if rule.scope in ELSEWHERE and not self.elsewhere:
            raise NotFoundError("Page not found. Check the address.")
        if rule.step_up and not stepped_up(known.actor):
            raise StepUpNeededError("Confirm that it is you: enter a code again.")
        actor = replace(known.actor, tiers=rule.tiers, view=rule.view)
        ref = request.path_params.get("ref", "")
        return for_record(actor, ref, known.held.get(ref)) if rule.purposes else actor

    def _known(self, request: Request) -> Identified | None:
        """Who asks; None for the public, where it may. A wrong token is never the public."""
        try:
            known = identified(request)
        except SignInNeededError:
            if self.open_to_all and "authorization" not in request.headers:
                return None
            raise
        rule = PERMISSIONS.rule(known.actor.role, self.permission) if self.open_to_all else None
        return None if self.open_to_all and rule is None else known

    def rule_for(self, actor: Actor) -> Rule:
        """The rule that lets this person in; asked before anything else about them."""
        return allowed(actor, self.permission)


def for_record(actor: Actor, ref: str, purpose: str | None) -> Actor:
    """The same person with a reason to open one record and no other."""
    return replace(actor, purpose=purpose, purpose_for=ref) if purpose else actor


def identified(request: Request) -> Identified:
    """The live session or token of this request."""
    token = token_of(request)
    found = identify(request.app.state.db, token) if token else None
    if found is None:
        raise SignInNeededError(SIGN_IN_FIRST)
    return found


def gate_of(request: Request) -> Gate:
    """The one of this application, over its database."""
    state = request.app.state
    if not hasattr(state, "gate"):
        state.gate = Gate(state.db)
    found: Gate = state.gate
    return found


def token_of(request: Request) -> str | None:
    """What a program or a browser brings."""
    said = request.headers.get("authorization", "")
    return said[7:] if said[:7].lower() == "bearer " else request.cookies.get(SESSION_COOKIE)


def session_of(request: Request) -> UUID | None:
    """Of the person whom `May` found for this request; a program with a token has none."""
    known: Identified | None = getattr(request.state, "identified", None)
    return None if known is None else known.session_id


def allowed(actor: Actor, permission: str) -> Rule:
    """The rule that lets this role do it, before any record is read."""
    rule = PERMISSIONS.rule(actor.role, permission)
    if rule is None or rule.scope == "none":
        raise ForbiddenError("Your role does not allow this.")
    return rule


Somebody = Annotated[Actor, Depends(May(SIGNED_IN))]  # about oneself, in any role


def can(actor: Actor | None, permission: str) -> bool:
    """Whether the route would answer this person with records: for menus and buttons."""
    if actor is None or not PERMISSIONS.knows(permission):
        return False
    rule = PERMISSIONS.rule(actor.role, permission)
    return rule is not None and rule.scope not in {"none", *ELSEWHERE}


def stepped_up(actor: Actor) -> bool:
    """A second factor was shown within the last ten minutes."""
    last = actor.stepped_at
    longest = timedelta(seconds=PERMISSIONS.step_up_max_age_s)
    return last is not None and clock.now() - last <= longest


def taking_nobody(route: BaseRoute) -> list[str]:
    """As `METHOD /path`, when it asks who it is and takes nobody for an answer, too."""
    if not isinstance(route, APIRoute):
        return []
    asked = [d.call for d in route.dependant.dependencies if isinstance(d.call, May)]
    if not any(may.open_to_all for may in asked):
        return []
    return [f"{method} {route.path}" for method in sorted(route.methods or ())]


def refuse_unknown_query(request: Request) -> None:
    """A filter that is misspelt would silently show everything."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is not None and not set(request.query_params) <= query_names(dependant):
        words = "This address does not know one of the filters."
        raise InvalidError("Change the fields named below.", {"query": words})


def query_names(dependant: Dependant) -> set[str]:
    """The names a route and everything it depends on take from the query."""
    own = {param.alias for param in dependant.query_params}
    return own.union(*map(query_names, dependant.dependencies))


def _must_be_a_person(known: Identified, method: str) -> None:
    """What anybody may do who is signed in is about their own session: a program has none."""
    if known.token_scope is not None and method not in SAFE:
        raise ForbiddenError("A token cannot be used for this. Sign in.")


def _token_may(known: Identified, rule: Rule, method: str) -> None:
    """A token never opens what asks for a reason or a second factor, and reads unless it says."""
    if known.token_scope is None:
        return
    if rule.purposes or rule.step_up:
        raise ForbiddenError("A token cannot be used for this. Sign in and give the reason.")
    if known.token_scope != WRITE and method not in SAFE:
        raise ForbiddenError("This token may only read.")
