"""The bill of materials holds all that is shipped, with hashes and licences that we may ship."""

import importlib.metadata
import json
import re

import pytest

from tests import sbom

BILL = json.loads(sbom.DOCUMENT.read_text())
BY_NAME = {(one["name"], one.get("version")): one for one in BILL["components"]}


def test_it_is_the_one_of_these_locks():
    assert sbom.DOCUMENT.read_text() == sbom.written(), "run: python -m tests.sbom"


@pytest.mark.asvs("15.1.2")
def test_every_locked_package_is_there_with_hash_and_licence():
    lock = (sbom.ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"(?m)^([A-Za-z0-9_.-]+)==([^\s;\\]+)", lock)
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)
    told = [BY_NAME[name, version] for name, version in pinned]

    assert len(pinned) > 70
    assert sorted(h["content"] for one in told for h in one["hashes"]) == sorted(hashes)
    assert [one["name"] for one in told if not one["hashes"] or not sbom.licence_of(one)] == []


@pytest.mark.asvs("15.1.2")
def test_every_vendored_file_is_there_with_its_hash():
    told = {
        part["name"]: part["hashes"][0]["content"]
        for one in BILL["components"]
        for part in one.get("components", [])
    }
    vendored = [p for p in (sbom.STATIC / "vendor").rglob("*") if p.is_file()]
    shipped = {
        **{str(p.relative_to(sbom.STATIC)): p for p in vendored if p.name != "manifest.json"},
        **{str(p.relative_to(sbom.ROOT)): p for p in sbom.FONTS.iterdir()},
        "css/app.css": sbom.STATIC / "css/app.css",
    }

    assert told == {name: sbom.sha256(path) for name, path in shipped.items()}


def test_nothing_is_shipped_under_a_licence_that_we_may_not_ship():
    assert sbom.not_permitted(BILL) == []


def test_the_optional_extra_of_national_analysis_may_be_used_as_well():
    """Not in the image; an operator adds it (docs/operator/runtime.md)."""
    known = sbom.licences()
    pins = sbom.locked((sbom.ROOT / "scripts/scale.lock.txt").read_text())
    names = {pin["name"] for pin in pins}

    assert {"dask", "distributed"} <= names
    assert [name for name in sorted(names) if not sbom.may_be_shipped(known[name])] == []


@pytest.mark.parametrize(
    "licence",
    [
        *(
            "GPL-3.0-only",
            "AGPL-3.0-or-later",
            "CC-BY-NC-4.0",
            "SSPL-1.0",
            "BUSL-1.1",
            "Proprietary",
        ),
        *("MIT AND GPL-2.0-only", "GPL-2.0-only OR AGPL-3.0-only", "", "MIT AND (GPL-2.0-only)"),
    ],
)
def test_a_planted_licence_is_found(licence):
    planted = sbom.component("library", "planted", "pkg:pypi/planted@1", licence, [])

    assert sbom.not_permitted({"components": [*BILL["components"], planted]}) == ["planted"]


def test_licences_are_those_that_the_packages_say():
    """Where a package is installed and says it in the agreed words."""
    wrong = {}
    for name, licence in sbom.licences().items():
        try:
            said = importlib.metadata.metadata(name).get("License-Expression")
        except importlib.metadata.PackageNotFoundError:
            continue
        if said and said != licence:
            wrong[name] = (licence, said)

    assert wrong == {}


def test_it_names_no_registry_and_no_path_of_a_machine():
    text = sbom.DOCUMENT.read_text().replace(BILL["$schema"], "")

    assert (
        re.findall(r"https?:|ftp:|file:|[a-z]+\.(?:org|com|io)\b|/(?:home|root|tmp|usr)/", text)
        == []
    )


def test_each_part_has_a_name_of_its_own():
    refs = [one["bom-ref"] for one in BILL["components"]]
    refs += [part["bom-ref"] for one in BILL["components"] for part in one.get("components", [])]

    assert len(refs) == len(set(refs))
    assert (BILL["bomFormat"], BILL["specVersion"], BILL["version"]) == ("CycloneDX", "1.6", 1)
