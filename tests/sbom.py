"""The bill of materials of what is shipped: CycloneDX 1.6, the same bytes for the same locks.

    python -m tests.sbom        writes docs/operator/sbom.cdx.json

Licences stand in scripts/licences.csv, because an environment holds the packages of one platform
only; where the package is installed a test compares.
"""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/operator/sbom.cdx.json"
STATIC, FONTS = ROOT / "frontend/static", ROOT / "frontend/pdf/fonts"
NAMES = UUID("00000000-0000-4000-8000-00000000c7de")
PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))?"
    r"(?: \\)?\n(?P<hashes>(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)
PERMITTED = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0"),
        *("MIT-CMU", "OFL-1.1", "PSF-2.0", "Zlib", "Unlicense", "ISC"),
        # Used as they are, and replaceable: linked, never copied into our code.
        *("LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"),
    }
)
# Programs of the host beside ours, installed and updated by Debian; none is a part of what we ship.
DEBIAN = {
    "postgresql-15": "PostgreSQL",
    "postgresql-15-postgis-3": "GPL-2.0-or-later",
    "bubblewrap": "LGPL-2.0-or-later",
    "python3": "PSF-2.0",
}
Component = dict[str, Any]


def locked(text: str) -> list[re.Match[str]]:
    """Each pinned package; one that differs by platform stands twice."""
    return list(PINNED.finditer(text))


def licences() -> dict[str, str]:
    with (ROOT / "scripts/licences.csv").open(newline="") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}


def may_be_shipped(expression: str) -> bool:
    """Every part of an AND must be permitted, one of each OR."""
    parts = re.split(r"\s+AND\s+", re.sub(r"[()]", "", expression))
    return all(any(one in PERMITTED for one in re.split(r"\s+OR\s+", part)) for part in parts)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def component(kind: str, name: str, purl: str, licence: str, hashes: list[str]) -> Component:
    return {
        "type": kind,
        "bom-ref": purl,
        "name": name,
        "purl": purl,
        "licenses": licensed(licence),
        "hashes": [{"alg": "SHA-256", "content": each} for each in hashes],
    }


def licensed(expression: str) -> list[dict[str, Any]]:
    if " " in expression:
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def python() -> list[Component]:
    known, found = licences(), []
    for pin in locked((ROOT / "requirements.lock").read_text()):
        name, version = pin["name"], pin["version"]
        hashes = re.findall(r"sha256:([0-9a-f]{64})", pin["hashes"])
        one = component("library", name, f"pkg:pypi/{name}@{version}", known[name], hashes)
        one["version"] = version
        if pin["marker"]:
            one["properties"] = [{"name": "contextmap:where", "value": pin["marker"]}]
        found.append(one)
    return found


def front_end() -> list[Component]:
    found = []
    for package in json.loads((STATIC / "vendor/manifest.json").read_text()):
        name, version = package["name"], package["version"]
        purl = f"pkg:npm/{name}@{version}"
        one = component("library", name, purl, package["licence"], [])
        one["version"] = version
        one["components"] = [file_of(f["path"], f["sha256"], purl) for f in package["files"]]
        found.append(one)
    return [*found, styles()]


def styles() -> Component:
    """GOV.UK Frontend is compiled into our one style sheet."""
    version = json.loads((ROOT / "frontend/package.json").read_text())["dependencies"]
    one = component(
        "library",
        "govuk-frontend",
        f"pkg:npm/govuk-frontend@{version['govuk-frontend']}",
        "MIT",
        [],
    )
    one["version"] = version["govuk-frontend"]
    one["components"] = [file_of("css/app.css", sha256(STATIC / "css/app.css"), one["purl"])]
    return one


def fonts() -> list[Component]:
    version = json.loads((ROOT / "frontend/package.json").read_text())["dependencies"]
    purl = f"pkg:npm/source-sans-pro@{version['source-sans-pro']}"
    one = component("library", "source-sans-pro", purl, "OFL-1.1", [])
    one["version"] = version["source-sans-pro"]
    one["components"] = [
        file_of(str(path.relative_to(ROOT)), sha256(path), purl) for path in sorted(FONTS.iterdir())
    ]
    return [one]


def file_of(path: str, digest: str, inside: str) -> Component:
    return {
        "type": "file",
        "bom-ref": f"{inside}#{path}",
        "name": path,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def debian() -> list[Component]:
    found = []
    for name, licence in DEBIAN.items():
        one = component("application", name, f"pkg:deb/debian/{name}", licence, [])
        one["scope"] = "excluded"
        one["properties"] = [{"name": "contextmap:supplied-by", "value": "Debian, on the host"}]
        found.append(one)
    return found


def bill() -> dict[str, Any]:
    parts = [*python(), *front_end(), *fonts(), *debian()]
    told = json.dumps(parts, sort_keys=True)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMES, told)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "contextmap", "name": "contextmap"}
        },
        "components": parts,
    }


def not_permitted(document: dict[str, Any]) -> list[str]:
    """What we ship under a licence that we may not ship, or under none."""
    return [
        one["name"]
        for one in document["components"]
        if one.get("scope") != "excluded" and not may_be_shipped(licence_of(one))
    ]


def licence_of(one: Component) -> str:
    said = one["licenses"][0] if one.get("licenses") else {}
    return str(said.get("expression") or said.get("license", {}).get("id", ""))


def written() -> str:
    return json.dumps(bill(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(written())
