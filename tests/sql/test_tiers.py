"""Test S4: each tile of each zoom around every demonstration place, decoded as each role."""

import re
from dataclasses import replace
from functools import cache
from uuid import UUID

import mapbox_vector_tile
import numpy as np
import pytest
from sqlalchemy import text

from app.clusters import service
from app.core.actor import Actor
from app.maps import queries
from app.maps.rules import Filters
from app.maps.tiers import FULL, tiles_of
from tests.conftest import cloned
from tests.people import LEAD, browser, sign_in_as

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
STAFF = Actor(
    id=UUID(int=7), role="practitioner", label="K", boroughs=(KINGSTON,), tiers=("H0", "H1")
)
ACTORS = {
    "lead": LEAD,
    "analyst": replace(LEAD, role="police_analyst", label="Analyst"),
    "kingston": STAFF,
    "richmond": replace(STAFF, boroughs=(RICHMOND,), label="R"),
    "partner": replace(STAFF, role="partner", tiers=("H0",), view="shape", label="Partner"),
}
ZOOMS = range(8, 19)
LAYERS = ("places", "routes", "incidents", "hotspots", "clusters", "context")
CLOSE_BY = 2.0  # metres: nearer than this a point is the address
EARTH = 2 * 20037508.342789244


@pytest.fixture(scope="module")
def db(cluster, clusters_template):
    with cloned(cluster, clusters_template, "tiers") as database:
        yield database


@pytest.fixture(scope="module")
def shown(db):
    """Of an actor: what each zoom shows, as (layer, properties, points in degrees)."""
    places = keys(db, "select qk from app.place where qk is not null")
    incidents = keys(db, "select qk from app.incident where qk is not null")

    @cache
    def of(who, z):
        actor, found = ACTORS[who], []
        filters = Filters(in_full=actor.view == "full")
        around = tiles(places if z > 14 else [*places, *incidents], z)
        for x, y in around:
            bodies = []
            with db.cursor(actor, keep_plans=True) as cursor:
                for layer in LAYERS:
                    given = queries.tile_parameters(layer, (z, x, y), filters, PARTNERS)
                    bodies.append(queries.tile(cursor, layer, given, filters))
            # Read once the transaction is over: it may not idle while a large tile is read.
            for body in filter(None, bodies):
                found += decoded(body, (z, x, y))
        return found

    return of


def keys(db, query):
    with db.read(LEAD) as session:
        return list(session.scalars(text(query)))


def tiles(known, z):
    found = set()
    for key in known:
        prefix = key >> 2 * (22 - z)
        x = sum(((prefix >> 2 * bit) & 1) << bit for bit in range(22))
        found.add((x, sum(((prefix >> (2 * bit + 1)) & 1) << bit for bit in range(22))))
    return sorted(found)


def decoded(body, zxy):
    layers = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    return [
        (name, feature["properties"], metres(feature["geometry"], zxy))
        for name, layer in layers.items()
        for feature in layer["features"]
    ]


def metres(geometry, zxy):
    """Points of the web's projection; lines and areas have none to be mistaken for an address."""
    if geometry["type"] != "Point":
        return []
    z, x, y = zxy
    a, b = geometry["coordinates"]
    side = EARTH / 2**z
    return [(-EARTH / 2 + (x + a / 4096) * side, EARTH / 2 - (y + b / 4096) * side)]


@pytest.mark.asvs("8.2.3", "15.3.1")
@pytest.mark.parametrize("z", ZOOMS)
@pytest.mark.parametrize("who", ACTORS)
def test_nothing_leaves_but_the_listed_properties_of_the_role(shown, who, z):
    allowed = tiles_of(ACTORS[who].role)
    found = shown(who, z)

    assert found
    for name, properties, _ in found:
        assert name in allowed
        assert set(properties) <= allowed[name]
        assert not any(re.search("child|source|handling|grade|agency", key) for key in properties)


@pytest.mark.parametrize("z", [15, 18])
@pytest.mark.parametrize("who", ACTORS)
def test_no_point_is_an_address(db, shown, who, z):
    with db.read(service.JOB) as session:
        homes = session.execute(
            text("""
                select ST_X(at), ST_Y(at) from (
                    select ST_Transform(exact.geom, 3857) as at from app.place_exact as exact
                    join app.place on place.id = exact.place_id
                    where place.sensitivity = 'RESIDENTIAL' and exact.geom is not null
                ) as home
            """)
        ).all()
    points = np.array([point for _, _, at in shown(who, z) for point in at])

    assert len(homes) > 3
    nearest = np.hypot(*(points[:, None, :] - np.array(homes)[None]).transpose(2, 0, 1)).min()
    assert nearest > CLOSE_BY


def test_an_incident_at_a_home_has_no_geometry_of_its_own(db):
    with db.read(service.JOB) as session:
        (homes,) = session.execute(
            text("""
                select count(*) from app.incident
                where geom is not null and exists (
                    select from app.place
                    where place.sensitivity = 'RESIDENTIAL'
                      and (place.id = incident.place_id or place.id = any (also_place_ids)))
            """)
        ).one()

    assert homes == 0


@pytest.mark.parametrize("who", ["lead", "analyst", "kingston", "richmond"])
def test_a_single_record_is_shown_from_zoom_15_only(shown, who):
    for z in ZOOMS:
        cells = {p.get("cell") for name, p, _ in shown(who, z) if name == "partnership"}
        assert cells == ({True} if z < queries.SINGLE_ZOOM else {False})


@pytest.mark.parametrize("who", ACTORS)
def test_closer_shows_no_place_and_no_property_that_was_not_there_before(shown, who):
    far = {p["ref"]: set(p) for name, p, _ in shown(who, 14) if name == "places"}
    for z in range(15, 19):
        near = {p["ref"]: set(p) for name, p, _ in shown(who, z) if name == "places"}
        assert near.items() <= far.items()


def test_partners_have_shapes_of_places_and_no_layer_of_records(shown):
    for z in ZOOMS:
        assert {name for name, _, _ in shown("partner", z)} <= {"places", "routes", "context"}


@pytest.mark.parametrize(
    ("role", "layers"),
    [
        ("partner", {"incidents", "hotspots", "clusters"}),
        ("vca_member", set(queries.LAYERS)),
        ("auditor", set(queries.LAYERS)),
        ("administrator", set(queries.LAYERS)),
    ],
)
def test_who_may_not_read_a_layer_finds_none(db, settings, role, layers):
    with browser(db, settings, sign_in_as(db, role)) as reader:
        for layer in sorted(layers):
            answer = reader.get(f"/tiles/{layer}/12/2043/1363.pbf")
            assert answer.status_code in {403, 404}


@pytest.mark.parametrize("role", [*FULL, "partner", "vca_member", "auditor", "administrator"])
def test_no_item_of_the_map_and_the_programs_says_children_sources_or_handling(db, settings, role):
    """What the map and the addresses for programs answer: each property by its name."""
    with browser(db, settings, sign_in_as(db, role)) as reader:
        answers = [
            reader.get(path)
            for path in (
                "/map/items?bbox=-2,50,2,53&z=9",
                "/map/items?bbox=-2,50,2,53&z=17&layer=hotspots",
                "/map/items?bbox=-0.31,51.40,-0.29,51.42&z=17",
                "/api/v1/places?limit=1000",
                "/api/v1/clusters?limit=1000",
                "/ogc/collections/places/items?limit=1000",
                "/ogc/collections/clusters/items?limit=1000",
            )
        ]

    for answer in answers:
        assert answer.status_code in {200, 403, 404, 422}
        if answer.status_code == 200:
            strict = answer.request.url.path == "/map/items" or role == "partner"
            forbidden = re.compile(f"{ALWAYS}|{ON_THE_MAP}" if strict else ALWAYS)
            assert not {key for key in names(answer.json()) if forbidden.search(key)}
    if role not in {*FULL, "partner"}:
        assert {answer.status_code for answer in answers} <= {403, 404}


# An online space has its `address`, made harmless; no place has one. Programs of staff read from
# which kind of record a cluster is, and how many children it links: the map says neither.
ALWAYS = "handling|grade|handle|exact|snap|created_by"
ON_THE_MAP = "child|source"


def names(value):
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in names(one)}
    if isinstance(value, list):
        return {name for one in value for name in names(one)}
    return set()
