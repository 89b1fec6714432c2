"""Measures of work with places that may be named: V01 to V03, V09 to V14, V16 to V19 and V22."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy.orm import Session

from app.briefings import words, work_sql
from app.briefings.models import Json
from app.core.clock import london
from app.core.working_days import between
from app.releases.rules import Window

STATES = {
    "SCREENED": "Screened",
    "IDENTIFIED": "Identified",
    "ASSESSING": "Being assessed",
    "ASSESSED": "Assessed",
    "CONFERENCE": "Conference",
    "PLAN_ACTIVE": "Plan active",
    "MONITORING": "Monitoring",
    "DORMANT": "Dormant",
    "CLOSED": "Closed",
}
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
KINDS = {
    "welfare": "Welfare",
    "environmental": "Environmental",
    "regulatory": "Regulatory",
    "enforcement": "Enforcement",
}
DISPLACEMENT = {"NONE_SEEN": "None seen", "SEEN": "Seen", "NOT_CHECKED": "Not checked"}
VERDICTS = {
    "FELL": "Fewer incidents than expected",
    "ROSE": "More incidents than expected",
    "UNCLEAR": "The change could be chance",
    "WITHHELD_FEW": "Withheld: too few incidents to say",
    "WITHHELD_DESIGN": "Withheld: not evaluated",
    None: "No evaluation of incidents",
}
OPEN = frozenset({"OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE"})
MOST_PLACES = 10
EXACT = (
    "Numbers of work with places are exact. Homes and places that may not be named are left out."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The window, the boroughs and their names."""

    window: Window
    partners: tuple[str, ...]
    boroughs: Mapping[str, str]

    @property
    def values(self) -> dict[str, Any]:
        window = self.window
        return {
            "from": window.start_at,
            "to": window.end_at,
            "first": window.first,
            "end": window.end,
            "cut": window.cut_at,
            "cut_day": london(window.cut_at).date(),
            "year_ago": window.year_before.end_at,
            "partners": list(self.partners),
        }


def block(id_: str, title: str, columns: Sequence[str], rows: Sequence[Any], **more: Any) -> Json:  # noqa: ANN401 - JSON
    """A table of exact numbers."""
    made = {"kind": "table", "id": id_, "source": "PROCESS", "title": title, "note": EXACT}
    return made | {"columns": list(columns), "rows": [list(row) for row in rows]} | more


def contexts(session: Session, asked: Asked, bands: Mapping[str, tuple[str, str | None]]) -> Json:
    """V01 and V02: ten named places by priority, level and name; `bands` of incidents by place."""
    found = list(session.execute(work_sql.PLACES, asked.values))
    found.sort(key=lambda p: (_rank(p.band), -int(p.level[2:]), p.name, p.ref))
    rows = []
    for place in found[:MOST_PLACES]:
        now, before = bands.get(place.ref, ("not shown", None))
        where = [asked.boroughs[code] for code in place.borough_codes if code in asked.boroughs]
        review = f"{place.next_review_on:%-d %b %Y}" if place.next_review_on else "Not set"
        rows.append(
            [
                place.name,
                [
                    place.kind,
                    " and ".join(where),
                    BANDS[place.band],
                    place.level[2:],
                    STATES[place.state],
                    now,
                    _band_change(now, before),
                    review,
                ],
            ]
        )
    columns = ("Kind", "Where", "Priority", "Level", "State", "Incidents", "Last quarter",
               "Next review")  # fmt: skip
    title = "Places that are worked with, by priority"
    return block("T2a", title, columns, rows, refs=[place.ref for place in found[:MOST_PLACES]])


def _rank(band: str | None) -> int:
    return BAND_ORDER.index(band) if band in BAND_ORDER else len(BAND_ORDER)


def _band_change(now: str, before: str | None) -> str:
    """Bands are compared as bands."""
    if before is None:
        return words.NO_OTHER
    return "the same band" if now == before else f"was {before}"


def pipeline(session: Session, asked: Asked) -> Json:
    """V03: places by state and borough at the cut."""
    held = {
        (row.state, row.borough): row.n for row in session.execute(work_sql.STATES, asked.values)
    }
    columns = [*asked.boroughs.values(), "In both"]
    keys = [*asked.boroughs, "BOTH"]
    rows = [
        [label, [str(held.get((state, key), 0)) for key in keys]] for state, label in STATES.items()
    ]
    return block("T2b", "Places by state, as known at the cut-off", columns, rows)


def funnel(session: Session, asked: Asked) -> Json:
    """V10: places that entered each stage in the quarter."""
    entered = {row.to_state: row.n for row in session.execute(work_sql.MOVED, asked.values)}
    rows = [[name, [str(sum(entered.get(s, 0) for s in states))]] for name, states in STAGES]
    return block("T6a", "Places that came into each stage this quarter", ["Places"], rows)


def days(session: Session, asked: Asked) -> Json:
    """V09: median working days in each state that was left; eight places or more."""
    held: dict[str, list[int]] = {}
    for row in session.execute(work_sql.DAYS, asked.values):
        began, ended = london(row.began).date(), london(row.ended).date()
        held.setdefault(row.state, []).append(between(began, ended))
    rows = [
        [label, [str(round(median(held[s]))) if len(held.get(s, ())) >= words.LEAST else words.FEW]]
        for s, label in STATES.items()
        if s in held
    ]
    title = "Median working days in a state that was left this quarter"
    return block("T6d", title, ["Working days"], rows)


def actions(session: Session, asked: Asked) -> tuple[Json, Json]:
    """V13 by kind of response, V14 overdue by the organisation that owns them."""
    found = list(session.execute(work_sql.ACTIONS, asked.values))
    open_, done = Counter[str](), Counter[str]()
    for row in found:
        (open_ if row.state in OPEN else done)[row.kind] += 1
    kinds = [[label, [str(open_[kind]), str(done[kind])]] for kind, label in KINDS.items()]
    enforcing = open_["enforcement"] + done["enforcement"]
    verdict = f"Enforcement among all actions: {_share(enforcing, len(found))}."
    first = block("T6b", "Actions by kind of response", ["Open", "Done"], kinds, verdict=verdict)
    today = asked.values["cut_day"]
    late: dict[str, list[int]] = {}
    for row in found:
        if row.state in OPEN and row.due_on < today:
            late.setdefault(row.owner_agency, []).append((today - row.due_on).days)
    rows = [[who, [str(len(late[who])), str(round(median(late[who])))]] for who in sorted(late)]
    title = "Actions that were overdue at the cut-off, by who owns them"
    return first, block(
        "T6c", title, ["Overdue", "Median days"], rows, empty="No action was overdue."
    )


def _share(part: int, whole: int) -> str:
    """Of work, which is counted exactly; from eight on."""
    return words.FEW if whole < words.LEAST else f"{round(100 * part / whole)}%"


def plans(session: Session, asked: Asked) -> Json:
    """V11 and V12."""
    made = session.execute(work_sql.APPROVED, asked.values).one()
    running = session.execute(work_sql.PLANS, asked.values).one()
    rows = [
        ["Assessments approved this quarter", [str(made.approved)]],
        ["of these, with children's voice", [str(made.with_voice)]],
        ["Plans active at the cut-off", [str(running.active)]],
        ["of these, with a measure of change", [str(running.with_measure)]],
    ]
    return block("T6e", "Assessments and plans", ["Number"], rows)


def outcomes(session: Session, asked: Asked) -> Json:
    """V16 to V18: each review that was held; verdicts in words, never a number of an evaluation."""
    rows = [
        [
            row.name,
            [f"{row.held_on:%-d %b %Y}", f"{row.met} of {row.goals}", VERDICTS[row.verdict],
             DISPLACEMENT[row.displacement]],
        ]
        for row in session.execute(work_sql.REVIEWS, asked.values)
    ]  # fmt: skip
    due = session.execute(work_sql.DUE, asked.values).one()
    verdict = f"{due.overdue} of {due.due} reviews that were due have not been held."
    columns = ("Held", "Goals met", "Incidents", "Displacement")
    title = "Outcome reviews held this quarter"
    return block("T7", title, columns, rows, verdict=verdict, empty="No review was held.")


def panels(session: Session, asked: Asked) -> Json:
    """V19, as far as meetings hold it: M01 and how many met."""
    found = session.execute(work_sql.MEETINGS, asked.values).one()
    rows = [["MARVE meetings held", [str(found.n)]], ["Places considered", [str(found.places)]]]
    return block("T8a", "The MARVE panel this quarter", ["Number"], rows)


def silent(session: Session, asked: Asked) -> tuple[Json, list[str]]:
    """V22: organisations that reported within the year before and not this quarter."""
    found = session.execute(work_sql.REPORTED, asked.values)
    quiet = [row.agency_code for row in found if row.now == 0 and row.before > 0]
    rows = [[code, ["No report this quarter"]] for code in quiet]
    empty = "Every organisation that reported in the year before reported this quarter, too."
    title = "Organisations that were silent this quarter"
    return block("T9b", title, ["Reports"], rows, empty=empty), quiet
