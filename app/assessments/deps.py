"""Who may read, write and approve assessments, as types of the routes."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends

from app.accounts.deps import May
from app.accounts.permissions import ROLES
from app.core.actor import Actor

Reader = Annotated[Actor, Depends(May("assessment.read"))]
Starter = Annotated[Actor, Depends(May("assessment.create"))]
Editor = Annotated[Actor, Depends(May("assessment.update"))]
Approver = Annotated[Actor, Depends(May("assessment.approve"))]


def of_role(actor: Actor) -> Actor:
    """With every tier of the role: evidence to link to may be intelligence of another tier."""
    return replace(actor, tiers=ROLES[actor.role].tiers)
