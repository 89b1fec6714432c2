"""Child processes of the launcher: started, watched, started again, and stopped with it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 25
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 4.0  # the public form must be back within ten seconds
STEADY_S = 10


@dataclass(frozen=True, slots=True)
class Program:
    """A command, and the open files that it is handed."""

    command: list[str]
    fds: tuple[int, ...] = ()


@dataclass(slots=True)
class Child:
    process: subprocess.Popen[bytes]
    since: float
    wait_s: float = FIRST_WAIT_S
    due: float | None = None

    def is_steady(self, now: float) -> bool:
        return self.due is None and now - self.since > STEADY_S


@dataclass(frozen=True, slots=True)
class Spare:
    """Loaded, and waiting at a pipe: it takes the place of a dead one, whose kind it is told."""

    process: subprocess.Popen[bytes]
    word: int
    since: float

    def waits(self) -> bool:
        return self.process.poll() is None

    def begin(self, kind: str) -> subprocess.Popen[bytes]:
        with suppress(BrokenPipeError):  # it died a moment ago
            os.write(self.word, kind.encode())
        os.close(self.word)
        return self.process

    def stop(self) -> None:
        os.close(self.word)  # without a word it ends
        self.process.terminate()


class Children:
    """A dead one is started again: at once, or ever more patiently if it did not last ten seconds.

    `spare` is one for whichever dies first, and understands `--spare FD`: to load everything, which
    takes four seconds of a processor and many more of a busy machine, and to wait for a word at
    that pipe. It is started once all are steady, and again as soon as it took the place of one that
    had lasted: the next death may come before everybody is steady again.
    """

    def __init__(
        self,
        programs: Mapping[str, Program],
        *,
        env: Mapping[str, str],
        ended: Callable[[str, int], None] = lambda *_: None,
        spare: Program | None = None,
    ) -> None:
        self.programs = programs
        self.ended = ended
        self.env = env
        self.running: dict[str, Child] = {}
        self.spare: Spare | None = None
        self._of_spare = spare
        self._wants_spare = False

    def start(self, kind: str) -> None:
        """Those whose name begins so."""
        for name in self.programs:
            if name.startswith(kind):
                self.running[name] = Child(self._spawn(self.programs[name]), time.monotonic())

    def restart_dead(self) -> None:
        now = time.monotonic()
        for name, child in self.running.items():
            if child.process.poll() is None:
                continue
            due = self._plan(name, child, now) if child.due is None else child.due
            if now >= due:
                child.process, child.since, child.due = self._next(name), now, None
        if self._wants_spare or all(child.is_steady(now) for child in self.running.values()):
            self._keep_spare(now)

    def dead(self) -> list[str]:
        return [name for name, child in self.running.items() if child.process.poll() is not None]

    def stop(self) -> None:
        """Politely, all at once; after `STOP_S` seconds by force."""
        processes = [child.process for child in self.running.values()]
        if self.spare is not None:
            self.spare.stop()
            processes.append(self.spare.process)
            self.spare = None
        for process in processes:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + STOP_S
        for process in processes:
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _plan(self, name: str, child: Child, now: float) -> float:
        """When it is due again: at once, if it had lasted."""
        if child.is_steady(now):
            child.wait_s, due, self._wants_spare = FIRST_WAIT_S, now, True
        else:
            child.wait_s = min(LONGEST_WAIT_S, child.wait_s * 2)
            due = now + child.wait_s
        child.due = due
        self.ended(name, child.process.returncode)
        sys.stderr.write(f"{name} ended ({child.process.returncode}); starting it again.\n")
        return due

    def _next(self, name: str) -> subprocess.Popen[bytes]:
        """The spare, if there is one that waits; else one that must load everything first."""
        spare = self.spare
        if spare is None or not spare.waits():
            return self._spawn(self.programs[name])
        self.spare = None
        return spare.begin(name.split(" ", maxsplit=1)[0])

    def _keep_spare(self, now: float) -> None:
        """One for all; one that did not stay is not tried again at once."""
        if self.spare is not None:
            if self.spare.waits() or now - self.spare.since <= STEADY_S:
                return
            os.close(self.spare.word)
        if self._of_spare is None:
            return
        program = self._of_spare
        waits, word = os.pipe()
        command = [*program.command, "--spare", str(waits)]
        process = self._spawn(replace(program, command=command, fds=(*program.fds, waits)))
        os.close(waits)
        self.spare, self._wants_spare = Spare(process, word, now), False

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches the launcher alone, which then stops them in order.
        return subprocess.Popen(  # noqa: S603 - our own commands
            [*_leash(), *program.command],
            cwd=ROOT,
            env=self.env,
            pass_fds=program.fds,
            start_new_session=True,
        )


def _leash() -> list[str]:
    """The kernel ends a child whose launcher was killed, so that its socket is free at once."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
