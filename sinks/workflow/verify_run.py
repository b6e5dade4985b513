"""A finished run, computed a second time."""

from __future__ import annotations

from pathlib import Path

from sinks.calls import spoken
from sinks.errors import RunError, path_of
from sinks.results.verified import note_verification
from sinks.verification.findings import Verification
from sinks.verification.verify import SEED
from sinks.verification.verify import verify as second_path
from sinks.workflow.run_time import now


@spoken
def verify(folder: str | Path, *, seed: int | None = None, store: bool = True) -> Verification:
    """Compute a run folder a second time, by a path that shares no computing code, and compare.

    Parameters
    ----------
    folder : path
    seed : int, optional
        Of the draw of the regions whose rasters are read again.
    store : bool
        Leave ``verification.csv`` in the folder and the verdict in its manifest, for reports to show.

    Returns
    -------
    Verification
        ``ok``, and ``table`` with a row for each comparison.

    Raises
    ------
    RunError
        The folder is no run; or the result cannot be stored in it.
    """
    found = second_path(path_of(folder, RunError), seed=SEED if seed is None else seed)
    if store:
        store_verification(found)
    return found


def store_verification(found: Verification) -> None:
    """Leave what a verification found in the folder of its run; see :func:`verify`."""
    note_verification(found.folder, found.table, found.summary(), now())
