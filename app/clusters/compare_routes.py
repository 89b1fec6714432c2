"""Two runs or two periods beside each other: a table, and two pictures of the same ground."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.clusters import comparing, lines, queries, service
from app.clusters.comparing import Compared
from app.clusters.deps import Partners
from app.clusters.rules import State
from app.clusters.schemas import RunIn, RunOut
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.problems import documented
from app.core.types import Day, StrictModel

pages = APIRouter(prefix="/clusters/compare", include_in_schema=False)
api = APIRouter(prefix="/api/v1/clusters/runs", tags=["clusters"])

Viewer = Annotated[Actor, Depends(May("cluster.read"))]
Runner = Annotated[Actor, Depends(May("cluster.run"))]
Said = Annotated[str, Query(max_length=40)]
CHOOSE = "Choose two finished calculations."
# Above the form they stand alone, so each says which of four days it means.
DAYS = {
    "first_from": "Enter the first day of the first period.",
    "first_to": "Enter the last day of the first period.",
    "second_from": "Enter the first day of the second period.",
    "second_to": "Enter the last day of the second period.",
}


class LineOut(BaseModel):
    """A pattern before and after. `of` is the number of the line it split from or is part of."""

    number: int
    what: str
    before: str | None
    after: str | None
    n_before: int | None
    n_after: int | None
    of: int | None


class ComparedOut(BaseModel):
    """The largest patterns of two runs; `left` more are not listed."""

    before: UUID
    after: UUID
    same_settings: bool
    counts: dict[str, int]
    lines: list[LineOut]
    left: int


class Periods(StrictModel):
    """Two periods to compare, each by a run of its own. Days are included."""

    first_from: Day
    first_to: Day
    second_from: Day
    second_to: Day


@api.get("/{before}/compare/{after}", responses=documented(404, 422))
def programs(before: UUID, after: UUID, db: Db, actor: Viewer) -> ComparedOut:
    """What is new, changed, gone, split and merged between two finished runs."""
    with db.read(actor) as session:
        if not _both_done(session, before, after):
            raise InvalidError(CHOOSE, {"after": CHOOSE})
        found = comparing.compared(session, actor, before, after)
    return ComparedOut(
        before=before,
        after=after,
        same_settings=found.same_settings,
        counts=dict(sorted(found.counts.items())),
        lines=[
            LineOut(
                number=line.number,
                what=line.kind,
                before=line.was and line.was.content_id,
                after=line.now_is and line.now_is.content_id,
                n_before=line.n_before,
                n_after=line.n_after,
                of=line.of,
            )
            for line in found.lines
        ],
        left=found.left,
    )


@pages.get("")
def compare(
    request: Request, db: Db, actor: Viewer, before: Said = "", after: Said = ""
) -> Response:
    sent = {"before": before, "after": after}
    with db.read(actor) as session:
        return _page(request, session, actor, sent, {})


@pages.post("")
def compare_periods(
    request: Request, db: Db, actor: Runner, sent: html.Form, partners: Partners
) -> Response:
    """Start a run for each period; the page waits for both."""
    wanted, errors = html.parse(Periods, sent)
    errors = {name: DAYS.get(name, words) for name, words in errors.items()}
    with db.begin(actor) as session:
        if wanted is None:
            return _page(request, session, actor, sent, errors)
        if wanted.first_from > wanted.first_to:
            errors["first_to"] = "The first period ends before it starts."
        if wanted.second_from > wanted.second_to:
            errors["second_to"] = "The second period ends before it starts."
        if errors:
            return _page(request, session, actor, sent, errors)
        asked = [
            service.ask_in_background(session, actor, _period(since, until), partners)[0].id
            for since, until in (
                (wanted.first_from, wanted.first_to),
                (wanted.second_from, wanted.second_to),
            )
        ]
    return html.see(html.address("/clusters/compare", before=str(asked[0]), after=str(asked[1])))


def _period(since: Day, until: Day) -> RunIn:
    given = {"source": "partnership", "from": since, "to": until}
    return RunIn.model_validate(given, strict=False)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    sent: dict[str, str],
    errors: dict[str, str],
) -> Response:
    runs = queries.runs(session, limit=100)
    found, waiting = None, False
    if sent.get("before") or sent.get("after"):
        chosen = _chosen(sent)
        if chosen is None:
            errors = {"before": CHOOSE}
        elif _both_done(session, *chosen):
            found = comparing.compared(session, actor, *chosen)
        else:
            waiting = _under_way(session, *chosen)
            errors = {} if waiting else {"before": CHOOSE}
    return html.render(
        request,
        "clusters/compare.html",
        page_title="Compare two calculations",
        choices=[(run.id, _label(RunOut.of(run))) for run in runs if run.state == State.DONE],
        values=sent,
        errors=errors,
        waiting=waiting,
        found=found,
        told=None if found is None else _told(found),
        counted=None if found is None else _counted(found),
    )


def _chosen(sent: dict[str, str]) -> tuple[UUID, UUID] | None:
    try:
        return UUID(sent.get("before", "")), UUID(sent.get("after", ""))
    except ValueError:
        return None


def _both_done(session: Session, *chosen: UUID) -> bool:
    return all(queries.find_run(session, one).state == State.DONE for one in chosen)


def _under_way(session: Session, *chosen: UUID) -> bool:
    states = [queries.find_run(session, one).state for one in chosen]
    return State.FAILED not in states and any(state in lines.UNDER_WAY for state in states)


def _label(run: RunOut) -> str:
    days = "any time" if run.params["eps_days"] is None else f"{run.params['eps_days']} days"
    return (
        f"{run.source.capitalize()}, {run.window}: {run.params['eps_m']:g} metres, {days}, "
        f"at least {run.params['min_points']} (asked {run.requested_at:%-d %b, %H:%M})"
    )


def _told(found: Compared) -> tuple[str, str]:
    return _label(RunOut.of(found.before)), _label(RunOut.of(found.after))


def _counted(found: Compared) -> str:
    """`2 new, 1 gone, 5 as before`: in the order of the words."""
    parts = [
        f"{found.counts[kind]} {words.lower().removesuffix(' from').removesuffix(' of')}"
        for kind, words in comparing.WORDS.items()
        if found.counts.get(kind)
    ]
    return f"{', '.join(parts)}." if parts else "No patterns in either."
