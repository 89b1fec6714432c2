"""Styles for QGIS as it writes them (QML): calm colours, a shape for each type. Pure."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

Legend = Sequence[tuple[str, str]]
BLUE, INK, GREY = "18,67,109,255", "255,255,255,255", "80,90,95,255"
# As we call them, and as QGIS does.
MARKERS = {
    "circle": "circle",
    "square": "square",
    "diamond": "diamond",
    "triangle": "triangle",
    "pentagon": "pentagon",
    "hexagon": "hexagon",
    "line": "circle",
    "ring": "circle",
}


def points(legend: Legend) -> str:
    """Each symbol of the legend; an approximate position is a ring."""
    marks = [
        (symbol, words, _marker(MARKERS.get(symbol, "circle"), hollow=symbol == "ring"))
        for symbol, words in legend
    ]
    categories = "".join(
        f'<category render="true" symbol="{at}" value={quoteattr(symbol)} '
        f"label={quoteattr(words)}/>"
        for at, (symbol, words, _) in enumerate(marks)
    )
    symbols = "".join(
        f'<symbol type="marker" name="{at}" alpha="1" clip_to_extent="1">{layer}</symbol>'
        for at, (_, _, layer) in enumerate(marks)
    )
    return _qml(
        f'<renderer-v2 type="categorizedSymbol" attr="symbol" symbollevels="0" '
        f'enableorderby="0" forceraster="0"><categories>{categories}</categories>'
        f"<symbols>{symbols}</symbols></renderer-v2>",
        geometry=0,
    )


def lines(_: Legend) -> str:
    layer = _layer("SimpleLine", line_color=BLUE, line_width="0.8", line_style="solid")
    return _single("line", layer, geometry=1)


def areas(_: Legend) -> str:
    layer = _layer(
        "SimpleFill",
        color="18,67,109,40",
        outline_color=BLUE,
        outline_width="0.5",
        outline_style="solid",
        style="solid",
    )
    return _single("fill", layer, geometry=2)


def _marker(name: str, *, hollow: bool) -> str:
    return _layer(
        "SimpleMarker",
        name=name,
        color="255,255,255,0" if hollow else BLUE,
        outline_color=GREY if hollow else INK,
        outline_width="0.5",
        outline_style="dash" if hollow else "solid",
        size="6" if hollow else "3.4",
        size_unit="MM",
    )


def _layer(kind: str, **properties: str) -> str:
    options = "".join(
        f'<Option type="QString" name="{name}" value="{value}"/>'
        for name, value in properties.items()
    )
    return (
        f'<layer class="{kind}" enabled="1" locked="0" pass="0">'
        f'<Option type="Map">{options}</Option></layer>'
    )


def _single(kind: str, layer: str, *, geometry: int) -> str:
    return _qml(
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" forceraster="0">'
        f'<symbols><symbol type="{kind}" name="0" alpha="1" clip_to_extent="1">{layer}</symbol>'
        "</symbols></renderer-v2>",
        geometry=geometry,
    )


def _qml(renderer: str, *, geometry: int) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.28.0" styleCategories="Symbology">'
        f"{renderer}<layerGeometryType>{geometry}</layerGeometryType></qgis>"
    )
