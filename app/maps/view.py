"""The map page's words and choices, from the filters and the rows."""

from collections.abc import Set
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.core.paging import Page
from app.core.partnership import partnership
from app.core.settings import Settings
from app.maps import basemap, choices, conditions, hints, hotspots, items, naming, queries, table
from app.maps.boxes import Box
from app.maps.choices import Tag
from app.maps.lists import LAYERS, PERIODS
from app.maps.queries import Counts, Row
from app.maps.rules import Filters
from app.maps.table import Asked
from app.places.shown import STAGES

GROUPED, BESIDE = 2000, 8  # more places than that are not drawn one by one; named beside the map
FIRST = 5  # of the list beside the map


class Layer(NamedTuple):
    label: str
    url: str
    chosen: bool


def partner_codes(settings: Settings) -> list[str]:
    return [borough.code for borough in partnership(settings.partnership).borough]


def page(
    session: Session, filters: Filters, settings: Settings, shows: Set[str], asked: Asked
) -> dict[str, Any]:
    """Everything map/map.html shows; of layers that are not in `shows` not even a zero."""
    partners = partner_codes(settings)
    clusters, found = queries.clusters(session, filters, partners), queries.NO_PLACES
    if filters.layer == "places":
        found = queries.counts(session, filters, partners)
    offered = choices.form(session, filters)
    tags = choices.tags(filters, offered)
    return {
        "filters": {"value": filters, "form": offered},
        "query": filters.query(),
        "tags": tags,
        "count_sentence": sentence(found, clusters, with_clusters="clusters" in shows),
        "left_out": left_out(filters, shows),
        "off_map": beside(session, filters, partners, found),
        "without": [] if found.matches or clusters else without(session, filters, tags, partners),
        "totals": queries.totals(session, filters, partners),
        "bounds": bounds(found, clusters, area_of(settings), filters.borough),
        "basemap": basemap.page(settings.basemap),
        "shows": shows,
        "first": first(session, filters, partners, clusters, found),
        "screen": filters.screen,
        "meeting": filters.query(screen="1"),
        "leave": filters.query(screen=""),
        "layers": [
            Layer(label, filters.query(layer=key), key == filters.layer)
            for key, label in LAYERS.items()
            if key in shows
        ],
        **rows(session, filters, partners, asked, found, clusters),
        **hotspots.instead(session, filters, asked),
    }


def rows(
    session: Session,
    filters: Filters,
    partners: list[str],
    asked: Asked,
    found: Counts,
    clusters: list[Row],
) -> dict[str, Any]:
    """The page of the table that was asked for: clusters come first, the largest before others."""
    shown: list[Row] = clusters if asked.page == 1 else []
    if found.matches:
        most, skipped = asked.limits(found.matches)
        listed = queries.Listed(asked.sort, most, skipped)
        shown = shown + queries.places(session, filters, partners, listed=listed)
    later = found.matches > table.WHOLE and found.matches > table.PAGE * asked.page
    return {
        "rows": shown,
        "pages": Page(
            shown,
            found.matches,
            asked.page,
            table.address(filters, asked._replace(page=asked.page + 1)) if later else None,
            table.address(filters, asked._replace(page=asked.page - 1)) if asked.page > 1 else None,
        ),
        "stages": {str(state): stage for state, stage in STAGES.items()},
    }


def first(
    session: Session, filters: Filters, partners: list[str], clusters: list[Row], found: Counts
) -> list[Row]:
    """The list beside the map: the highest level first. Partners, who see no levels, by name."""
    if filters.layer != "places":
        return clusters[:FIRST]
    if not found.matches:
        return []
    listed = queries.Listed("level" if filters.in_full else "name", FIRST)
    return queries.places(session, filters, partners, listed=listed)


def items_in(
    session: Session, filters: Filters, partners: list[str], *, box: Box, zoom: int
) -> dict[str, Any]:
    """Of the places in view only those told of one by one are read whole: a group is a number."""
    if filters.layer == "hotspots":
        found = hotspots.items_in(session, filters, box=box, zoom=zoom)
        return found | naming.ground(session, naming.names(session, box, zoom))
    rows = {row.id: row for row in queries.clusters(session, filters, partners)}
    seen = [spot for spot in map(items.spot, rows.values()) if items.inside(spot, box)]
    if filters.layer == "places":
        seen += queries.in_box(session, filters, partners, box)
    groups, mode = items.grouped(seen, zoom)
    if refs := items.named(groups, zoom):
        rows |= {row.id: row for row in queries.places(session, filters, partners, refs)}
    known = naming.names(session, box, zoom)
    spots = naming.told(session, known, items.middles(groups))
    return {
        "mode": mode,
        "in_view": len(seen),
        "in_view_words": items.many(seen) or "Nothing",
        "items": items.told(groups, rows, zoom, spots, in_full=filters.in_full),
        **naming.ground(session, known),
    }


def counted(session: Session, filters: Filters, partners: list[str]) -> dict[str, Any]:
    """`matches` = those on the map + `off_map`; a place without geometry is listed beside it."""
    if filters.layer == "hotspots":
        return hotspots.counted(session, filters)
    clusters, found = len(queries.clusters(session, filters, partners)), queries.NO_PLACES
    if filters.layer == "places":
        found = queries.counts(session, filters, partners)
    return {
        "matches": clusters + found.matches,
        "on_map": clusters + found.on_map,
        "off_map": {key: getattr(found, key) for key in ("online", "address", "line", "area")},
    }


def sentence(found: Counts, clusters: list[Row], *, with_clusters: bool = True) -> str:
    """Count what is listed: 38 places, 7 clusters. 33 on the map, 5 not on the map."""
    crossing = sum(row.cross_borough for row in clusters)
    counted = [_many(found.matches, "place")] + [_many(len(clusters), "cluster")] * with_clusters
    parts = [f"{', '.join(counted)}."]
    if crossing:
        parts.append(f"{_many(crossing, 'cluster')} with incidents in more than one borough.")
    off = found.matches - found.on_map
    parts.append(f"{found.on_map + len(clusters):,} on the map, {off:,} not on the map.")
    if found.matches > GROUPED:
        parts.append(
            "Too many to draw one by one: the map shows numbers of places near each other."
        )
    return " ".join(parts)


def beside(
    session: Session, filters: Filters, partners: list[str], found: Counts
) -> dict[str, Any] | None:
    """Not on the map: 3 online spaces, 2 routes without a line; and the first of them."""
    if found.matches == found.on_map:
        return None
    kinds = [
        (found.online, "online space", "online spaces"),
        (found.address, "home, whose address is not shown", "homes, whose addresses are not shown"),
        (found.line, "route without a line", "routes without a line"),
        (found.area, "place without a shape", "places without a shape"),
    ]
    words = [f"{n:,} {one if n == 1 else many}" for n, one, many in kinds if n]
    listed = queries.Listed(most=BESIDE, beside=True)
    named = queries.places(session, filters, partners, listed=listed)
    return {
        "sentence": f"Not on the map: {', '.join(words)}.",
        "rows": named,
        "more": found.matches - found.on_map - len(named),
    }


def without(
    session: Session, filters: Filters, tags: list[Tag], partners: list[str]
) -> list[tuple[Tag, int]]:
    """When nothing matches: how many there are without each filter, taken away alone.

    None is told where counting takes too long.
    """
    if filters.layer != "places":
        return []
    if filters.by_date and not any(tag.without == choices.all_dates(filters) for tag in tags):
        words, other = PERIODS[filters.period], choices.all_dates(filters)
        tags = [*tags, Tag(words, f"/map?{other.query()}", words, other)]
    ways = [(tag, tag.without) for tag in tags if tag.without is not None]
    counted = hints.matches(session, [way for _, way in ways], partners) or [0] * len(ways)
    return [(tag, n) for (tag, _), n in zip(ways, counted, strict=True) if n]


def left_out(filters: Filters, shows: Set[str]) -> str:
    """Why published police events are not counted, though nobody left them out by name."""
    if "incidents" not in shows or filters.source == "partnership" or conditions.police(filters):
        return ""
    if filters.sets(("part", "dark", "day")):
        return "Published police events are left out: of their time only the month is known."
    return "Published police events are left out: they do not say what was asked for."


def area_of(settings: Settings) -> Box:
    return partnership(settings.partnership).area


def bounds(found: Counts, clusters: list[Row], everywhere: Box, borough: str = "both") -> Box:
    """All of the partnership, unless one borough is asked for: then around what is shown of it."""
    if borough == "both":
        return everywhere
    lons = [row.lon for row in clusters if row.lon is not None]
    lats = [row.lat for row in clusters if row.lat is not None]
    lons += [edge for edge in (found.west, found.east) if edge is not None]
    lats += [edge for edge in (found.south, found.north) if edge is not None]
    if not lons:
        return everywhere
    return min(lons) - 0.005, min(lats) - 0.004, max(lons) + 0.005, max(lats) + 0.004


def _many(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
