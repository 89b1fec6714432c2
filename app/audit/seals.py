"""Sealing: what has finished since the last seal becomes one more link of the chain."""

from dataclasses import dataclass

from app.audit import queries
from app.audit.rules import Seal, Tree, leaf
from app.core.actor import job_actor
from app.core.db import Database

SEALER = job_actor("audit:seal", db_role="cs_audit")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one turn of the sealer did.

    `lag_s` is how long the oldest event without a seal had waited, whether it got one or a
    transaction that is still running keeps it waiting.
    """

    seals: int
    events: int
    lag_s: float
    last: Seal | None


def seal(db: Database) -> Sealed:
    """Seal everything that has finished. Empty windows make no seal: the next one reaches back.

    A window is of transactions, `[lo, hi)`, and `hi` is the oldest one still running: an event
    with a lower id that commits later is in it or in a later one, never lost between them.
    """
    with db.cursor(SEALER) as cursor:
        queries.take_turn(cursor)
        last = queries.last_seal(cursor)
        waiting_s = queries.waiting_s(cursor, last)
        seals = events = 0
        for era, hi in queries.windows(cursor, last):
            lo = last.hi if last is not None and last.era == era else 0
            tree = _tree(cursor, era=era, lo=lo, hi=hi)
            if tree.count:
                queries.add_seal(cursor, era=era, hi=hi, count=tree.count, root=tree.root())
                seals, events = seals + 1, events + tree.count
                last = queries.last_seal(cursor)
        return Sealed(seals, events, waiting_s, last)


def _tree(cursor: queries.Cursor, *, era: int, lo: int, hi: int) -> Tree:
    tree = Tree()
    if lo < hi:
        for event in queries.events_in(cursor, era=era, lo=lo, hi=hi):
            tree.add(leaf(event))
    return tree
