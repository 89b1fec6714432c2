"""Emergency access: wider for four hours at most, for a reason that is told at once. Pages only."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field

from app.accounts import service
from app.accounts.deps import Db, May, Post
from app.accounts.models import Grant
from app.accounts.permissions import PERMISSIONS
from app.accounts.rules import emergency_hours, emergency_reason
from app.accounts.visits import SYSTEM
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import ForbiddenError
from app.core.mail import send_all
from app.core.types import StrictModel, Text

emergency_pages = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class MayInEmergency(May):
    """As `May`, for the roles that the file lets break the glass."""

    def check(self, request: Request) -> Actor:
        actor = May.check(self, request)
        if actor.role not in PERMISSIONS.emergency["roles"]:
            raise ForbiddenError("Your role does not allow this.")
        return actor


class Asked(StrictModel):
    """Why, and for how long."""

    reason: Annotated[Text, AfterValidator(emergency_reason)] = Field("", validate_default=True)
    hours: Annotated[int, AfterValidator(emergency_hours)] = Field(0, validate_default=True)


Rescuer = Annotated[Actor, Depends(MayInEmergency("grant.create"))]


@emergency_pages.get("/emergency")
def ask(request: Request, db: Db, actor: Rescuer) -> Response:
    with db.read(actor) as session:
        return _page(request, service.open_emergency(session, actor, now=clock.now()), {}, {})


@emergency_pages.post("/emergency")
def open_it(request: Request, db: Db, actor: Rescuer, post: Post, sent: html.Form) -> Response:
    now = clock.now()
    asked, errors = html.parse(Asked, sent)
    with db.begin(actor) as session:
        standing = service.open_emergency(session, actor, now=now)
        if asked is None or standing:
            return _page(request, standing, sent, errors)
        grant = service.open_glass(session, actor, reason=asked.reason, hours=asked.hours, now=now)
    with db.read(SYSTEM) as session:
        letters = service.emergency_letters(session, actor, grant)
    send_all(post, letters)
    return html.see("/emergency")


def _page(
    request: Request, standing: Grant | None, values: dict[str, str], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "account/emergency.html",
        page_title="Emergency access",
        standing=standing,
        values=values,
        errors=errors,
    )
