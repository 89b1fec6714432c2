"""The front end as shipped: vendored files as listed, no markup from strings."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from app.core.assets import packed

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


@pytest.mark.asvs("3.2.2", "14.3.3")
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
    assert sum(len(packed(str(p), p.stat().st_mtime_ns)) for p in SCRIPTS) <= 25 * 1024


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_a_script_is_sent_without_remarks_and_with_every_line_of_code(path):
    text = path.read_text()
    code = [line.strip() for line in re.sub(r"(?ms)^\s*/\*.*?\*/ *$", "", text).splitlines()]
    sent = gzip.decompress(packed(str(path), path.stat().st_mtime_ns)).decode().splitlines()

    assert sent == [line for line in code if line and not line.startswith("//")]
    assert all(line.count("`") % 2 == 0 for line in sent)


@pytest.mark.asvs("1.1.2")
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


@pytest.mark.asvs("14.2.3")
@pytest.mark.parametrize(
    "path",
    [*SCRIPTS, STATIC / "css/app.css", *sorted((STATIC / "vendor").rglob("*.js"))],
    ids=lambda p: p.name,
)
def test_nothing_shipped_asks_another_host(path):
    rest = re.sub(NAMED_ONLY, "", path.read_text())

    assert re.findall(r"https?://[a-z]+\.[a-z]+", rest) == []
