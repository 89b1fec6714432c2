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
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed here")


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


def test_the_service_runs_as_a_user_without_rights_and_writes_in_two_folders():
    lines = UNIT.read_text().splitlines()

    assert {"User=contextmap", "NoNewPrivileges=yes", "CapabilityBoundingSet="} <= set(lines)
    assert {"ProtectSystem=strict", "StateDirectory=contextmap"} <= set(lines)
    assert [line for line in lines if line.startswith("ReadWritePaths=")] == ["ReadWritePaths=/tmp"]
    assert any(line.startswith(f"ExecStart={PYTHON} -P -m app.serve --no-demo") for line in lines)


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path):
    done = verified(tmp_path, UNIT.read_text())

    assert (done.returncode, done.stderr) == (0, "")


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
