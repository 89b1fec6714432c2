"""Pictures beside tables of a report: M2, M5 and the week wheel, from the same printed cells."""

from collections.abc import Sequence
from datetime import datetime

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.briefings import drawing, plotting, shading
from app.briefings.asked import Asked
from app.briefings.models import Json
from app.briefings.of_clusters import Cluster
from app.briefings.of_numbers import Numbers
from app.briefings.plotting import Ground, Hull, Spot
from app.releases import view
from geo.disclosure import Cell

AREAS = text("""
    select distinct on (code) code, name, ST_AsBinary(geom) as shape from reference.area
    where kind = :kind and (kind = 'ward' or code = any (:partners))
    order by code, vintage desc, id desc
""")
STATIONS = text("""
    select round(easting_m)::int as x, round(northing_m)::int as y from reference.stop
    where lad_code = any (:partners) order by 1, 2
""")
PLACES = text("""
    select p.ref, kind.label as kind, kind.group_code as place_group,
           round(ST_X(ST_PointOnSurface(p.geom)))::int as x,
           round(ST_Y(ST_PointOnSurface(p.geom)))::int as y
    from app.place as p join reference.place_type as kind on kind.code = p.type_code
    where p.ref = any (:refs) and p.tier = 'H0' and p.deleted_at is null and p.geom is not null
      and (p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))
      and p.state not in ('DORMANT', 'CLOSED', 'PROPOSED')
      and (p.label_expires_on is null or p.label_expires_on > :day)
      and not exists (select from app.objection as said
                      where said.place_id = p.id and said.decision is null)
    order by p.ref
""")
SOURCE = "RQ7"
PAIR = "M2"
DAY_TYPES = 3  # of a week wheel; what a table has beside them is not drawn
# Cells of 500 m in which something happened at a place that may be named; three at least.
HULLS = text("""
    with run as (
        select id from app.cluster_run
        where source = 'partnership' and state = 'DONE' and finished_at <= :cut
        order by finished_at desc, id limit 1
    )
    select lineage.ref, ST_AsBinary(ST_ConvexHull(ST_Collect(distinct ST_SetSRID(ST_MakePoint(
               500 * floor(ST_X(ST_PointOnSurface(p.geom)) / 500) + 250,
               500 * floor(ST_Y(ST_PointOnSurface(p.geom)) / 500) + 250), 27700)))) as shape
    from run
    join app.cluster as found on found.run_id = run.id
    join app.cluster_lineage as lineage on lineage.id = found.lineage_id
    join app.cluster_member as member on member.cluster_id = found.id
    join app.incident as happened on happened.id = member.incident_id
    join app.place as p on p.id = happened.place_id
    where lineage.ref = any (:refs) and p.tier = 'H0' and p.deleted_at is null
      and p.geom is not null
      and (p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))
    group by lineage.ref
    order by lineage.ref
""")
BANDS = (
    "In a symbol, 0: none recorded or too few sources; 1: 1 to 7 incidents; 2: 8 to 17; 3: 18 to "
    "37; 4: 38 or more; -: not named then."
)
SMALL = (
    "Beside it: its row in the table. Small dots are stations. Lines are borough borders. A dashed "
    "outline with a letter is a cluster, where three squares of 500 m or more are public."
)


def ground(session: Session, partners: Sequence[str]) -> Ground:
    """Borders, wards and stations of the partnership."""
    asked = {"partners": list(partners)}
    shapes = {
        kind: {
            row.name: shapely.from_wkb(bytes(row.shape))
            for row in session.execute(AREAS, asked | {"kind": kind})
        }
        for kind in ("borough", "ward")
    }
    around = shapely.union_all(list(shapes["borough"].values()))
    inside = {
        name: shape
        for name, shape in shapes["ward"].items()
        if around.contains(shapely.point_on_surface(shape))
    }
    stations = [(row.x, row.y) for row in session.execute(STATIONS, asked)]
    return Ground(plotting.simple(shapes["borough"]), plotting.simple(inside), stations)


def pair(
    session: Session, under: Ground, numbers: Numbers, asked: Asked, clusters: Sequence[Cluster]
) -> Json | None:
    """M2: named places with their band in the quarter before and in this one."""
    found, before = _bands(numbers.now), _bands(numbers.last)
    rows = list(session.execute(PLACES, {"refs": sorted(found), "day": asked.values["cut_day"]}))
    if not rows or not under.boroughs:
        return None
    names = {row.ref: view.name_of(row.ref, numbers.names) for row in rows}
    rows.sort(key=lambda row: (names[row.ref], row.ref))
    spots, told = [], []
    for n, row in enumerate(rows, 1):
        bands = (before.get(row.ref, plotting.NO_BAND), found[row.ref])
        spots.append(Spot(n, row.place_group, row.x, row.y, bands))
        told.append([f"{n} {names[row.ref]}", [row.kind, *bands]])
    this = asked.window
    hulls = [
        *_hulls(session, clusters, this.before.cut_at, now=False),
        *_hulls(session, clusters, this.cut_at, now=True),
    ]
    title = "Named places, last quarter and this quarter"
    alt = f"{title}. " + "; ".join(f"{name}: {b}, then {c}" for name, (_, b, c) in told)
    titles = (this.before.words, this.words)
    return {
        "kind": "map",
        "id": PAIR,
        "source": SOURCE,
        "title": title,
        "columns": ["Kind", *titles],
        "rows": told,
        "refs": [row.ref for row in rows],
        "note": "Small numbers are not shown exactly. No homes, schools or online places.",
        "legend": f"{plotting.SHAPES} {BANDS} {SMALL}",
        "alt": alt,
        "svg": plotting.place_maps(alt, under, spots, hulls, titles),
    }


def _hulls(
    session: Session, clusters: Sequence[Cluster], cut: datetime, *, now: bool
) -> list[Hull]:
    """Outlines of the clusters of the report as they were known; a line or a dot is not drawn."""
    letters = {one.ref: one.letter for one in clusters}
    rows = session.execute(HULLS, {"refs": sorted(letters), "cut": cut})
    shapes = [(letters[row.ref], shapely.from_wkb(bytes(row.shape))) for row in rows]
    return [Hull(letter, shape, now) for letter, shape in shapes if shape.geom_type == "Polygon"]


def pictured(block: Json, under: Ground) -> Json:
    """A half-year table with its picture; any other block as it is."""
    if block["kind"] != "table" or not block.get("rows"):
        return block
    cells = [shown for _, shown in block["rows"]]
    said = "; ".join(
        f"{name}: " + ", ".join(
            f"{column} {shown}" for column, shown in zip(block["columns"], row, strict=True)
        )
        for name, row in block["rows"]
    )  # fmt: skip
    alt = f"{block['title']}. {said}."
    week = [(name, row[:DAY_TYPES]) for name, row in block["rows"] if all(row[:DAY_TYPES])]
    if block["source"] == "RH3" and len(block["columns"]) >= DAY_TYPES and len(week) > 1:
        columns = block["columns"][:DAY_TYPES]
        drawn = drawing.week_wheel(block["id"], alt, columns, week)
        return block | {"kind": "chart", "alt": alt, "svg": drawn, "legend": shading.LEGEND}
    if block["source"] == "RH2" and len(block["columns"]) > 1:
        return block | {"shades": [[shading.shade(one) for one in row] for row in cells],
                        "legend": shading.LEGEND}  # fmt: skip
    if block["source"] == "RH1" and under.wards:
        shown = {name: row[0] for name, row in block["rows"]}
        drawn = plotting.ward_map(block["id"], alt, under, shown)
        return block | {"kind": "map", "alt": alt, "svg": drawn, "legend": shading.LEGEND}
    return block


def _bands(cells: Sequence[Cell]) -> dict[str, str]:
    return {cell.geo_code: cell.shown for cell in cells if cell.table_code == SOURCE}
