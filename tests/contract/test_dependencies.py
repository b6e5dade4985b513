"""What is asked for on installation does work: each runtime dependency is imported, or read, by the package."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

MODULES = {"python-docx": "docx"}
"""Distributions whose module has another name."""

READ = {"pylopdf-fonts-zh-cn": "pylopdf-fonts-zh-cn", "xstatic-leaflet": "xstatic.pkg.leaflet"}
"""Packages of files, which are found by a name and not imported."""

LAZY = {"dask", "distributed", "rioxarray", "xarray"}
"""Packages that are loaded by those only who use them: imported inside a function, or in a module that is."""

ACCESSOR = ROOT / "sinks" / "accessor.py"


def asked_for() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[\[<>=]", line)[0] for line in project["dependencies"]}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Top-level packages that a file imports when it runs, and whether at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checking = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in checking:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node in tree.body


def test_each_dependency_is_imported_where_it_does_work() -> None:
    used = {name for path in (ROOT / "sinks").rglob("*.py") for name, _ in imports(path)}
    used |= {name for path in (ROOT / "methodologies").rglob("*.py") for name, _ in imports(path)}
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sinks").rglob("*.py"))
    idle = [name for name in asked_for() - set(READ) if MODULES.get(name, name.replace("-", "_")) not in used]
    assert sorted(idle) == []
    assert [name for name, sign in READ.items() if name in asked_for() and sign not in text] == []


def test_each_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    table = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| "))
    assert [name for name in sorted(asked_for()) if not re.search(rf"\b{re.escape(name)}\b", table)] == []


def test_what_few_use_is_loaded_by_those_only() -> None:
    at_the_top = {
        path.relative_to(ROOT).as_posix(): name
        for path in (ROOT / "sinks").rglob("*.py")
        for name, top in imports(path)
        if top and name in LAZY and path != ACCESSOR
    }
    assert at_the_top == {}
