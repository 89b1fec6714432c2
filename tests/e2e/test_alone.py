"""The service needs no other host: every page of the lead, where there is no network at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.bubblewrap import find
from tests.conftest import CLAIMS_KEY
from tests.people import sign_in_as

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.asvs("14.2.3")
def test_every_page_of_the_lead_works_without_a_network(site_db, cluster, tmp_path):
    wrapper = find()
    if wrapper is None:
        pytest.fail("bubblewrap is needed: run scripts/test, which installs it.")
    basemap = ROOT.parent / "shared/data/open/basemap/light_basemap_z8-14.pmtiles"
    given = {
        "dsn": cluster.dsn("ROLE", "site"),
        "key": CLAIMS_KEY.decode(),
        "folder": str(tmp_path),
        "basemap": str(basemap) if basemap.exists() else None,
        "cookie": sign_in_as(site_db, "cs_lead", agency="AFC").cookie,
    }
    inside = [wrapper.path, "--unshare-net", "--dev-bind", "/", "/", "--die-with-parent"]
    ran = subprocess.run(
        [*inside, sys.executable, "-m", "tests.e2e.alone", json.dumps(given)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    if ran.returncode != 0:
        pytest.fail(f"No network of its own could be made, or the walk broke: {ran.stderr[-2000:]}")

    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["interfaces"] == ["lo"]
    assert not found["reaches"]
    assert len(found["caught"]) == 1  # the control
    assert len(found["pages"]) > 60
    assert (found["asked"], found["broken"], found["violations"]) == ([], [], 0)
