"""Pages of clusters: the list, the run dialogue, the runs, one cluster."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.deps import Db, May, session_of
from app.clusters import (
    asking,
    compare_routes,
    deciding,
    decision_routes,
    lines,
    lists,
    queries,
    routes,
    rules,
    service,
    view,
)
from app.clusters.deps import Partners
from app.clusters.lines import Line
from app.clusters.lists import Filters
from app.clusters.schemas import RunIn, RunOut
from app.core import pages as html
from app.core import paging
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.reference import queries as reference

pages = APIRouter(prefix="/clusters", include_in_schema=False)

Viewer = Annotated[Actor, Depends(May("cluster.read"))]
Runner = Annotated[Actor, Depends(May("cluster.run"))]
Number = Annotated[int, Query(ge=1, le=1000)]
Said = Annotated[str | None, Query(max_length=40)]


def asked_of(
    show: Said = None,
    run: Said = None,
    source: Said = None,
    borough: Said = None,
    change: Said = None,
    decided: Said = None,
    since: Said = None,
) -> dict[str, str]:
    """The filters of the address, as they were typed; empty ones are left out."""
    given = {"show": show, "run": run, "source": source, "borough": borough}
    given |= {"change": change, "decided": decided, "since": since}
    return {name: value for name, value in given.items() if value}


@pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Viewer,
    asked: Annotated[dict[str, str], Depends(asked_of)],
    page: Number = 1,
) -> Response:
    filters, errors = html.parse(Filters, asked)
    since_visit = filters is not None and filters.since is not None
    with db.read(actor) as session:
        visit = accounts.last_visit(session, session_of(request)) if since_visit else None
        context = _listed(session, actor, filters or Filters(), page, visit)
    found = paging.Page(context["rows"], context["counts"].shown, page)
    return html.render(
        request,
        "clusters/list.html",
        page_title="Clusters",
        values={"change": "moved"} | asked if context["visit"] else asked,
        errors=dict.fromkeys(errors, "Choose one of the list."),
        page=paging.linked(found, request.url, lists.PAGE_SIZE),
        **context,
    )


def _listed(
    session: Session, actor: Actor, filters: Filters, number: int, visit: datetime | None
) -> dict[str, Any]:
    exact = rules.sees_exact(actor.role)
    if filters.show == "all" and not exact:
        filters = filters.model_copy(update={"show": "chance"})
    own = None if exact else actor.boroughs
    newest = [filters.run] if filters.run else queries.standing_runs(session, filters.source)
    rows, counts = lists.rows(session, newest, filters, own, number, visit)
    runs, names = queries.runs(session), queries.borough_names(session)
    return {
        "rows": [Line.of(row, names, own) for row in rows],
        "counts": counts,
        "filters": filters,
        "gone": lists.gone(session, newest),
        "summary": lines.summary(runs, counts, filters),
        "hidden": lines.hidden(counts, filters),
        "running": lines.running(runs),
        "exact": exact,
        "visit": visit,
        "of_runs": [lines.of_run(queries.find_run(session, one)) for one in newest],
        "boroughs": sorted((b.code, b.name) for b in reference.boroughs(session)),
        "states": list(deciding.STATES.items()),
        "shown": [one for one in lines.SHOWN.items() if exact or one[0] != "all"],
    }


@pages.get("/new")
def ask(request: Request, db: Db, actor: Runner) -> Response:
    with db.read(actor) as session:
        return _dialogue(request, session, actor, asking.DEFAULTS, {})


@pages.post("")
def send(request: Request, db: Db, actor: Runner, sent: html.Form, partners: Partners) -> Response:
    wanted, errors = html.parse(RunIn, sent)
    errors = asking.in_words(errors) | asking.not_for(actor.role, sent)
    with db.begin(actor) as session:
        if wanted is None or errors:
            return _dialogue(request, session, actor, sent, errors)
        try:
            service.ask_in_background(session, actor, wanted, partners)
        except InvalidError as refused:
            return _dialogue(request, session, actor, sent, refused.fields)
        return html.see("/clusters/runs")


def _dialogue(
    request: Request, session: Session, actor: Actor, values: dict[str, str], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "clusters/new.html",
        page_title="Start a calculation",
        values=values,
        errors=errors,
        fields=asking.fields(actor.role),
        sources=asking.SOURCES,
        loaded=queries.loaded_window(session),
    )


@pages.get("/runs")
def runs(request: Request, db: Db, actor: Viewer) -> Response:
    with db.read(actor) as session:
        found = queries.runs(session)
        usual = next((s for run in found if (s := lines.took_s(run)) is not None), None)
        return html.render(
            request,
            "clusters/runs.html",
            page_title="Calculations",
            runs=[(RunOut.of(run), lines.progress(run, usual)) for run in found],
            coverage={run.id: asking.coverage(run) for run in found},
            running=lines.running(found),
        )


@pages.get("/{key}")
def show(key: str, request: Request, db: Db, actor: Viewer) -> Response:
    with db.begin(actor) as session:
        row = queries.find(session, key)
        run = queries.find_run(session, row.run_id)
        exact = rules.sees_exact(actor.role)
        return html.render(
            request,
            "clusters/show.html",
            page_title=row.name,
            told=view.of(session, actor, row, run),
            run=RunOut.of(run),
            coverage=asking.coverage(run) if exact else [],
            history=view.history(session, actor, row),
            states=deciding.STATES,
            picture=f"/map/clusters/{row.content_id}.png",
        )


@pages.post("/{key}/recalculate")
def recalculate(key: str, db: Db, actor: Runner, sent: html.Form, partners: Partners) -> Response:
    """The same settings again, with the data of today; dates only where somebody chose them."""
    with db.begin(actor) as session:
        run = queries.find_run(session, queries.find(session, key).run_id)
        service.ask_in_background(session, actor, asking.again(run), partners)
        return html.see("/clusters/runs")


# Those whose addresses take every key come last.
CLUSTERS = (
    decision_routes.pages,
    decision_routes.api,
    compare_routes.pages,
    compare_routes.api,
    pages,
    routes.api,
)
