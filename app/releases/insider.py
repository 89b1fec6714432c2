"""What the organisation with most records of a year knows of its own: criterion A6."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.releases import counting, longer_tables, rules
from app.releases.counting import Asked, Held
from geo.disclosure import Known
from geo.disclosure.cells import Key

# What is written on a counted record tells these tables again; of the others only the release
# that is being built is known.
AGAIN = {
    "Q": ("RQ1", "RQ2", "RQ3", "RQ6", "RQ8"),
    "H": tuple(longer_tables.HALF),
    "Y": tuple(longer_tables.YEAR),
}
TOTALS = "RQ1"


def before(session: Session, asked: Asked, periods: Iterable[str]) -> Held:
    """Of each cell of the releases that stand, how many are of each organisation."""
    held: Held = {}
    for period in periods:
        held |= counting.before(session, asked.of(period), AGAIN[rules.window(period).kind])
    return held


def known(held: Held) -> Known | None:
    """The counts of the one with most incidents, by code where two have as many.

    >>> key = ("RQ1", "2026-Q1", "BOTH", "BOTH", "ALL", "ALL")
    >>> known({key: {"EDU": 3, "POLICE": 5}}).own[key]
    5
    >>> known({}) is None
    True
    """
    records: Counter[str] = Counter()
    for key, by in held.items():
        if _is_total(key):
            records.update(by)
    if not records:
        return None
    most = min(records, key=lambda code: (-records[code], code))
    own = {key: by[most] for key, by in held.items() if by.get(most)}
    return Known(own, frozenset(key for key, by in held.items() if len(by) > 1))


def _is_total(key: Key) -> bool:
    return (key[0], key[2], key[4]) == (TOTALS, "BOTH", "ALL")
