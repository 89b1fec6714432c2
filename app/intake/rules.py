"""The order of the questions, and why a report waits in quarantine. Pure."""

from collections.abc import Collection

STEPS = ("now", "kind", "where", "what", "when", "you")
CHECK = "check"
TOO_FAST_S = 3


def steps(partner: bool) -> tuple[str, ...]:
    """Of a signed-in partner the organisation is known: nobody asks who they are."""
    return STEPS[:-1] if partner else STEPS


def next_step(answered: Collection[str], partner: bool = False) -> str:
    """The first question without an answer, or the page to check them all.

    >>> next_step(["now", "kind"])
    'where'
    """
    return next((step for step in steps(partner) if step not in answered), CHECK)


def may_see(step: str, answered: Collection[str], partner: bool = False) -> bool:
    """A page whose questions before it are answered; the check page when all are."""
    if step not in (*steps(partner), CHECK):
        return False
    order = (*steps(partner), CHECK)
    return order.index(step) <= order.index(next_step(answered, partner))


def before(step: str, partner: bool = False) -> str | None:
    """Where Back leads; None from the first question."""
    order = (*steps(partner), CHECK)
    place = order.index(step)
    return order[place - 1] if place else None


def quarantine_reasons(*, trapped: bool, seconds: float) -> list[str]:
    """Nothing is refused or discarded: a person looks at it, with the reason beside it."""
    reasons = ["HIDDEN_FIELD"] if trapped else []
    return [*reasons, "TOO_FAST"] if seconds < TOO_FAST_S else reasons
