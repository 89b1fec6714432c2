"""A Dask scheduler and its workers as processes of their own, as an operator starts them."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_S = 60
PATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "20s"}  # on a busy machine


class Cluster:
    """Processes that end with the block they were started in; workers have one thread each."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.workers = folder, stack, []
        self.said = folder / "scheduler.json"
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                    "--scheduler-file", str(self.said))  # fmt: skip
        until = time.monotonic() + START_S
        while not self.said.exists() or not self.said.read_text().strip():
            if time.monotonic() > until:
                raise RuntimeError("The scheduler did not start.")
            time.sleep(0.05)
        self.address = json.loads(self.said.read_text())["address"].removeprefix("tcp://")

    def worker(self, cwd=ROOT):
        asked = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        folder = ("--local-directory", str(self.folder))
        address = f"tcp://{self.address}"
        self.workers.append(self._start("dask_worker", address, *asked, *folder, cwd=cwd))

    def _start(self, name, *arguments, cwd=ROOT):
        log = self.stack.enter_context((self.folder / f"{name}.log").open("ab"))
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | PATIENT
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *arguments],
            cwd=cwd, stdout=log, stderr=log, env=environment,
        )  # fmt: skip
        self.stack.callback(process.wait, timeout=30)
        self.stack.callback(process.kill)
        return process


@contextmanager
def cluster_of(folder, workers):
    with ExitStack() as stack:
        cluster = Cluster(folder, stack)
        for _ in range(workers):
            cluster.worker()
        yield cluster
