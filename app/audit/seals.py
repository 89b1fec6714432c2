"""Sealing: what has finished since the last seal becomes one more link of the chain."""

from dataclasses import dataclass

from app.audit import queries
from app.audit.rules import Seal, Tree, leaf
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database

SEALER = job_actor("audit:seal", db_role="cs_audit")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one turn of the sealer did; `lag_s` is how long the oldest event had waited."""

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
        seals = events = 0
        oldest = None
        for era, hi in queries.windows(cursor, last):
            lo = last.hi if last is not None and last.era == era else 0
            tree, first_at = _tree(cursor, era=era, lo=lo, hi=hi) if lo < hi else (Tree(), None)
            if tree.count:
                queries.add_seal(cursor, era=era, hi=hi, count=tree.count, root=tree.root())
                seals, events = seals + 1, events + tree.count
                oldest = oldest or first_at
                last = queries.last_seal(cursor)
        return Sealed(seals, events, _seconds_since(oldest), last)


def _tree(cursor: queries.Cursor, *, era: int, lo: int, hi: int) -> tuple[Tree, int | None]:
    tree, first_at = Tree(), None
    for event in queries.events_in(cursor, era=era, lo=lo, hi=hi):
        first_at = first_at or event[3]
        tree.add(leaf(event))
    return tree, first_at


def _seconds_since(at_us: int | None) -> float:
    """Microseconds since 1970 to seconds ago."""
    return 0.0 if at_us is None else max(0.0, clock.now().timestamp() - at_us / 1e6)
