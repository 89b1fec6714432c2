"""The tasks of geo on the workers of a Dask scheduler. The only file that imports Dask.

Results come in any order and depend on nothing but what a task is given. A worker that dies takes
no result with it: the scheduler still has what its task was given, and gives it to another one.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Self

import dask
from distributed import Client, KilledWorker, as_completed
from distributed.client import FutureCancelledError

CONNECT_S, WORKER_S = 10, 60
AHEAD = 2  # tasks of each thread that wait at the scheduler with what they are given
RETRIES = 2

NO_SCHEDULER = "No Dask scheduler answers at {}. Start one, and open its port to this machine."
NO_WORKER = "The scheduler at {} has no worker. Start one: see docs/operator/scale.md."
KILLED = (
    "Task after task took its worker with it: most likely too little memory. Start workers with "
    "more of it, or ask for smaller tiles. What is finished is kept."
)
GONE = "The scheduler at {} went away. What is finished is kept: run the command again."
NO_PROGRAM = (
    "A worker cannot import this program. Start workers in the folder of the program, with its "
    "own environment: see docs/operator/scale.md."
)


class EngineError(Exception):
    """Why the workers could not be used, in words."""


class Workers:
    """Workers of the scheduler at HOST:PORT, for as long as the block runs.

    What a task is given can be as large as a tile: only as many are sent as keep the workers busy.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client: Any = None

    def __enter__(self) -> Self:
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GiB"})
        try:
            self._client = Client(f"tcp://{self.address}", timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as refused:
            raise EngineError(NO_SCHEDULER.format(self.address)) from refused
        try:
            self._client.wait_for_workers(1, timeout=WORKER_S)
        except TimeoutError as refused:
            self._client.close()
            raise EngineError(NO_WORKER.format(self.address)) from refused
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close(timeout=CONNECT_S)

    def ask(self, question: Callable[[], Any]) -> list[Any]:
        """What each worker answers now. Workers that lack our program are found out here.

        Raises
        ------
        EngineError
        """
        try:
            answers = list(self._client.run(question, on_error="return").values())
        except OSError as refused:
            raise EngineError(GONE.format(self.address)) from refused
        if any(isinstance(one, Exception) for one in answers):
            raise EngineError(NO_PROGRAM)
        return answers

    def run(
        self, task: Callable[[Any], Any], given: Iterable[tuple[int, Any]]
    ) -> Iterator[tuple[int, Any]]:
        """Number and result of each task as it is done.

        Parameters
        ----------
        task : callable
            Can be imported by workers.
        given : iterable of (int, object)
            Number of each task and what it is given; asked for as workers become free.

        Raises
        ------
        EngineError
        """
        waiting, number = iter(given), dict[str, int]()
        flowing = as_completed([], loop=self._client.loop)

        def send(most: int) -> None:
            for k, item in islice(waiting, most):
                future = self._client.submit(task, item, pure=False, retries=RETRIES)
                number[future.key] = k
                flowing.add(future)

        send(AHEAD * max(1, sum(self._client.nthreads().values())))
        for future in flowing:
            yield number.pop(future.key), self._result(future)
            future.release()
            send(1)

    def _result(self, future: Any) -> Any:  # noqa: ANN401 - of any task
        try:
            return future.result()
        except KilledWorker as refused:
            raise EngineError(KILLED) from refused
        except (FutureCancelledError, OSError) as refused:
            raise EngineError(GONE.format(self.address)) from refused
