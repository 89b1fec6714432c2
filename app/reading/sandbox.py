"""Starts the reading process behind walls, and listens to it within limits.

Walls: bubblewrap where it can be used (its own namespaces without network, nothing of the disk but
Python, read-only), else those the process builds itself (`walls`). With neither, nothing is read.
"""

import fcntl
import json
import os
import selectors
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from app.core.bubblewrap import Bubblewrap, find
from app.core.errors import InvalidError
from app.reading import enclosure, frames, walls
from app.reading.rules import MAX_BYTES, MB


class Limits(NamedTuple):
    wall_s: float
    answer_bytes: int


WALL_S = 120.0
MAX_ANSWER = 400 * MB
LARGE = Limits(3600.0, 1500 * MB)
SUFFIX = {"OSM": "osm.pbf", "GPKG": "gpkg", "GEOJSON": "geojson"}
NO_WALLS = (
    "This server cannot read files safely, so it reads none. Ask the administrator to install "
    "bubblewrap."
)
CRASHED = "This file cannot be read: it broke the program that reads it. Save it again."
TOO_LONG = "Reading this file takes too long. Split it, or save it as CSV or GeoJSON."
TOO_MUCH = "This file holds more than can be read at once. Split it."
NOT_A_FILE = "This is not a file that can be read."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the process said, and what it took: processor time and the most memory it held.

    `refused` says why a file is not read; of a process that broke, `peak_bytes` is 0.
    """

    said: list[tuple[bytes, memoryview]]
    cpu_s: float
    peak_bytes: int
    refused: str | None = None


def ask(body: bytes | Path, question: Mapping[str, Any]) -> Answer:
    """Have one file read.

    Raises
    ------
    InvalidError
        It is not even handed to the process: no file, too large, or no wall.
    """
    program = usable()
    if program is None and not walls_stand():
        raise InvalidError(NO_WALLS)
    with _opened(body) as file:
        return _asked(file, question, program)


def ask_by_name(path: Path, kind: str, question: Mapping[str, Any]) -> Answer:
    """Have a file read by its name: an administrator's own, larger than others, with more time.

    Raises
    ------
    InvalidError
        There is no wall.
    """
    program = usable()
    if program is None and not walls_stand():
        raise InvalidError(NO_WALLS)
    source = enclosure.Source(path.resolve(), f"/source.{SUFFIX[kind]}")
    name = str(source.path) if program is None else source.inside
    with _memory(b"") as nothing:
        return _asked(nothing, {**question, "kind": kind, "path": name}, program, source)


def wall() -> str:
    """For administrators: "bubblewrap", "walls" or "none"."""
    return "bubblewrap" if usable() is not None else ("walls" if walls_stand() else "none")


def usable() -> Bubblewrap | None:
    """A bubblewrap that can make namespaces here; many containers allow none."""
    program = find()
    return program if program is not None and _works(program.path) else None


@cache
def _works(path: str) -> bool:
    program = find()
    return program is not None and program.path == path and _probe(program) is not None


@cache
def walls_stand() -> bool:
    """Whether the process can wall itself in, by Landlock and a filter of system calls."""
    return _probe(None) == [True, True]


def _probe(program: Bubblewrap | None) -> list[bool] | None:
    try:
        with _memory(b"") as nothing:
            answer = _asked(nothing, {"do": "probe"}, program)
    except OSError:
        return None
    if not answer.said:
        return None
    found: list[bool] = orjson.loads(answer.said[0][1])
    return found


def _asked(
    file: int,
    question: Mapping[str, Any],
    program: Bubblewrap | None,
    source: enclosure.Source | None = None,
) -> Answer:
    command, environment, readable = enclosure.command(program, source)
    asked = {**question, "readable": readable, "walled": program is None}
    with _memory(json.dumps(asked).encode()) as told:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [*command, str(told), str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(told, file),
            env=environment,
            cwd="/",
        )
        before = time.monotonic()
        try:
            said, stopped = _heard(process, LARGE if source else None)
        finally:
            process.kill()
            _bury(process)
    return _understood(said, stopped, time.monotonic() - before)


def _understood(said: bytes, stopped: str | None, took_s: float) -> Answer:
    if stopped is not None:
        return Answer([], took_s, 0, stopped)
    try:
        answer = list(frames.parsed(said))
        peak, cpu_s = bytes(answer[-1][1]).split()
        used = float(cpu_s), int(peak)
    except ValueError:
        return Answer([], took_s, 0, TOO_LONG if took_s > walls.CPU_S - 1 else CRASHED)
    words = next((bytes(body[:500]) for kind, body in answer if kind == frames.REFUSED), None)
    return Answer(answer, *used, None if words is None else words.decode("utf-8", "replace"))


def _heard(
    process: subprocess.Popen[bytes], limits: Limits | None = None
) -> tuple[bytes, str | None]:
    """All that it writes, or why it was stopped: too slow, or too much."""
    limits = limits or Limits(WALL_S, MAX_ANSWER)
    assert process.stdout is not None  # noqa: S101 - for the type checker
    pipe, until, size = process.stdout.fileno(), time.monotonic() + limits.wall_s, 0
    parts: list[bytes] = []
    os.set_blocking(pipe, False)
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while size <= limits.answer_bytes:
            if not ready.select(max(0.0, until - time.monotonic())):
                return b"", TOO_LONG
            part = os.read(pipe, 1 << 20)
            if not part:
                return b"".join(parts), None
            size += len(part)
            parts.append(part)
    return b"", TOO_MUCH


def _bury(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


@contextmanager
def _opened(body: bytes | Path) -> Iterator[int]:
    """A number of an open file that nobody can write: a plain one, or memory."""
    most = max(MAX_BYTES.values())
    if isinstance(body, bytes):
        if len(body) > most:
            raise InvalidError(TOO_MUCH)
        with _memory(body) as file:
            yield file
        return
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(body, flags)
    except OSError:
        raise InvalidError(NOT_A_FILE) from None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise InvalidError(NOT_A_FILE)
        if found.st_size > most:
            raise InvalidError(f"A file can be at most {most // MB} MB. Split it.")
        yield file
    finally:
        os.close(file)


@contextmanager
def _memory(body: bytes) -> Iterator[int]:
    file = os.memfd_create("read", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(file), "wb") as out:
            out.write(body)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)
