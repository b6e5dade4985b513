"""Sums and done tasks of an unfinished pass, on disk, so that it can go on where it was interrupted.

The sums are integers, so a resumed pass gives the same result as an uninterrupted one, to the last digit.  A checkpoint
carries a fingerprint of everything the sums depend on, files by their content, and a digest of itself; one that does
not fit, or was damaged or edited, is refused.  It stays until the result that was made of it is in place.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sinks.errors import Problem, RunError
from sinks.tabulation.crosstab import Partial

FILE_NAME = "tabulation.npz"

_ARRAYS = ("keys", "sums", "cells", "flaws", "extremes", "bin_keys", "bin_sums")

LEAST_SECONDS = 10.0
"""Least time between two savings."""

COST_SHARE = 0.01
"""Share of the time of a pass that its savings may take: the dearer one was, the later the next."""

Fingerprint = Mapping[str, object]
"""Everything the sums depend on, by a name that a user would recognise; values are compared as text."""


class Later:
    """A text that is made when it is needed.

    Parameters
    ----------
    make : callable
        Gives the text.
    """

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def __str__(self) -> str:
        return self._make()


class CheckpointWarning(UserWarning):
    """The pass goes on, but could not be resumed as things stand."""


def digest(parts: Iterable[bytes]) -> str:
    """A short checksum of bytes in order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()[:32]


def forget(folder: Path) -> None:
    """Throw a checkpoint away: its own files, and the folder if nothing else is in it."""
    name = Path(FILE_NAME)
    for path in (folder / name, *folder.glob(f"{name.stem}.*.tmp")):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


class Checkpoint:
    """The checkpoint of one pass in a folder.

    Parameters
    ----------
    folder : Path
        Made when absent.
    fingerprint : mapping of str to object
        Everything the sums depend on, by a name that a user would recognise.  Its values are turned into text beside
        the pass, since that may mean reading large files.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint) -> None:
        self._path = Path(folder) / FILE_NAME
        self._saved = time.monotonic()
        self._wait = LEAST_SECONDS
        self._failed = False
        beside = ThreadPoolExecutor(1, "fingerprint")
        self._fingerprint: Future[dict[str, str]] = beside.submit(_as_text, fingerprint)
        beside.shutdown(wait=False)

    def load(self) -> tuple[Partial, set[int]] | None:
        """Sums and numbers of the done tasks; None where there is no checkpoint yet.

        Raises
        ------
        RunError
            The checkpoint belongs to another pass, cannot be read, or is not as it was saved.
        """
        if not self._path.exists():
            return None
        try:
            with np.load(self._path, allow_pickle=False) as stored:
                found = {name: stored[name] for name in stored.files}
            theirs = json.loads(str(found["fingerprint"]))
            sealed = str(found.pop("digest")) == _sealed(found)
        except (OSError, ValueError, KeyError, BadZipFile, EOFError, AttributeError) as error:
            raise RunError(Problem("tabulate.checkpoint_broken", str(self._path), {"reason": str(error)})) from error
        if not sealed:
            raise RunError(Problem("tabulate.checkpoint_edited", str(self._path)))
        ours = self._fingerprint.result()
        names = sorted(theirs.keys() | ours.keys())
        changed = [name for name in names if theirs.get(name) != ours.get(name)]
        if changed:
            raise RunError(Problem("tabulate.checkpoint_other", str(self._path), {"changed": changed}))
        codes, areas = found["unknown_codes"], found["unknown_areas"]
        unknown = {(int(axis), float(code)): int(area) for (axis, code), area in zip(codes, areas, strict=True)}
        arrays = {name: found[name] for name in _ARRAYS}
        partial = Partial(unknown=unknown, **arrays)
        return partial, set(found["done"].tolist())

    @property
    def due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() - self._saved >= self._wait

    def save(self, partial: Partial, done: Iterable[int]) -> bool:
        """Replace the file in one step, so that it is whole at any moment.

        Returns
        -------
        bool
            False where the disk does not let it: the pass is worth more than its checkpoint and goes on, with a
            warning.
        """
        began = time.monotonic()
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._write(temporary, partial, done)
            os.replace(temporary, self._path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            self._warn(error)
            return False
        finally:
            self._saved = time.monotonic()
            self._wait = max(LEAST_SECONDS, (self._saved - began) / COST_SHARE)
        return True

    def _write(self, temporary: Path, partial: Partial, done: Iterable[int]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "fingerprint": np.array(json.dumps(self._fingerprint.result(), ensure_ascii=False)),
            "done": np.array(sorted(done), np.int64),
            **{name: getattr(partial, name) for name in _ARRAYS},
            "unknown_codes": np.array(list(partial.unknown), np.float64).reshape(-1, 2),
            "unknown_areas": np.array(list(partial.unknown.values()), np.int64),
        }
        with temporary.open("wb") as handle:
            np.savez(handle, **arrays, digest=np.array(_sealed(arrays)))
            handle.flush()
            os.fsync(handle.fileno())

    def _warn(self, error: OSError) -> None:
        """Once: a disk that is full stays full."""
        if not self._failed:
            self._failed = True
            problem = Problem(
                "tabulate.checkpoint_not_saved", str(self._path), {"reason": error.strerror or str(error)}
            )
            warnings.warn(CheckpointWarning(str(problem)), stacklevel=2)

    def clear(self) -> None:
        """Remove the file of a pass whose input has to be corrected, and the folder if nothing else is in it."""
        forget(self._path.parent)


def _as_text(fingerprint: Fingerprint) -> dict[str, str]:
    return {name: str(value) for name, value in fingerprint.items()}


def _sealed(arrays: Mapping[str, Any]) -> str:
    """A digest of everything in a checkpoint, shapes and types included."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        total.update(array.tobytes())
    return total.hexdigest()
