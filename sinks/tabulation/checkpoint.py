"""Sums and done tasks of an unfinished pass, on disk, so that it can go on where it was interrupted.

The sums are integers, so a resumed pass gives the same result as an uninterrupted one, to the last digit.  A checkpoint
carries a fingerprint of everything the sums depend on; one that does not fit is refused, with what changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sinks.errors import Problem, RunError
from sinks.tabulation.crosstab import Partial

FILE_NAME = "tabulation.npz"
SAVE_EVERY_SECONDS = 30.0

_ARRAYS = ("keys", "sums", "cells", "flaws", "extremes", "bin_keys", "bin_sums")

Fingerprint = dict[str, str]


def digest(parts: Iterable[bytes]) -> str:
    """A short checksum of bytes in order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()[:32]


class Checkpoint:
    """The checkpoint of one pass in a folder.

    Parameters
    ----------
    folder : Path
        Made when absent.
    fingerprint : dict of str to str
        Everything the sums depend on, by a name that a user would recognise.
    """

    def __init__(self, folder: Path, fingerprint: Fingerprint) -> None:
        self._path = Path(folder) / FILE_NAME
        self._fingerprint = fingerprint
        self._saved = time.monotonic()

    def load(self) -> tuple[Partial, set[int]] | None:
        """Sums and numbers of the done tasks; None where there is no checkpoint yet.

        Raises
        ------
        RunError
            The checkpoint belongs to another pass, or cannot be read.
        """
        if not self._path.exists():
            return None
        try:
            with np.load(self._path, allow_pickle=False) as stored:
                found = {name: stored[name] for name in stored.files}
            theirs = json.loads(str(found["fingerprint"]))
        except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
            raise RunError(Problem("tabulate.checkpoint_broken", str(self._path), {"reason": str(error)})) from error
        names = sorted(theirs.keys() | self._fingerprint.keys())
        changed = [name for name in names if theirs.get(name) != self._fingerprint.get(name)]
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
        return time.monotonic() - self._saved >= SAVE_EVERY_SECONDS

    def save(self, partial: Partial, done: Iterable[int]) -> None:
        """Replace the file in one step, so that it is whole at any moment."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {
            "fingerprint": np.array(json.dumps(self._fingerprint, ensure_ascii=False)),
            "done": np.array(sorted(done), np.int64),
            **{name: getattr(partial, name) for name in _ARRAYS},
            "unknown_codes": np.array(list(partial.unknown), np.float64).reshape(-1, 2),
            "unknown_areas": np.array(list(partial.unknown.values()), np.int64),
        }
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        with temporary.open("wb") as handle:
            np.savez(handle, **arrays)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, self._path)
        self._saved = time.monotonic()

    def clear(self) -> None:
        """Remove the file of a pass that is over, and the folder if nothing else is in it."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._path.parent.rmdir()
