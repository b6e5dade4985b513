"""Every notebook runs from the first cell to the last, offline, and what is stored is what its source says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra [notebooks]")
pytest.importorskip("nbclient", reason="notebooks need the extra [notebooks]")

SOURCES = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))


@pytest.fixture(scope="module")
def build() -> ModuleType:
    """``notebooks/build.py``, which is a script and not part of a package."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("notebooks_build", NOTEBOOKS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kernel(build: ModuleType) -> Iterator[object]:
    """One for all that a worker runs: half of the time of a notebook is what every notebook imports."""
    with build.kernel_of_several() as kernel:
        yield kernel


def test_there_is_a_notebook_for_every_source() -> None:
    stored = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert stored == {path.stem for path in SOURCES}
    assert len(stored) >= 9


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_stored_notebook_is_its_source_with_outputs(source: Path, build: ModuleType) -> None:
    made, stored = build.parse(source), nbformat.read(build.target(source), as_version=4)
    assert [(cell.cell_type, cell.source) for cell in stored.cells] == [
        (cell.cell_type, cell.source) for cell in made.cells
    ], "python notebooks/build.py makes it anew"
    nbformat.validate(stored)
    assert build.faults(stored) == []
    counts = [cell.execution_count for cell in stored.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1)), "run from the first cell to the last"
    assert any(cell.get("outputs") for cell in stored.cells)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_notebook_runs(source: Path, build: ModuleType, kernel: object) -> None:
    # Fonts are listed now: a kernel that does it on a busy machine says so, and a notebook that says more is refused.
    import matplotlib.font_manager  # noqa: F401

    # A cluster of processes starts from a process of its own.
    build.build(source, None if source.stem.endswith("cluster") else kernel)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_text_is_chinese_with_english_beside_it(source: Path, build: ModuleType) -> None:
    for cell in build.parse(source).cells:
        if cell.cell_type == "markdown":
            assert re.search(r"[\u4e00-\u9fff]", cell.source), cell.source
            assert re.search(r"[A-Za-z]{3}", cell.source), cell.source


def test_cells_of_a_source(build: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "01_x.py"
    source.write_text("# %% [markdown]\n# # Title\n#\n# text\n\n# %%\nprint(1)\n\n# a comment\n", encoding="utf-8")
    cells = build.parse(source).cells
    assert [(cell.cell_type, cell.source) for cell in cells] == [
        ("markdown", "# Title\n\ntext"),
        ("code", "print(1)\n\n# a comment"),
    ]
    assert build.parse(source) == build.parse(source)


def _executed(build: ModuleType, tmp_path: Path, code: str) -> object:
    source = tmp_path / "01_x.py"
    source.write_text(f"# %%\n{code}\n", encoding="utf-8")
    return build.execute(build.parse(source), tmp_path)


def test_a_warning_or_a_foreign_path_is_a_fault(build: ModuleType, tmp_path: Path) -> None:
    made = _executed(build, tmp_path, "import warnings\nwarnings.warn('old')\nprint('/home/me/x.tif')")
    found = build.faults(made)
    assert len(found) == 2
    assert "old" in found[0]


def test_paths_of_the_machine_are_taken_out(build: ModuleType, tmp_path: Path) -> None:
    made = _executed(build, tmp_path, "from pathlib import Path\nprint(Path('a.csv').resolve(), object())")
    build.tidy(made, tmp_path)
    assert made.cells[0].outputs[0].text == "a.csv <object object>\n"


def test_a_failing_cell_and_the_internet_are_refused(build: ModuleType, tmp_path: Path) -> None:
    from nbclient.exceptions import CellExecutionError

    code = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)"
    with pytest.raises(CellExecutionError, match="notebooks run offline"):
        _executed(build, tmp_path, code)
