"""The example for geopandas runs as it stands, and what it finds is what the own API tells."""

import re
from pathlib import Path

import pytest

from tests.conftest import CLAIMS_KEY
from tests.live import serving
from tests.ogc import Ground, forget_token
from tests.people import KINGSTON, RICHMOND

PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "geopandas.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def ground(module_db, settings, tmp_path_factory):
    dsn = module_db.logins.cluster.dsn("ROLE", module_db.logins.dbname)
    with serving(dsn, CLAIMS_KEY, tmp_path_factory.mktemp("example")) as live:
        yield Ground(module_db, settings, f"{live.url}/ogc/")


def test_the_example_runs_from_top_to_bottom_and_is_right(ground, monkeypatch, capsys):
    monkeypatch.setenv("CONTEXTMAP_OGC", ground.url)
    monkeypatch.setenv("CONTEXTMAP_TOKEN", ground.tokens["cs_lead"])
    blocks = BLOCK.findall(PAGE.read_text())
    found = {}

    try:
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), found)  # noqa: S102 - our own page
    finally:
        forget_token()

    client = ground.client("cs_lead")
    own = client.get("/api/v1/incidents?limit=10000").json()["features"]
    boxed = client.get("/api/v1/incidents?limit=10000&bbox=-0.32,51.40,-0.29,51.42").json()
    # The lines of the synthetic world reach both spots where its incidents are in these boroughs.
    boroughs = {KINGSTON, RICHMOND}
    reached = [one for one in own if one["geometry"] and one["properties"]["borough"] in boroughs]
    assert len(blocks) == 6
    assert set(found["incidents"]["id"]) == {one["id"] for one in own}
    assert set(found["around"]["id"]) == {one["id"] for one in boxed["features"]}
    assert found["busiest"].max() == len(reached)
    assert found["table"].to_numpy().sum() == len(found["by_borough"])
    assert "places" in capsys.readouterr().out
