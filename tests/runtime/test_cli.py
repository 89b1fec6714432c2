"""The frame of the command line: one JSON document, reasons, exit codes."""

import json

import pytest

from app import cli


@pytest.fixture
def run(data_dir, capsys):
    def command(*arguments):
        code = cli.main([*arguments, "--data-dir", str(data_dir)])
        return code, capsys.readouterr()

    return command


def test_json_is_one_document_and_nothing_else(run):
    code, said = run("db", "status", "--json")

    assert code == cli.DONE
    assert json.loads(said.out)["running"] is False


def test_without_json_the_same_is_told_in_lines(run):
    _, said = run("db", "status")

    assert "running: False" in said.out.splitlines()


def test_the_database_is_started_migrated_and_stopped(run):
    codes = [run("db", step, "--json")[0] for step in ("start", "migrate")]
    running = json.loads(run("db", "status", "--json")[1].out)
    stopped = json.loads(run("db", "stop", "--json")[1].out)
    after = json.loads(run("db", "status", "--json")[1].out)

    assert codes == [cli.DONE, cli.DONE]
    assert running["running"] is True
    assert stopped == {"running": False, "stopped": True}
    assert after["running"] is False


def test_a_refusal_has_a_reason_in_words_and_in_json(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.example/x")

    code, said = run("db", "start", "--json")

    assert code == cli.REFUSED
    assert "not ours to start" in said.err
    assert "not ours to start" in json.loads(said.out)["error"]


def test_a_wrong_setting_is_a_refusal_in_words(run, monkeypatch):
    monkeypatch.setenv("CONTEXTMAP_POOL_SIZE", "1")

    code, said = run("db", "status")

    assert code == cli.REFUSED
    assert "CONTEXTMAP_POOL_SIZE must be at least" in said.err


@pytest.mark.parametrize("wrong", [[], ["nonsense"], ["db"], ["db", "nonsense"], ["db", "--what"]])
def test_wrong_usage_ends_with_2(wrong):
    with pytest.raises(SystemExit) as ended:
        cli.main(wrong)

    assert ended.value.code == cli.WRONG_USAGE


def test_a_running_service_keeps_its_database(run, data_dir):
    from app.core.folders import only_launcher

    with only_launcher(data_dir, "http://127.0.0.1:8765"):
        code, said = run("db", "stop")

    assert code == cli.REFUSED
    assert "running at http://127.0.0.1:8765" in said.err
