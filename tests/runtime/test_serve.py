"""The launcher: everything up, everything down, and up again after a crash."""

import json
import os
import signal
import socket
from http.client import HTTPConnection

import pytest

from app.core.folders import only_launcher
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.serve import ServeError, _environment, _public_pool_size
from tests.runtime.conftest import processes_naming, rows, wait_for, write_rows


def ready_checks(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body["checks"]


def test_it_serves_recovers_from_kill_9_of_everything_and_stops_without_a_trace(service):
    cluster = PrivateCluster(service.data_dir)
    service.start("--workers", "2")
    status, checks = ready_checks(service.port)
    write_rows(cluster, 500)

    service.kill()
    os.kill(cluster.pid(), signal.SIGKILL)
    again_s = service.start(within_s=20)
    kept = rows(cluster)
    exit_code = service.terminate()

    assert status == 200
    assert all(checks.values())
    assert again_s < 10
    assert kept == 500
    assert exit_code == 0
    assert wait_for(lambda: processes_naming(str(service.data_dir)) == [], within_s=5)


def test_it_adopts_what_a_killed_launcher_left_and_mends_a_killed_database(service):
    cluster = PrivateCluster(service.data_dir)
    service.start()
    service.kill()
    orphan = cluster.pid()

    service.start()
    adopted = cluster.pid()
    os.kill(adopted, signal.SIGKILL)
    mended = wait_for(lambda: cluster.pid() not in {None, adopted} and cluster.is_running())
    served = wait_for(lambda: ready_checks(service.port)[0] == 200)
    service.terminate()

    assert adopted == orphan
    assert mended
    assert served
    assert cluster.pid() is None


def test_stopped_in_the_middle_of_its_first_start_it_leaves_nothing_running(launcher):
    cluster = PrivateCluster(launcher.data_dir)
    process = launcher.spawn()
    assert wait_for(lambda: cluster.pid() is not None)

    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "ready" not in said
    assert wait_for(lambda: processes_naming(str(launcher.data_dir)) == [], within_s=5)


def test_a_second_launcher_is_told_where_the_first_serves(launcher):
    with only_launcher(launcher.data_dir, "http://127.0.0.1:8765"):
        code, words = launcher.refused()

    assert code == 1
    assert words == "Contextmap is already running at http://127.0.0.1:8765."


def test_a_taken_port_is_refused_before_anything_is_made(launcher):
    with socket.create_server(("127.0.0.1", launcher.port)):
        code, words = launcher.refused()

    assert code == 1
    assert words.startswith(f"Port {launcher.port} cannot be used")
    assert not (launcher.data_dir / "postgres").exists()


@pytest.mark.parametrize("host", ["192.0.2.7", "example", "2001:db8::7"])
def test_an_address_that_is_not_of_this_machine_is_refused(launcher, host):
    code, words = launcher.refused("--host", host)

    assert code == 1
    assert "cannot be used" in words or "an address of this machine" in words


def test_other_machines_can_be_served_and_what_that_needs_is_said(service):
    service.start("--host", "0.0.0.0")  # noqa: S104 - what is tried
    service.terminate()

    (said,) = [line for line in service.said if "other machines" in line]
    for word in ("TLS", "CONTEXTMAP_BASE_URL", "CONTEXTMAP_TRUSTED_PROXIES"):
        assert word in said


@pytest.mark.parametrize("wrong", [["--port", "0"], ["--workers", "0"], ["--nonsense"]])
def test_wrong_usage_ends_with_2(launcher, wrong):
    code, _ = launcher.refused(*wrong)

    assert code == 2


@pytest.mark.parametrize(
    ("processes", "each", "said"),
    [(1, 5, ""), (4, 5, ""), (5, 4, "5 web processes share the 20"), (20, 1, "1 for each")],
)
def test_web_processes_share_the_connections_of_the_form(tmp_path, capsys, processes, each, said):
    assert _public_pool_size(Settings(data_dir=tmp_path), processes) == each
    told = capsys.readouterr().err
    assert said in told
    assert bool(said) == bool(told)


def test_more_web_processes_than_connections_of_the_form_are_refused(tmp_path):
    with pytest.raises(ServeError, match="At most 20 web processes"):
        _public_pool_size(Settings(data_dir=tmp_path), 21)


def test_links_name_the_address_that_is_served_unless_another_is_set(tmp_path):
    served, named = "http://127.0.0.1:8790", "https://contextmap.example"

    usual = _environment(Settings(data_dir=tmp_path), served, 5)
    told = _environment(Settings(data_dir=tmp_path, base_url=named), served, 5)

    assert usual["CONTEXTMAP_BASE_URL"] == served
    assert told["CONTEXTMAP_BASE_URL"] == named
