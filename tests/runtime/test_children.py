"""Child processes: started again when they die, ended with their parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import spare
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


# Writes its number, and the word that it was told, when it may begin as app.spare does; else at
# once.
SERVER = """
import os, sys, time
out, word = sys.argv[1], "untold"
if "--spare" in sys.argv:
    word = os.read(int(sys.argv[-1]), 100).decode()
    if not word:
        sys.exit()
open(out, "a").write(f"{os.getpid()} {word}\\n")
time.sleep(60)
"""


@pytest.fixture
def serving(tmp_path, monkeypatch):
    monkeypatch.setattr("app.core.children.STEADY_S", 0)
    out = tmp_path / "began"
    out.touch()
    program = Program([sys.executable, "-c", SERVER, str(out)])
    made = Children({"web 1": program, "worker": program}, env=dict(os.environ), spare=program)
    made.start("w")
    made.began = lambda: {
        int(pid): kind for pid, kind in (line.split() for line in out.read_text().splitlines())
    }
    assert wait_for(lambda: len(made.began()) == 2)
    yield made
    made.stop()


@pytest.mark.parametrize(("name", "kind"), [("web 1", "web"), ("worker", "worker")])
def test_a_spare_waits_and_takes_the_place_of_whichever_died(serving, name, kind):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare = serving.spare.process.pid

    os.kill(pid_of(serving, name), signal.SIGKILL)
    took_over = wait_for(lambda: serving.restart_dead() or spare in serving.began())

    assert took_over
    assert pid_of(serving, name) == spare
    assert serving.began()[spare] == kind
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    assert serving.spare.process.pid not in {spare, *serving.began()}


def test_who_lasted_is_started_again_in_the_same_turn_and_the_next_spare_at_once(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare = serving.spare.process.pid
    os.kill(pid_of(serving, "worker"), signal.SIGKILL)
    assert wait_for(lambda: serving.dead() == ["worker"])

    serving.restart_dead()
    after = serving.spare

    assert serving.dead() == []
    assert pid_of(serving, "worker") == spare
    assert after is not None
    assert after.process.pid != spare


def test_without_a_living_spare_another_is_started(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare, first = serving.spare.process, pid_of(serving, "web 1")
    spare.kill()
    spare.wait()
    os.kill(first, signal.SIGKILL)

    assert wait_for(lambda: serving.restart_dead() or len(serving.began()) == 3)
    assert pid_of(serving, "web 1") not in {first, spare.pid}


def test_a_spare_without_a_word_ends_and_never_begins(serving):
    assert wait_for(lambda: serving.restart_dead() or serving.spare)
    spare = serving.spare.process

    serving.stop()

    assert spare.poll() is not None
    assert spare.pid not in serving.began()


@pytest.fixture
def became(monkeypatch):
    """What a spare that has nothing to load becomes, and the files that it still holds then."""
    done = []
    monkeypatch.setattr(spare, "LOADED", ())
    monkeypatch.setattr(spare, "_be_known_as", done.append)
    monkeypatch.setattr("app.worker.main", lambda: done.append("worker began"))
    monkeypatch.setattr("app.web.main", lambda options: done.append(options) or 0)

    def told(word):
        waits, says = os.pipe()
        fd, after = os.pipe()
        if word:
            os.write(says, word.encode())
        os.close(says)
        given = ["--spare", str(waits), "--fd", str(fd), "--after", str(after)]
        code = spare.main(given)
        left = [one for one in (fd, after) if Path(f"/proc/self/fd/{one}").exists()]
        for one in left:
            os.close(one)
        return code, done, [str(fd), str(after)], left

    return told


def test_a_spare_becomes_the_worker_without_the_files_of_the_web(became):
    code, done, _, left = became("worker")

    assert (code, done, left) == (0, ["worker", "worker began"], [])


def test_a_spare_becomes_a_web_process_with_them(became):
    code, done, (fd, after), left = became("web")

    assert (code, done) == (0, ["web", ["--fd", fd, "--after", after]])
    assert len(left) == 2


def test_a_spare_whose_launcher_ended_becomes_nothing(became):
    assert became("")[:2] == (0, [])


def test_the_name_of_a_process_is_short_enough_for_the_kernel():
    assert max(len(spare.NAME.format(kind=kind)) for kind in ("web", "worker")) <= 15
