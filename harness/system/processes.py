"""Tasks in a pool of processes; if a process dies, only its own task is lost."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from harness.system.safe_path import start_python_in_safe_path_mode

_NO_SAFE_PATH = 3  # exit code

_Shared = TypeVar("_Shared")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def cores() -> int:
    """The number of CPU cores that this process may use."""
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
    """The index and the result of each task, in the order of completion.

    `shared` is sent to each process once; with one process, the tasks run in this one. The result is None if the
    process of a task died while no other task was running, for example because it ran out of memory. Exceptions of
    tasks are raised here. `preload` names modules that are imported once for all processes.

    Raises RuntimeError if the processes would search the working folder for modules.
    """
    if processes == 1:
        yield from ((index, function(shared, task)) for index, task in enumerate(tasks))
        return
    pending = deque(enumerate(tasks))
    while pending:
        interrupted = yield from _run_until_a_process_dies(function, shared, pending, processes, preload)
        # Any of them may have killed its process: each runs again alone.
        for index, task in interrupted:
            if (yield from _run_until_a_process_dies(function, shared, deque([(index, task)]), 1, preload)):
                yield index, None


def _run_until_a_process_dies(
    function: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    pending: deque[tuple[int, _Task]],
    processes: int,
    preload: Sequence[str],
) -> Generator[tuple[int, _Result | None], None, list[tuple[int, _Task]]]:
    """Take tasks from `pending` and yield their results; return those that were running when a process died."""
    running: dict[Future[_Result], tuple[int, _Task]] = {}
    executor = ProcessPoolExecutor(processes, _context(preload), _initialize, (function, shared))
    try:
        while pending or running:
            # Submit no more tasks than processes: then every submitted task is a running one.
            while pending and len(running) < processes:
                index, task = pending.popleft()
                running[executor.submit(_run_task, task)] = index, task
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running[future][0], future.result()
                del running[future]
    except BrokenProcessPool:
        return list(running.values())
    finally:
        # After an interrupt or an exception, nobody waits for the results of running tasks.
        for process in multiprocessing.active_children() if running else ():
            process.kill()
        executor.shutdown(cancel_futures=True)
    return []


def _context(preload: Sequence[str]) -> multiprocessing.context.BaseContext:
    """Processes forked from a server, which has no threads and can fork safely; without fork, new processes."""
    start_python_in_safe_path_mode()
    if "forkserver" in multiprocessing.get_all_start_methods():
        context: multiprocessing.context.BaseContext = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(preload))
        # The server inherits that it ignores interrupts; else it would print a traceback.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        forkserver.ensure_running()
        signal.signal(signal.SIGINT, handler)
    else:
        context = multiprocessing.get_context("spawn")
    # Wait until the server has imported the modules: tasks sent earlier fail badly if this process ends first.
    first = context.Process(target=_exit_without_safe_path)  # type: ignore[attr-defined]
    first.start()
    first.join()
    if first.exitcode == _NO_SAFE_PATH:
        raise RuntimeError("expected safe-path mode in processes, got none; start Python with -P, or without -E")
    return context


def _exit_without_safe_path() -> None:
    """End this process if files of the working folder could hide Python's modules."""
    if not sys.flags.safe_path:
        os._exit(_NO_SAFE_PATH)


# In a worker process: the function, and the value that its tasks share.
_work: list[tuple[Callable[[Any, Any], Any], Any]] = []


def _run_task(task: Any) -> Any:
    ((function, shared),) = _work
    return function(shared, task)


def _initialize(function: Callable[[Any, Any], Any], shared: Any) -> None:
    """Ignore interrupts, which the parent handles, and exit as soon as the parent does."""
    _exit_without_safe_path()
    _work.append((function, shared))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def exit_with_parent() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=exit_with_parent, daemon=True).start()
