"""Pages about the period of the map: it and another one side by side, hours of the week."""

from fastapi import APIRouter, Request, Response

from app.accounts.deps import Db, can
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.maps import choices, comparing, picture_page, queries, rules, times, view
from app.maps.boxes import Box
from app.maps.comparing import NEITHER, Changes
from app.maps.lists import COMPARE
from app.maps.routes import SHOWS, Reader, in_full
from app.maps.rules import Filters

map_periods = APIRouter(prefix="/map", include_in_schema=False)


@map_periods.get("/times")
def hours_of_the_week(request: Request, db: Db, actor: Reader) -> Response:
    """When the incidents within the filters happened."""
    filters = _filters(request, actor)
    partners = view.partner_codes(request.app.state.settings)
    with db.read(actor) as session:
        found = times.read(session, filters, partners)
        tags = choices.tags(filters, choices.form(session, filters))
    return html.render(
        request,
        "map/times.html",
        page_title="When it happens",
        times=found,
        most=times.MOST,
        tags=tags,
        query=filters.query(),
    )


@map_periods.get("/compare")
def compare(request: Request, db: Db, actor: Reader) -> Response:
    """The period of the filters and an earlier one: two pictures alike, and what changed."""
    filters = _filters(request, actor)
    how = filters.compare if filters.compare != NEITHER else "previous"
    before = comparing.earlier(filters, how)
    partners = view.partner_codes(request.app.state.settings)
    found = None
    with db.read(actor) as session:
        tags = choices.tags(filters, choices.form(session, filters))
        if before is not None:
            found = comparing.changes(
                session,
                (before, filters),
                partners,
                patterns=can(actor, SHOWS["clusters"]),
                reports=can(actor, "report_decision.read"),
            )
    return html.render(
        request,
        "map/compare.html",
        page_title="Two periods of the map",
        found=found,
        sides=_sides(found, view.area_of(request.app.state.settings)) if found else [],
        tags=[tag for tag in tags if not tag.label.startswith(("Compared", "Period"))],
        query=filters.query(),
        ways=[
            (words, filters.query(compare=key), key == how)
            for key, words in COMPARE.items()
            if key != NEITHER
        ],
        periods=[
            (words, filters.query(period=key, **{"from": "", "to": ""}))
            for key, words in (("90d", "Last 90 days"), ("quarter", "Last full quarter"))
        ],
    )


def _sides(found: Changes, everywhere: Box) -> list[tuple[str, str, str]]:
    """Heading, address of the picture and its alternative text: the same ground and scale."""
    rows = [line.row for line in found.lines] + [each.row for each in found.patterns]
    around = view.bounds(queries.NO_PLACES, rows, everywhere)
    zoom = picture_page.fitting(around, picture_page.WIDE)
    box = ",".join(f"{edge:.5f}" for edge in around)
    sides = []
    for filters, heading, n in (
        (found.before, "Before", sum(line.before for line in found.lines)),
        (found.after, "Now", sum(line.after for line in found.lines)),
    ):
        words = comparing.window_in_words(filters)
        asked = filters.query(layer="incidents", compare="")
        alt = f"Picture of the map, {words}: {n:,} incidents at places. The table shows the same."
        src = f"/map/picture.png?{asked}&bbox={box}&z={zoom}"
        sides.append((f"{heading}: {words}", src, alt))
    return sides


def _filters(request: Request, actor: Actor) -> Filters:
    """For whoever may see single incidents; to others there is no such page."""
    if not can(actor, SHOWS["incidents"]):
        raise NotFoundError("Page not found. Check the address.")
    filters, wrong = rules.parse(request.query_params, clock.today(), in_full=in_full(actor))
    if wrong:
        raise InvalidError("Change the fields named below.", wrong)
    return filters
