"""The systemd units of docs/operator/deploy, as systemd itself reads them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "docs" / "operator" / "deploy" / "contextmap.service"
PYTHON = "/opt/contextmap/.venv/bin/python"
MOST_EXPOSED = 2.9  # of 10, as systemd-analyze counts
ANALYZE = shutil.which("systemd-analyze")
PLAIN = "[Service]\nExecStart=/bin/true\n"


def analyzed(*arguments):
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, check=False)


def verified(folder, text):
    """What systemd says of the unit, with a Python that is there."""
    unit = folder / UNIT.name
    unit.write_text(text.replace(PYTHON, sys.executable))
    return analyzed("verify", str(unit))


def exposure(folder, text):
    unit = folder / UNIT.name
    unit.write_text(text)
    said = analyzed("security", "--offline=true", "--no-pager", str(unit)).stdout
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])


@pytest.fixture(scope="module")
def systemd(tmp_path_factory):
    """A systemd that can judge units here; in some containers it has not all that it needs."""
    unit = tmp_path_factory.mktemp("plain") / "plain.service"
    unit.write_text(PLAIN)
    if ANALYZE is None or analyzed("verify", str(unit)).returncode != 0:
        pytest.skip("systemd cannot judge units here")
    if "Overall exposure" not in analyzed("security", "--offline=true", str(unit)).stdout:
        pytest.skip("this systemd cannot judge files (it came with version 250)")


needs_systemd = pytest.mark.usefixtures("systemd")


def test_the_service_runs_as_a_user_without_rights_and_writes_in_two_folders():
    lines = UNIT.read_text().splitlines()

    assert {"User=contextmap", "NoNewPrivileges=yes", "CapabilityBoundingSet="} <= set(lines)
    assert {"ProtectSystem=strict", "StateDirectory=contextmap"} <= set(lines)
    assert [line for line in lines if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=/tmp"]
    assert any(line.startswith(f"ExecStart={PYTHON} -P -m app.serve --no-demo") for line in lines)


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path):
    done = verified(tmp_path, UNIT.read_text())

    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []


@needs_systemd
def test_a_misspelt_line_would_be_told(tmp_path):
    done = verified(tmp_path, UNIT.read_text().replace("ProtectSystem=", "ProtectSytem="))

    assert "ProtectSytem" in done.stderr


@needs_systemd
def test_the_service_is_exposed_as_little_as_it_was(tmp_path):
    assert exposure(tmp_path, UNIT.read_text()) <= MOST_EXPOSED


@needs_systemd
def test_without_its_walls_it_would_be_exposed_more(tmp_path):
    bare = UNIT.read_text().replace("ProtectSystem=strict", "").replace("NoNewPrivileges=yes", "")

    assert exposure(tmp_path, bare.replace("User=contextmap", "User=root")) > MOST_EXPOSED
