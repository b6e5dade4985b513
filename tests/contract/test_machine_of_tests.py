"""Tests see an empty home and caches of their own, whatever the user has set, and so do processes that they start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASKED = """
import matplotlib, numba, pathlib
print(pathlib.Path.home(), matplotlib.get_cachedir(), matplotlib.matplotlib_fname(), numba.config.CACHE_DIR, sep="\\n")
"""


def asked(code: str, variables: Mapping[str, str]) -> list[str]:
    # One that shares the work of others takes their home; a process of its own does not.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"} | variables
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def test_processes_of_tests_have_a_home_and_caches_of_their_own() -> None:
    import matplotlib
    import numba

    home, fonts, settings, kernels = map(Path, asked(ASKED, {}))
    assert home.name.startswith("home-of-tests-")
    assert fonts == home == Path.home() == Path(matplotlib.get_cachedir())
    assert settings.is_relative_to(Path(matplotlib.__file__).parent)
    assert kernels == Path(numba.config.CACHE_DIR)
    assert kernels.is_relative_to(ROOT / ".cache")


def test_what_a_user_has_set_is_not_seen(tmp_path: Path) -> None:
    """By tests that a user starts who has a home, a style and a cache of compiled functions."""
    (tmp_path / "matplotlibrc").write_text("font.size: 99\n", encoding="utf-8")
    names = ("HOME", "USERPROFILE", "MPLCONFIGDIR", "MATPLOTLIBRC", "NUMBA_CACHE_DIR")
    found = asked(f"import conftest\n{ASKED}\nconftest.pytest_unconfigure()", dict.fromkeys(names, str(tmp_path)))
    assert len(found) == 4
    assert not [line for line in found if str(tmp_path) in line]
    assert found[0] != str(Path.home())
    assert not Path(found[0]).exists(), "the home is taken away again"
