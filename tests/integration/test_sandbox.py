"""What the reading process can do: nothing but read the one file. Tried from inside each wall."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from app.core.bubblewrap import find
from app.core.errors import InvalidError
from app.reading import enclosure, frames, sandbox, service, walls
from app.reading.schemas import Choices

ROOT = Path(__file__).resolve().parents[2]
TRIES = """
import ctypes, json, os, socket, sys
sys.path[:0] = sys.argv[1:2]
readable, canary, port, walled = json.loads(sys.argv[2])
from app.reading import walls
walls.limit()
closed = walls.close(readable) if walled else None

def tried(what):
    try:
        what()
    except BaseException as failed:
        return type(failed).__name__
    return "done"

print(json.dumps({
    "closed": closed,
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", port), 1)),
    "socket": tried(lambda: socket.socket(socket.AF_UNIX)),
    "read": tried(lambda: open(canary).read()),
    "passwords": tried(lambda: open("/etc/passwd").read()),
    "other process": tried(lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(1)),
    "write": tried(lambda: open(f"{canary}.new", "w").write("x")),
    "memory": tried(lambda: bytearray(600_000_000)),
    **({} if not walled else {
        "run": tried(lambda: os.execv("/usr/bin/true", ["true"])),
        "fork": tried(os.fork),
        "kill": tried(lambda: os.kill(os.getppid(), 0)),
    }),
    "environment": sorted(os.environ),
}))
"""


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("secret")
    return path


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def told(command, environment, *rest):
    done = subprocess.run(
        [*command, "-c", TRIES, *rest],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def without_program(command):
    """Up to the interpreter and its switches: the program is given anew."""
    return command[: command.index("-B") + 1]


def came(listening):
    try:
        listening.accept()
    except BlockingIOError:
        return False
    return True


@pytest.mark.asvs("13.2.4")
def test_behind_bubblewrap_there_is_no_network_and_no_file(canary, listening):
    command, environment, readable = enclosure.command(find())
    port = listening.getsockname()[1]

    tried = told(
        without_program(command),
        environment,
        "/code",
        json.dumps([readable, str(canary), port, False]),
    )

    assert tried["connect"] == "ConnectionRefusedError", "in a network of its own"
    assert tried["read"] == "FileNotFoundError"
    assert tried["passwords"] == "FileNotFoundError"
    assert set(tried["environment"]) <= {*enclosure.ENVIRONMENT, "LC_CTYPE", "PWD"}
    assert tried["memory"] == "MemoryError"
    assert not came(listening)


def test_the_walls_alone_hold_too(canary, listening):
    command, environment, readable = enclosure.command(None)
    port = listening.getsockname()[1]

    tried = told(
        without_program(command),
        environment,
        str(ROOT),
        json.dumps([readable, str(canary), port, True]),
    )

    assert tried.pop("closed") == [True, True]
    assert set(tried.pop("environment")) <= {*enclosure.ENVIRONMENT, "LC_CTYPE"}
    assert tried.pop("memory") == "MemoryError"
    assert tried == dict.fromkeys(tried, "PermissionError")
    assert not came(listening)


def test_both_walls_can_be_had_here():
    assert sandbox.wall() == "bubblewrap"
    assert sandbox.walls_stand()


def test_the_question_stands_in_no_list_of_processes():
    command, _, _ = enclosure.command(find())

    assert "sheet of somebody" not in " ".join(command)
    assert [*command][-1].startswith("/packages")


def started(code):
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.kill(os.getpid(), 11)",
        "import os; os.abort()",
        "raise SystemExit(3)",
        "import sys; sys.stdout.buffer.write(b'R' + (99).to_bytes(4, 'big') + b'short')",
    ],
)
def test_a_process_that_breaks_becomes_a_sentence(code):
    process = started(code)
    said, stopped = sandbox._heard(process)
    sandbox._bury(process)

    answer = sandbox._understood(said, stopped, 0.1)

    assert answer.refused == sandbox.CRASHED


def test_a_process_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "WALL_S", 0.3)
    process = started("import time; time.sleep(60)")
    before = time.monotonic()

    said, stopped = sandbox._heard(process)
    process.kill()
    sandbox._bury(process)

    assert (said, stopped) == (b"", sandbox.TOO_LONG)
    assert time.monotonic() - before < 10
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_says_too_much_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_ANSWER", 1_000_000)
    process = started("import sys\nwhile True: sys.stdout.write('x' * 100000)")

    _, stopped = sandbox._heard(process)
    process.kill()
    sandbox._bury(process)

    assert stopped == sandbox.TOO_MUCH


@pytest.mark.parametrize(
    "block",
    [
        b'{"numbers":[1],"cells":[["a"]],"shapes":[null],"problems":[]}',
        b'{"numbers":[1],"cells":[[1,2]],"shapes":[null],"problems":[]}',
        b'{"numbers":[],"cells":[["a","b"]],"shapes":[null],"problems":[]}',
        b'{"numbers":[1],"cells":[["a","b"]],"shapes":["zz"],"problems":[]}',
        b'{"numbers":[1]}',
        b"[]",
        b"not JSON",
    ],
)
def test_an_answer_that_is_no_table_is_refused(block):
    """A file that took the process over could still only say things."""
    said = [(frames.FOUND, memoryview(b'["a","b"]')), (frames.ROWS, memoryview(block))]

    with pytest.raises((ValueError, TypeError, KeyError)):
        service._as_sheet(said)


def children():
    return {
        child
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    }


@pytest.mark.asvs("1.4.3")
def test_no_process_and_no_open_file_is_left_over():
    others = children()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for body in (b"a,b\n1,2\n", b"", b"\0" * 100):
        with suppress(InvalidError):
            service.read("x", body, Choices())

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert children() == others


def test_the_limits_are_those_that_were_agreed():
    assert walls.MEMORY_BYTES <= 512 * 1024 * 1024
    assert walls.CPU_S == 30
