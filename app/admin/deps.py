"""Routes about other people's accounts and grants, which a rule for one's own row does not open."""

from dataclasses import dataclass

from fastapi import Request

from app.accounts.deps import May
from app.accounts.permissions import PERMISSIONS
from app.core.actor import Actor
from app.core.errors import ForbiddenError


@dataclass(frozen=True)
class MayAll(May):
    """As `May`, for roles whose rule is not limited to themselves or their organisation."""

    def check(self, request: Request) -> Actor:
        actor = May.check(self, request)
        rule = PERMISSIONS.rule(actor.role, self.permission)
        if rule is None or rule.scope != "all":
            raise ForbiddenError("Your role does not allow this.")
        return actor
