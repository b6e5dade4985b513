"""Writes a run folder, a checkpoint and a single file again and again, on a disk that fails at one call after another.

Run as a program under ``LD_PRELOAD`` of the library made of ``failing_disk.c``; says as JSON what was tried.  It ends
at the first failure that is not told as it should be, or that leaves something half written.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from sinks.errors import RunError
from sinks.results import atomic
from sinks.results.contents import RunContents, StoredRegions
from sinks.results.run_folder import write_run
from sinks.tabulation import checkpoint as checkpoints
from sinks.tabulation.crosstab import Partial
from support.finished_run import make_contents

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
TOLD = {"output.disk_full", "output.write_failed", "output.locked"}

_shim = ctypes.CDLL(None)


class Disk:
    """One folder on the disk that fails.

    Attributes
    ----------
    counted : int
        Calls below it that would have changed something, of the last attempt.
    kinds : Counter
        Failures so far, by the call that failed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.counted, self.kinds = folder, 0, Counter[str]()

    @contextmanager
    def failing(self, at: int, number: int = 0, stays: bool = False) -> Iterator[None]:
        """Let call ``at`` fail, and all later ones if it ``stays``; with -1 they are only counted."""
        _shim.failing_disk_kind.restype = ctypes.c_char_p
        _shim.failing_disk_counted.restype = ctypes.c_long
        _shim.failing_disk_arm(str(self._folder).encode(), ctypes.c_long(at), number, int(stays))
        try:
            yield
        finally:
            self.counted = _shim.failing_disk_counted()
            if _shim.failing_disk_failed():
                self.kinds[_shim.failing_disk_kind().decode()] += 1
            _shim.failing_disk_arm(b"", ctypes.c_long(-1), 0, 0)


def small_contents() -> RunContents:
    """A finished run of one region and one figure: every file of a result, written with as few calls as it takes."""
    contents = make_contents()
    account, frame = contents.account, contents.regions.frame
    one = account.eval("region_code == '150000' & ecosystem == 'all' & quantity == 'carbon_stock' & period == '2020'")
    regions = StoredRegions(frame[frame["code"] == "150000"].reset_index(drop=True))
    return replace(contents, account=account[one & (account["pool"] == "all")].reset_index(drop=True), regions=regions)


def told(attempt: Callable[[], object]) -> set[str]:
    """Ids of the problems that an attempt ends with; anything but a problem is a defect and ends the program."""
    try:
        attempt()
    except RunError as error:
        return {problem.id for problem in error.problems}
    return set()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def tries(count: int, step: int, every: bool) -> Iterator[tuple[int, int, bool]]:
    """Calls that fail, in turn: with every kind of failure, once and for good, or with one of these after another."""
    ways = [(number, stays) for number in ERRORS for stays in (False, True)]
    for turn, at in enumerate(range(0, count, step)):
        for number, stays in ways if every else [ways[turn % len(ways)]]:
            yield at, number, stays


def whole_of(place: Path, out: Path) -> Path:
    """The result of old under its own name, or under that from which the next attempt puts it back."""
    return out if out.exists() else next(place.glob(".result.replaced-*"))


def replaced(place: Path, step: int, every: bool) -> Counter[str]:
    """A result that is there is replaced: it stands to the last byte, whatever fails."""
    contents, out, disk = small_contents(), place / "result", Disk(place)
    write_run(contents, out)
    first = content(out)
    with disk.failing(-1):
        write_run(contents, out, force=True)
    for at, number, stays in tries(disk.counted, step, every):
        with disk.failing(at, number, stays):
            problems = told(lambda: write_run(contents, out, force=True))
        where = f"call {at}, {errno.errorcode[number]}, stays: {stays}"
        assert problems <= TOLD, f"{where}: {problems}"
        assert content(whole_of(place, out)) == first, where
        # What a failing disk did not let it clean up bears the name of its owner, which is this process: still alive.
        for left in place.glob(".result.partial-*"):
            shutil.rmtree(left)
    write_run(contents, out, force=True)
    assert content(out) == first
    assert [path.name for path in place.iterdir()] == ["result"]
    return disk.kinds


def fresh(place: Path, step: int, every: bool) -> Counter[str]:
    """Where no result is, there is a whole one or none."""
    contents, out, disk = small_contents(), place / "result", Disk(place)
    with disk.failing(-1):
        write_run(contents, out)
    first = content(out)
    for at, number, stays in tries(disk.counted, step, every):
        shutil.rmtree(out, ignore_errors=True)
        with disk.failing(at, number, stays):
            problems = told(lambda: write_run(contents, out))
        where = f"call {at}, {errno.errorcode[number]}, stays: {stays}"
        assert problems <= TOLD, f"{where}: {problems}"
        assert out.exists() or problems, where
        assert not out.exists() or content(out) == first, where
        assert all(path == out or path.name.startswith(".result.") for path in place.iterdir()), where
        for left in place.glob(".result.partial-*"):
            shutil.rmtree(left)
    return disk.kinds


def file_of_its_own(place: Path, step: int, every: bool) -> Counter[str]:
    """A report, a map, a table: the one of old or the new one, each whole; both ways of writing one."""
    kinds: Counter[str] = Counter()
    old, new = b"old" * 40_000, b"new" * 50_000
    writers: tuple[Callable[[Path, bytes], object], ...] = (atomic.write_file, atomic.write)
    for number_of, write in enumerate(writers):
        out, disk = place / f"report{number_of}.html", Disk(place)
        out.write_bytes(old)
        with disk.failing(-1):
            write(out, new)
        for at, number, stays in tries(disk.counted, 1, True):
            out.write_bytes(old)
            with disk.failing(at, number, stays):
                try:
                    problems = told(partial(write, out, new))
                except OSError:
                    problems = {"output.write_failed"}
            where = f"{write.__name__}, call {at}, {errno.errorcode[number]}, stays: {stays}"
            assert out.read_bytes() in (old, new), where
            assert problems or out.read_bytes() == new, where
            assert problems <= TOLD, where
            for left in place.glob(".report*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        kinds += disk.kinds
    return kinds


def checkpoint(place: Path, step: int, every: bool) -> Counter[str]:
    """Sums of a pass: those saved before, or the new ones; the pass goes on either way."""
    disk = Disk(place)
    kept = checkpoints.Checkpoint(place / "kept", {"files": "of a test"})
    sums = [_sums(1), _sums(2)]
    assert kept.save(sums[0], [1])
    with disk.failing(-1):
        assert kept.save(sums[1], [1, 2])
    for at, number, stays in tries(disk.counted, 1, True):
        assert kept.save(sums[0], [1])
        with disk.failing(at, number, stays), warnings.catch_warnings():
            warnings.simplefilter("ignore", checkpoints.CheckpointWarning)
            saved = kept.save(sums[1], [1, 2])
        loaded = kept.load()
        assert loaded is not None
        where = f"call {at}, {errno.errorcode[number]}, stays: {stays}"
        assert loaded[1] == ({1, 2} if saved else {1}), where
        assert np.array_equal(loaded[0].sums, sums[saved].sums), where
        for left in (place / "kept").glob("*.tmp"):
            left.unlink()
    return disk.kinds


def _sums(factor: int) -> Partial:
    keys = np.arange(500, dtype=np.int64)
    return Partial(
        keys=keys,
        sums=np.outer(keys, np.arange(1, 9)).astype(np.int64) * factor,
        cells=keys,
        flaws=np.zeros((1, 3), np.int64),
        extremes=np.zeros((1, 2)),
        unknown={},
        bin_keys=keys[:0],
        bin_sums=np.zeros((0, 1), np.int64),
    )


if __name__ == "__main__":
    scenario, folder, every_call = sys.argv[1], Path(sys.argv[2]), "SINKS_KILLS" in os.environ
    tried = globals()[scenario](folder, 1 if every_call else 73, every_call)
    print(json.dumps(tried))
