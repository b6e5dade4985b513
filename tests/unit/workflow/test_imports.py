"""What a verb does not need is not imported for it: counted in a process of its own, by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMPILER = ("numba", "llvmlite")
WRITERS = ("matplotlib", "folium", "docx", "xlsxwriter")
SCIENCE = ("pandas", "numpy", "geopandas", "rasterio", "scipy", "pint", "pydantic", *COMPILER)

NEEDLESS = {
    "import sinks; sinks.run": SCIENCE,
    "import sinks; sinks.check, sinks.open_run, sinks.ensure_writable": SCIENCE,
    "import sinks.results.run_folder, sinks.workflow.finished_run": (*WRITERS, *COMPILER),
    "import sinks.output.map": ("matplotlib", "docx", *COMPILER),
    "import sinks.output.report": ("folium", "xlsxwriter", *COMPILER),
    "import sinks.assessment.evaluate": ("matplotlib", "folium", "docx", *COMPILER),
}


@pytest.mark.parametrize("code", NEEDLESS)
def test_it_is_imported_without(code: str) -> None:
    loaded = f"{code}\nimport sys\nprint(*(name for name in {NEEDLESS[code]!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
