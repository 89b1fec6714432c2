"""A map in one HTML file that opens without a network: folium, with everything foreign taken out.

folium writes the map and its layers; the page around them is ours, since its own page asks four
hosts for scripts, forbids zooming, and has neither language nor title.
"""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import shapely
from shapely import Geometry

MOST_FEATURES = 2_000
Box = tuple[float, float, float, float]  # west, south, east, north in degrees
TEXTS = Path(__file__).parent
# Nothing may be asked of anybody, and no other script or style may run in the file.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One row: what is said of it (the first value is its name), and where, in degrees."""

    values: tuple[str, ...]
    mark: str
    point: tuple[float, float] | None
    shape: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """A borough under the rows, in degrees."""

    name: str
    shape: Geometry


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says of itself."""

    title: str
    marking: str
    synthetic: bool
    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]
    attribution: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Leaflet as it was vendored."""

    script: str
    style: str


def page(
    words: Words, features: Sequence[Feature], outlines: Sequence[Outline], assets: Assets
) -> str:
    """The file.

    Parameters
    ----------
    features : sequence of Feature
        At most 2,000; a browser on an old laptop draws no more.

    Returns
    -------
    str
        HTML that refers to nothing outside itself. Every text in it is escaped, as markup or as
        a JSON string, and reaches the document as text.
    """
    if len(features) > MOST_FEATURES:
        raise ValueError(f"a map file holds at most {MOST_FEATURES} rows")
    box = _around(features, outlines)
    scripts = [_bare(assets.script), _told("portable.js"), drawing(box)]
    styles = [_without_files(assets.style), _told("portable.css")]
    policy = POLICY.format(scripts=_hashes(scripts), styles=_hashes(styles))
    told = data(words, features, outlines, box)
    title = f"{words.title} ({words.marking})"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en-GB">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<meta name="robots" content="noindex">',
            f"<title>{escape(title)}</title>",
            *(f"<style>{style}</style>" for style in styles),
            "</head>",
            "<body>",
            _body(words, features),
            f'<script type="application/json" id="told">{told}</script>',
            *(f"<script>{script}</script>" for script in scripts),
            "</body>",
            "</html>",
            "",
        ]
    )


def data(words: Words, features: Sequence[Feature], outlines: Sequence[Outline], box: Box) -> str:
    """What the script draws, as JSON that cannot end its own element."""
    west, south, east, north = box
    told = {
        "columns": words.columns,
        "features": [_drawn(feature) for feature in features if feature.point],
        "outlines": [_outlined(outline) for outline in outlines],
        "bounds": [[south, west], [north, east]],
    }
    text = json.dumps(told, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def drawing(box: Box) -> str:
    """The script of the map as folium writes it, with a layer of our own on it.

    No word of anybody may pass through here: folium reads what it has written as a template
    again, and would carry out what stands between two braces.
    """
    import folium
    from branca.element import MacroElement
    from folium.template import Template

    west, south, east, north = box
    drawn = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        control_scale=True,
        attribution_control=False,  # it takes markup; the words stand below the map
        zoom_start=12,
        min_zoom=9,
        max_zoom=18,
    )
    drawn.default_js, drawn.default_css = [], []
    drawn._id = "rows"  # noqa: SLF001 - its own would be drawn by lot, and no two files equal
    layer = MacroElement()
    layer._id = "layer"  # noqa: SLF001
    layer._template = Template(  # noqa: SLF001 - how a layer of one's own is made
        "{% macro script(this, kwargs) %}contextmap({{ this._parent.get_name() }});{% endmacro %}"
    )
    drawn.add_child(layer)
    figure = drawn.get_root()
    figure.render()
    return "\n" + str(figure.script.render()) + "\n"


def _drawn(feature: Feature) -> dict[str, Any]:
    shape = None if feature.shape is None else json.loads(shapely.to_geojson(feature.shape))
    return {
        "values": feature.values,
        "mark": feature.mark,
        "point": feature.point and [feature.point[1], feature.point[0]],
        "shape": shape,
    }


def _outlined(outline: Outline) -> dict[str, Any]:
    middle = shapely.point_on_surface(outline.shape)
    rounded = shapely.set_precision(outline.shape, 1e-5)
    return {
        "name": outline.name,
        "at": [round(middle.y, 5), round(middle.x, 5)],
        "shape": json.loads(shapely.to_geojson(rounded)),
    }


def _around(features: Sequence[Feature], outlines: Sequence[Outline]) -> Box:
    """What the map begins with: the rows, or the boroughs where none has a position."""
    at = [shapely.Point(feature.point) for feature in features if feature.point]
    at += [feature.shape for feature in features if feature.shape is not None]
    west, south, east, north = shapely.total_bounds(at or [o.shape for o in outlines]).tolist()
    return west - 0.004, south - 0.003, east + 0.004, north + 0.003


def _body(words: Words, features: Sequence[Feature]) -> str:
    on_map = sum(feature.point is not None for feature in features)
    beside = len(features) - on_map
    heading = "".join(f'<th scope="col">{escape(name)}</th>' for name in words.columns)
    facts = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in words.facts)
    count = f"{len(features):,} {'row' if len(features) == 1 else 'rows'}: {on_map:,} on the map"
    count += f", {beside:,} in the table only." if beside else "."
    marking = escape(words.marking)
    synthetic = '<p class="synthetic">Demonstration data: synthetic</p>' if words.synthetic else ""
    return f"""<a class="skip" href="#table">Skip to the table</a>
<header><p class="marking">{marking}</p>{synthetic}<h1>{escape(words.title)}</h1></header>
<main>
<dl>{facts}</dl>
<p><strong>{count}</strong></p>
<div class="folium-map" id="map_rows" role="region" aria-label="Map" tabindex="0"></div>
<noscript><p>The map needs scripts. The table below holds the same rows.</p></noscript>
<ul class="legend" aria-label="Legend">{_legend(words.legend)}</ul>
<h2 id="table" tabindex="-1">The same rows as a table</h2>
<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>
<thead><tr>{heading}</tr></thead>
<tbody>{"".join(_line(feature) for feature in features)}</tbody>
</table></div>
</main>
<footer><p>{escape(words.attribution)}</p><p class="marking">{marking}</p></footer>
<div class="watermark" aria-hidden="true">{escape(_watermark(words))}</div>"""


def _watermark(words: Words) -> str:
    facts = dict(words.facts)
    return f"{words.marking} · {facts.get('Made by', '')} · {facts.get('For', '')}"


def _line(feature: Feature) -> str:
    name, *rest = (escape(value) for value in feature.values)
    cells = "".join(f"<td>{value}</td>" for value in rest)
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def _legend(legend: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<li data-mark="{escape(mark)}">{escape(said)}</li>' for mark, said in legend)


def _told(name: str) -> str:
    return (TEXTS / name).read_text()


def _bare(script: str) -> str:
    """Without the addresses that Leaflet carries in its own credits and comments."""
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    script = re.sub(r"https?://(?!www\.w3\.org/)[^\s\"'<>)*]+", "", script)
    return script.replace("</script", "<\\/script")


def _without_files(style: str) -> str:
    """Its pictures are of controls that are not on this map."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return re.sub(r"(background-image|behavior):\s*url\([^)]*\);?", "", style)


def _hashes(texts: Sequence[str]) -> str:
    found = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{each}'" for each in found)
