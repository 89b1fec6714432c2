"""Places and incidents as GeoJSON, by the filters of the map.

Nothing is left out unless it is asked for: without `stage` every stage, without `period` all dates.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.accounts.deps import Db, May
from app.core import clock, dollars
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.lines import Statement
from app.core.openapi import FEATURES, GeoJson, answers
from app.core.problems import documented
from app.incidents import queries as incidents
from app.incidents.deps import Asked as IncidentsAsked
from app.incidents.queries import Filters as IncidentFilters
from app.maps import queries, rules
from app.maps.lists import SOURCES
from app.maps.rules import Filters
from app.places import queries as places
from app.places import shown
from app.places.features import as_collection
from app.places.routes import Asked as PlacesAsked
from app.places.routes import Partners

api = APIRouter(prefix="/api/v1")

Said = Mapping[str, str | None]
OfPlaces = Annotated[Actor, Depends(May("place.read"))]
OfIncidents = Annotated[Actor, Depends(May("incident.read"))]


# async, although nothing waits: a plain function would be sent to a thread, 0.1 ms each.
async def when_of(
    period: str = "",
    first: Annotated[str, Query(alias="from")] = "",
    to: str = "",
    part: str = "",
    dark: str = "",
    day: str = "",
) -> Said:
    return {"period": period, "from": first, "to": to, "part": part, "dark": dark, "day": day}


async def events_of(
    when: Annotated[Said, Depends(when_of)], agency: str = "", grade: str = ""
) -> Said:
    return {**when, "agency": agency, "grade": grade}


async def places_of(
    harm: str = "", stage: str = "", level: str = "", children: str = "", source: str = ""
) -> Said:
    return {"harm": harm, "stage": stage, "level": level, "children": children, "source": source}


Events = Annotated[Said, Depends(events_of)]
OfThem = Annotated[Said, Depends(places_of)]


@api.get(
    "/places",
    tags=["places"],
    response_class=GeoJson,
    responses=answers(GeoJson, FEATURES) | documented(422),
)
def list_places(
    db: Db,
    actor: OfPlaces,
    partners: Partners,
    asked: PlacesAsked,
    events: Events,
    them: OfThem,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Places as a GeoJSON FeatureCollection; homes and online spaces have no geometry."""
    whole = shown.in_full(actor)
    said = {**events, **them, "type": asked.type_code, "q": asked.words}
    if whole:
        said["borough"] = asked.borough
        asked = replace(asked, borough=None)
    filters = _filters(said, whole=whole)
    asked = replace(asked, type_code=None, words=None, in_full=whole)
    with db.read(actor, may_lag=True) as session:
        also = queries.chosen(filters, list(partners))
        body = places.features(session, asked, limit=limit, also=also)
    return GeoJson(body)


@api.get(
    "/incidents",
    tags=["incidents"],
    response_class=GeoJson,
    responses=answers(GeoJson, FEATURES) | documented(422),
)
async def list_incidents(
    db: Db,
    actor: OfIncidents,
    partners: Partners,
    asked: IncidentsAsked,
    events: Events,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """Incidents as a GeoJSON FeatureCollection, newest first.

    `source` is one of the map's, or the agency as `agency` has it.
    """
    said = {**events, "harm": asked.harm, "borough": asked.borough}
    if asked.source in SOURCES:
        said["source"] = asked.source
        asked = replace(asked, source=None)
    filters = _filters(said, whole=True)
    asked = replace(asked, harm=None, borough=None)
    found = await db.soon(actor, _incidents(asked, filters, partners, limit), may_lag=True)
    n, features = (part or b"" for part in found)
    return GeoJson(as_collection(int.from_bytes(n), features))


@lru_cache(maxsize=256)
def _incidents(
    asked: IncidentFilters, filters: Filters, partners: tuple[str, ...], limit: int
) -> Statement:
    """Putting the question together costs as much as its answer; programs ask it again."""
    also = queries.chosen_incidents(filters, list(partners))
    return dollars.compiled(incidents.features(asked, limit=limit, also=also))


def _filters(said: Said, *, whole: bool) -> Filters:
    given = {key: value for key, value in said.items() if value}
    given.setdefault("stage", "any" if whole else "open")
    if whole and not {"period", "from", "to"} & set(given):
        given["period"] = "all"
    filters, wrong = rules.parse(given, clock.today(), in_full=whole)
    if wrong:
        raise InvalidError("Change the fields named below.", wrong)
    return filters
