"""One run folder, written once and only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.results.run_folder import write_run
from support.finished_run import make_contents


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(make_contents(), tmp_path_factory.mktemp("runs") / "deep" / "run")
