"""Child processes: started again when they die, ended with their parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.children import FIRST_WAIT_S, Children, Program
from tests.runtime.conftest import wait_for

SLEEPER = Program(["sleep", "60"])


@pytest.fixture
def children():
    made = Children({"web 1": SLEEPER, "worker": SLEEPER}, env=dict(os.environ))
    yield made
    made.stop()


def pid_of(children, name):
    return children.running[name].process.pid


def test_a_kind_is_started_by_the_beginning_of_its_name(children):
    children.start("web")

    assert list(children.running) == ["web 1"]


def test_a_dead_child_is_started_again_after_a_wait_that_grows(children):
    children.start("web")
    first = pid_of(children, "web 1")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: children.dead() == ["web 1"])

    children.restart_dead()
    at_once = children.dead()
    restarted = wait_for(lambda: children.restart_dead() or not children.dead())

    assert at_once == ["web 1"]
    assert restarted
    assert pid_of(children, "web 1") != first
    assert children.running["web 1"].wait_s > FIRST_WAIT_S


def test_stopping_leaves_no_child(children):
    children.start("w")

    children.stop()

    assert sorted(children.dead()) == ["web 1", "worker"]


def test_a_killed_parent_takes_its_children_along():
    script = (
        "import os, time; from app.core.children import Children, Program;"
        "c = Children({'w': Program(['sleep', '60'])}, env=dict(os.environ)); c.start('w');"
        "print(c.running['w'].process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    with parent.stdout as lines:
        child = Path("/proc", lines.readline().strip())
    assert wait_for(lambda: (child / "cmdline").read_bytes().startswith(b"sleep"))

    parent.kill()
    parent.wait()

    assert wait_for(lambda: not child.exists() or not (child / "cmdline").read_bytes(), within_s=5)
