"""Imports point one way, down the list of rooms in docs/architecture.md, and `sinks` never imports `methodologies`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A module may import from its own room and from the rooms before it.
ROOMS: tuple[tuple[str, ...], ...] = (
    ("sinks.text", "sinks.vocabulary", "sinks.errors"),
    ("sinks.units", "sinks.provenance"),
    ("sinks.geo",),
    ("sinks.assessment.rules", "sinks.assessment.section", "sinks.sections", "sinks.project"),
    ("sinks.layers", "sinks.activity"),
    ("sinks.tabulate",),
    ("sinks.parameters", "sinks.methodology", "sinks.growth"),
    (
        "sinks.uncertainty",
        "sinks.accuracy",
        "sinks.quantiles",
        "sinks.book",
        "sinks.steps",
        "sinks.sheet",
        "sinks.posting",
        "sinks.account",
        "sinks.adjust",
        "sinks.sensitivity",
        "sinks.checks",
        "sinks.findings",
        "sinks.beside",
    ),
    ("sinks.assessment",),
    ("sinks.output",),
    (
        "sinks.derive",
        "sinks.production",
        "sinks.prepare",
        "sinks.collect",
        "sinks.accounting",
        "sinks.contents",
        "sinks.compare",
        "sinks.finished",
        "sinks.runs",
    ),
    ("sinks.cli", "sinks.init", "sinks.reference"),
)

MODULES = sorted((ROOT / "sinks").rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module: str) -> int | None:
    for number, names in enumerate(ROOMS):
        if any(module == name or module.startswith(name + ".") for name in names):
            return number
    return None


def imported(path: Path) -> set[str]:
    """Modules that ``path`` imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_every_module_has_a_room_and_imports_only_from_rooms_above(path: Path) -> None:
    module = dotted(path)
    if module == "sinks":
        return
    mine = room(module)
    assert mine is not None, f"{module} is in no room of docs/architecture.md"
    for name in imported(path):
        theirs = room(name)
        if theirs is not None:
            assert theirs <= mine, f"{module} imports {name}, which is a room below it"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_sinks_does_not_import_methodologies(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "methodologies"}
