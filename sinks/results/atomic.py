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
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import count
from pathlib import Path

import psutil

from sinks.errors import Problem, RunError
from sinks.results.ownership import discard, foreign

PARTIAL, ASIDE, LOCK = "partial", "replaced", "lock"
"""Names of a folder that is being written, of one that is being replaced, and of the file that keeps others out."""

_held: ContextVar[frozenset[Path]] = ContextVar("sinks_held", default=frozenset())
"""Destinations that this line of work keeps others out of."""

_live: set[Path] = set()
"""Locks that any thread of this process holds."""

LONGEST_NAME = "uncertainty_of_regions.parquet"
"""A file name at least as long as any that a run writes."""

LEAST_FREE = 16 << 20
"""Free bytes below which no run is begun: the folder of the demonstration takes a third of it."""

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


def recover(out: Path) -> list[Path]:
    """Clean up after attempts that were killed: put a set-aside result back, remove what nobody writes any more.

    Returns
    -------
    list of Path
        Half-written folders of which it is not known whether somebody is still at work on them.
    """
    for aside in siblings(out, ASIDE):
        if out.exists():
            _set_free(aside, out)
        else:
            aside.rename(out)
    for gone in siblings(out, LOCK):
        # It was taken from a process that is gone, by one that could not remove it then.
        with suppress(OSError):
            gone.unlink()
    left = []
    for partial in siblings(out, PARTIAL):
        if _abandoned(partial.name):
            shutil.rmtree(partial)
        else:
            left.append(partial)
    return left


def _set_free(aside: Path, out: Path) -> None:
    """Remove an earlier result; what somebody saved in it at the last moment is kept beside under a name to be seen."""
    # What cannot be removed now is removed by the next run; its list goes last, so that it is known then too.
    with suppress(OSError):
        saved = foreign(aside)
        discard(aside)
        if saved:
            numbered = (out.with_name(f"{out.name}.kept-{number}") for number in count(1))
            aside.rename(next(path for path in numbered if not path.exists()))


def _abandoned(name: str) -> bool:
    """Whether the process that a name tells of is gone; on another machine nobody knows, which counts as no."""
    made_by = _PARTIAL_NAME.search(name)
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


def _owner() -> str:
    process = psutil.Process()
    return f"-{_host()}-{process.pid}-{int(process.create_time())}-{uuid.uuid4().hex[:8]}"


@contextmanager
def exclusive(out: Path) -> Iterator[None]:
    """Keep every other process and thread from writing to ``out``; its parents are made, and taken back if unused.

    Raises
    ------
    RunError
        Another run is at work on it, here or on another machine that shares the disk.
    OSError
        The disk does not let it.
    """
    if out in _held.get():
        yield
        return
    made = [path for path in out.parents if not path.exists()]
    lock = out.parent / f".{out.name}.{LOCK}"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _take(lock, out)
        token = _held.set(_held.get() | {out})
        _live.add(lock)
        try:
            yield
        finally:
            _held.reset(token)
            _live.discard(lock)
            # One that cannot be removed is that of a process that is gone, as soon as this one is.
            with suppress(OSError):
                lock.unlink()
    finally:
        remove_empty(made)


def _take(lock: Path, out: Path) -> None:
    """Make a lock, in place of one whose owner is gone."""
    owner = _owner()
    for _ in range(2):
        try:
            with lock.open("x", encoding="utf-8") as handle:
                handle.write(owner)
            return
        except FileExistsError:
            if not _is_left(lock):
                raise RunError(Problem("output.busy", str(out), {"lock": str(lock)})) from None
            # Of several that find it abandoned, one alone can rename it.
            with suppress(FileNotFoundError):
                gone = lock.with_name(f"{lock.name}{owner}")
                lock.rename(gone)
                gone.unlink()
    raise RunError(Problem("output.busy", str(out), {"lock": str(lock)}))


def _is_left(lock: Path) -> bool:
    """Whether nobody holds a lock any more: its process is gone, or is this one, which knows those that it holds."""
    try:
        owner, age = lock.read_text(encoding="utf-8", errors="replace")[:200], time.time() - lock.stat().st_mtime
    except OSError:
        return False
    ours = f"-{_host()}-{os.getpid()}-"
    if not owner:
        # Killed between making it and writing into it, unless that is happening now.
        return age > _CLOCK_SLACK
    return _abandoned(owner) or (owner.startswith(ours) and lock not in _live)


@contextmanager
def temporary(out: Path) -> Iterator[Path]:
    """A new folder beside ``out``, on the same disk so that a rename is enough; its name says who writes it."""
    folder = out.parent / f".{out.name}.{PARTIAL}{_owner()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        # On success the folder has been renamed and is not there any more; after a failure the rest is removed.
        shutil.rmtree(folder, ignore_errors=True)


def probe(out: Path) -> None:
    """Try whether a run could be written to ``out``: rights, space, and names that are not too long.

    Raises
    ------
    RunError
        It could not.
    """
    try:
        with exclusive(out):
            if shutil.disk_usage(out.parent).free < LEAST_FREE:
                raise RunError(Problem("output.disk_full", str(out)))
            with temporary(out) as folder:
                (folder / LONGEST_NAME).write_bytes(b"x")
    except OSError as error:
        raise explained(error, out) from error


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
        # The new result stands; an old one that cannot be removed now is removed by the next run.
        _set_free(aside, out)


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
