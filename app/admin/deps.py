"""Routes about other people's accounts and grants, which a rule for one's own row does not open."""

from dataclasses import dataclass

from app.accounts.deps import May, allowed
from app.accounts.permissions import PERMISSIONS, Rule
from app.core.actor import Actor
from app.core.errors import ForbiddenError


@dataclass(frozen=True)
class MayAll(May):
    """As `May`, for roles whose rule is not limited to themselves or their organisation."""

    def rule_for(self, actor: Actor) -> Rule:
        rule = allowed(actor, self.permission)
        if rule.scope != "all":
            raise ForbiddenError("Your role does not allow this.")
        return rule


def can_all(actor: Actor, permission: str) -> bool:
    """Whether such a route would let this person in: for links and buttons."""
    rule = PERMISSIONS.rule(actor.role, permission)
    return rule is not None and rule.scope == "all"
