"""What the forms of a plan share: where they belong, what is wrong, two versions side by side."""

from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import can
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.places import queries as places
from app.places.models import Place
from app.plans import queries
from app.plans.models import Plan

REFUSED = (InvalidError, RuleBrokenError, ForbiddenError)


def standing(session: Session, actor: Actor, ref: str) -> tuple[Place, Plan]:
    """To be looked at in a form."""
    place = places.find(session, ref)
    _must_write(actor)
    return place, queries.worked_on(session, place)


def locked(session: Session, actor: Actor, ref: str) -> tuple[Place, Plan]:
    """To be changed."""
    place = places.find(session, ref)
    _must_write(actor)
    return place, queries.worked_on(session, place, lock=True)


def _must_write(actor: Actor) -> None:
    """Police read plans; the permission to comment is none to change them."""
    if actor.view == "comment":
        raise ForbiddenError("Your role does not allow this.")


def version_of(sent: dict[str, str]) -> int:
    """A form that lost its version was looked at at no time at all."""
    said = sent.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0


def form(
    request: Request,
    template: str,
    title: str,
    place: Place,
    plan: Plan | None,
    values: dict[str, Any],
    errors: dict[str, str],
    **more: Any,  # noqa: ANN401 - what the form offers
) -> Response:
    version = 1 if plan is None else plan.version
    return html.render(
        request,
        f"plans/{template}.html",
        page_title=title,
        place=place,
        plan=plan,
        values={"version": version} | values,
        errors=errors,
        can_remove=can(request.state.actor, "plan.delete"),
        **more,
    )


def compared(
    request: Request,
    place: Place,
    sent: dict[str, str],
    both: list[tuple[str, Any, Any]],
    version: int,
    words: str,
) -> Response:
    """Somebody else saved first: both versions, and the own one ready to be sent again."""
    return html.render(
        request,
        "plans/stale.html",
        status=409,
        page_title=words,
        place=place,
        sent=sent | {"version": str(version)},
        both=both,
    )
