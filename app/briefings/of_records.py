"""Shares and medians behind reports and episodes: V08, V20 to V22 and V26.

No count of records is printed here: only shares of numbers that `show` prints, and medians.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from app.briefings import record_sql, words
from app.briefings.asked import Asked, block
from app.briefings.models import Json
from app.core.clock import london
from app.core.working_days import between
from geo.disclosure import Cell, show

STEPS = {"DECIDED": ("Until the first decision", 1), "FEEDBACK_SENT": ("Until the answer", 10)}
SHARES = "Shares are of printed numbers, to the nearest 5%. No share is made of a number under 8."
MEDIANS = "Days are whole. No median is made of fewer than 8 records."
SILENT = "No report this quarter"
EXPECTED = "Expected, and no report this quarter"


def shown_share(part: int, whole: int) -> str:
    """Per cent of two counts as they would be printed.

    >>> shown_share(9, 21), shown_share(3, 21)
    ('50%', 'fewer than 8, not shown')
    """
    return words.share(show(part).text, show(whole).text)


def steps(session: Session, asked: Asked) -> Json:
    """V08: working days from the arrival of a report to its decision, and to the answer."""
    taken: dict[str, list[int]] = {step: [] for step in STEPS}
    for row in session.execute(record_sql.STEPS, asked.values):
        taken[row.step].append(between(london(row.began).date(), london(row.ended).date()))
    rows = []
    for step, (label, target) in STEPS.items():
        found = taken[step]
        share = shown_share(sum(n <= target for n in found), len(found))
        rows.append([label, [_median(found), f"{target}", share]])
    columns = ("Median working days", "Target", "Within the target")
    return block("T9e", "How long a report waited", columns, rows, note=f"{SHARES} {MEDIANS}")


def answers(session: Session, asked: Asked) -> Json:
    """V21: in what tone people wrote, and how many were answered."""
    found = session.execute(record_sql.TONES, asked.values).one()
    rows = [
        ["Written out of care for children", [shown_share(found.care, found.n)]],
        ["Written as a complaint about children", [shown_share(found.complaint, found.n)]],
        ["Answered by the cut-off", [shown_share(found.told, found.n)]],
    ]
    return block("T9f", "Reports of this quarter: tone and answer", ["Share"], rows, note=SHARES)


def silent(session: Session, asked: Asked) -> tuple[Json, list[str], list[str]]:
    """V22: who reported before, or is expected to, and did not; names of both sides."""
    now: dict[str, int] = {}
    for row in session.execute(record_sql.REPORTED, asked.values):
        now[row.agency_code] = row.now
    quiet = sorted({code for code, n in now.items() if n == 0}, key=asked.agency)
    missing = sorted((code for code in asked.known.expected if code not in now), key=asked.agency)
    rows = [[asked.agency(code), [SILENT]] for code in quiet]
    rows += [[asked.agency(code), [EXPECTED]] for code in missing]
    empty = "Every organisation that is expected to report, or did in a year, reported."
    made = block("T9b", "Organisations that were silent this quarter", ["Reports"], rows,
                 empty=empty, note="")  # fmt: skip
    spoke = sorted(asked.agency(code) for code, n in now.items() if n)
    return made, spoke, [asked.agency(code) for code in (*quiet, *missing)]


def quiet_wards(cells: Sequence[Cell], names: dict[str, str]) -> list[str]:
    """Wards of a half-year in which nothing was recorded: that is no sign of safety."""
    return sorted(
        names.get(cell.geo_code, cell.geo_code)
        for cell in cells
        if cell.table_code == "RH1" and cell.shown == "0" and not cell.geo_code.startswith("?")
    )


def lateness(session: Session, asked: Asked) -> Json:
    """V26: days from an incident to its record, by the organisation that knew of it."""
    held: dict[str, list[int]] = {}
    for row in session.execute(record_sql.LATENESS, asked.values):
        held.setdefault(asked.agency(row.source_agency), []).append(row.days)
    rows = [[who, [_median(held[who])]] for who in sorted(held)]
    return block(
        "T9d-days",
        "Days from an incident to its record, by who knew of it",
        ["Median days"],
        rows,
        note=MEDIANS,
        empty="No incident was counted.",
    )


def interviews(session: Session, asked: Asked, episodes: str | None) -> Json:
    """V20: return interviews. `episodes`: the printed total of RQ6; without a number, no share."""
    found = list(session.execute(record_sql.EPISODES, asked.values))
    back = [one for one in found if one.returned_at is not None]
    hours_72, hours_24 = timedelta(hours=72), timedelta(hours=24)

    def of_back(which: Callable[[Any], bool]) -> str:
        if episodes is None or words.told(episodes).n is None:
            return words.FEW
        return shown_share(_count(back, which), len(back))

    rows = [
        ["Interview offered within 72 hours of the return",
         [of_back(lambda e: e.offered_at and e.offered_at <= e.returned_at + hours_72)]],
        ["Interview held", [of_back(lambda e: e.held_at)]],
        ["Interview declined", [of_back(lambda e: e.declined)]],
        ["A manager decided within 24 hours of the interview or the return",
         [of_back(lambda e: e.decided_at
                  and e.decided_at <= (e.held_at or e.returned_at) + hours_24)]],
        ["It is written down where the child was", [of_back(lambda e: e.location_captured)]],
    ]  # fmt: skip
    title = "Children who came back: interviews and decisions"
    return block("T8b-interviews", title, ["Share"], rows, note=SHARES)


def _count(rows: Iterable[Any], which: Callable[[Any], bool]) -> int:
    return sum(bool(which(row)) for row in rows)


def _median(found: Sequence[int]) -> str:
    return str(round(median(found))) if len(found) >= words.LEAST else words.FEW
