"""One-item-at-a-time work, on one process or several."""

import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Lock, Thread
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from lipstudy.errors import InputError, LipstudyError

__all__ = ["Progress", "WorkerLostError", "cluster_executor", "counted", "run_each", "worker_processes"]

Progress = Callable[[int, int], None]
"""Called with (items done, items in all)."""


class WorkerLostError(LipstudyError):
    """A worker process was killed from outside."""


Item = TypeVar("Item")
Result = TypeVar("Result")


def counted(items: Iterable[Item], total: int, progress: Progress | None) -> Iterator[Item]:
    """Yield `items`, telling `progress` after each how many of `total` were taken."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(done, total)


def run_each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int = 1,
    executor: Executor | None = None,
) -> Iterator[tuple[int, Result]]:
    """Apply `function` to each item and yield ``(index, result)`` as results come.

    Parameters
    ----------
    function : callable
        A module-level function of one item (it travels to other processes).
    items : sequence
        What to work on.
    workers : int >= 1
        Processes. With 1 the work is done here, in order.
    executor : concurrent.futures.Executor, optional
        Used instead: `cluster_executor`, or `worker_processes` that serve several calls.

    Yields
    ------
    tuple of (int, result)
        In the order in which items end. The first error stops the work that has not begun and is raised.

    Raises
    ------
    WorkerLostError
        If the system killed a process, for want of memory for instance.
    """
    if executor is None and (workers == 1 or len(items) <= 1):
        for index, item in enumerate(items):
            yield index, function(item)
        return
    if executor is not None:
        yield from _results(executor, partial(_alone, function), items)
        return
    with worker_processes(min(workers, len(items))) as processes:
        yield from _results(processes, function, items)


def _nothing() -> None:
    pass


@contextmanager
def worker_processes(workers: int, *, prepare: Callable[[], object] = _nothing) -> Iterator[Executor]:
    """Start processes at once, for all that is then given to them.

    Parameters
    ----------
    workers : int >= 1
        Processes.
    prepare : callable
        Called once in each of them before its first item: imports, models. It travels to them.
    """
    # Libraries with threads of their own (MediaPipe, FFmpeg) do not survive a fork.
    spawn = get_context("spawn")
    with _Processes(workers, mp_context=spawn, initializer=_begin, initargs=(prepare,)) as processes:
        for _ in range(workers):
            processes.submit(_nothing)  # a pool begins a process when it gets an item
        yield processes


@contextmanager
def cluster_executor(address: str, *, timeout_s: float = 20.0) -> Iterator[Executor]:
    """Give an executor whose work is done by the workers of a Dask scheduler.

    An item that a worker was doing when it was killed is done again by another one.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://host:8786``. Its workers need lipstudy and the same files under the same paths.
    timeout_s : float > 0
        How long to wait for the scheduler, and for its first worker.

    Raises
    ------
    InputError
        If Dask is not installed, no scheduler answers, or it has no worker.
    WorkerLostError
        If workers were killed again and again by one item.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise InputError("a scheduler needs Dask: install it with pip install 'lipstudy[cluster]'") from error
    try:
        # A client that cannot reach its scheduler goes on trying in threads that complain when the command ends.
        place = urlsplit(address)
        socket.create_connection((place.hostname or "", place.port or 0), timeout=timeout_s).close()
        client = Client(address, timeout=timeout_s, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address}: start one with 'dask scheduler' and give the address that it"
            " tells, tcp://host:8786"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=timeout_s)
        except TimeoutError as error:
            raise InputError(
                f"the scheduler at {address} has no worker: start one with 'dask worker {address} --nthreads 1'"
            ) from error
        try:
            yield client.get_executor(pure=False)
        except KilledWorker as error:
            raise WorkerLostError(
                "several workers of the cluster were killed by the same piece of work, mostly because memory ran out:"
                " give them more, what was finished is kept"
            ) from error


_one_item = Lock()


def _alone(function: Callable[[Item], Result], item: Item) -> Result:
    # A worker of a cluster may run several threads; MediaPipe and our caches expect one item a process.
    with _one_item:
        return function(item)


_stopped = False
"""In a worker: whether Ctrl-C came."""


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let Ctrl-C wait: processes begun meanwhile inherit that, and are not torn while they import."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Processes(ProcessPoolExecutor):
    """Processes that Ctrl-C stops without a word."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        with _ctrl_c_held_back():
            return super().submit(_stoppable, fn, *args, **kwargs)


def _begin(prepare: Callable[[], object]) -> None:
    # Ctrl-C in a terminal reaches every process of the command: it stops an item; a worker between items, or one that
    # still imports, is silent and begins no other.
    signal.signal(signal.SIGINT, _note_ctrl_c)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # A parent that is killed cannot tell its workers, and they would wait for the next item for ever.
    Thread(target=_end_with_parent, daemon=True).start()
    prepare()


def _note_ctrl_c(number: int, frame: FrameType | None) -> None:
    global _stopped
    _stopped = True


def _stoppable(function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    global _stopped
    if _stopped:  # an item that already waited in the queue of this process
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return function(*arguments, **options)
    except KeyboardInterrupt:
        _stopped = True
        raise
    finally:
        signal.signal(signal.SIGINT, _note_ctrl_c)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _results(
    executor: Executor, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[tuple[int, Result]]:
    futures = {executor.submit(function, item): index for index, item in enumerate(items)}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException as error:
        for future in futures:
            future.cancel()
        if isinstance(error, BrokenProcessPool):
            raise WorkerLostError(
                "a worker process was killed, mostly because memory ran out: run the same command again with fewer"
                " workers, what was finished is kept"
            ) from error
        raise
