"""The front end as shipped: vendored files as listed, no markup from strings, contrast."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "frontend/static"
TEMPLATES = sorted((STATIC.parent / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
MANIFEST = json.loads((STATIC / "vendor/manifest.json").read_text())


def test_vendored_files_are_those_of_the_manifest():
    listed = {f["path"]: f["sha256"] for package in MANIFEST for f in package["files"]}
    found = {
        str(path.relative_to(STATIC)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "vendor").rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert found == listed


def test_every_vendored_package_has_its_licence():
    for package in MANIFEST:
        assert package["licence"] in {"BSD-2-Clause", "BSD-3-Clause", "MIT"}
        assert any(f["path"].endswith("LICENSE") for f in package["files"])


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_make_no_markup_from_strings(path):
    text = path.read_text()

    banned = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|bindPopup|bindTooltip|eval\("
    assert not re.search(banned, text)
    assert not re.search(r"localStorage|sessionStorage|indexedDB|serviceWorker", text)
    assert len([line for line in text.splitlines() if line.strip()]) <= 250


def test_only_the_engine_knows_leaflet():
    users = [p.name for p in SCRIPTS if re.search(r"\bL\.\w|protomapsL", p.read_text())]

    assert users == ["map-engine.js", "map-style.js"]


def test_our_scripts_are_small():
    assert sum(len(gzip.compress(p.read_bytes())) for p in SCRIPTS) <= 25_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_escape_and_hold_no_inline_code(path):
    text = path.read_text()

    assert "|safe" not in text.replace(" ", "")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


NAMED_ONLY = (  # licences, the namespace of SVG, selectors for printed links, credits in text
    r"https?://(www\.)?(w3\.org|openstreetmap\.org|protomaps\.com|leafletjs\.com|github\.com"
    r"|example\.com)|\^=\"?https?://"
)


@pytest.mark.parametrize(
    "path",
    [*SCRIPTS, STATIC / "css/app.css", *sorted((STATIC / "vendor").rglob("*.js"))],
    ids=lambda p: p.name,
)
def test_nothing_shipped_asks_another_host(path):
    rest = re.sub(NAMED_ONLY, "", path.read_text())

    assert re.findall(r"https?://[a-z]+\.[a-z]+", rest) == []


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def token(name):
    source = (STATIC / "css/app.scss").read_text()
    return re.search(rf"--{name}: (#[0-9a-f]{{6}})", source).group(1)


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("#ffffff", "ink", 7),
        ("#ffffff", "action", 4.5),
        ("#ffffff", "level-4", 4.5),
        ("#ffffff", "level-3", 4.5),
        ("#0b0c0c", "level-2", 4.5),
        ("#0b0c0c", "level-0", 4.5),
        ("#28203f", "ground", 3),
        ("#505a5f", "pale", 4.5),
    ],
)
def test_colours_can_be_read(text, ground, least):
    assert contrast(text, token(ground)) >= least
