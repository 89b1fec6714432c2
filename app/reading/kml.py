"""KML read by us: Placemarks with points, lines and areas. Nothing it points to is followed."""

import io
from collections.abc import Callable, Iterator
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from app.reading import archives, coordinates, shapes
from app.reading.rules import (
    CONTROL,
    CONTROL_PROBLEM,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_VERTICES,
    MB,
    RefusedError,
    column_names,
)
from app.reading.schemas import Choices, Layer
from app.reading.tables import Row, Table

MAX_DEPTH = 60
ENTITIES = (
    "This KML file defines entities of its own, which are never read. Save it again, or save it "
    "as GeoJSON."
)
DAMAGED = "This KML file breaks the rules of XML. Save it again."
LINKS = {"NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Model"}
DONE = {"Placemark", "Style", "StyleMap", "Schema", "Region", *LINKS}
OWN = ("name", "description", "folder")


def table_of_kmz(file: IO[bytes], choices: Choices) -> Table:
    """The main KML file of a KMZ."""
    return table(io.BytesIO(kml_of_kmz(file)), choices)


def kml_of_kmz(file: IO[bytes]) -> bytes:
    with archives.opened(file) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".kml")]
        name = "doc.kml" if "doc.kml" in names else names[0]
        if archive.getinfo(name).file_size > 50 * MB:
            raise RefusedError("The KML inside this file is larger than 50 MB. Split it.")
        return archive.read(name)


def table(file: IO[bytes], choices: Choices) -> Table:
    """Read as a whole: the columns are known when the last Placemark was seen."""
    marks: list[tuple[dict[str, str], Any, Any]] = []
    names = dict.fromkeys(OWN)
    left_out: set[str] = set()
    for values, geometry in placemarks(file, left_out):
        names.update(dict.fromkeys(values))
        if len(names) > MAX_COLUMNS:
            raise RefusedError(
                f"This file has more than {MAX_COLUMNS} columns. Remove those you do not need."
            )
        marks.append((values, *geometry))
        if len(marks) > MAX_ROWS:
            raise RefusedError(f"This file has more than {MAX_ROWS:,} rows. Split it.")
    if not marks:
        raise RefusedError("This KML file holds no Placemarks.")
    used = [n for n in names if n not in OWN or any(n in values for values, _, _ in marks)]
    found = Table("KML", [], _rows(marks, used), encoding="UTF-8", has_shapes=True)
    if used:
        found.header = column_names(list(used), found.remarks)
    found.crs = shapes.supported(choices.crs or shapes.WGS84)
    found.crs_how = "chosen by you" if choices.crs else "KML is in longitude and latitude"
    kinds = {shape.geom_type for _, shape, _ in marks if shape is not None}
    found.layer = "Placemarks"
    kind = kinds.pop() if len(kinds) == 1 else ("mixed" if kinds else "none")
    found.layers = [Layer(found.layer, len(marks), kind)]
    if left_out:
        found.remarks.append(f"Left out, and not followed: {', '.join(sorted(left_out))}.")
    return found


def _rows(marks: list[tuple[dict[str, str], Any, Any]], names: list[str]) -> Iterator[Row]:
    for number, (values, shape, problem) in enumerate(marks, start=1):
        cells = [values.get(name) or None for name in names]
        said = problem
        if CONTROL.search("".join(filter(None, cells))):
            said = said or CONTROL_PROBLEM
        yield Row(number, cells, shape, said)


def placemarks(
    file: IO[bytes], left_out: set[str]
) -> Iterator[tuple[dict[str, str], shapes.Shaped]]:
    """Texts and shape of each Placemark, in order; what was read is let go at once."""
    for mark, folder in elements(file, left_out):
        values = dict(_texts(mark))
        if folder:
            values["folder"] = folder
        for name, text in values.items():
            if len(text) > MAX_CELL:
                raise RefusedError(f"A text in the column {name[:50]} is longer than 32 KB.")
        yield values, _shape(mark)


def elements(file: IO[bytes], left_out: set[str]) -> Iterator[tuple[Element, str]]:
    """Each Placemark and the name of its folder."""
    path: list[Element] = []
    file.seek(0)
    try:
        for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(element)
                if len(path) > MAX_DEPTH:
                    raise RefusedError("This KML file is nested too deeply. Save it again.")
                continue
            path.pop()
            name = local(element)
            if name == "Placemark":
                yield element, _folder(path)
            left_out |= {name} & LINKS
            if name in DONE:
                _let_go(element, path)
    except DefusedXmlException:
        raise RefusedError(ENTITIES) from None
    except (ParseError, ValueError, LookupError):
        raise RefusedError(DAMAGED) from None


def _let_go(element: Element, path: list[Element]) -> None:
    element.clear()
    if path:
        path[-1].remove(element)


def _folder(path: list[Element]) -> str:
    for parent in reversed(path):
        if local(parent) == "Folder":
            return next((_text(each) for each in parent if local(each) == "name"), "")
    return ""


def local(element: Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    return (element.text or "").strip()


def _texts(mark: Element) -> Iterator[tuple[str, str]]:
    for child in mark:
        name = local(child)
        if name in {"name", "description"} and _text(child):
            yield name, _text(child)
        if name == "ExtendedData":
            yield from _extended(child)


def _extended(data: Element) -> Iterator[tuple[str, str]]:
    for each in data.iter():
        name = each.get("name") or ""
        if local(each) == "SimpleData" and name:
            yield name, _text(each)
        if local(each) == "Data" and name:
            yield name, next((_text(v) for v in each if local(v) == "value"), "")


def _shape(mark: Element) -> shapes.Shaped:
    found = [child for child in mark if local(child) in {*SIMPLE, "MultiGeometry"}]
    if not found:
        return None, None
    if len(found) > 1:
        return None, shapes.KIND
    kind, parts = local(found[0]), [found[0]]
    if kind == "MultiGeometry":
        parts = list(found[0])
        kinds = {local(part) for part in parts}
        if len(kinds) != 1 or not kinds <= SIMPLE.keys():
            return None, shapes.KIND if parts else None
        kind = f"Multi{kinds.pop()}"
    try:
        read = [SIMPLE[local(part)](part) for part in parts]
    except ValueError:
        return None, shapes.UNREADABLE
    return shapes.of_coordinates(kind, read if kind.startswith("Multi") else read[0])


def _positions(element: Element) -> list[list[float]]:
    """Longitude and latitude; as many as are needed to see that there are too many."""
    texts = [_text(each) for each in element.iter() if local(each) == "coordinates"]
    pieces = (texts[0] if texts else "").split(None, MAX_VERTICES + 1)[: MAX_VERTICES + 1]
    return [[_number(n) for n in piece.split(",")[:2]] for piece in pieces]


def _number(text: str) -> float:
    found = coordinates.number(text)
    if found is None:
        raise ValueError("not a number")
    return found


def _position(element: Element) -> list[float]:
    positions = _positions(element)
    return positions[0] if positions else []


def _rings(element: Element) -> list[list[list[float]]]:
    """The outer boundary, then the holes."""
    sides = [each for each in element if local(each) in {"outerBoundaryIs", "innerBoundaryIs"}]
    sides.sort(key=lambda side: local(side) != "outerBoundaryIs")
    return [_positions(side) for side in sides]


SIMPLE: dict[str, Callable[[Element], list[Any]]] = {
    "Point": _position,
    "LineString": _positions,
    "Polygon": _rings,
}
