"""Who looks after the audit: whoever the permission file shows more of it than the own rows."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.deps import May
from app.accounts.permissions import PERMISSIONS
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError
from app.oversight.schemas import AskedIn

READ = "audit_event.read"
FILTERS = {field.alias or name for name, field in AskedIn.model_fields.items()}

Looker = Annotated[Actor, Depends(May(READ, elsewhere=True, own_query=True))]
Downloader = Annotated[Actor, Depends(May("audit_event.download", elsewhere=True, own_query=True))]
# Without filters of their own.
Inquirer = Annotated[Actor, Depends(May(READ, elsewhere=True))]
Auditor = Annotated[Actor, Depends(May("audit_event.download", elsewhere=True))]
Verifier = Annotated[Actor, Depends(May("audit_event.verify"))]


def oversees(actor: Actor | None) -> bool:
    """An auditor (everybody's metadata) or a lead (totals, and who has seen a place)."""
    rule = PERMISSIONS.rule(actor.role, READ) if actor else None
    return rule is not None and rule.scope in {"all", "meta"}


def sees_metadata(actor: Actor) -> bool:
    rule = PERMISSIONS.rule(actor.role, READ)
    return rule is not None and rule.scope == "meta"


def check_oversees(actor: Actor) -> None:
    """Everybody else finds the own activity on the page of the account."""
    if not oversees(actor):
        raise ForbiddenError("Your role does not allow this.")


def asked(request: Request) -> tuple[AskedIn, dict[str, str]]:
    """The filters, or none of them and one message each; a filter left open is sent empty."""
    said = html.asked(request, request.query_params)
    if not said.keys() <= FILTERS:
        words = "This address does not know one of the filters."
        raise InvalidError("Change the fields named below.", {"query": words})
    found, errors = html.parse(AskedIn, said)
    return found or AskedIn(), errors


Asked = Annotated[tuple[AskedIn, dict[str, str]], Depends(asked)]
