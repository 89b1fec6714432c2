"""What OGC API - Features serves here: collections, and words of the standard. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GRID = "http://www.opengis.net/def/crs/EPSG/0/27700"
SRIDS = {CRS84: 4326, GRID: 27700}
CONFORMS_TO = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)
DEFAULT_LIMIT, MOST = 100, 1000
# Parameters of every items address; the others are filters of the collection.
COMMON = ("limit", "bbox", "bbox-crs", "crs", "datetime", "after", "f")
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Collection:
    """One of them. `permission` is that of the pages: whoever may not read finds nothing here."""

    name: str
    title: str
    description: str
    permission: str
    filters: Mapping[str, str] = field(default_factory=dict)
    has_geometry: bool = True
    in_grid: bool = True
    is_dated: bool = True

    @property
    def crs(self) -> tuple[str, ...]:
        return tuple(SRIDS) if self.in_grid else (CRS84,)


COLLECTIONS = {
    one.name: one
    for one in (
        Collection(
            "places",
            "Places of concern",
            "Places and routes. A home has no geometry; an online space has none either.",
            "place.read",
            {"type_code": "type of place", "state": "stage", "borough": "GSS code"},
        ),
        Collection(
            "incidents",
            "Incidents",
            "What happened, when and how sure that is. At a home: no geometry. Withdrawn: absent.",
            "incident.read",
            {
                "harm_code": "counted harm",
                "source_agency": "who reported it",
                "borough": "GSS code",
                "place": "reference of a place",
                "confidence": "how sure it is",
                "state": "RECORDED or CONFIRMED",
            },
        ),
        Collection(
            "clusters",
            "Clusters",
            "Of the newest run of each source. Practitioners get their own side.",
            "cluster.read",
            {"source": "police or partnership"},
            in_grid=False,
        ),
        Collection(
            "areas",
            "Boundaries",
            "Boroughs, unless another kind is asked for.",
            "reference_data.read",
            {"kind": "borough, district, ward or lsoa"},
            in_grid=False,
            is_dated=False,
        ),
        Collection(
            "online_spaces",
            "Online spaces",
            "Addresses are defanged text and never links. No geometry.",
            "online_space.read",
            {"platform_code": "platform", "state": "stage", "borough": "GSS code"},
            has_geometry=False,
        ),
        Collection(
            "intelligence",
            "Intelligence, lawful sharing permitted",
            "Sanitised items of handling code P. Code C is never here. Every read is audited.",
            "intelligence_p.read",
            {"kind": "kind of item", "state": "state", "harm": "harm code", "borough": "GSS code"},
        ),
    )
}
