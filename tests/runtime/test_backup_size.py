"""How long until the service is back, with 200,000 places. Its way is that of test_backup.py."""

import os
import time

import pytest

from app.accounts.install import prepare
from app.backups import creating, restoring
from app.core.db import Database
from app.core.ids import random_id
from app.core.postgres import PrivateCluster
from app.reference import service as reference
from app.retention import erasing
from app.retention.rules import mark
from tests.many import load
from tests.runtime.backups import house_of

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
PLACES, INCIDENTS, WITHIN_S = 200_000, 200_000, 60


@pytest.mark.skipif(not LONG, reason="CONTEXTMAP_LONG_TESTS=1 makes 200,000 places")
def test_a_service_is_back_within_a_minute(data_dir, tmp_path, capsys):
    """From an empty machine with its programs: cluster, database, policies, until it may serve."""
    durable = PrivateCluster(data_dir)
    durable.start()
    house = house_of(durable, tmp_path)
    prepare(house.settings)
    db = Database(house.settings, house.settings.claims_key())
    reference.load_packaged(db)
    db.dispose()
    load(durable.dsn("postgres"), PLACES, INCIDENTS)
    began = time.monotonic()
    made = creating.create(house.settings, tmp_path / "many.age")
    created_s = time.monotonic() - began
    durable.stop()
    durable.pgdata.rename(tmp_path / "lost")
    house.settings.erased_list.write_text(f"{mark(random_id())}\n")  # looked for in every record

    began = time.monotonic()
    durable.start()
    restoring.restore(house.settings, made.path, house.identity, erasing.replay)
    restored_s = time.monotonic() - began

    with capsys.disabled():
        print(
            f"\n{made.manifest.rows:,} rows, {made.size_bytes:,} bytes: made in {created_s:.1f} s, "
            f"back in {restored_s:.1f} s"
        )
    assert made.manifest.tables["app.place"].rows == PLACES
    assert restored_s <= WITHIN_S
