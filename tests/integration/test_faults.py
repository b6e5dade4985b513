"""Abuse: killed at any moment, failing at every write.  The old result stands, or the new one does, and nothing else.

The suite kills a few times; ``SINKS_KILLS=50`` (``make faults``) kills as often as docs/reliability.md says.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sinks
from fuzz.baselines import write_baseline
from sinks.errors import RunError
from sinks.results import geopackage, run_folder, workbook
from sinks.results.run_folder import read_run, write_run

KILLS = int(os.environ.get("SINKS_KILLS", "3"))
SIGNALS = [number for name in ("SIGKILL", "SIGTERM", "SIGINT") if (number := getattr(signal, name, None))]

RUN = """
import sys
try:
    from sinks.tabulation import checkpoint
except KeyboardInterrupt:  # this script's own import: the program loads rooms inside its verbs, which say so themselves
    sys.exit(130)
checkpoint.LEAST_SECONDS, checkpoint.COST_SHARE = 0.0, 1e9
from sinks.cli import main
main(sys.argv[1:])
"""

# ---- killed ---------------------------------------------------------------------------------------------------------


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _is_whole(folder: Path) -> bool:
    """Whether a run folder has just the files of its manifest, each with the digest that stands there."""
    listed = json.loads((folder / "run.json").read_text(encoding="utf-8"))["files"]
    there = {name: hashlib.sha256(data).hexdigest() for name, data in content(folder).items() if name != "run.json"}
    return there == {name: entry["sha256"] for name, entry in listed.items()}


def command(project: Path, out: Path) -> list[str]:
    options = ["--quiet", "--force", "--resume", "--block-size", "16", "--threads", "2"]
    return [sys.executable, "-c", RUN, "run", str(project), "--out", str(out), *options]


class Lives:
    """Makes runs that can be killed: forks of one process, or, from time to time, from the start of Python on."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "said.txt"
        call = [sys.executable, "-m", "support.lives"]
        tests = str(Path(__file__).parents[1])
        paths = os.pathsep.join([tests, str(Path(tests).parent), os.environ.get("PYTHONPATH", "")])
        self._forks = subprocess.Popen(
            call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}
        )

    def make(self, arguments: list[str], kill: tuple[float, int] | None = None) -> tuple[int, str, float]:
        """One life: how it ended, what it said, and how long it took; a kill is a moment and a signal."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        print(json.dumps([arguments, str(self._said), *(kill or (0, 0))]), file=self._forks.stdin, flush=True)
        ended, seconds = json.loads(self._forks.stdout.readline())
        return ended, self._said.read_text(encoding="utf-8", errors="replace"), seconds

    def make_from_the_start(self, arguments: list[str], kill: tuple[float, int]) -> tuple[int, str]:
        """A life that begins with the start of Python."""
        with subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            try:
                process.communicate(timeout=kill[0])
            except subprocess.TimeoutExpired:
                process.send_signal(kill[1])
            _, said = process.communicate(timeout=1200)
        return process.returncode, said.decode("utf-8", "replace")

    def close(self) -> None:
        assert self._forks.stdin is not None
        with self._forks:
            self._forks.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Through the whole life of the program: check, pass, draws, writing; every fifth from the start of Python on."""
    place = tmp_path / "place"
    place.mkdir()
    write_baseline("rasters", place)
    out, whole_place = place / "result", sorted([*(path.name for path in place.iterdir()), "result"])
    arguments = command(place / "project.toml", out)[3:]
    with closing(Lives(tmp_path)) as lives:
        _kill(lives, out, arguments, whole_place)


def _kill(lives: Lives, out: Path, arguments: list[str], names: list[str]) -> None:
    assert lives.make(arguments)[0] == 0
    account = (out / "account.csv").read_bytes()
    _, _, whole = lives.make(arguments)
    moments, number = random.Random(int(os.environ.get("SINKS_SEED", "1"))), 0
    while number < KILLS:
        before, kill = content(out), SIGNALS[number % len(SIGNALS)]
        if number % 5 == 4:
            ended, text = lives.make_from_the_start(arguments, (moments.random() * 4 * whole, kill))
        else:
            ended, text, _ = lives.make(arguments, (moments.random() * whole, kill))
        if ended == 0:
            # It was quicker than its moment: that is no kill.
            whole *= 0.9
            continue
        number += 1
        # Python itself is still starting in the first moments, and ends as it does then.
        assert "sinks/" not in text or "Traceback" not in text, text
        assert ("--resume" in text) <= (out.parent / ".result.checkpoint" / "tabulation.npz").exists(), text
        # The old result to the last byte, or the new one whole.
        assert content(out) == before or _is_whole(out), text
        sinks.open_run(out)
        assert (out / "account.csv").read_bytes() == account
        ended_again, said, whole = lives.make(arguments)
        assert ended_again == 0, said
        assert (out / "account.csv").read_bytes() == account, "to the last digit"
        assert sorted(path.name for path in out.parent.iterdir()) == names
        print(f"kill {number}: {signal.Signals(kill).name}, ended {ended}", flush=True)


# ---- failing at every write -----------------------------------------------------------------------------------------

CALLS: tuple[tuple[Any, str], ...] = (
    (pd.DataFrame, "to_parquet"),
    (run_folder, "write_csv"),
    (workbook, "write_workbook"),
    (geopackage, "write_geopackage"),
    (Path, "write_text"),
    (Path, "mkdir"),
    (Path, "open"),
    (Path, "rename"),
    (Path, "unlink"),
    (Path, "rmdir"),
    (os, "fsync"),
)
"""Everything by which a run folder reaches the disk."""

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)


class _Layer:
    """Lets calls through until one of them, which does what it does on a failing disk."""

    def __init__(self, fail_at: int | None, number: int) -> None:
        self.count, self._fail_at, self._number = 0, fail_at, number
        self.failed = False

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def through(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count - 1 == self._fail_at:
                self.failed = True
                for argument in args:
                    # Half of the file is there, as when a disk fills up.
                    if isinstance(argument, Path) and argument.parent.is_dir() and ".partial-" in str(argument.parent):
                        with open(argument, "ab") as half:
                            half.write(b"half")
                        break
                raise OSError(self._number, os.strerror(self._number))
            return call(*args, **kwargs)

        return through


@contextmanager
def failing(fail_at: int | None, number: int) -> Iterator[_Layer]:
    layer = _Layer(fail_at, number)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in CALLS:
            patch.setattr(owner, name, layer.wrap(getattr(owner, name)))
        yield layer


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small, as it is run from the start of Python on and written many times; every kind of file is in its result."""
    return write_baseline("rasters", tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def run(project: Path) -> sinks.Run:
    return sinks.run(project)


def _problems(contents: Any, out: Path) -> list[str]:
    try:
        write_run(contents, out, force=True)
    except RunError as error:
        return [problem.id for problem in error.problems]
    return []


def test_a_disk_that_fails_at_any_write(run: sinks.Run, tmp_path: Path) -> None:
    """Every seventh call fails, with each kind of failure in turn (every call, and all three, with ``SINKS_KILLS``)."""
    contents = run.contents
    write_run(contents, tmp_path / "result")
    first = content(tmp_path / "result")
    out = tmp_path / "result"
    with failing(None, 0) as counted:
        write_run(contents, out, force=True)
    assert counted.count > 40
    every = "SINKS_KILLS" in os.environ
    step = 1 if every else 7
    for place in range(0, counted.count, step):
        for number in ERRORS if every else (ERRORS[place // step % len(ERRORS)],):
            with failing(place, number) as layer:
                said = _problems(contents, out)
            assert set(said) <= {"output.disk_full", "output.write_failed", "output.locked"}
            assert layer.failed
            # The folder of old is there, or under the name that the next attempt puts it back from.
            whole = out if out.exists() else next(tmp_path.glob(".result.replaced-*"))
            assert content(whole) == first, f"call {place}, {errno.errorcode[number]}"
    write_run(contents, out, force=True)
    assert read_run(out).record == contents.record
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_does_not_cost_the_pass(project: Path, tmp_path: Path) -> None:
    """Files end at a size that the largest file of a result exceeds, inside compiled writers too."""
    import resource

    subprocess.run(command(project, tmp_path / "whole"), check=True, capture_output=True, timeout=300)
    whole = content(tmp_path / "whole")
    limit = max(map(len, whole.values())) - 1000

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    out = tmp_path / "result"
    full = subprocess.run(command(project, out), capture_output=True, timeout=300, preexec_fn=small)
    said = full.stderr.decode("utf-8", "replace")
    assert full.returncode == 2, said
    assert "Traceback" not in said
    assert "--resume" in said
    assert not out.exists()
    assert (tmp_path / ".result.checkpoint" / "tabulation.npz").exists()
    subprocess.run(command(project, out), check=True, capture_output=True, timeout=300)
    assert (out / "account.csv").read_bytes() == whole["account.csv"]
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "result"}


# ---- the same again -------------------------------------------------------------------------------------------------


def test_every_file_is_the_same_byte_for_byte(project: Path, tmp_path: Path) -> None:
    """Whatever the threads, hash seed, time zone, locale and folder it is called from; the time of the run is given."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    found = []
    # The second is called from another folder, with paths relative to it.
    for out, threads, seed, zone, locale, place, path in (
        (tmp_path / "a", 1, "1", "UTC", "C", tmp_path.parent, project),
        (Path("../b"), 3, "7", "Asia/Shanghai", "C.UTF-8", other, os.path.relpath(project, other)),
    ):
        settings = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "SOURCE_DATE_EPOCH": "1700000000"}
        options = ["--out", str(out), "--quiet", "--threads", str(threads), "--block-size", str(16 * threads)]
        call = [sys.executable, "-m", "sinks.cli", "run", str(path), *options]
        # The package is found from anywhere, and "" would be the folder of the call.
        paths = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))}
        environment = {**os.environ, **settings, **paths}
        subprocess.run(call, check=True, capture_output=True, timeout=300, env=environment, cwd=place)
        found.append(content(place / out))
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []
