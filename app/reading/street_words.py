"""What the words of a source mean in the schema of our street map: (layer, kind) or nothing."""

from collections.abc import Callable, Mapping

Tags = Mapping[str, str]
Meaning = tuple[str, str] | None
Rule = Callable[[Tags], Meaning]

# In the order of painting; `districts` are outlines, `station` and `place` are points with names.
LAYERS = (
    "districts",
    "water",
    "waterway",
    "park",
    "building",
    "road",
    "rail",
    "bus_route",
    "parking",
    "station",
    "place",
)
ROADS = {
    "motorway": "motorway",
    "trunk": "trunk",
    "primary": "primary",
    "secondary": "secondary",
    "tertiary": "tertiary",
    "residential": "minor",
    "unclassified": "minor",
    "living_street": "minor",
    "pedestrian": "minor",
    "road": "minor",
    "busway": "service",
    "service": "service",
} | dict.fromkeys(("footway", "path", "cycleway", "bridleway", "steps", "track"), "path")
RAILS = {"rail", "light_rail", "subway", "tram", "narrow_gauge"}
WATERWAYS = {"river", "canal", "stream", "drain", "ditch"}
PLACES = {"city", "town", "suburb", "village", "hamlet", "quarter", "neighbourhood", "locality"}
GREEN = {
    "leisure": {"park", "garden", "common", "nature_reserve", "golf_course", "pitch", "playground"},
    "landuse": {"recreation_ground", "village_green", "forest", "cemetery", "allotments", "meadow"},
    "natural": {"wood", "heath", "grassland"},
}
WOODS = {"forest", "wood"}
# Names of files and of layers, longest first, so that `waterways` is not `water`.
BY_NAME = {
    "waterway": "waterway",
    "bus_route": "bus_route",
    "busroute": "bus_route",
    "district": "districts",
    "boundar": "districts",
    "borough": "districts",
    "building": "building",
    "greenspace": "park",
    "station": "station",
    "parking": "parking",
    "highway": "road",
    "railway": "rail",
    "place": "place",
    "water": "water",
    "park": "park",
    "road": "road",
    "rail": "rail",
}
KINDS = ("kind", "class", "fclass", "type", "function", "highway", "railway", "waterway")
NAMES = ("name", "name1", "distinctive_name", "ref", "route")


def by_name(name: str) -> str | None:
    """The layer that the name of a file or of a layer says."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    if plain in LAYERS:
        return plain
    return next((BY_NAME[word] for word in BY_NAME if word in plain), None)


def osm_line(tags: Tags) -> Meaning:
    if tags.get("highway"):
        kind = ROADS.get(tags["highway"].removesuffix("_link"))
        return ("road", kind) if kind else None
    if tags.get("railway") in RAILS:
        if tags["railway"] == "subway" and tags.get("tunnel") == "yes":
            return None
        return "rail", "siding" if tags.get("service") else tags["railway"]
    return ("waterway", tags["waterway"]) if tags.get("waterway") in WATERWAYS else None


def osm_area(tags: Tags) -> Meaning:
    if tags.get("building"):
        return "building", "building"
    if tags.get("natural") == "water" or tags.get("landuse") in {"reservoir", "basin"}:
        return "water", "water"
    if tags.get("waterway") in {"riverbank", "dock"}:
        return "water", "water"
    for key, values in GREEN.items():
        if tags.get(key) in values:
            return "park", "wood" if tags[key] in WOODS else tags[key]
    return _osm_site(tags)


def _osm_site(tags: Tags) -> Meaning:
    if tags.get("amenity") == "parking":
        return "parking", "parking"
    if tags.get("railway") == "station":
        return "station", "station"
    if tags.get("boundary") == "administrative" and tags.get("admin_level") == "8":
        return "districts", "district"
    return None


def osm_point(tags: Tags) -> Meaning:
    if tags.get("place") in PLACES:
        return "place", tags["place"]
    if tags.get("railway") in {"station", "halt"}:
        return "station", "station"
    return ("station", "tram_stop") if tags.get("railway") == "tram_stop" else None


def osm_route(tags: Tags) -> Meaning:
    return ("bus_route", "bus") if tags.get("route") == "bus" else None


def zoomstack_road(tags: Tags) -> Meaning:
    said = tags.get("type", "").lower()
    for word, kind in (
        ("motorway", "motorway"),
        ("primary", "trunk"),
        ("a road", "primary"),
        ("b road", "secondary"),
        ("minor", "tertiary"),
        ("restricted", "service"),
        ("alley", "path"),
        ("path", "path"),
    ):
        if word in said:
            return "road", kind
    return "road", "minor"


def zoomstack_name(tags: Tags) -> Meaning:
    said = tags.get("type", "").lower()
    for word, kind in (
        ("city", "city"),
        ("town", "town"),
        ("village", "village"),
        ("suburban", "suburb"),
        ("hamlet", "hamlet"),
        ("settlement", "hamlet"),
    ):
        if word in said:
            return "place", kind
    return None


def zoomstack_water(tags: Tags) -> Meaning:
    said = tags.get("type", "").lower()
    if "mark" in said or said in {"mhw", "mlw", "mhws", "mlws"}:
        return None  # the line of the tide is no stream
    return "waterway", "river" if said in {"national", "regional"} else "stream"


def zoomstack_rail(tags: Tags) -> Meaning:
    return None if "tunnel" in tags.get("type", "").lower() else ("rail", "rail")


def always(layer: str, kind: str) -> Rule:
    return lambda _: (layer, kind)


def as_named(layer: str) -> Rule:
    """A layer that is ours already: its kind is what one of the usual columns says."""

    def rule(tags: Tags) -> Meaning:
        kind = next((tags[key] for key in KINDS if tags.get(key)), layer)
        return layer, ROADS.get(kind, kind) if layer == "road" else kind

    return rule


OSM: dict[str, Rule] = {
    "multipolygons": osm_area,
    "lines": osm_line,
    "multilinestrings": osm_route,
    "points": osm_point,
}
ZOOMSTACK: dict[str, Rule] = {
    "boundaries": always("districts", "boundary"),
    "surfacewater": always("water", "water"),
    "waterlines": zoomstack_water,
    "greenspace": always("park", "park"),
    "woodland": always("park", "wood"),
    "local_buildings": always("building", "building"),
    "roads_local": zoomstack_road,
    "roads_regional": zoomstack_road,
    "roads_national": zoomstack_road,
    "rail": zoomstack_rail,
    "railway_stations": always("station", "station"),
    "names": zoomstack_name,
}


def name_of(tags: Tags) -> str:
    return next((tags[key] for key in NAMES if tags.get(key)), "")
