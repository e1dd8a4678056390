"""Tasks spread over processes; one that dies takes only its own task with it."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

_Shared = TypeVar("_Shared")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    tasks: Sequence[_Task],
    processes: int,
    preload: Sequence[str],
) -> Iterator[tuple[int, _Result | None]]:
    """The result of each task with its place among the tasks, in the order in which they end.

    Every process gets what is `shared` once; with one process it is this one. None stands for a task whose process died
    when it was alone, such as one that ran out of memory. What a task raises comes through. `preload` are modules that
    every process needs: they are imported once for all of them.
    """
    if processes == 1:
        yield from ((place, function(shared, task)) for place, task in enumerate(tasks))
        return
    left = deque(enumerate(tasks))
    while left:
        suspects = yield from _until_one_dies(function, shared, left, processes, preload)
        for suspect in suspects:
            if (yield from _until_one_dies(function, shared, deque([suspect]), 1, preload)):
                yield suspect[0], None


def _until_one_dies(
    function: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    left: deque[tuple[int, _Task]],
    processes: int,
    preload: Sequence[str],
) -> Generator[tuple[int, _Result | None], None, list[tuple[int, _Task]]]:
    """Take tasks off `left` and yield their results; return those that were under way when a process died."""
    running: dict[Future[_Result], tuple[int, _Task]] = {}
    executor = ProcessPoolExecutor(processes, _context(preload), _begin, (function, shared))
    try:
        while left or running:
            # No more than there are processes, so that it is known what a process that dies was at.
            while left and len(running) < processes:
                task = left.popleft()
                running[executor.submit(_do, task[1])] = task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running[future][0], future.result()
                del running[future]
    except BrokenProcessPool:
        return list(running.values())
    finally:
        # What is still under way has no one to go to: somebody interrupted, or a task raised.
        for process in multiprocessing.active_children() if running else ():
            process.kill()
        executor.shutdown(cancel_futures=True)
    return []


def _context(preload: Sequence[str]) -> multiprocessing.context.BaseContext:
    """Processes forked from a server without threads, which may be forked at any time; or, without it, new ones."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    # The server is to be started deaf to an interrupt, of which it would print where it was at.
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    forkserver.ensure_running()
    signal.signal(signal.SIGINT, heard)
    # While it imports, no task is on its way to it, which would end badly if this process ended first.
    loaded = context.Process()
    loaded.start()
    loaded.join()
    return context


# In a process that is given tasks: what is done with each, what is shared among them.
_given: list[tuple[Callable[[Any, Any], Any], Any]] = []


def _do(task: Any) -> Any:
    ((function, shared),) = _given
    return function(shared, task)


def _begin(function: Callable[[Any, Any], Any], shared: Any) -> None:
    """Leave an interrupt to the process that gives out tasks, and end with it however it ends."""
    _given.append((function, shared))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def end() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
