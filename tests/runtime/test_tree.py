"""Scripts and locks: what a fresh machine meets first."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["advisories", "bench", "container", "contextmap", "debian", "serve", "test", "vendor"]
LOCKS = ["requirements.lock", "tests/requirements.lock", "tests/perf/requirements.lock"]
SCALE = "scripts/scale.lock.txt"  # what national analysis on several machines adds


def shell(script, **env):
    done = subprocess.run(
        ["sh", "-c", script, str(ROOT / "scripts" / "serve")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
        cwd="/",
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def pinned(lock):
    return set(re.findall(r"^([a-z0-9._-]+==[^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", [*SCRIPTS, "setup"])
def test_a_script_is_valid_posix_shell(name):
    done = subprocess.run(["sh", "-n", ROOT / "scripts" / name], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_run(name):
    assert os.access(ROOT / "scripts" / name, os.X_OK)


def test_continuous_integration_calls_the_tests_and_nothing_else():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()

    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert lines == ["#!/bin/sh", 'exec "$(dirname -- "$0")/../scripts/test"']


@pytest.mark.parametrize("lock", [*LOCKS, SCALE, "scripts/uv.lock.txt"])
def test_a_lock_is_pinned_by_hash_and_names_no_host(lock):
    text = (ROOT / lock).read_text()

    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "--index" not in text


def test_each_lock_holds_all_of_the_one_before():
    service, test, bench = (pinned(lock) for lock in LOCKS)

    assert service
    assert service < test < bench
    assert service < pinned(SCALE) < test


def test_the_scripts_find_the_checkout_from_any_folder():
    code, said, _ = shell('. "$(dirname -- "$0")/setup"; pwd; echo "$CALLER"')

    assert (code, said.splitlines()) == (0, [str(ROOT), "/"])


@pytest.mark.parametrize(("stamped", "current"), [(LOCKS[0], 0), (LOCKS[1], 0), (None, 1)])
def test_a_richer_environment_satisfies_a_poorer_lock(tmp_path, stamped, current):
    (tmp_path / "python").symlink_to("/bin/true")
    script = '. "$(dirname -- "$0")/setup"; VENV=$WHERE PYTHON=$WHERE/python;'
    if stamped is not None:
        script += f'sha256sum <{stamped} >"$VENV/.installed";'

    code, _, _ = shell(f"{script} is_current {LOCKS[0]} {LOCKS[1]}", WHERE=str(tmp_path))

    assert code == current


def test_a_poorer_environment_does_not_satisfy_the_tests(tmp_path):
    (tmp_path / "python").symlink_to("/bin/true")
    script = f"""
        . "$(dirname -- "$0")/setup"; VENV=$WHERE PYTHON=$WHERE/python
        sha256sum <{LOCKS[0]} >"$VENV/.installed"; is_current {LOCKS[1]}
    """

    code, _, _ = shell(script, WHERE=str(tmp_path))

    assert code == 1


def test_a_missing_package_is_named_to_somebody_who_cannot_install_it():
    script = """
        . "$(dirname -- "$0")/setup"
        as_root() { return 1; }
        need_debian no-such-package-anywhere
    """

    code, _, said = shell(script)

    assert code == 1
    assert "Missing: no-such-package-anywhere" in said


def test_a_long_step_is_quiet_until_it_fails():
    script = """
        . "$(dirname -- "$0")/setup"
        quietly sh -c 'echo working'
        quietly sh -c 'echo why; exit 3'
    """

    code, said, reason = shell(script)

    assert code != 0
    assert said == ""
    assert reason == "why"
