"""GeoJSON (RFC 7946): longitude and latitude, rings anticlockwise, the marking in the file."""

import orjson
import shapely

from app.exports.rules import Stamp
from app.exports.sheet import Sheet, in_degrees


def geojson(sheet: Sheet, stamp: Stamp) -> bytes:
    """A row without a shape is a feature without geometry: it is not left out."""
    features = []
    for row, shape in zip(sheet.rows, sheet.shapes, strict=True):
        properties = dict(zip(sheet.columns, row, strict=True)) | {"marking": stamp.marking}
        geometry = None if shape is None else orjson.Fragment(shapely.to_geojson(in_degrees(shape)))
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    body = {
        "type": "FeatureCollection",
        "name": sheet.name,
        "marking": stamp.marking,
        "watermark": stamp.watermark,
        "synthetic": stamp.synthetic,
        "features": features,
    }
    return orjson.dumps(body)
