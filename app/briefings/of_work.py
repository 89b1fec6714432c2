"""Measures of plans, actions, reviews and panels: V11 to V14 and V16 to V19."""

from collections import Counter
from statistics import median

from sqlalchemy.orm import Session

from app.briefings import work_sql
from app.briefings.asked import Asked, block, exact_share
from app.briefings.models import Json
from app.meetings import measures

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
WITHHELD = {
    "WITHHELD_FEW": "Too few incidents to say",
    "WITHHELD_DESIGN": "The comparison did not hold what it needs",
}
RESULTS = {
    "met": "Met",
    "partly": "Partly met",
    "not_met": "Not met",
    "not_measured": "Not measured",
}
CLOSED = {
    "SAFER": "Safer",
    "NOT_SUBSTANTIATED": "Not borne out",
    "MERGED": "Joined with another place",
    "DISPLACED": "Moved to another place",
    "EXPIRED": "Nothing new was heard",
    "ONLINE_REMOVED": "Removed online",
}
OPEN = frozenset({"OPEN", "IN_PROGRESS", "DONE_PENDING_EVIDENCE"})
NO_NAME = "A place that is not named now"


def actions(session: Session, asked: Asked) -> tuple[Json, Json]:
    """V13 by kind of response, V14 overdue by the organisation that owns them."""
    found = list(session.execute(work_sql.ACTIONS, asked.values))
    open_, done = Counter[str](), Counter[str]()
    for row in found:
        (open_ if row.state in OPEN else done)[row.kind] += 1
    kinds = [[label, [str(open_[kind]), str(done[kind])]] for kind, label in KINDS.items()]
    enforcing = open_["enforcement"] + done["enforcement"]
    verdict = f"Enforcement among all actions: {exact_share(enforcing, len(found))}."
    first = block("T6b", "Actions by kind of response", ["Open", "Done"], kinds, verdict=verdict)
    today = asked.values["cut_day"]
    late: dict[str, list[int]] = {}
    for row in found:
        if row.state in OPEN and row.due_on < today:
            late.setdefault(asked.agency(row.owner_agency), []).append((today - row.due_on).days)
    rows = [[who, [str(len(late[who])), str(round(median(late[who])))]] for who in sorted(late)]
    title = "Actions that were overdue at the cut-off, by who owns them"
    return first, block(
        "T6c", title, ["Overdue", "Median days"], rows, empty="No action was overdue."
    )


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


def outcomes(session: Session, asked: Asked) -> list[Json]:
    """V16 to V18: each review that was held; verdicts in words, never a number of an evaluation."""
    found = list(session.execute(work_sql.REVIEWS, asked.values))
    rows = [
        [
            row.name or NO_NAME,
            [f"{row.held_on:%-d %b %Y}", f"{row.met} of {row.goals}",
             "Asked again" if row.with_voice else "Not asked", VERDICTS[row.verdict],
             DISPLACEMENT[row.displacement]],
        ]
        for row in found
    ]  # fmt: skip
    due = session.execute(work_sql.DUE, asked.values).one()
    verdict = f"Reviews due this quarter: {due.due}. Reviews overdue at the cut-off: {due.overdue}."
    columns = ("Held", "Goals met", "Children's voice", "Incidents", "Displacement")
    made = [block("T7", "Outcome reviews held this quarter", columns, rows, verdict=verdict,
                  empty="No review was held.")]  # fmt: skip
    if not found:
        return made
    goals = [
        [label, [str(sum(getattr(r, name) for r in found))]] for name, label in RESULTS.items()
    ]
    made.append(block("T7b", "Goals of the plans that were reviewed", ["Goals"], goals))
    withheld = Counter(row.verdict for row in found)
    told = [[label, [str(withheld[code])]] for code, label in WITHHELD.items()]
    title = "Evaluations of incidents that were withheld, by reason"
    made.append(block("T7c", title, ["Reviews"], told))
    return made


def panels(session: Session, asked: Asked) -> list[Json]:
    """V19: M01 to M08 of places that may be named."""
    window = asked.window
    found = measures.panel(
        session, window.start_at, window.end_at, cut=window.cut_at, named_only=True
    )
    rows = [
        ["MARVE meetings held", [str(found.meetings)]],
        ["Places considered", [str(found.considered)]],
        ["of these, for the first time", [str(found.new)]],
        ["of these, with children's voice", [str(found.with_voice)]],
        ["Decisions that fell due", [str(found.due)]],
        ["of these, carried out in time", [str(found.in_time)]],
        ["Organisations that came, of those invited", [f"{found.present} of {found.invited}"]],
    ]
    if found.median_days is not None:
        rows.append(["Days from the agenda to the table, median", [str(round(found.median_days))]])
    rows = rows if found.meetings else []
    made = [block("T8a", "The MARVE panel this quarter", ["Number"], rows,
                  empty="No MARVE panel was held.")]  # fmt: skip
    if found.closed:
        told = [[CLOSED.get(code, "For another reason"), [str(n)]]
                for code, n in sorted(found.closed.items())]  # fmt: skip
        made.append(block("T8d", "Places of the panel that closed, by reason", ["Places"], told))
    if found.overdue:
        late = [[asked.agency(code), [str(n)]] for code, n in found.overdue.items()]
        title = "Tasks from decisions of the panel that are overdue, by who owns them"
        made.append(block("T8e", title, ["Tasks"], late))
    return made
