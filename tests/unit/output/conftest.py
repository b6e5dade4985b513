"""One report, written once and only read."""

from __future__ import annotations

from typing import Any

import pytest
from docx import Document

from sinks.output.report import write_reports
from support.reported_run import make_contents


@pytest.fixture(scope="module")
def ordos(tmp_path_factory: pytest.TempPathFactory) -> Any:
    (path,) = write_reports(make_contents(), tmp_path_factory.mktemp("reports"), regions=["150600"], annex=False)
    return Document(str(path))
