"""A machine of the tests' own, so that nothing outside the checkout can hide a fault or make one.

The home directory is empty and new each time, and with it the settings and caches of matplotlib, Jupyter, Chromium and
LibreOffice.  Only what numba compiled is kept, inside the checkout.  Whoever runs a single test by hand gets the same
machine as ``make test``, and so does every process that a test starts.
"""

from __future__ import annotations

import gc
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
FOREIGN = ("GDAL_", "IPYTHON", "JUPYTER_", "MATPLOTLIB", "MPL", "PROJ_", "XDG_")
"""Beginnings of variables by which a user may have changed what is read, drawn or found."""


def _settle() -> Path:
    """Point this process at an empty home; before anything else is imported, as much is read only then."""
    home = Path(tempfile.mkdtemp(prefix="home-of-tests-"))
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ |= {name: str(home) for name in ("HOME", "USERPROFILE", "MPLCONFIGDIR")}
    os.environ["NUMBA_CACHE_DIR"] = str(ROOT / ".cache" / "numba" / _kernels())
    return home


def _kernels() -> str:
    """Changes with every compiled function: numba does not see when one that is called from another file changes."""
    sources = [path.read_bytes() for path in sorted((ROOT / "sinks").rglob("*.py"))]
    return hashlib.sha256(b"".join(text for text in sources if b"numba" in text)).hexdigest()[:16]


# The workers of one run share the home of the process that started them.
HOME = None if "PYTEST_XDIST_WORKER" in os.environ else _settle()


def pytest_unconfigure() -> None:
    if HOME is not None:
        shutil.rmtree(HOME, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collected tests stay to the end: looking for garbage among them costs a fifth of the time and finds nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
