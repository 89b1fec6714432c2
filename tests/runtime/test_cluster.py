"""The private cluster: started once, adopted, stopped, and whole again after each kind of crash."""

import os
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from app.core import folders, pgconf, survivors
from app.core.folders import ClusterError
from app.core.postgres import PrivateCluster
from tests.runtime.conftest import rows, wait_for, write_rows


def test_a_second_start_adopts_the_running_server(private):
    first = private.start()
    pid = private.pid()

    second = PrivateCluster(private.data_dir, durable=False).start()

    assert (first, second) == (True, False)
    assert private.pid() == pid


def test_two_starts_at_once_end_with_one_server(data_dir):
    both = [PrivateCluster(data_dir, durable=False) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        started = sorted(pool.map(PrivateCluster.start, both))

    assert started == [False, True]
    assert both[0].pid() == both[1].pid()


def test_an_adopted_server_can_be_stopped(private):
    private.start()

    PrivateCluster(private.data_dir).stop()

    assert private.pid() is None
    assert not private.socket_dir.exists()


@pytest.mark.asvs("13.2.1")
def test_nobody_connects_over_the_network_and_each_role_logs_in_as_a_peer(private):
    private.start()

    with psycopg.connect(private.dsn("postgres")) as admin:
        found = dict(admin.execute("select name, setting from pg_settings").fetchall())

    assert found["listen_addresses"] == ""
    assert found["jit"] == "off"
    assert found["log_parameter_max_length_on_error"] == "0"
    assert (private.pgdata / "pg_hba.conf").read_text() == "local all all peer map=contextmap\n"
    assert {"cs_app", "cs_public", "cs_job"} < set(pgconf.LOGINS)


def test_a_durable_cluster_checks_its_pages_and_syncs(data_dir):
    durable = PrivateCluster(data_dir)
    durable.start()

    with psycopg.connect(durable.dsn("postgres")) as admin:
        checked = admin.execute("show data_checksums").fetchone()
        synced = admin.execute("show fsync").fetchone()

    assert (checked, synced) == (("on",), ("on",))


def test_committed_rows_survive_a_killed_server(data_dir):
    durable = PrivateCluster(data_dir)
    durable.start()
    write_rows(durable, 1000)
    os.kill(durable.pid(), signal.SIGKILL)

    started = durable.start()

    assert started
    assert rows(durable) == 1000


ENDLESS = "select sum(n) from generate_series(1, 100000000000) as n"


def test_a_statement_of_a_killed_server_does_not_keep_the_next_from_starting(data_dir):
    durable = PrivateCluster(data_dir)
    durable.start()
    write_rows(durable, 10)
    killed = durable.pid()
    session = psycopg.connect(durable.dsn("postgres"))
    backend = session.info.backend_pid
    session.pgconn.send_query(ENDLESS.encode())
    assert wait_for(lambda: is_at_work(durable, backend))
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: durable.pid() is None)
    survived = Path(f"/proc/{backend}").exists()

    with ThreadPoolExecutor(1) as pool:
        started = pool.submit(durable.start).result(timeout=60)

    session.close()
    assert survived
    assert started
    assert not is_of(durable, backend)
    assert rows(durable) == 10


def is_at_work(cluster, backend):
    with psycopg.connect(cluster.dsn("postgres")) as admin:
        asked = "select state = 'active' from pg_stat_activity where pid = %s"
        return admin.execute(asked, (backend,)).fetchone() == (True,)


def is_of(cluster, pid):
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster.pgdata
    except OSError:
        return False


def test_only_processes_of_the_folder_are_ended(private, tmp_path):
    private.start()

    assert survivors.end(tmp_path) == 0
    assert private.is_running()


def test_a_crash_in_the_middle_of_initdb_leaves_nothing_half_made(data_dir):
    private = PrivateCluster(data_dir, durable=False)
    half = data_dir / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("15\n")

    private.start()

    assert private.is_running()
    assert not half.exists()


def test_a_pid_file_that_names_another_process_is_stale(private):
    private.start()
    private.stop()
    owner = folders.server_user()
    other = subprocess.Popen(
        ["sleep", "60"], **({"user": owner.pw_uid} if os.geteuid() == 0 else {})
    )
    pid_file = private.pgdata / "postmaster.pid"
    pid_file.write_text(f"{other.pid}\n{private.pgdata}\n1\n5432\n{private.socket_dir}\n")
    shutil.chown(pid_file, owner.pw_uid)

    before = private.pid()
    started = private.start()

    other.kill()
    other.wait()
    assert before is None
    assert started


def test_the_lock_of_the_socket_of_a_server_that_was_lost_with_its_folder_is_stale(private):
    private.start()
    os.kill(private.pid(), signal.SIGKILL)
    shutil.rmtree(private.pgdata)

    assert private.start()
    assert private.is_running()


def test_a_socket_folder_that_is_a_link_is_refused(private, tmp_path):
    private.socket_dir.symlink_to(tmp_path)

    with pytest.raises(ClusterError, match="belongs to somebody else"):
        private.start()

    private.socket_dir.unlink()
    assert tmp_path.stat().st_uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a server as another user")
def test_a_folder_the_server_cannot_enter_is_refused_in_words(data_dir):
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(ClusterError, match=r"cannot enter .*closed"):
        PrivateCluster(closed / "data").start()


def test_the_last_command_stops_what_commands_started(private):
    first, second = private, PrivateCluster(private.data_dir, durable=False)
    borrowed_first, borrowed_second = first.borrowed(), second.borrowed()

    with borrowed_second:
        with borrowed_first:
            pass
        still_there = second.is_running()

    assert still_there
    assert wait_for(lambda: first.pid() is None)


def test_the_first_of_two_commands_leaves_the_server_to_the_other(private):
    first, second = private, PrivateCluster(private.data_dir, durable=False)
    starter = first.borrowed()
    starter.__enter__()
    with second.borrowed():
        starter.__exit__(None, None, None)
        still_there = second.is_running()

    assert still_there
    assert second.pid() is None


def test_a_command_never_stops_a_server_that_was_running(private):
    private.start()

    with PrivateCluster(private.data_dir, durable=False).borrowed():
        pass

    assert private.is_running()


def test_a_failed_start_says_why_and_where_to_read_on(private):
    private.start()
    private.stop()
    (private.pgdata / "postgresql.auto.conf").write_text("shared_buffers = nonsense\n")

    with pytest.raises(ClusterError, match=r"PostgreSQL did not start: .*postgres\.log"):
        private.start()


def test_the_path_of_the_socket_fits_however_long_the_folder_is(tmp_path):
    deep = Path(tmp_path, *["a-folder-with-a-long-name"] * 8)

    cluster = PrivateCluster(deep)

    assert len(str(cluster.socket_dir / ".s.PGSQL.5432")) <= 107


def test_a_folder_of_another_postgresql_is_left_alone_and_said_what_to_do(private):
    version = private.pgdata / "PG_VERSION"
    ours = version.read_text().strip()
    version.write_text("14\n")

    with pytest.raises(ClusterError, match=rf"made by PostgreSQL 14; PostgreSQL {ours} is"):
        private.start()

    assert private.pid() is None
    assert version.read_text() == "14\n"
    version.write_text(f"{ours}\n")
    private.start()
    assert private.is_running()
