"""One-item-at-a-time work, on one process or several."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Event, Thread
from typing import TypeVar

__all__ = ["Progress", "run_each"]

Progress = Callable[[int, int], None]
"""Called with (items done, items in all)."""

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        Used instead of processes of our own, for instance a Dask client's executor.

    Yields
    ------
    tuple of (int, result)
        In the order in which items end. The first error stops the work that has not begun and is raised.
    """
    if executor is None and (workers == 1 or len(items) <= 1):
        for index, item in enumerate(items):
            yield index, function(item)
        return
    if executor is not None:
        yield from _results(executor, function, items)
        return
    # Libraries with threads of their own (MediaPipe, FFmpeg) do not survive a fork.
    processes = ProcessPoolExecutor(
        min(workers, len(items)), mp_context=get_context("spawn"), initializer=_follow_parent
    )
    with processes:
        yield from _results(processes, partial(_stoppable, function), items)


_stopped = Event()
"""In a worker: set by Ctrl-C."""


def _follow_parent() -> None:
    # Ctrl-C in a terminal reaches every process of the command: it stops an item, a worker that waits is silent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that is killed cannot tell its workers, and they would wait for the next item for ever.
    Thread(target=_end_with_parent, daemon=True).start()


def _stoppable(function: Callable[[Item], Result], item: Item) -> Result:
    if _stopped.is_set():  # an item that already waited in the queue of this process
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return function(item)
    except KeyboardInterrupt:
        _stopped.set()
        raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    except BaseException:
        for future in futures:
            future.cancel()
        raise
