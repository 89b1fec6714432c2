"""Hostile GeoJSON and KML, and what only says it is one of them."""

import json
import math

from tests.hostile.case import Case, fixed, problem, remarked
from tests.hostile.tables import zipped

NS = 'xmlns="http://www.opengis.net/kml/2.2"'
POINT = "<Point><coordinates>-0.3,51.4</coordinates></Point>"
MARK = f"<Placemark><name>&x;</name>{POINT}</Placemark>"


def collection(geometry, properties=None, **more):
    feature = {"type": "Feature", "properties": properties or {"a": 1}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature], **more}).encode()


def shaped(kind, coordinates):
    return fixed(collection({"type": kind, "coordinates": coordinates}))


def raw(coordinates):
    text = collection({"type": "Point", "coordinates": ["HERE"]}).decode()
    return fixed(text.replace('["HERE"]', coordinates).encode())


def ring(n):
    turns = (math.tau * i / n for i in range(n))
    return [[round(math.cos(t) / 100, 6), round(51.4 + math.sin(t) / 100, 6)] for t in turns]


def closed(n):
    corners = ring(n)
    return [*corners, corners[0]]


def nested(depth):
    inner = {"type": "Point", "coordinates": [-0.3, 51.4]}
    for _ in range(depth):
        inner = {"type": "GeometryCollection", "geometries": [inner]}
    return inner


def kml(*marks, before=""):
    head = f'<?xml version="1.0"?>{before}<kml {NS}><Document>'
    return f"{head}{''.join(marks)}</Document></kml>".encode()


def mark(inner):
    return f"<Placemark><name>a</name>{inner}</Placemark>"


def external(place):
    return kml(MARK, before=f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{place.canary}">]>')


def fetched(place):
    return kml(MARK, before=f'<!DOCTYPE kml [<!ENTITY x SYSTEM "{place.url}">]>')


def fetched_dtd(place):
    return kml(mark(POINT), before=f'<!DOCTYPE kml SYSTEM "{place.url}">')


def late_doctype(place):
    """Behind a comment longer than what is looked at to know the kind."""
    return external(place).replace(b"<!DOCTYPE", b"<!--" + b"x" * 80_000 + b"--><!DOCTYPE")


def laughs(place=None):
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
    return kml(MARK.replace("&x;", "&l9;"), before=f"<!DOCTYPE kml [{''.join(lines)}]>")


def quadratic(place=None):
    return kml(
        MARK.replace("&x;", "&q;" * 50_000),
        before=f'<!DOCTYPE kml [<!ENTITY q "{"x" * 50_000}">]>',
    )


def following(kind, address):
    def make(place):
        href = address.format(canary=place.canary, url=place.url)
        link = f"<{kind}><Link><href>{href}</href></Link></{kind}>"
        return kml(link, mark(POINT))

    return make


def including(place):
    return kml(
        mark(
            f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" '
            f'href="{place.canary}"/>{POINT}'
        )
    )


def vrt(place):
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{place.canary}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    ).encode()


def remote_vrt(place):
    return vrt(place).replace(str(place.canary).encode(), f"/vsicurl/{place.url}".encode())


def kmz(*parts, **how):
    return zipped(*parts, **how)


def slipping(place):
    return kmz(("../../../../../../etc/passwd.kml", kml(mark(POINT))))


LINKED = kml(mark(POINT))
WRONG = {"type": "name", "properties": {"name": "EPSG:3035"}}
STRANGE = {"type": "name", "properties": {"name": "/vsicurl/http://127.0.0.1/crs"}}
POINT_JSON = {"type": "Point", "coordinates": [-0.3, 51.4]}


def linked_crs(place):
    said = {"type": "link", "properties": {"href": place.url, "type": "proj4"}}
    return collection(POINT_JSON, crs=said)


CASES = [
    Case("a VRT that is called GeoJSON", vrt, "only points to other files"),
    Case("a VRT to the network", remote_vrt, "only points to other files"),
    Case("JSON nested a hundred thousand times", fixed(b"[" * 100_000), "nested"),
    Case("objects nested", fixed(b'{"a":' * 100_000), "nested"),
    Case(
        "a property nested",
        fixed(collection(POINT_JSON, {"a": json.loads("[" * 500 + "]" * 500)})),
        "nested",
    ),
    Case("NaN", raw("[NaN, 51.4]"), "breaks the rules of JSON"),
    Case("Infinity", raw("[Infinity, 51.4]"), "breaks the rules of JSON"),
    Case("a number of 1e999", raw("[1e999, 51.4]"), "breaks the rules of JSON"),
    Case("a number of 1e308", raw("[1e308, -1e308]"), None, problem("not on the map")),
    Case(
        "a number of a million digits",
        raw(f"[{'9' * 1_000_000}, 1]"),
        "rules of JSON|not on the map",
    ),
    Case(
        "coordinates that are texts",
        shaped("Point", ["-0.3", "51.4"]),
        None,
        problem("cannot be read"),
    ),
    Case(
        "coordinates that are yes and no",
        shaped("Point", [True, False]),
        None,
        problem("cannot be read"),
    ),
    Case(
        "coordinates that are objects", shaped("Point", {"x": 1}), None, problem("cannot be read")
    ),
    Case(
        "a point of a thousand numbers",
        shaped("Point", [[[1]] * 99]),
        None,
        problem("cannot be read"),
    ),
    Case(
        "a lone surrogate",
        fixed(collection(POINT_JSON, {"a": "X"}).replace(b'"X"', b'"\\ud800"')),
        "UTF-8",
    ),
    Case(
        "bytes that are not UTF-8",
        fixed(collection(POINT_JSON, {"a": "X"}).replace(b"X", b"\xff")),
        "UTF-8",
    ),
    Case(
        "a NUL in a property",
        fixed(collection(POINT_JSON, {"a": "x\0y"})),
        None,
        problem("cannot be shown"),
    ),
    Case(
        "a ring of a million corners",
        shaped("Polygon", [closed(1_000_000)]),
        "more than 500,000 corners|at most 20 MB",
    ),
    Case(
        "a ring of three hundred thousand corners",
        shaped("Polygon", [closed(300_000)]),
        None,
        problem("more than 500 corners"),
    ),
    Case(
        "fifty thousand holes",
        shaped("Polygon", [closed(4)] * 50_000),
        None,
        problem("more than 500 corners"),
    ),
    Case(
        "a ring that crosses itself",
        shaped("Polygon", [[[-0.3, 51.4], [-0.2, 51.5], [-0.2, 51.4], [-0.3, 51.5], [-0.3, 51.4]]]),
        None,
        problem("crosses itself"),
    ),
    Case(
        "a ring of one place",
        shaped("Polygon", [[[-0.3, 51.4]] * 5]),
        None,
        problem("crosses itself"),
    ),
    Case(
        "a ring of two corners",
        shaped("Polygon", [[[-0.3, 51.4], [-0.2, 51.4]]]),
        None,
        problem("cannot be read"),
    ),
    Case("collections in collections", fixed(collection(nested(100))), None, problem("of a kind")),
    Case(
        "a kind that is a list",
        fixed(collection({"type": ["Point"], "coordinates": [1, 2]})),
        None,
        problem("of a kind"),
    ),
    Case("swapped axes", shaped("Point", [51.4, -0.3]), None, remarked("These look swapped.")),
    Case("a point at the pole", shaped("Point", [0, 90]), None, problem("not on the map")),
    Case(
        "a point in another city",
        shaped("Point", [-3.19, 55.95]),
        None,
        problem("outside the area"),
    ),
    Case(
        "a coordinate system of elsewhere",
        fixed(collection(POINT_JSON, crs=WRONG)),
        "EPSG:3035 is not read",
    ),
    Case(
        "a coordinate system that is a path",
        fixed(collection(POINT_JSON, crs=STRANGE)),
        "not known",
    ),
    Case("a coordinate system to fetch", linked_crs, None, lambda found, sheet: None),
    Case(
        "metres said to be degrees",
        fixed(
            collection(
                {"type": "Point", "coordinates": [517880, 169290]},
                crs={"type": "name", "properties": {"name": "EPSG:4326"}},
            )
        ),
        None,
        problem("not on the map"),
    ),
    Case(
        "ten thousand properties",
        fixed(collection(POINT_JSON, {f"p{i}": i for i in range(10_000)})),
        "more than 200 columns",
    ),
    Case(
        "a property name of a thousand letters",
        fixed(collection(POINT_JSON, {"x" * 1000: 1})),
        "longer than 200",
    ),
    Case(
        "features that are numbers",
        fixed(b'{"type":"FeatureCollection","features":[1,2]}'),
        "not a Feature",
    ),
    Case("no features", fixed(b'{"type":"FeatureCollection","features":[]}'), "no features"),
    Case("other JSON", fixed(b'{"type":"Topology","objects":{}}'), "not a GeoJSON"),
    Case("JSON cut short", fixed(collection(POINT_JSON)[:-20]), "breaks the rules of JSON"),
    Case(
        "JSON and something behind it",
        fixed(collection(POINT_JSON) + b"\n{}"),
        "breaks the rules of JSON",
    ),
    Case("an entity that is somebody's file", external, "entities of its own"),
    Case("an entity to fetch", fetched, "entities of its own"),
    Case("a definition to fetch", fetched_dtd, "entities of its own"),
    Case("an entity behind a long comment", late_doctype, "entities of its own|of a kind"),
    Case("a billion laughs", laughs, "entities of its own"),
    Case("a text repeated fifty thousand times", quadratic, "entities of its own"),
    Case("an entity that nobody defined", fixed(kml(MARK)), "rules of XML"),
    Case(
        "a link to the network",
        following("NetworkLink", "{url}"),
        None,
        remarked("not followed: NetworkLink"),
    ),
    Case(
        "a link to somebody's file",
        following("NetworkLink", "{canary}"),
        None,
        remarked("not followed: NetworkLink"),
    ),
    Case(
        "a picture from the network",
        following("GroundOverlay", "/vsicurl/{url}"),
        None,
        remarked("not followed"),
    ),
    Case("an inclusion", including, None, lambda found, sheet: None),
    Case("tags nested", fixed(kml("<Folder>" * 100_000)), "nested too deeply"),
    Case(
        "a line of a million corners",
        fixed(
            kml(
                mark(
                    "<LineString><coordinates>"
                    f"{'-0.3,51.4 ' * 1_000_000}</coordinates></LineString>"
                )
            )
        ),
        None,
        problem("more than 500 corners"),
    ),
    Case(
        "coordinates that are words",
        fixed(kml(mark("<Point><coordinates>nan,inf</coordinates></Point>"))),
        None,
        problem("cannot be read"),
    ),
    Case(
        "an encoding that nobody knows",
        fixed(kml(mark(POINT)).replace(b'"1.0"', b'"1.0" encoding="x-none"')),
        "rules of XML",
    ),
    Case(
        "tags that do not match",
        fixed(kml(mark(POINT)).replace(b"</Document>", b"")),
        "rules of XML",
    ),
    Case(
        "a KMZ that bursts",
        fixed(kmz(("doc.kml", kml(" " * 60_000_000)))),
        "far more than it seems",
    ),
    Case("a KMZ that slips out", slipping, "outside it"),
    Case(
        "a KMZ of a hundred files",
        fixed(kmz(*[(f"{i}.kml", LINKED) for i in range(100)])),
        "more than 50 parts",
    ),
    Case(
        "a KMZ with an entity",
        lambda place: kmz(("doc.kml", external(place))),
        "entities of its own",
    ),
    Case("a KMZ cut short", fixed(kmz(("doc.kml", LINKED))[:-30]), "damaged"),
    Case("other XML", fixed(b"<gpx><wpt/></gpx>"), "of a kind that is not read"),
]
