# SPDX-License-Identifier: Apache-2.0
"""Worker processes that run jobs, each keeping to one group of jobs as long as possible."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Generic, TypeVar

from frs_ros.errors import DataError, FrsError
from frs_ros.files import refusal
from frs_ros.program import command

J = TypeVar('J')
Run = Callable[[Any], Any]

STOP_TIMEOUT = 2.0
# Several workers with a thread per core each would only get in each other's way.
ONE_THREAD = {name: '1' for name in ('OMP_NUM_THREADS', 'LP_NUM_THREADS')}


class WorkerError(FrsError):
    """A worker process failed or died.

    Attributes:
        details: The traceback in the worker, '' if it died without one.
    """

    def __init__(self, message: str, details: str = '') -> None:
        super().__init__(message)
        self.details = details


class Schedule(Generic[J]):
    """Hands out jobs so that a worker changes its group (here: its simulated task) rarely."""

    def __init__(self, jobs: Iterable[J], group: Callable[[J], int]) -> None:
        self._pending: dict[int, list[J]] = {}
        self._group_of: dict[int, int] = {}
        for job in jobs:
            self._pending.setdefault(group(job), []).append(job)

    def next(self, worker: int) -> J | None:
        """The worker's next job: of its own group, else of the group that needs help most."""
        group = self._group_of.get(worker)
        if group not in self._pending:
            self._group_of.pop(worker, None)
            if not self._pending:
                return None
            taken = list(self._group_of.values())
            group = max(self._pending, key=lambda g: len(self._pending[g]) / (1 + taken.count(g)))
            self._group_of[worker] = group
        jobs = self._pending[group]
        job = jobs.pop(0)
        if not jobs:
            del self._pending[group]
        return job


class _Worker:
    """One process of its own, and the pipe to it.

    It is started by `program.command`: `multiprocessing` would look for its modules in the current
    folder first.
    """

    def __init__(self, factory: Callable[[], Run]) -> None:
        self.connection, theirs = Pipe()
        self.job: Any = None
        # Ctrl-C in a terminal reaches the whole process group. Only the parent is to react, so
        # the child starts with the signal blocked, before any of its own code runs.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = subprocess.Popen(
                command(__name__, str(theirs.fileno())), pass_fds=[theirs.fileno()]
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
        self._send([folder for folder in sys.path if folder])
        self._send(factory)

    def give(self, job: Any) -> None:
        self.job = job
        self._send(job)

    def _send(self, value: Any) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # `receive` says it
            self.connection.send(value)

    def receive(self) -> Any:
        """The result of the job; raises what the worker raised, or WorkerError."""
        try:
            error, value = self.connection.recv()
        except (EOFError, OSError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT)
            raise WorkerError(f'a worker died at {self.job} ({self._cause()})') from None
        if error is None:
            return value
        if isinstance(error, FrsError):
            raise error
        raise WorkerError(f'a worker failed at {self.job}: {error}', value)

    def _cause(self) -> str:
        code = self.process.returncode
        if code is None or code >= 0:
            return f'exit code {code}'
        hint = '; if memory ran out, use fewer workers' if -code == signal.SIGKILL else ''
        return f'signal {-code}{hint}'

    def stop(self) -> None:
        """Ends the process, whatever it is doing."""
        self.connection.close()
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run_jobs(
    factory: Callable[[], Run], jobs: Iterable[J], workers: int, group: Callable[[J], int]
) -> Iterator[Any]:
    """Yields the result of every job as it finishes.

    Args:
        factory: Picklable; called once in each worker, makes the function that runs a job.
        jobs: Picklable jobs.
        workers: Number of processes.
        group: Jobs of the same group share what is expensive to set up.

    Raises:
        FrsError: What the factory or a job raised.
        WorkerError: Any other failure, and the death of a worker.
    """
    jobs = list(jobs)
    schedule = Schedule(jobs, group)
    pool: list[_Worker] = []
    try:
        for index in range(min(workers, len(jobs))):
            pool.append(_Worker(factory))
            pool[-1].give(schedule.next(index))
        indices = {worker.connection: index for index, worker in enumerate(pool)}
        while indices:
            for connection in wait(list(indices)):
                index = indices[connection]  # type: ignore[index]
                result = pool[index].receive()
                job = schedule.next(index)
                if job is None:
                    del indices[connection]  # type: ignore[arg-type]
                else:
                    pool[index].give(job)
                yield result
    finally:
        for worker in pool:
            worker.stop()


def main() -> None:
    """A worker; ends when the parent closes the pipe or dies."""
    connection = Connection(int(sys.argv[1]))
    os.environ.update(ONE_THREAD)
    try:
        sys.path[:] = connection.recv()
        run = connection.recv()()
        while True:
            connection.send((None, run(connection.recv())))
    except (EOFError, BrokenPipeError):
        return
    except FrsError as error:
        connection.send((error, None))
    except Exception as error:
        line = refusal(error) if isinstance(error, OSError) else ''
        if line:
            connection.send((DataError(line), None))
            return
        summary = f'{type(error).__name__}: {error}'.splitlines()[0]
        connection.send((summary, traceback.format_exc()))
