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


# Writes its number when it may begin, as app.web does with --spare; else it begins at once.
SERVER = """
import os, sys, time
out = sys.argv[1]
if "--spare" in sys.argv and not os.read(int(sys.argv[-1]), 1):
    sys.exit()
open(out, "a").write(f"{os.getpid()}\\n")
time.sleep(60)
"""


@pytest.fixture
def serving(tmp_path, monkeypatch):
    monkeypatch.setattr("app.core.children.STEADY_S", 0)
    out = tmp_path / "began"
    out.touch()
    program = Program([sys.executable, "-c", SERVER, str(out)], has_spare=True)
    made = Children({"web 1": program}, env=dict(os.environ))
    made.start("web")
    made.began = lambda: [int(line) for line in out.read_text().split()]
    assert wait_for(made.began)
    yield made
    made.stop()


def test_a_spare_waits_and_takes_the_place_of_a_dead_one(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare = serving.spare.process.pid

    os.kill(pid_of(serving, "web 1"), signal.SIGKILL)
    took_over = wait_for(lambda: serving.restart_dead() or spare in serving.began())

    assert took_over
    assert pid_of(serving, "web 1") == spare
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    assert serving.spare.process.pid not in {spare, *serving.began()}


def test_without_a_living_spare_another_is_started(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare, first = serving.spare.process, pid_of(serving, "web 1")
    spare.kill()
    spare.wait()
    os.kill(first, signal.SIGKILL)

    assert wait_for(lambda: serving.restart_dead() or len(serving.began()) == 2)
    assert pid_of(serving, "web 1") not in {first, spare.pid}


def test_a_spare_without_a_word_ends_and_never_begins(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare = serving.spare.process

    serving.stop()

    assert spare.poll() is not None
    assert spare.pid not in serving.began()
