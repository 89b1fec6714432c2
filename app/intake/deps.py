"""What the routes of the form read of a request: its fields, and the form that its cookie opens."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse

from app.core import clock
from app.core import pages as html
from app.core.errors import ForbiddenError
from app.intake import drafts, tokens
from app.intake.drafts import Lock
from app.intake.schemas import Draft

OLD = "This page was open too long. Go back and try again."
TRAP = "website"  # people do not see it; programs fill it in


async def sent_fields(request: Request) -> dict[str, list[str]]:
    """All values of each field; files are refused."""
    form = await request.form(max_files=0, max_fields=100)
    return {
        name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form
    }


Sent = Annotated[dict[str, list[str]], Depends(sent_fields)]


@dataclass(frozen=True, slots=True)
class Open:
    """A form that is being filled in: the row its cookie opens, and what it holds."""

    lock: Lock
    draft: Draft


def opened(request: Request, session: Session) -> Open | None:
    """None without a cookie, or when the hour is over."""
    cookie = request.cookies.get(drafts.COOKIE)
    if not cookie:
        return None
    lock = Lock.of(cookie)
    draft = drafts.read(session, lock)
    return None if draft is None else Open(lock, draft)


def checked(request: Request, session: Session, sent: dict[str, list[str]]) -> Open | None:
    """The open form that a page of it was sent from.

    Raises
    ------
    ForbiddenError
        Not a page of this form, or open for more than two hours: in the words that a person reads.
    """
    found = opened(request, session)
    if found is None:
        return None
    said = sent.get("token", [""])[-1]
    if not tokens.is_good(_key(request), found.lock.id, said, clock.now().timestamp()):
        raise ForbiddenError(OLD)
    trapped = found.draft.trapped or any(sent.get(TRAP, ()))
    return Open(found.lock, found.draft.but(trapped=trapped))


def leave(request: Request) -> Response:
    """Away from here, to a site that tells nothing."""
    return RedirectResponse(request.app.state.partnership.exit_site, status_code=303)


def page(request: Request, found: Open, template: str, /, **context: Any) -> Response:  # noqa: ANN401 - what the template needs
    """A page of an open form: with its token."""
    token = tokens.issue(_key(request), found.lock.id, clock.now().timestamp())
    shared: dict[str, Any] = {"token": token, "trap": TRAP, "errors": {}, "back": None}
    return html.render(request, template, **(shared | context))


def _key(request: Request) -> bytes:
    found: bytes = request.app.state.settings.key_for("form")
    return found
