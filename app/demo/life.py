"""What makes a synthetic place one to look at: hours, what is good there, guardians, other names.

Drawn by the key of each place, so that nothing else of the demonstration changes with it.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

import numpy as np

from app.core.actor import NOBODY
from app.demo.rules import Dice, Kind, Row
from app.places import weeks
from app.places.rules import Sensitivity

MARK = "Demo: "
HOURS = (("AFTER_SCHOOL",), ("EVENING", "LATE_END"), ("LATE_WEEK", "LATE_END"), ("WEEKEND_DAY",))
# Share of the records up to here, and after how many days they were written down.
LATENESS = ((0.8, (0, 5)), (0.95, (5, 25)), (1.0, (40, 150)))
SAFE = ("lights until midnight", "open sightlines", "staff who know the children", "a way out")
GUARDIANS = (
    ("YOUTH_WORKER", "VCS", "AFTER_SCHOOL", "YES"),
    ("STAFF", "BUSINESS", "EVENING", "MIXED"),
    ("TRANSPORT", "TFL", "SCHOOL_RUN", "NOT_ASKED"),
    ("POLICE", "MPS_SWBCU", "LATE_END", "MIXED"),
)


def _rng(key: UUID) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(key.int % 2**63))


def recorded(key: UUID, known: datetime, newest: datetime) -> Row:
    """When a record was written down: within days of when it was known; one in twenty late."""
    chance, part = np.random.Generator(np.random.PCG64(key.int % 2**61)).random(2)
    least, most = next(days for share, days in LATENESS if chance < share)
    at = min(known + timedelta(hours=round(24 * (least + part * (most - least)))), newest)
    return {"created_at": at, "updated_at": at}


def details(key: UUID, kind: Kind) -> Row:
    """Columns of the place itself."""
    rng = _rng(key)
    parts = HOURS[int(rng.integers(len(HOURS)))]
    online = kind.sensitivity is Sensitivity.ONLINE
    grid = weeks.bits(frozenset[int]().union(*map(weeks.preset, parts)))
    managed = kind.sensitivity is Sensitivity.MANAGED
    return {
        "week_grid": None if online or rng.random() < 0.3 else grid,
        "safe_features": [f"{MARK}{SAFE[int(n)]}" for n in sorted(rng.permutation(4)[:2])],
        "managed_by_agency": "BUSINESS" if managed else None,
        "manager_contact": f"{MARK}duty manager, 020 7946 0000" if managed else None,
        "public_access": "HOURS" if managed else None,
    }


def guardian(dice: Dice, place: Row, which: int) -> Row:
    kind, agency, part, trusted = GUARDIANS[which % len(GUARDIANS)]
    rng = _rng(place["id"])
    return {
        "id": UUID(bytes=rng.bytes(16), version=4),
        "place_id": place["id"],
        "kind": kind,
        "week_grid": weeks.bits(weeks.preset(part)),
        "guardian_agency": agency,
        "trained": bool(rng.random() < 0.5),
        "trusted": trusted,
        "valid_from_on": dice.today - timedelta(days=60),
        "note": f"{MARK}synthetic",
        "created_by": NOBODY,
        "updated_by": NOBODY,
        "is_synthetic": True,
    }


def alias(place: Row, number: int) -> Row:
    return {
        "id": uuid5(place["id"], "alias"),  # each row of a place has an id of its own
        "place_id": place["id"],
        "name": f"{MARK}known locally as spot {number}",
        "created_by": NOBODY,
        "is_synthetic": True,
    }


def link(near: Row, far: Row) -> Row:
    return {
        "id": uuid5(near["id"], "link"),
        "from_place_id": near["id"],
        "to_place_id": far["id"],
        "relation": "same_journey",
        "note": f"{MARK}children go from one to the other",
        "created_by": NOBODY,
        "is_synthetic": True,
    }
