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
    """A command, and the open files that it is handed.

    `has_spare`: it understands `--spare FD`, to load everything and wait for a word at that pipe.
    """

    command: list[str]
    fds: tuple[int, ...] = ()
    has_spare: bool = False


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
    """Loaded, and waiting at a pipe: it takes the place of a dead one at once."""

    process: subprocess.Popen[bytes]
    word: int
    since: float

    def waits(self) -> bool:
        return self.process.poll() is None

    def begin(self) -> subprocess.Popen[bytes]:
        with suppress(BrokenPipeError):  # it died a moment ago
            os.write(self.word, b"1")
        os.close(self.word)
        return self.process

    def stop(self) -> None:
        os.close(self.word)  # without a word it ends
        self.process.terminate()


class Children:
    """A dead one is started again, ever more patiently while it does not last ten seconds.

    Where one may be in need of it, a spare is kept once all are steady: loading its libraries takes
    three seconds of a processor, and many more where the machine is busy.
    """

    def __init__(
        self,
        programs: Mapping[str, Program],
        *,
        env: Mapping[str, str],
        ended: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self.programs = programs
        self.ended = ended
        self.env = env
        self.running: dict[str, Child] = {}
        self.spare: Spare | None = None

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
            if child.due is None:
                self._plan(name, child, now)
            elif now >= child.due:
                child.process, child.since, child.due = self._next(name), now, None
        if all(
            child.due is None and now - child.since > STEADY_S for child in self.running.values()
        ):
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

    def _plan(self, name: str, child: Child, now: float) -> None:
        child.wait_s = (
            FIRST_WAIT_S if child.is_steady(now) else min(LONGEST_WAIT_S, child.wait_s * 2)
        )
        child.due = now + child.wait_s
        self.ended(name, child.process.returncode)
        sys.stderr.write(f"{name} ended ({child.process.returncode}); starting it again.\n")

    def _next(self, name: str) -> subprocess.Popen[bytes]:
        """The spare, if there is one that waits; else one that must load everything first."""
        spare = self.spare
        if spare is None or not self.programs[name].has_spare or not spare.waits():
            return self._spawn(self.programs[name])
        self.spare = None
        return spare.begin()

    def _keep_spare(self, now: float) -> None:
        """One for all; one that did not stay is not tried again at once."""
        program = next((one for one in self.programs.values() if one.has_spare), None)
        if self.spare is not None:
            if self.spare.waits() or now - self.spare.since <= STEADY_S:
                return
            os.close(self.spare.word)
        if program is None:
            return
        waits, word = os.pipe()
        command = [*program.command, "--spare", str(waits)]
        process = self._spawn(replace(program, command=command, fds=(*program.fds, waits)))
        os.close(waits)
        self.spare = Spare(process, word, now)

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
