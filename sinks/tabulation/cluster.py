"""The pass on a cluster, run by dask.distributed.

What a worker does is what a thread of the laptop does: the same pure function of the same specification and blocks.
Partial sums are integers, so neither the number of workers nor the loss of one can change a digit.  A task, a whole
band of rows, is much work and a small result; what a lost worker had not reported is done again by the others.

Workers need the same packages, and the files under the same paths or URLs.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import rasterio

from sinks.errors import Problem, Problems, RunError, SinksError
from sinks.tabulation.blocks import Block, Task
from sinks.tabulation.crosstab import Partial, Spec
from sinks.tabulation.scheduler import GDAL_CACHE_BYTES, OpenWorker, Scheduler, Threads
from sinks.text import message

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 30
CLOSE_SECONDS = 5
WORKERS_SECONDS = 60
"""How long a pass waits for a worker when none is left: batch systems start new ones."""

_POLL_SECONDS = 0.02
_SAME = ("sinks", "dask", "distributed", "numpy", "numba", "rasterio", "pyproj", "shapely")
"""Packages of which a worker must have the version of this machine: by them sums are made and sent."""


def scheduler_of(given: Scheduler | Client | str | None, threads: int | None = None) -> Scheduler:
    """What the caller means: threads of this process, a dask cluster by its address or client, or their own scheduler.

    Raises
    ------
    RunError
        The cluster's package is not installed, or nothing answers at the address.
    """
    if given is None:
        return Threads(threads)
    if isinstance(given, str):
        return Cluster(_connect(given), own=True)
    # Told by its name, so that dask is loaded by those only who use it.
    if type(given).__module__.split(".")[0] == "distributed":
        return Cluster(given)
    return given  # type: ignore[return-value]  # not a client: told by its module


class Cluster:
    """Workers of a dask.distributed cluster.

    Parameters
    ----------
    client : distributed.Client
    own : bool
        Whether the connection was made for this pass and ends with it.
    """

    def __init__(self, client: Any, own: bool = False) -> None:
        self._client = client
        self._own = own

    def results(
        self, open_worker: OpenWorker, spec: Spec, tasks: Mapping[int, Task]
    ) -> Generator[tuple[int, Partial], None, None]:
        """See :class:`sinks.tabulation.scheduler.Scheduler`.

        Raises
        ------
        RunError
            The scheduler or all workers were lost, workers died again and again over the same task or have too little
            memory, or their packages are not those of this machine.  What was yielded before stays good.
        """
        numbers: dict[Any, int] = {}
        with _quiet(), _told(str(self._client.scheduler.address if self._client.scheduler else "dask")):
            try:
                _check_versions(self._client.run(versions_here, on_error="return"))
                # Sent once and kept by every worker, so that it outlives any of them.
                shared = self._client.scatter(spec, broadcast=True, hash=False)
                for number, task in tasks.items():
                    # Tasks with the same arguments are not the same: the files may have changed since.
                    numbers[self._client.submit(partial(_work, open_worker), shared, task, pure=False)] = number
                for future in self._finished(list(numbers)):
                    found = future.result()
                    if isinstance(found, SinksError):
                        raise found
                    yield numbers.pop(future), found
            finally:
                # Of a scheduler that is gone nothing can be taken back, and nothing has to be.
                with suppress(Exception):
                    self._client.cancel(list(numbers), force=True)
                if self._own:
                    with suppress(Exception):
                        self._client.close(timeout=CLOSE_SECONDS)

    def _finished(self, futures: list[Any]) -> Iterator[Any]:
        """Futures as they end; they would never end where no worker is left to do them."""
        from distributed import as_completed

        ready: Any = as_completed(futures, loop=self._client.loop)  # type: ignore[no-untyped-call]  # untyped in dask
        seen = time.monotonic()
        while not ready.is_empty():
            if batch := ready.next_batch(block=False):
                seen = time.monotonic()
                yield from batch
                continue
            time.sleep(_POLL_SECONDS)
            if self._client.status != "running" or self._client.scheduler_info(n_workers=-1)["workers"]:
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKERS_SECONDS:
                raise TimeoutError(message("tabulate.no_worker_left", seconds=WORKERS_SECONDS))


def versions_here() -> dict[str, str]:
    """Versions of what a pass is made by; asked of every worker, and compared with those of this process."""
    found = {"python": ".".join(map(str, sys.version_info[:2]))}
    for name in _SAME:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "-"
    return found


def _check_versions(workers: Mapping[str, dict[str, str] | BaseException]) -> None:
    """Refuse workers that would compute by another version, or cannot tell; all at once."""
    here, problems = versions_here(), Problems()
    for worker, there in sorted(workers.items()):
        if isinstance(there, BaseException):
            problems.add("tabulate.no_versions", worker, reason=str(there))
        elif differing := [name for name in here if there.get(name) != here[name]]:
            listed = [f"{name} {there.get(name, '-')} ({here[name]})" for name in differing]
            problems.add("tabulate.other_versions", worker, packages=listed)
    problems.raise_as(RunError)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What happens to a cluster, as a problem that says what to do."""
    from distributed.scheduler import KilledWorker

    try:
        yield
    except MemoryError as error:
        raise RunError(Problem("tabulate.worker_memory", where)) from error
    except (KilledWorker, CancelledError, TimeoutError, OSError) as error:
        raise RunError(Problem("tabulate.workers_lost", where, {"reason": str(error)})) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep dask's own account of what it loses off the terminal: it is told once, in the user's language."""
    loggers = [logging.getLogger(name) for name in ("distributed", "asyncio", "tornado")]
    # Children have levels of their own, so that only a filter or a handler would do; dask's end at "distributed".
    before = [(one, one.disabled) for one in _with_children(loggers)]
    for one, _ in before:
        one.disabled = True
    try:
        yield
    finally:
        for one, disabled in before:
            one.disabled = disabled


def _with_children(loggers: list[logging.Logger]) -> list[logging.Logger]:
    known = [one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    names = tuple(f"{one.name}." for one in loggers)
    return [*loggers, *(one for one in known if one.name.startswith(names))]


def _work(open_worker: OpenWorker, spec: Spec, blocks: Sequence[Block]) -> Partial | SinksError:
    """Run on a worker; what is wrong with the input comes back as a value.

    Raised, it would lose its type on the way, for GDAL's own error behind it cannot be sent.
    """
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_BYTES):
        try:
            with open_worker(spec) as worker:
                return worker(blocks)
        except SinksError as error:
            return type(error)(*error.problems)


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise RunError(Problem("tabulate.no_distributed", address)) from error
    try:
        with _quiet(), warnings.catch_warnings():
            # Versions are compared, and told, before the first task.
            warnings.simplefilter("ignore")
            return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]  # untyped in dask
    except (OSError, TimeoutError, ValueError) as error:
        raise RunError(Problem("tabulate.no_cluster", address, {"reason": str(error)})) from error
