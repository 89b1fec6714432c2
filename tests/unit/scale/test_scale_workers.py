"""The same run on Dask: a real scheduler and real worker processes, one of them killed midway."""

import json
import os
import signal

import pytest

from app.cli import main
from app.scale import commands, tasks
from tests import national
from tests.dask_workers import cluster_of

LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
ASKED = ("--replicates", "1999" if LONG else "99", "--tile-km", "5")


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("scale") / "events.parquet"
    return national.parquet(path, *national.study(scattered=900 if LONG else 200))


@pytest.fixture
def scale(tmp_path, capsys):
    def command(source, *arguments, out="out"):
        given = ["scale", "run", str(source), "--out", str(tmp_path / out), "--json", *arguments]
        refused = main(given)
        answer = json.loads(capsys.readouterr().out)
        return answer["error"] if refused else answer

    return command


def test_workers_find_the_same_and_one_that_is_killed_changes_nothing(
    events, scale, tmp_path, monkeypatch
):
    """Two workers, of which one dies by SIGKILL as soon as a tile is done; then four."""
    told = {"local": scale(events, *ASKED, out="local")}
    with cluster_of(tmp_path, 2) as cluster:
        engine = ("--engine", f"dask://{cluster.address}")
        if LONG:
            told["two"] = scale(events, *ASKED, *engine, out="two")
        doomed, real = cluster.workers.pop(0), commands._Lines.__call__

        def kill_once(self, done, total, words):
            if done >= 1 and doomed.poll() is None:
                os.kill(doomed.pid, signal.SIGKILL)
                doomed.wait(timeout=30)
            real(self, done, total, words)

        monkeypatch.setattr(commands._Lines, "__call__", kill_once)
        told["killed"] = scale(events, *ASKED, *engine, out="killed")
        assert doomed.returncode == -signal.SIGKILL
        if LONG:
            told["one"] = scale(events, *ASKED, *engine, out="one")
        for _ in range(3):
            cluster.worker()
        told["four"] = scale(events, *ASKED, "--tile-km", "20", *engine, out="four")

    assert len({answer["result_hash"] for answer in told.values()}) == 1
    assert {answer["engine"] for out, answer in told.items() if out != "local"} == {"dask"}
    for name in ("clusters.parquet", "rows.parquet"):
        assert len({(tmp_path / out / name).read_bytes() for out in told}) == 1


def test_workers_that_do_not_fit_are_refused_in_words(events, scale, tmp_path, monkeypatch):
    """No worker; one that cannot import the program; one that runs another version."""
    monkeypatch.setattr("geo.distributed.WORKER_S", 1)
    with cluster_of(tmp_path, 0) as cluster:
        engine = ("--engine", f"dask://{cluster.address}")
        nobody = scale(events, *ASKED, *engine, out="nobody")

        monkeypatch.setattr("geo.distributed.WORKER_S", 60)
        cluster.worker(cwd=tmp_path)
        elsewhere = scale(events, *ASKED, *engine, out="elsewhere")
        cluster.workers.pop().kill()
        cluster.worker()
        monkeypatch.setattr("app.scale.engines.code_version", lambda: "newer")
        older = scale(events, *ASKED, *engine, out="older")

    assert "has no worker. Start one" in nobody
    assert "A worker cannot import this program." in elsewhere
    assert "A worker runs another version of this program." in older


def test_a_worker_of_another_version_that_joins_later_does_no_task():
    with pytest.raises(tasks.OtherVersionError):
        tasks.checked("newer", len, [1])

    assert tasks.checked(tasks.code_version(), len, [1]) == 1
