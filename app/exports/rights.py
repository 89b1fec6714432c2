"""What a role may take with it, read from the permission file; nothing a grant or alarm opens."""

from dataclasses import dataclass, replace

from app.accounts.permissions import PERMISSIONS
from app.core.actor import Actor

EXPORT = "export"
# A row of code C never leaves, whatever a rule forgets to say.
NEVER = frozenset({"C"})


@dataclass(frozen=True, slots=True)
class Rights:
    """Of one role: objects whose rows may leave, tiers of these, how many by oneself, why."""

    things: frozenset[str]
    tiers: dict[str, tuple[str, ...]]
    alone: int
    purposes: tuple[str, ...]
    with_another: bool

    def may(self, thing: str) -> bool:
        return thing in self.things


def of(role: str) -> Rights:
    """The `export` action of each object, inside the tiers of `export.create`."""
    own = PERMISSIONS.rule(role, "export.create")
    if own is None:
        return Rights(frozenset(), {}, 0, (), with_another=False)
    opened = {}
    for name, thing in PERMISSIONS.objects.items():
        rule = thing.rules[role].get(EXPORT) if thing.enabled else None
        if rule is not None and rule.scope != "none":
            both = [t for t in rule.tiers if t in own.tiers and t not in NEVER]
            opened[name] = tuple(both)
    return Rights(
        frozenset(opened),
        opened,
        own.max_rows or 0,
        own.purposes,
        with_another=PERMISSIONS.rule(role, "export.request") is not None,
    )


def bare(actor: Actor) -> Actor:
    """The same person by role and boroughs alone: a grant opens reading, never taking away."""
    return replace(actor, named={}, emergency=False)
