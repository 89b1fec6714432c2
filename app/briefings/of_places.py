"""Measures of places that may be named: V01 to V03, V09, V10 and V15."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from app.briefings import words, work_sql
from app.briefings.asked import STATES, Asked, block, exact_share
from app.briefings.models import Json
from app.core.clock import london
from app.core.working_days import between
from app.places import weeks
from geo.disclosure import show

STAGES = (
    ("Identified", ("IDENTIFIED",)),
    ("Assessment begun", ("ASSESSING",)),
    ("Plan active", ("PLAN_ACTIVE",)),
    ("Monitored or closed", ("MONITORING", "CLOSED")),
)
BANDS = {
    "URGENT": "Urgent",
    "HIGH": "High",
    "MEDIUM": "Medium",
    "LOW": "Low",
    None: "Not worked out",
}
BAND_ORDER = ("URGENT", "HIGH", "MEDIUM", "LOW")
# Working days in which a state should be left (domain.md 5.2), and at level 4.
TARGETS = {"PROPOSED": 2, "SCREENED": 10, "IDENTIFIED": 10, "ASSESSING": 45, "CONFERENCE": 2}
TARGETS_CL4 = {"IDENTIFIED": 2, "ASSESSING": 10}
MOST_PLACES, MOST_GAPS = 10, 5
NO_TARGET, NO_NUMBER = "no target", "not counted"
OTHERS = "Worked with, not named here"


def contexts(
    session: Session,
    asked: Asked,
    bands: Mapping[str, tuple[str, str | None]],
    others: Sequence[tuple[Any, list[Any]]],
) -> Json:
    """V01 and V02: ten contexts by priority, level and name; `bands` of incidents by place.

    `others` are rows of clusters and online spaces with what they are sorted by.
    """
    found = list(session.execute(work_sql.PLACES, asked.values))
    rows = [*others]
    for place in found:
        now, before = bands.get(place.ref, ("not shown", None))
        review = f"{place.next_review_on:%-d %b %Y}" if place.next_review_on else "Not set"
        told = [place.kind, asked.where(place.borough_codes), BANDS[place.band],
                _level(place.level),
                STATES[place.state], _incidents(now, before), review]  # fmt: skip
        rows.append((order(place.band, place.level, place.name, place.ref), [place.name, told]))
    rows.sort(key=lambda row: row[0])
    shown = rows[:MOST_PLACES]
    columns = ("Kind", "Where", "Priority", "Level", "State", "Incidents",
               "Next review")  # fmt: skip
    title = "Contexts that are worked with, by priority"
    refs = sorted(key[-1] for key, _ in shown if key[-1])
    return block("T2a", title, columns, [row for _, row in shown], refs=refs)


def order(band: str | None, level: str, name: str, ref: str = "") -> tuple[int, int, str, str]:
    """Urgent first, then the level, then the name.

    >>> order("HIGH", "CL3", "Riverside") < order("HIGH", "CL2", "Car park")
    True
    """
    rank = BAND_ORDER.index(band) if band in BAND_ORDER else len(BAND_ORDER)
    return rank, -int(level[2:]), name, ref


def _level(code: str) -> str:
    return "Not set" if code == "CL0" else code[2:]


def _incidents(now: str, before: str | None) -> str:
    """The band of this quarter, and that of the quarter before where the place had one.

    >>> _incidents("1 to 7", "8 to 17"), _incidents("1 to 7", None)
    ('1 to 7 (was 8 to 17)', '1 to 7')
    """
    if before is None:
        return now
    return f"{now} (as before)" if now == before else f"{now} (was {before})"


def pipeline(session: Session, asked: Asked) -> Json:
    """V03: places by state and borough at the cut, opened, closed, and those without a name."""
    values, keys = asked.values, [*asked.boroughs, "BOTH"]
    held = {(row.state, row.borough): row.n for row in session.execute(work_sql.STATES, values)}
    rows = [
        [label, [str(held.get((state, key), 0)) for key in keys]] for state, label in STATES.items()
    ]
    moved = {
        (row.ref, row.to_state): row.borough for row in session.execute(work_sql.MOVED, values)
    }
    for label, state in (("Opened this quarter", "IDENTIFIED"), ("Closed this quarter", "CLOSED")):
        n = Counter(borough for (_, became), borough in moved.items() if became == state)
        rows.append([label, [str(n[key]) for key in keys]])
    unnamed = {row.borough: row.n for row in session.execute(work_sql.OTHERS, values)}
    rows.append([OTHERS, [show(unnamed.get(key, 0)).text for key in keys]])
    columns = [*asked.boroughs.values(), "In both"]
    note = ("Numbers of places that may be named are exact. The last row is of schools, estates, "
            "online spaces and businesses without a name, and small numbers in it are not shown "
            "exactly.")  # fmt: skip
    return block("T2b", "Places by state, as known at the cut-off", columns, rows, note=note)


def funnel(session: Session, asked: Asked) -> Json:
    """V10: places that entered each stage in the quarter, each once in a stage."""
    moved = {(row.ref, row.to_state) for row in session.execute(work_sql.MOVED, asked.values)}
    rows = [
        [name, [str(len({ref for ref, became in moved if became in states}))]]
        for name, states in STAGES
    ]
    return block("T6a", "Places that came into each stage this quarter", ["Places"], rows)


def days(session: Session, asked: Asked) -> Json:
    """V09: working days in each state that was left, and how many kept the target."""
    held: dict[str, list[int]] = {}
    kept: Counter[str] = Counter()
    for row in session.execute(work_sql.DAYS, asked.values):
        n = between(london(row.began).date(), london(row.ended).date())
        held.setdefault(row.state, []).append(n)
        kept[row.state] += n <= _target(row.state, row.level)
    rows = []
    for state, label in {"PROPOSED": "Proposed", **STATES}.items():
        if state not in held:
            continue
        taken = held[state]
        few = len(taken) < words.LEAST
        share = exact_share(kept[state], len(taken)) if state in TARGETS else NO_TARGET
        rows.append([label, [words.FEW if few else str(round(median(taken))), share]])
    title = "Working days in a state that was left this quarter"
    return block("T6a-days", title, ["Median", "Within the target"], rows,
                 empty="No place left a state.")  # fmt: skip


def _target(state: str, level: str) -> int:
    usual = TARGETS.get(state, 0)
    return TARGETS_CL4.get(state, usual) if level == "CL4" else usual


def guardians(session: Session, asked: Asked) -> Json:
    """V15: hours of concern in which somebody looks after children, and the longest gaps."""
    found, gaps = [], []
    for row in session.execute(work_sql.WATCHED, asked.values):
        concern = weeks.hours(row.week_grid)
        watched = frozenset[int]().union(*(weeks.hours(grid) for grid in row.grids))
        if len(concern) < words.LEAST:
            continue
        share = round(100 * len(concern & watched) / len(concern))
        found.append((share, row.name, row.ref, concern - watched))
        gaps += _gaps(row.name, concern - watched)
    found.sort(key=lambda one: one[:3])
    gaps.sort()
    rows = [[name, [f"{share}%", longest(open_)]] for share, name, _, open_ in found[:MOST_PLACES]]
    told = [said for _, said in gaps[:MOST_GAPS]]
    verdict = f"The longest gaps: {'; '.join(told)}." if told else "No hour of concern is a gap."
    return block(
        "T6d",
        "Hours of concern with a guardian, fewest first",
        ["Share of hours", "Longest gap"],
        rows,
        refs=sorted(ref for _, _, ref, _ in found[:MOST_PLACES]),
        empty="No place has hours of concern that are known.",
        **({"verdict": verdict} if found else {}),
    )


def longest(hours: frozenset[int]) -> str:
    """The longest time in a row without anybody, in words; a night goes on after midnight.

    >>> longest(frozenset({24 * 4 + 22, 24 * 4 + 23, 24 * 5})), longest(frozenset())
    ('Friday, 10pm to 1am', 'none')
    """
    found = sorted((-n, begin) for begin, n in _runs(hours))
    return _said(found[0][1], -found[0][0]) if found else "none"


def _gaps(name: str, hours: frozenset[int]) -> list[tuple[tuple[int, str, int], str]]:
    """Sorted longest first, then by name and hour."""
    return [((-n, name, begin), f"{name} ({_said(begin, n)})") for begin, n in _runs(hours)]


def _runs(hours: frozenset[int]) -> list[tuple[int, int]]:
    """Hours in a row as where they begin and how many; the week is a ring."""
    if len(hours) == weeks.HOURS:
        return [(0, weeks.HOURS)]
    found = []
    for begin in sorted(one for one in hours if (one - 1) % weeks.HOURS not in hours):
        n = 1
        while (begin + n) % weeks.HOURS in hours:
            n += 1
        found.append((begin, n))
    return found


def _said(begin: int, n: int) -> str:
    day, hour = divmod(begin, 24)
    if n >= 24:
        return f"{weeks.NAMES[day]}, {weeks.clock(hour)}, for {n} hours"
    return f"{weeks.NAMES[day]}, {weeks.clock(hour)} to {weeks.clock((hour + n) % 24)}"
