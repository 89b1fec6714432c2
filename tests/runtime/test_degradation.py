"""A disk that really fills up, a worker that is killed, a database that is stopped; and back.

Over the real launcher. The data folder is a small file system of its own where one can be mounted.
"""

import os
import signal
import subprocess
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from app.core.postgres import PrivateCluster
from tests.runtime.conftest import (
    Launcher,
    folder_for_a_cluster,
    is_a,
    processes_naming,
    strange,
    wait_for,
)
from tests.sending import body_of, key_of

SIZE_MB = 700
NOT_WORKING = "This service is not working"


@contextmanager
def small_disk():
    with folder_for_a_cluster() as folder:
        size = f"size={SIZE_MB}m"
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False, capture_output=True
        )
        if mounted.returncode:
            pytest.skip("a file system can only be mounted by root")
        try:
            yield folder
        finally:
            PrivateCluster(folder).stop()
            subprocess.run(["umount", "-l", folder], check=True)


def asked(port, method, path, body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def reported(port, name):
    headers = {"Content-Type": "application/json", "Idempotency-Key": key_of(name)}
    return asked(port, "POST", "/api/v1/reports", body_of(name), **headers)


def staff_change(port):
    """Of nobody: what is refused for the disk is refused before anybody is asked who they are."""
    return asked(port, "POST", "/api/v1/places", "{}", **{"Content-Type": "application/json"})


def figure(port, name):
    _, _, said = asked(port, "GET", "/metrics")
    return next(float(line.split()[-1]) for line in said.splitlines() if line.startswith(name))


def leave_free(folder: Path, mb: int) -> None:
    """Written, not only promised: a file with holes takes no room."""
    ballast = folder / "ballast"
    ballast.unlink(missing_ok=True)
    room = os.statvfs(folder)
    with ballast.open("wb") as file:
        for _ in range(room.f_bavail * room.f_frsize // 1_000_000 - mb):
            file.write(b"x" * 1_000_000)


def worker(data_dir) -> int:
    return next((pid for pid in processes_naming(str(data_dir)) if is_a(pid, "worker")), 0)


def test_less_and_less_works_on_a_disk_that_fills_up_and_all_of_it_again_after(monkeypatch):
    monkeypatch.setenv("CONTEXTMAP_READ_ONLY_MB", "150")
    with small_disk() as folder:
        launcher = Launcher(folder)
        try:
            launcher.start("--workers", "2")
            room = [reported(launcher.port, "room")[0], staff_change(launcher.port)[0]]
            leave_free(folder, 110)
            change, told, words = staff_change(launcher.port)
            read, _, _ = asked(launcher.port, "GET", "/about-the-data")
            tight = reported(launcher.port, "tight")[0]
            leave_free(folder, 40)
            full, waits, said = reported(launcher.port, "full")
            alive, _, _ = asked(launcher.port, "GET", "/readyz")
            (folder / "ballast").unlink()
            again = [reported(launcher.port, "again")[0], staff_change(launcher.port)[0]]
            counted = figure(launcher.port, 'contextmap_processes{process="web"}')
            kept = reports(folder)
        finally:
            launcher.close()

    assert strange(launcher.said) == []
    assert room == again == [201, 401]
    assert (change, read, tight, full, alive) == (503, 401, 201, 503, 200)
    assert "can be read but not changed" in words
    assert int(told["retry-after"]) > 0
    assert NOT_WORKING in said
    assert "999" in said
    assert int(waits["retry-after"]) > 0
    assert kept == 3  # each that was acknowledged, and none that was not
    assert counted == 2


def reports(data_dir) -> int:
    with psycopg.connect(PrivateCluster(data_dir).dsn("postgres")) as admin:
        return admin.execute("select count(*) from app.report").fetchone()[0]


def test_the_form_works_without_a_worker_and_says_so_when_the_database_is_slow(service):
    service.start()
    port, cluster = service.port, PrivateCluster(service.data_dir)
    assert wait_for(lambda: figure(port, "contextmap_workers") == 1, within_s=60)
    stopped = worker(service.data_dir)
    assert stopped, "0 would be this whole group of processes"
    os.kill(stopped, signal.SIGSTOP)  # the launcher would start a killed one again at once
    try:
        without_worker = reported(port, "alone")[0]
        waiting = waits_to_be_screened(cluster)
    finally:
        os.kill(stopped, signal.SIGKILL)
    assert wait_for(lambda: worker(service.data_dir) not in {0, stopped}, within_s=60)
    with psycopg.connect(cluster.dsn("postgres")) as other:
        other.execute("lock table intake.submission")
        slow, told, said = reported(port, "slow")
    back = reported(port, "back")[0]
    worker_spoke = wait_for(
        lambda: any('"event":"audit.sealed"' in line for line in service.said), within_s=60
    )

    assert worker_spoke
    assert strange(service.said) == []
    assert (without_worker, waiting) == (201, 1)
    assert slow == 503
    assert int(told["retry-after"]) > 0
    assert NOT_WORKING in said
    assert back == 201


def waits_to_be_screened(cluster) -> int:
    with psycopg.connect(cluster.dsn("postgres")) as admin:
        return admin.execute(
            "select count(*) from queue.procrastinate_jobs"
            " where task_name = 'reports:screen' and status <> 'succeeded'"
        ).fetchone()[0]
