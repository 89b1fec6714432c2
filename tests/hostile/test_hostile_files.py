"""Every hostile file is refused with a sentence or made harmless: quickly, small, and alone."""

import ctypes
import os
import re
import socket
import time

import pytest

from app.core.errors import InvalidError
from app.reading import sandbox, service
from app.reading.schemas import Choices
from tests.hostile import maps, packages, tables, workbooks
from tests.hostile.case import SECRET, Place

CASES = [*tables.CASES, *maps.CASES, *workbooks.CASES, *packages.CASES]
NEAR = (490_000.0, 145_000.0, 570_000.0, 210_000.0)
SECONDS, BYTES = 3.0, 512 * 1024 * 1024
IN_OPEN, IN_ACCESS = 0x20, 0x1


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def place(tmp_path, listening):
    canary = tmp_path / "somebody" / "secret.csv"
    canary.parent.mkdir()
    canary.write_text(f"name,secret\nx,{SECRET}\n")
    folder = tmp_path / "own"
    folder.mkdir()
    return Place(folder, canary, listening.getsockname()[1])


@pytest.fixture
def watched(place):
    """The kernel tells whoever opens or reads the canary."""
    libc = ctypes.CDLL(None, use_errno=True)
    events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert libc.inotify_add_watch(events, bytes(place.canary), IN_OPEN | IN_ACCESS) >= 0
    yield events
    os.close(events)


def nobody_came(listening):
    try:
        listening.accept()
    except BlockingIOError:
        return True
    return False


def was_left_alone(events):
    try:
        return os.read(events, 4096) == b""
    except BlockingIOError:
        return True


def question(do):
    return {"do": do, "choices": Choices()._asdict(), "within": NEAR}


def asked(body, do):
    """The answer, within the limits of time and memory."""
    before = time.monotonic()
    try:
        answer = sandbox.ask(body, question(do))
    except InvalidError as refused:
        answer = sandbox.Answer([], 0.0, 0, refused.detail)
    took = time.monotonic() - before
    # Others at work on the same machine make everybody wait, not work.
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert answer.cpu_s <= SECONDS, answer.cpu_s
    assert took <= SECONDS * busy, took
    assert answer.peak_bytes <= BYTES
    return answer


def is_a_sentence(words):
    return re.fullmatch(r"[A-Z].{10,300}[.?]", words) is not None


@pytest.mark.asvs("1.3.6", "1.5.1", "5.2.1", "5.2.2", "5.2.3", "5.2.5", "5.3.3")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_hostile_file_does_nothing(case, place, listening, watched):
    body = case.make(place)

    answer = asked(body, "inspect")

    if case.refused is not None:
        if answer.refused is None and "problem" not in case.refused:
            answer = asked(body, "read")
        assert answer.refused is not None, f"{case.name} was read"
        assert re.search(case.refused, answer.refused), answer.refused
        assert is_a_sentence(answer.refused), answer.refused
    else:
        assert answer.refused is None, answer.refused
        found = service.inspect("x.csv", body, within=NEAR)
        sheet = service.read("x.csv", body, within=NEAR)
        case.harmless(found, sheet)
        assert SECRET not in repr((found, sheet))
    assert SECRET not in str(answer.refused)
    assert nobody_came(listening)
    assert was_left_alone(watched)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_hostile_file_does_nothing_behind_the_walls_alone(case, place, listening, watched):
    """As in a container without namespaces: Landlock and the filter of system calls."""
    body = case.make(place)
    try:
        with sandbox._opened(body) as file:
            answer = sandbox._asked(file, question("read"), None)
    except InvalidError as refused:
        answer = sandbox.Answer([], 0.0, 0, refused.detail)

    if case.harmless is not None:
        assert answer.refused is None, answer.refused
    assert answer.cpu_s <= SECONDS
    assert answer.peak_bytes <= BYTES
    assert SECRET not in repr([bytes(part) for _, part in answer.said])
    assert nobody_came(listening)
    assert was_left_alone(watched)


def test_there_are_enough_of_them():
    names = [case.name for case in CASES]

    assert len(set(names)) >= 60


@pytest.mark.asvs("5.2.2", "5.3.2")
@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "NUL.csv", "/vsicurl/http://127.0.0.1/", "a\0b"]
)
def test_the_name_of_a_file_is_nothing_but_a_name(name):
    found = service.inspect(name, b"a,b\n1,2\n")

    assert found.format == "CSV"
