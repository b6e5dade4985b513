"""A disk that fails at any call by which files reach it, compiled writers included: nothing is half written, ever.

The suite takes every 73rd call of a run folder, with one kind of failure after another; with ``SINKS_KILLS``
(``make faults``) every call fails with every kind: ENOSPC, EIO and EACCES, once and for good.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
COMPILER = shutil.which("cc") or shutil.which("gcc")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None, reason="a library that is loaded first: Linux and a C compiler"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([str(COMPILER), *options, "-o", str(made), str(SUPPORT / "failing_disk.c"), "-ldl"], check=True)
    return made


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("replaced", {"open", "write", "fsync", "mkdir", "rename", "unlink", "rmdir"}),
        ("fresh", {"open", "write", "fsync", "mkdir", "rename", "unlink"}),
        ("file_of_its_own", {"open", "write", "rename"}),
        ("checkpoint", {"open", "write", "fsync", "rename"}),
    ],
)
def test_nothing_is_half_written(scenario: str, kinds: set[str], shim: Path, tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    settings = {"LD_PRELOAD": str(shim), "PYTHONPATH": root}
    call = [sys.executable, str(SUPPORT / "failing_disk.py"), scenario, str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=6 * 3600, env={**os.environ, **settings})
    assert done.returncode == 0, done.stdout + done.stderr
    tried = json.loads(done.stdout.splitlines()[-1])
    print(f"{scenario}: {sum(tried.values())} failures survived: {tried}")
    assert sum(tried.values()) > 8
    # Every kind of call is among them, where every call is taken.
    assert "SINKS_KILLS" not in os.environ or kinds <= tried.keys()
