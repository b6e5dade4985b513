"""Spoil the core of the account one operator at a time, and see that a test notices each; then break each law.

    python tests/mutation/core.py                  # all laws, and sixty operators of the core
    python tests/mutation/core.py --count 0        # only the laws
    python tests/mutation/core.py --count 1000     # every operator
    python tests/mutation/core.py --seed 3 --only assessment/sink.py

A law has a mutant that breaks it (``laws.csv``: file, text, what it becomes, the tests that say the law): these must
fail.  Operators are signs, comparisons, and, or, not, least and most, in the functions of :data:`NEAREST`; each meets
the tests nearest to its file and then the laws.  A mutant that survives is a hole in the tests, or makes no difference:
then ``explained.csv`` says why, by file, function and change.  Exit code 1 when a law does not notice its mutant, or
another one survives without an explanation.

Nothing is copied and nothing is written: each mutant is tried in a process of its own that compiles one module from
spoilt text, and finds the rest, and what numba has compiled, as it is.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import io
import os
import random
import re
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
KILLED, LAW, EXPLAINED, SURVIVED = "nearest test", "law", "explained", "SURVIVED"
SECONDS = 240
TOO_LONG = "time or memory"
"""An operator that needs longer has made an endless loop, and is noticed; a law must be noticed by its test."""

ACCOUNT = "tests/unit/account"
DUAL = "tests/unit/assessment/test_dual_control.py"
NOISE = ("tests/unit/uncertainty/test_map_noise.py", "tests/unit/analysis/test_noise_of_maps.py")

NEAREST: dict[str, tuple[str, ...]] = {
    "account/posting.py": (ACCOUNT,),
    "account/totals.py": (ACCOUNT,),
    "account/common_land.py": (f"{ACCOUNT}/test_common_land.py", ACCOUNT, "tests/property/test_stands.py"),
    "account/quadrature.py": (ACCOUNT, "tests/property/test_true_change.py"),
    "account/calendar_years.py": (ACCOUNT, "tests/property/test_periods.py"),
    "account/ages.py": (ACCOUNT,),
    "account/amounts.py": (f"{ACCOUNT}/test_amounts.py", ACCOUNT),
    "uncertainty/draws.py": ("tests/unit/uncertainty/test_draws.py", ACCOUNT),
    "uncertainty/stated.py": ("tests/unit/uncertainty/test_stated.py", ACCOUNT),
    "uncertainty/confusion_matrix.py": ("tests/unit/uncertainty/test_confusion_matrix.py",),
    "uncertainty/map_noise.py": NOISE,
    "analysis/noise_of_maps.py": NOISE[::-1],
    "analysis/reconciliation.py": ("tests/unit/analysis/test_reconciliation.py",),
    "assessment/dual_control.py": (DUAL, "tests/unit/assessment/test_evaluate.py"),
    "assessment/equations.py": ("tests/unit/assessment/test_equations.py", "tests/property/test_assessment.py", DUAL),
    "assessment/terms.py": ("tests/unit/assessment/test_terms.py", DUAL),
    "assessment/sink.py": ("tests/unit/assessment/test_sink.py", DUAL, "tests/unit/assessment/test_evaluate.py"),
    "assessment/budget.py": ("tests/unit/assessment/test_plans.py",),
    "assessment/ledger.py": ("tests/unit/assessment/test_ledger_of_credits.py", "tests/property/test_assessment.py"),
}
"""File of ``sinks/``, and the tests that are asked first."""


@dataclass(frozen=True)
class Mutant:
    """One change: where, what it is, the spoilt text of its file, and the tests that it meets."""

    file: str
    function: str
    change: str
    text: str
    tests: tuple[str, ...]

    @property
    def module(self) -> str:
        return "sinks." + self.file.removesuffix(".py").replace("/", ".")

    @property
    def key(self) -> tuple[str, str, str]:
        """What ``explained.csv`` calls it: line numbers move, so that they are no part of it."""
        return self.file, self.function, self.change


# --- operators -----------------------------------------------------------------------------------------------------

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_NAMES = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all", "all": "any"}


def _places(function: ast.AST) -> list[ast.AST]:
    """Nodes of a function that can be turned round; annotations are none of its code."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [function]
    while waiting:
        node = waiting.pop()
        if _turns(node):
            found.append(node)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "decorator_list"):
                waiting += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset, type(node).__name__))  # type: ignore[attr-defined]


def _turns(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp | ast.BoolOp):
        return type(node.op) in _SWAPPED
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in _SWAPPED
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.Not | ast.Invert)
    return isinstance(node, ast.Call) and _called(node) in _NAMES


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _turn(node: ast.AST) -> None:
    if isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = _SWAPPED[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Compare):
        node.ops[0] = _SWAPPED[type(node.ops[0])]()  # type: ignore[call-overload]
    elif isinstance(node, ast.UnaryOp):
        # Not, turned twice, is a truth again, as the value itself may be none.
        node.operand = ast.UnaryOp(type(node.op)(), node.operand)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node.func.attr = _NAMES[node.func.attr]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        node.func.id = _NAMES[node.func.id]


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """The outermost functions and methods: what stands inside one is its code."""
    inside = [node for one in tree.body for node in ([one] if not isinstance(one, ast.ClassDef) else one.body)]
    return [node for node in inside if isinstance(node, ast.FunctionDef)]


def operators(file: str) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = (ROOT / "sinks" / file).read_text(encoding="utf-8")
    for at, function in enumerate(_functions(ast.parse(source))):
        for number in range(len(_places(function))):
            tree = ast.parse(source)
            node = _places(_functions(tree)[at])[number]
            before = ast.unparse(node)
            _turn(node)
            change = f"{before} -> {ast.unparse(node)}"
            yield Mutant(file, function.name, change, ast.unparse(ast.fix_missing_locations(tree)), NEAREST[file])


# --- laws ----------------------------------------------------------------------------------------------------------


def laws() -> list[Mutant]:
    """The mutant of each law.

    Raises
    ------
    SystemExit
        A text of ``laws.csv`` is not in its file just once: whoever changed the file says what breaks the law now.
    """
    found, lost = [], []
    with (HERE / "laws.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            text = (ROOT / "sinks" / row["file"]).read_text(encoding="utf-8")
            if text.count(row["text"]) != 1:
                lost.append(f"{row['law']}: {row['file']} has {row['text']!r} {text.count(row['text'])} times")
                continue
            change = f"{row['law']}: {row['text']} -> {row['becomes']}"
            spoilt = text.replace(row["text"], row["becomes"])
            found.append(Mutant(row["file"], "", change, spoilt, tuple(row["test"].split())))
    if lost:
        raise SystemExit("\n".join(lost))
    return found


# --- trials --------------------------------------------------------------------------------------------------------


class _Spoilt(SourceFileLoader, MetaPathFinder):
    """Finds one module and compiles it from spoilt text; what is found beside it stays what it is."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(ROOT / "sinks" / mutant.file))
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_file_location(fullname, self.path, loader=self) if fullname == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.mutant.text, self.path, "exec", dont_inherit=True)


def noticed(mutant: Mutant | None, tests: Sequence[str]) -> str:
    """The first test that fails with a mutant, empty when none does."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            os._exit(_try(mutant, tests, said.fileno()))
        _, status = os.waitpid(child, 0)
        said.seek(0)
        output = said.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        return TOO_LONG if mutant is not None else output or TOO_LONG
    code = os.WEXITSTATUS(status)
    if code == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
    return named[1] if named else (output.strip().splitlines() or ["?"])[-1]


def _try(mutant: Mutant | None, tests: Sequence[str], said: int) -> int:
    import pytest
    from hypothesis import Phase, settings

    signal.alarm(SECONDS)
    # Whoever asks whether a test fails need not know the smallest input that makes it fail.
    settings.register_profile("unshrunk", phases=(Phase.explicit, Phase.generate))
    settings.load_profile("unshrunk")
    for stream in (1, 2):
        os.dup2(said, stream)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    if mutant is not None:
        sys.meta_path.insert(0, _Spoilt(mutant))
    options = [
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:randomly",
    ]
    with contextlib.suppress(io.UnsupportedOperation):
        code = int(pytest.main([*options, *tests]))
    sys.stdout.flush()
    return code


def tried(mutant: Mutant, explained: dict[tuple[str, str, str], str], wider: Sequence[str]) -> tuple[str, str]:
    """How a mutant fares, and by what it was noticed, or why it need not be."""
    if by := noticed(mutant, mutant.tests):
        return (KILLED if mutant.function or by != TOO_LONG else SURVIVED), by
    if mutant.key in explained:
        return EXPLAINED, explained[mutant.key]
    if mutant.function and (by := noticed(mutant, wider)):
        return LAW, by
    return SURVIVED, ""


def chosen(count: int, seed: int, only: str) -> list[Mutant]:
    """Mutants of all files in turn, drawn without repetition."""
    rng = random.Random(seed)
    by_file = [list(operators(file)) for file in NEAREST if only in file]
    for mutants in by_file:
        rng.shuffle(mutants)
    turns = [mutants[at] for at in range(max(map(len, by_file), default=0)) for mutants in by_file if at < len(mutants)]
    return turns[:count]


def explanations() -> dict[tuple[str, str, str], str]:
    with (HERE / "explained.csv").open(encoding="utf-8", newline="") as handle:
        return {(row["file"], row["function"], row["change"]): row["why"] for row in csv.DictReader(handle)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60, help="operators of the core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="files whose name has this")
    given = parser.parse_args()
    # What every child needs is imported once; not the package, which a child may find spoilt, nor what pytest rewrites.
    for name in (
        "numpy",
        "pandas",
        "scipy.sparse",
        "numba",
        "geopandas",
        "rasterio",
        "shapely",
        "hypothesis",
        "pytest",
    ):
        __import__(name)
    breaking, drawn = laws(), chosen(given.count, given.seed, given.only)
    wider = sorted({test for law in breaking for test in law.tests})
    if failing := noticed(None, [*wider, *sorted({test for mutant in drawn for test in mutant.tests} - set(wider))]):
        print(f"the tests fail before anything is changed: {failing}")
        return 1
    known, fates = explanations(), []
    for number, mutant in enumerate([*breaking, *drawn]):
        fate, by = tried(mutant, known, wider)
        place = f"{mutant.file}:{mutant.function}" if mutant.function else mutant.file
        print(f"{fate:<12} {place}: {mutant.change}" + (f"\n{'':<12} by {by}" if by else ""), flush=True)
        fates.append((number < len(breaking), fate))
    laws_noticed = [fate == KILLED for law, fate in fates if law]
    core = [fate for law, fate in fates if not law]
    print(f"laws: {sum(laws_noticed)} of {len(laws_noticed)} notice the mutant that breaks them")
    print("core: " + ", ".join(f"{core.count(fate)} {fate}" for fate in (KILLED, LAW, EXPLAINED, SURVIVED)))
    return int(not all(laws_noticed) or SURVIVED in core)


if __name__ == "__main__":
    sys.exit(main())
