"""docs/architecture.md draws the house as it stands: every room and wing, in the order of imports, and the path.

The order itself is held by import-linter (``lint-imports``); here the page is compared with its contract.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from sinks.account.totals import COLUMNS
from sinks.parameters import COLUMNS as PARAMETER_COLUMNS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sinks"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").iterdir())


def drawn() -> list[list[str]]:
    """Rooms and wings of the table, line by line, as paths below the repository."""
    rows = re.findall(r"^\| (`sinks/[^|]*) \|", PAGE, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def order() -> list[set[str]]:
    """Rooms from the highest to the lowest, as the contract has them; those in one set stand side by side."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers")
    return [{name.strip().removeprefix("sinks.") for name in line.split("|")} for line in layers]


def folders() -> set[str]:
    """Every folder of the package that holds something to read."""
    held = {path.parent for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    return {f"{folder.relative_to(ROOT).as_posix()}/" for folder in held - {PACKAGE}}


def test_every_room_and_wing_has_its_line() -> None:
    lines = [path for line in drawn() for path in line]
    assert len(lines) == len(set(lines))
    assert folders() - set(lines) == set()
    assert [path for path in lines if not (ROOT / path).exists()] == []


def test_files_beside_the_rooms_have_a_line() -> None:
    beside = {f"sinks/{path.name}" for path in PACKAGE.glob("*.py")} - {"sinks/__init__.py"}
    assert beside <= {path for line in drawn() for path in line}


def test_rooms_stand_in_the_order_of_imports() -> None:
    rooms = [[Path(path) for path in line if path.count("/") == 1 + path.endswith("/")] for line in drawn()]
    # Messages are words and no module.
    assert [{path.stem for path in line} - {"messages"} for line in rooms if line] == order()


def test_every_module_is_in_the_order_of_imports() -> None:
    """import-linter itself does not ask about a room that its contract leaves out."""
    there = {path.parent.name for path in PACKAGE.glob("*/*.py")} | {path.stem for path in PACKAGE.glob("*.py")}
    assert there - {"__init__"} == set().union(*order())


def test_the_path_is_that_of_the_program() -> None:
    """The calls of the sentence on the page are made by ``run``, in that order."""
    (sentence,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = ast.parse((PACKAGE / "workflow" / "verbs.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    renamed = {name.asname: name.name for node in imports for name in node.names if name.asname}
    (body,) = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "run")
    made = [renamed.get(name, name) for name in calls(body)]
    said = [name for name in calls(ast.parse(sentence.replace("return ", ""))) if name != "Run"]
    assert len(said) >= 6
    assert [name for name in made if name in said] == said


def calls(tree: ast.AST) -> list[str]:
    """Plain functions and steps of the path that are called, from the first line to the last."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [
        (node.lineno, node.col_offset, of.id if isinstance(of, ast.Name) else of.attr)
        for node in found
        if isinstance(of := node.func, ast.Name) or (isinstance(of, ast.Attribute) and _is_steps(of.value))
    ]
    return [name for _, _, name in sorted(named)]


def _is_steps(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "steps"


@pytest.mark.parametrize("columns", [COLUMNS, PARAMETER_COLUMNS], ids=["account", "parameters"])
def test_columns_of_tables_are_those_of_the_program(columns: tuple[str, ...]) -> None:
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    spans = [re.split(r",\s+", span) for span in re.findall(r"`([^`]+)`", prose)]
    assert list(columns) in [[name for name in span if not name.startswith("<")] for span in spans]


def test_each_decision_has_a_number_of_its_own() -> None:
    """Numbers may be left out: decisions that are made side by side take theirs beforehand."""
    numbers = [re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", path.name) for path in DECISIONS]
    assert all(numbers)
    found = [int(match[1]) for match in numbers if match]
    assert found == sorted(set(found))
    assert found[0] == 1


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_and_what_follows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(path.name[:4])}. ")
    parts = re.findall(r"^\*\*(Context|Decision|Consequences)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences"]


def test_what_contributing_names_is_there() -> None:
    """Paths in code type; ``<id>`` and the like stand for names."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:sinks|methodologies|tests|docs|data|benchmarks|notebooks)/[^`\s]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not any(ROOT.glob(re.sub(r"<[a-z ]+>", "*", path)))] == []
