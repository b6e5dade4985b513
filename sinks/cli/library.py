"""A methodology for the library: what a checkout keeps of each one besides its equation and its table.

``sinks new ID --library`` is called twice.  The first call writes the files to fill in.  The second, once they are
filled, checks the methodology and writes what follows from it: reference pages, rows of the ledger and of the list of
witnesses, and the table of docs/verification.md.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from sinks.cli.reference_pages import write as write_pages
from sinks.errors import MethodologyError, Problem
from sinks.methodology import Bound, Registry
from sinks.methodology import new as write_starter

_WITNESSES = Path("tests/golden/witnesses.csv")
_LEDGER = Path("tests/golden/ledger.csv")
_MAKERS = (Path("tests/golden/test_ledger.py"), Path("tests/golden/test_witnesses.py"))
_PAGE = Path("docs/verification.md")

_SEEN = ("read", "derived", "transcribed")
"""Basis of a parameter row whose document was seen."""

_HELD = "test_the_table_as_printed"

_TEST = '''"""{id}: by hand, and its table typed a second time."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("{id}")
# Inputs and strata of one hectare, and carbon by pool calculated by hand with the numbers of the document.
ROW: dict[str, object] = {{}}
BY_HAND: dict[str, float] = {{}}
# The document's numbers, typed from it and not from the table: parameter and strata, separated by blanks.
PRINTED: dict[str, float] = {{}}


def test_by_hand() -> None:
    found = BOUND.evaluate(pd.DataFrame([ROW]))
    assert {{pool: float(values[0]) for pool, values in found.items()}} == pytest.approx(BY_HAND)


def test_the_table_as_printed() -> None:
    rows = BOUND.table.rows
    strata = (map(str, filter(None, row.cells.values())) for row in rows)
    found = {{" ".join((row.parameter, *named)): row.value for row, named in zip(rows, strata, strict=True)}}
    assert found == pytest.approx(PRINTED)
'''


class Added(NamedTuple):
    """What a call wrote or changed, and whether it is to be filled in."""

    files: tuple[Path, ...]
    to_fill: bool


def add_to_library(id: str) -> Added:
    """Write the files of a methodology of the library, or what follows from them once they are filled in.

    Parameters
    ----------
    id : str
        Name of the methodology.

    Returns
    -------
    Added

    Raises
    ------
    MethodologyError, ParameterError
        The library is not that of a checkout, a file of another kind has this name, or the methodology is not filled in
        or breaks its contract: everything at once, and nothing is written.
    """
    registry = Registry()
    root = _root(registry)
    folder, test = root / "methodologies", root / f"tests/golden/test_{id}.py"
    if id not in registry.ids:
        if test.exists():
            raise MethodologyError(Problem("methodology.exists", str(test), {}))
        made = write_starter(id, folder=folder)
        test.write_text(_TEST.format(id=id), encoding="utf-8", newline="\n")
        return Added((*made, test), True)
    bound = registry.get(id)
    if not test.is_file():
        raise MethodologyError(Problem("methodology.no_test", str(test), {"id": id}))
    before = _contents(root)
    _add_witnesses(root / _WITNESSES, bound, test.name, registry.ids)
    # The makers of these lists are the tests that hold them.
    for maker in _MAKERS:
        subprocess.run([sys.executable, str(root / maker)], check=True, cwd=root)
    write_pages(root / "docs")
    return Added(tuple(path for path, text in _contents(root).items() if before.get(path) != text), False)


def _root(registry: Registry) -> Path:
    """The checkout that the library is installed from."""
    kept, folders = (_WITNESSES, _LEDGER, _PAGE), [folder.parent for folder in registry.folders]
    roots = [folder for folder in folders if all((folder / name).is_file() for name in kept)]
    if len(roots) != 1:
        raise MethodologyError(
            Problem("methodology.no_library", ", ".join(map(str, folders)), {"files": list(map(str, kept))})
        )
    return roots[0]


def _contents(root: Path) -> Mapping[Path, bytes]:
    paths = [root / _WITNESSES, root / _LEDGER, *sorted((root / "docs").rglob("*.md"))]
    return {path: path.read_bytes() for path in paths}


def _add_witnesses(path: Path, bound: Bound, test: str, ids: Collection[str]) -> None:
    """Rows for a methodology that has none: each document read, held by the test; what is recalled or asked for."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    about = [line.partition(",")[0] for line in lines]
    if bound.id in about:
        return
    columns = lines[0].strip().split(",")
    read: dict[str, str] = {}
    for row in bound.table.rows:
        if row.basis in _SEEN:
            read.setdefault(row.source, row.locator)
    documents = {key: bound.table.sources[key] for key in read}
    said = [
        {"kind": "transcribed", "document": one.title or one.title_zh, "where": read[key], "test": f"{test}::{_HELD}"}
        for key, one in documents.items()
    ]
    if any(row.basis not in _SEEN for row in bound.table.rows):
        said.append({"kind": "recalled"})
    if not said or not all(map(bound.table.has, bound.methodology.table_parameters)):
        said.append({"kind": "user"})
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writerows({"methodology": bound.id, "of": "parameters", **row} for row in said)
    # In the order of the library; after it come the tables that are no methodology's.
    later = [number for number, name in enumerate(about) if number and (name > bound.id or name not in ids)]
    lines.insert(later[0] if later else len(lines), out.getvalue())
    path.write_text("".join(lines), encoding="utf-8", newline="")
