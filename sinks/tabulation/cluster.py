"""The pass on a cluster, run by dask.distributed.

What a worker does is what a thread of the laptop does: the same pure function of the same specification and blocks.
Partial sums are integers, so neither the number of workers nor the loss of one can change a digit.  A task, a whole
band of rows, is much work and a small result; what a lost worker had not reported is done again by the others.

Workers need the same packages, and the files under the same paths or URLs.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import rasterio

from sinks.errors import Problem, RunError, SinksError
from sinks.tabulation.blocks import Block, Task
from sinks.tabulation.crosstab import Partial, Spec
from sinks.tabulation.scheduler import GDAL_CACHE_BYTES, OpenWorker, Scheduler, Threads

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 30


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
            Workers died again and again over the same task, or all at once.
        """
        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        numbers: dict[Any, int] = {}
        try:
            # Sent once and kept by every worker, so that it outlives any of them.
            shared = self._client.scatter(spec, broadcast=True, hash=False)
            for number, task in tasks.items():
                # Tasks with the same arguments are not the same: the files may have changed since.
                numbers[self._client.submit(partial(_work, open_worker), shared, task, pure=False)] = number
            for future in as_completed(list(numbers), loop=self._client.loop):  # type: ignore[no-untyped-call]  # untyped in dask
                found = future.result()
                if isinstance(found, SinksError):
                    raise found
                yield numbers.pop(future), found
        except (KilledWorker, FutureCancelledError, TimeoutError) as error:
            where = str(self._client.scheduler.address if self._client.scheduler else "dask")
            raise RunError(Problem("tabulate.workers_lost", where, {"reason": str(error)})) from error
        finally:
            self._client.cancel(list(numbers), force=True)
            if self._own:
                self._client.close()


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
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]  # untyped in dask
    except (OSError, TimeoutError, ValueError) as error:
        raise RunError(Problem("tabulate.no_cluster", address, {"reason": str(error)})) from error
