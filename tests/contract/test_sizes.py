"""Files, functions and lists of arguments stay small enough to be read at one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "sinks").rglob("*.py"))

MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_ARGUMENTS = 450, 60, 8

# Functions that are still larger, each with the reason; whoever makes one smaller takes it out here.
LARGER = {
    "sinks/geo/region_file.py:load_file": "every option of [regions] is an argument of its own",
    "sinks/geo/regions.py:load_builtin": "docstring and checks of the built-in outlines in one",
    "sinks/tabulation/kernels.py:count_joint": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/moments.py:_add_moments_of_all": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/moments.py:_add_moments_of_one": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/moments.py:_add_to_bins": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/moments.py:_note_flaws": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/moments.py:add_moments": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/scanline.py:_walk": "compiled kernel: arrays are passed one by one",
    "sinks/tabulation/tabulation.py:tabulate": "the public function of the pass: its options and their description",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def arguments(function: Function) -> int:
    """Arguments that a caller sees: ``self`` and ``cls`` are none."""
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args)]
    own = names[:1] in (["self"], ["cls"])
    return len(names) - own + len(given.kwonlyargs) + sum(one is not None for one in (given.vararg, given.kwarg))


def too_large(path: Path) -> dict[str, str]:
    """Functions of a file that are too long or take too many arguments, and by how much."""
    found = {}
    for function in functions(ast.parse(path.read_text(encoding="utf-8"))):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        count = arguments(function)
        if lines > MOST_LINES_OF_A_FUNCTION or count > MOST_ARGUMENTS:
            name = f"{path.relative_to(ROOT).as_posix()}:{function.name}"
            found[name] = f"{lines} lines, {count} arguments"
    return found


def test_no_file_is_too_long() -> None:
    lines = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert len(lines) > 300
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_too_long_or_takes_too_much() -> None:
    found: dict[str, str] = {}
    for path in FILES:
        found |= too_large(path)
    assert {name: size for name, size in found.items() if name not in LARGER} == {}
    assert sorted(set(LARGER) - set(found)) == [], "these are small enough now: take them out of the list"


def test_exceptions_are_of_few_rooms() -> None:
    rooms = {name.split("/")[1] for name in LARGER}
    assert rooms <= {"tabulation", "account", "layers", "geo"}


def test_what_is_counted() -> None:
    tree = ast.parse("class A:\n    def f(self, a, /, b, *c, d, **e):\n        pass\n\nasync def g(a): ...\n")
    assert {function.name: arguments(function) for function in functions(tree)} == {"f": 5, "g": 1}
