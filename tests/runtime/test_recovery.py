"""The private cluster as it was at a moment between two writes, from what was shipped meanwhile."""

import os
import shutil
import signal
import threading
import time
from datetime import datetime, timedelta

import psycopg
import pytest

from app.accounts.install import prepare
from app.backups import box, leftovers, queries, recovering, service, wal
from app.backups.shipping import NOT_HANDED_OVER, Shipper
from app.core import clock, folders
from app.core.errors import InvalidError
from app.core.folders import ClusterError
from app.core.postgres import PrivateCluster
from app.retention import erasing
from tests.runtime.backups import house_of
from tests.runtime.conftest import folder_for_a_cluster, wait_for

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
SECRET = b"a sentence that only a row holds"


def write(cluster, n) -> datetime:
    """Acknowledged: when this returns the row is on the disk. The time after it."""
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("insert into kept values (%s, %s)", (n, SECRET.decode()))
        return admin.execute("select clock_timestamp()").fetchone()[0]


def kept(cluster):
    with psycopg.connect(cluster.dsn("postgres")) as admin:
        return [n for (n,) in admin.execute("select n from kept order by n")]


def shipped(house):
    """All that was written so far, without the wait of half a minute for a segment."""
    with psycopg.connect(house.cluster.dsn("postgres"), autocommit=True) as admin:
        (name,) = admin.execute("select pg_walfile_name(pg_current_wal_insert_lsn())").fetchone()
        admin.execute("select pg_switch_wal()")

    def there():
        wal.ship(house.settings)
        return bool(list(house.settings.wal_archive.glob(f"*/{name}.age")))

    assert wait_for(there, within_s=120)


def noted(house, kind):
    with house.db() as db, db.read(service.JOB) as session:
        return queries.last(session, kind)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Destroyed after four writes; what it had shipped is elsewhere."""
    folder = tmp_path_factory.mktemp("recovery")
    (folder / "archive").mkdir()
    with folder_for_a_cluster() as data_dir:
        made = house_of(PrivateCluster(data_dir), folder)
        made.settings = made.settings.model_copy(update={"wal_archive": folder / "archive"})
        made.cluster.start()
        prepare(made.settings)
        with psycopg.connect(made.cluster.dsn("postgres"), autocommit=True) as admin:
            admin.execute("create table kept (n int, words text)")
        write(made.cluster, 0)
        wal.configure(made.settings, made.cluster)
        assert wal.is_base_due(made.settings, clock.now())
        with made.db() as db:
            Shipper(db, made.settings).copy()
            assert not wal.is_base_due(made.settings, clock.now())
            Shipper(db, made.settings).ship()
        write(made.cluster, 1)
        made.between = write(made.cluster, 2)
        write(made.cluster, 3)
        shipped(made)
        made.cluster.stop()
        shutil.rmtree(made.cluster.pgdata)
        yield made


def recovered(house, **options):
    house.cluster.stop()
    return recovering.recover(
        house.settings,
        house.settings.wal_archive,
        options.pop("identity", house.identity),
        erasing.replay,
        replace=True,
        **options,
    )


def test_a_moment_between_two_writes_is_there_again(house):
    done = recovered(house, to=house.between)
    house.cluster.start()

    assert kept(house.cluster) == [0, 1, 2]
    assert noted(house, "base").size_bytes > 0
    assert noted(house, "wal").problem is None
    assert done.last_at <= house.between
    assert done.era == 2
    assert done.returned.ended == {"sessions": 0, "tokens": 0, "invitations": 0}
    assert not (house.settings.data_dir / leftovers.RECOVERING).exists()


def test_changes_that_postgresql_cannot_hand_over_are_told(house):
    house.cluster.start()
    asked = "select failed_count > 0 from pg_stat_archiver"
    with psycopg.connect(house.cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute("alter system set archive_command = '/bin/false'")
        admin.execute("select pg_reload_conf()")
        write(house.cluster, 3)
        admin.execute("select pg_switch_wal()")
        assert wait_for(lambda: admin.execute(asked).fetchone() == (True,), within_s=60)
        with house.db() as db:
            Shipper(db, house.settings).ship()
        admin.execute("alter system reset archive_command")

    assert noted(house, "wal").problem == NOT_HANDED_OVER


def test_one_copy_is_made_at_a_time_and_only_where_changes_are_shipped(house):
    with pytest.raises(InvalidError, match="Set CONTEXTMAP_WAL_ARCHIVE"):
        wal.base(house.settings.model_copy(update={"wal_archive": None}))
    with (
        folders.alone_at_once(wal.staged(house.settings) / wal.COPYING),
        pytest.raises(InvalidError, match="Another copy"),
    ):
        wal.base(house.settings)


def test_times_outside_of_the_archive_are_refused_and_change_nothing(house):
    with pytest.raises(InvalidError, match="No copy of the whole cluster"):
        recovered(house, to=house.between - timedelta(days=1))
    with pytest.raises(InvalidError, match="archive ends before that time"):
        recovered(house, to=house.between + timedelta(days=1))

    assert not house.cluster.replaced.exists()
    assert not (house.settings.data_dir / leftovers.RECOVERING).exists(), "it would be readable"


def test_nothing_readable_is_shipped(house):
    files = list(house.settings.wal_archive.rglob("*.age"))

    assert len(files) >= 2
    assert all(file.read_bytes().startswith(b"age-encryption.org/v1\n") for file in files)
    assert not any(SECRET in file.read_bytes() for file in files)


def test_a_wrong_key_and_a_changed_copy_are_refused(house, tmp_path):
    box.new_identity(tmp_path / "other.txt")
    archive = tmp_path / "archive"
    shutil.copytree(house.settings.wal_archive, archive)
    copy = next(archive.rglob("base-*.age"))
    segment = next(archive.rglob("0*.age"))
    copy.write_bytes(segment.read_bytes())

    with pytest.raises(InvalidError, match="another key"):
        recovered(house, identity=tmp_path / "other.txt")
    with pytest.raises(InvalidError, match="not what it is called"):
        recovering.recover(house.settings, archive, house.identity, erasing.replay, replace=True)


def test_between_the_two_renames_no_empty_database_is_made(tmp_path):
    with folder_for_a_cluster() as data_dir:
        cluster = PrivateCluster(data_dir)
        cluster.replaced.mkdir()

        with pytest.raises(ClusterError, match="recovery was broken off"):
            cluster.start()


@pytest.mark.skipif(not LONG, reason="CONTEXTMAP_LONG_TESTS=1 writes for a hundred seconds")
def test_what_is_lost_with_the_machine_is_at_most_a_minute(house, capsys):
    """Written each quarter of a second and acknowledged; then the machine is gone at once."""
    recovered(house)
    house.cluster.start()
    wal.configure(house.settings, house.cluster)
    wal.base(house.settings)
    over = threading.Event()

    def ship():
        while not over.wait(2):
            wal.ship(house.settings)

    shipping = threading.Thread(target=ship)
    shipping.start()
    times, until = {}, time.monotonic() + 100
    while time.monotonic() < until:
        number = 1000 + len(times)
        times[number] = write(house.cluster, number)
        time.sleep(0.25)
    over.set()
    os.kill(house.cluster.pid(), signal.SIGKILL)
    shipping.join()
    assert wait_for(lambda: house.cluster.pid() is None)
    for lost in (house.cluster.pgdata, wal.staged(house.settings)):
        shutil.rmtree(lost)

    recovered(house)
    house.cluster.start()

    there = [n for n in kept(house.cluster) if n >= 1000]
    newest = max(times)
    lost_s = (times[newest] - times[max(there)]).total_seconds()
    with capsys.disabled():
        print(f"\n{len(times)} writes acknowledged, {len(there)} there: {lost_s:.1f} s lost")
    assert there == list(range(1000, max(there) + 1)), "none is missing in between"
    assert lost_s <= 60
