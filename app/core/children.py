"""Child processes of the launcher: started, watched, started again, and stopped with it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
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


class Children:
    """A dead one is started again, ever more patiently while it does not last ten seconds."""

    def __init__(self, programs: Mapping[str, Program], *, env: Mapping[str, str]) -> None:
        self.programs = programs
        self.env = env
        self.running: dict[str, Child] = {}

    def start(self, kind: str) -> None:
        """Those whose name begins so."""
        for name in self.programs:
            if name.startswith(kind):
                self.running[name] = Child(self._spawn(name), time.monotonic())

    def restart_dead(self) -> None:
        now = time.monotonic()
        for name, child in self.running.items():
            if child.process.poll() is None:
                continue
            if child.due is None:
                self._plan(name, child, now)
            elif now >= child.due:
                child.process, child.since, child.due = self._spawn(name), now, None

    def dead(self) -> list[str]:
        return [name for name, child in self.running.items() if child.process.poll() is not None]

    def stop(self) -> None:
        """Politely, all at once; after `STOP_S` seconds by force."""
        processes = [child.process for child in self.running.values()]
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
        lasted = now - child.since > STEADY_S
        child.wait_s = FIRST_WAIT_S if lasted else min(LONGEST_WAIT_S, child.wait_s * 2)
        child.due = now + child.wait_s
        sys.stderr.write(f"{name} ended ({child.process.returncode}); starting it again.\n")

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        program = self.programs[name]
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
