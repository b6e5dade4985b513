"""Running the tasks of a pass: where, in which order, with what to show and what to keep.

A scheduler opens workers, gives them tasks and yields results as they come; it knows nothing about rasters.  Threads
are the one that is built in; anything with the same :class:`Scheduler` face can take its place.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from queue import SimpleQueue
from typing import Protocol

import rasterio

from sinks.errors import RunError, SinksError
from sinks.progress import bar
from sinks.tabulation.blocks import Block, Task
from sinks.tabulation.checkpoint import Checkpoint
from sinks.tabulation.crosstab import Partial, Spec, add
from sinks.tabulation.tabulator import Tabulator

GDAL_CACHE_BYTES = 64 << 20
"""GDAL's block cache during the pass: blocks are read once, so its default of 5 % of RAM would only cost memory."""

MOST_THREADS = 8
_IN_FLIGHT = 2
_WORTH_ADDING = 4

Worker = Callable[[Sequence[Block]], Partial]
OpenWorker = Callable[[Spec], AbstractContextManager[Worker]]
Progress = Callable[[int, int], object]


class Scheduler(Protocol):
    """Runs tasks somewhere."""

    def results(
        self, open_worker: OpenWorker, spec: Spec, tasks: Mapping[int, Task]
    ) -> Generator[tuple[int, Partial], None, None]:
        """``(number, worker(task))`` of every task, in any order, by workers of ``open_worker(spec)``.

        A worker belongs to the thread that opened it and may do any number of tasks.  Stops and cleans up when closed.
        """
        ...


class Threads:
    """Threads of this process; GDAL and the kernels release the interpreter's lock.

    Parameters
    ----------
    count : int, optional
        By default the number of processors this process may use, at most eight.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count if count is not None else min(_processors(), MOST_THREADS)

    def results(
        self, open_worker: OpenWorker, spec: Spec, tasks: Mapping[int, Task]
    ) -> Generator[tuple[int, Partial], None, None]:
        """See :class:`Scheduler`."""
        waiting = _Waiting(tasks, _IN_FLIGHT * self.count)
        # Results, an error, or None from each thread that has ended.
        found: SimpleQueue[tuple[int, Partial] | BaseException | None] = SimpleQueue()

        def work() -> None:
            try:
                with open_worker(spec) as worker:
                    while (item := waiting.next()) is not None:
                        found.put((item[0], worker(item[1])))
            except BaseException as error:
                found.put(error)
            finally:
                found.put(None)

        running = min(self.count, len(tasks))
        with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES), ThreadPoolExecutor(self.count) as pool:
            try:
                for _ in range(running):
                    pool.submit(work)
                while running:
                    result = found.get()
                    if result is None:
                        running -= 1
                    elif isinstance(result, BaseException):
                        raise result
                    else:
                        waiting.taken()
                        yield result
            finally:
                waiting.stop()


class _Waiting:
    """Tasks that threads help themselves to, a few ahead of what was taken of the results, which so never pile up."""

    def __init__(self, tasks: Mapping[int, Task], ahead: int) -> None:
        self._tasks = iter(tasks.items())
        self._lock = threading.Lock()
        self._room = threading.Semaphore(ahead)
        self._stopped = False

    def next(self) -> tuple[int, Task] | None:
        """The next task and its number; None when there is no more to do."""
        self._room.acquire()
        with self._lock:
            item = None if self._stopped else next(self._tasks, None)
        if item is None:
            # Let the next thread through, to find the same.
            self._room.release()
        return item

    def taken(self) -> None:
        """One result was taken."""
        self._room.release()

    def stop(self) -> None:
        """Give out no more."""
        self._stopped = True
        self._room.release()


def run_tasks(
    spec: Spec,
    tasks: Sequence[Task],
    scheduler: Scheduler,
    progress: Progress | bool = False,
    checkpoint: Checkpoint | None = None,
) -> Partial:
    """Run every task and add the results; all but faulty input leaves a checkpoint behind.

    Parameters
    ----------
    spec, tasks
        What to do.
    scheduler : Scheduler
        Where to do it.
    progress : bool or callable
        True draws a bar with the time left; a callable gets (cells done, cells in all).
    checkpoint : Checkpoint, optional
        Where to go on from, and what to keep.
    """
    kept = checkpoint.load() if checkpoint is not None else None
    tally = _Tally(*kept) if kept is not None else _Tally(Partial.empty(spec), set())
    cells = [sum(block.cells for block in task) for task in tasks]
    remaining = {number: task for number, task in enumerate(tasks) if number not in tally.done}
    with _shown(progress, sum(cells)) as show:
        show(sum(cells[number] for number in tally.done))
        try:
            with closing(scheduler.results(Tabulator, spec, remaining)) as results:
                for number, partial in results:
                    tally.take(number, partial)
                    show(cells[number])
                    if checkpoint is not None and checkpoint.due:
                        checkpoint.save(tally.total, tally.done)
        except RunError:
            # The workers are gone; what they have done is not.
            if checkpoint is not None:
                checkpoint.save(tally.total, tally.done)
            raise
        except SinksError:
            # The input has to be corrected, and sums over another input are of no use.
            if checkpoint is not None:
                checkpoint.clear()
            raise
        except BaseException:
            if checkpoint is not None:
                checkpoint.save(tally.total, tally.done)
            raise
    if checkpoint is not None:
        # What follows may fail too: a gap in a parameter table, a full disk.
        checkpoint.save(tally.total, tally.done)
    return tally.total


class _Tally:
    """Sum of partials together with the tasks it holds.

    The two change in one assignment, so that an interrupt at any moment leaves them in step.
    """

    def __init__(self, total: Partial, done: set[int]) -> None:
        self._state: tuple[Partial, frozenset[int], list[tuple[int, Partial]]] = (total, frozenset(done), [])

    def take(self, number: int, partial: Partial) -> None:
        total, _, pending = self._state
        pending.append((number, partial))
        # Adding costs as much as there are entries, so it waits until there is more to add than there is.
        if sum(p.keys.size for _, p in pending) >= _WORTH_ADDING * total.keys.size:
            self._fold()

    def _fold(self) -> None:
        total, done, pending = self._state
        if pending:
            self._state = (add([total, *(p for _, p in pending)]), done.union(n for n, _ in pending), [])

    @property
    def total(self) -> Partial:
        self._fold()
        return self._state[0]

    @property
    def done(self) -> frozenset[int]:
        self._fold()
        return self._state[1]


class _Shown:
    """Adds up progress for a callable."""

    def __init__(self, report: Progress, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def __call__(self, cells: int) -> object:
        self._done += cells
        return self._report(self._done, self._total)


def _shown(progress: Progress | bool, total: int) -> AbstractContextManager[Callable[[int], object]]:
    if callable(progress):
        return nullcontext(_Shown(progress, total))
    if not progress:
        return nullcontext(lambda cells: None)
    return _Bar(total)


class _Bar(AbstractContextManager[Callable[[int], object]]):
    """A progress bar in cells."""

    def __init__(self, total: int) -> None:
        self._bar = bar(total, "cli.stage_pass", unit="cli.cells")

    def __enter__(self) -> Callable[[int], object]:
        return self._bar.update

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        return os.cpu_count() or 1
