"""Putting a whole folder or file in place, or nothing.

It is written beside its destination under a name that says who writes it, brought to the disk, and renamed.  What
a killed attempt leaves behind is recognised by that name and cleaned up by the next one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from sinks.errors import Problem, RunError

PARTIAL, ASIDE = "partial", "replaced"
"""Names of a folder that is being written, and of one that is being replaced."""

_PARTIAL_NAME = re.compile(r"-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-(?P<started>\d+)-[0-9a-f]{8}$")
_CLOCK_SLACK = 60.0
"""Seconds by which the start time of one process may differ between two readings."""


def remove_empty(made: list[Path]) -> None:
    """Take back the parents made for a run that failed, deepest first; one that holds a run is not empty and stays."""
    for path in made:
        with suppress(OSError):
            path.rmdir()


def siblings(out: Path, kind: str) -> list[Path]:
    prefix = f".{out.name}.{kind}-"
    return sorted(path for path in out.parent.iterdir() if path.name.startswith(prefix)) if out.parent.is_dir() else []


def recover(out: Path) -> None:
    """Clean up after attempts that were killed: put a set-aside result back, remove what nobody writes any more."""
    for aside in siblings(out, ASIDE):
        if out.exists():
            shutil.rmtree(aside)
        else:
            aside.rename(out)
    for partial in siblings(out, PARTIAL):
        if _abandoned(partial):
            shutil.rmtree(partial)


def _abandoned(partial: Path) -> bool:
    """Whether the process that was writing ``partial`` is gone; on another machine nobody knows, which counts as no."""
    made_by = _PARTIAL_NAME.search(partial.name)
    if made_by is None or made_by["host"] != _host():
        return False
    try:
        started = psutil.Process(int(made_by["pid"])).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
    # Process ids are used again: it is the same process only if it started at the same time, up to clock changes.
    return bool(abs(started - int(made_by["started"])) > _CLOCK_SLACK)


def _host() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@contextmanager
def temporary(out: Path) -> Iterator[Path]:
    """A new folder beside ``out``, on the same disk so that a rename is enough; its name says who writes it."""
    process = psutil.Process()
    owner = f"{_host()}-{process.pid}-{int(process.create_time())}"
    folder = out.parent / f".{out.name}.{PARTIAL}-{owner}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield folder
    finally:
        # On success the folder has been renamed and is not there any more; after a failure the rest is removed.
        shutil.rmtree(folder, ignore_errors=True)


def write(path: Path, content: bytes) -> None:
    """Put a whole file in place, making its folder; one that is there stays as it was until then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    recover(path)
    with temporary(path) as folder:
        (folder / path.name).write_bytes(content)
        os.replace(folder / path.name, path)


def sync(folder: Path) -> None:
    """Bring every file to the disk before the rename, so that a power cut cannot leave a whole name on empty files."""
    for path in folder.iterdir():
        with path.open("rb+") as handle:
            os.fsync(handle.fileno())
    _sync_entries(folder)


def _sync_entries(folder: Path) -> None:
    # Windows and some network disks cannot sync a folder; the files are on the disk without it.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def put_in_place(temporary: Path, out: Path) -> None:
    """Rename into place; an earlier result is moved aside first and comes back if that fails."""
    aside = None
    if out.exists():
        aside = out.parent / f".{out.name}.{ASIDE}-{uuid.uuid4().hex[:12]}"
        out.rename(aside)
    try:
        temporary.rename(out)
    except BaseException:
        if aside is not None:
            aside.rename(out)
        raise
    _sync_entries(out.parent)
    if aside is not None:
        # The new result is in place.  If the old one cannot be removed now, the next run removes it.
        shutil.rmtree(aside, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Write one file whole, making its folder; what stood there before stays until the new one is complete.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    partial = path.with_name(f".{path.name}.{PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise explained(error, path) from error


def explained(error: Exception, out: Path) -> RunError:
    """What went wrong on the disk, in the reader's words."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in str(error):
        return RunError(Problem("output.disk_full", str(out)))
    if isinstance(error, PermissionError) or number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return RunError(Problem("output.locked", str(out), {"reason": str(error)}))
    return RunError(Problem("output.write_failed", str(out), {"reason": str(error)}))
