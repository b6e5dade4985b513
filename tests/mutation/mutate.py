"""Spoil coefficients and signs of the methodologies one at a time, and see that a test notices each.

    python tests/mutation/mutate.py                 # ten coefficients and five signs
    python tests/mutation/mutate.py --seed 3 --coefficients 40 --signs 20

A coefficient is scaled together with its interval, so that the row stays consistent in itself: only a test that knows
the published number can notice.  A sign is a plus or minus of an equation turned round.  Coefficients are drawn from
all tables in turn, signs from all functions.  The library and its tests are copied to a temporary folder; nothing here
is changed.

Every mutant meets three groups of tests, and the first that notices is reported with the test: those that hold the
library against what others published (``tests/golden/witnesses.csv``), all others of its own, by hand or recalled, and
last the ledger (``tests/golden/ledger.csv``), which is written from the tables themselves: a number caught by it alone
has no witness.  A sign may be noticed sooner than its group: a methodology is checked against its own example as it is
loaded, whatever the test.  Exit code 1 when a mutant survives.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ("tests/golden", "tests/contract/test_parameter_tables.py", "tests/contract/test_methodologies.py")
LEDGER = "tests/golden/test_ledger.py"
WITNESSES = "tests/golden/witnesses.csv"
WITNESSED, OWN, LEDGER_ONLY, SURVIVED = "published", "own test", "ledger only", "SURVIVED"
NOT_PARAMETERS = ("sources", "species_groups", "climate_domains")
FACTOR = 1.07


@dataclass(frozen=True)
class Mutant:
    """One change: a name for the report, the file, and its spoilt text."""

    name: str
    file: str
    spoil: Callable[[str], str]


def coefficients(rng: random.Random, count: int) -> Iterator[Mutant]:
    """Rows of different tables as far as there are so many."""
    tables = sorted(p for p in (ROOT / "methodologies").glob("*.csv") if p.stem not in NOT_PARAMETERS)
    rng.shuffle(tables)
    for number in range(count):
        path = tables[number % len(tables)]
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
        at = {name: rows[0].index(name) for name in ("parameter", "value", "low", "high")}
        places = [i for i, row in enumerate(rows) if i and float(row[at["value"]]) != 0]
        line = rng.choice(places)
        row = rows[line]
        yield Mutant(
            f"{path.name}:{line + 1} {row[at['parameter']]} = {row[at['value']]} x {FACTOR}",
            path.name,
            partial(_scaled, line=line, columns=[at[name] for name in ("value", "low", "high")]),
        )


def _scaled(text: str, line: int, columns: list[int]) -> str:
    rows = list(csv.reader(text.removeprefix("\ufeff").splitlines()))
    for column in columns:
        if rows[line][column]:
            rows[line][column] = f"{float(rows[line][column]) * FACTOR:.10g}"
    spoilt = [text.removeprefix("\ufeff").splitlines()[i] for i in range(len(rows))]
    spoilt[line] = ",".join(f'"{cell}"' if "," in cell or '"' in cell else cell for cell in rows[line])
    return "\ufeff" + "\n".join(spoilt) + "\n"


def signs(rng: random.Random, count: int) -> Iterator[Mutant]:
    """Plus and minus in functions of the library, anywhere."""
    found = [
        (path, number)
        for path in sorted((ROOT / "methodologies").glob("*.py"))
        for number in range(len(_signs(ast.parse(path.read_text(encoding="utf-8")))))
    ]
    for path, number in rng.sample(found, min(count, len(found))):
        node = _signs(ast.parse(path.read_text(encoding="utf-8")))[number]
        name = f"{path.name}:{node.lineno} sign turned in {ast.unparse(node)}"
        yield Mutant(name, path.name, partial(_turned, number=number))


def _signs(tree: ast.AST) -> list[ast.BinOp | ast.UnaryOp]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    nodes = [node for function in functions for node in ast.walk(function)]
    return [
        node
        for node in nodes
        if (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub))
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub))
    ]


def _turned(text: str, number: int) -> str:
    tree = ast.parse(text)
    node = _signs(tree)[number]
    if isinstance(node, ast.BinOp):
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    else:
        node.op = ast.UAdd()
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def tried(mutant: Mutant | None, folder: Path) -> tuple[str, str]:
    """How a copy of the library with this one change fares, and the test that noticed; without a change all pass."""
    shutil.copytree(ROOT / "methodologies", folder / "methodologies", ignore=shutil.ignore_patterns("__pycache__"))
    for name in TESTS:
        source, target = ROOT / name, folder / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        target.parent.mkdir(parents=True, exist_ok=True)
        copy(source, target)
    # Golden tests keep the tables of docs/ in step.
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "verification.md", folder / "docs")
    shutil.copy(ROOT / "pyproject.toml", folder)
    if mutant is not None:
        path = folder / "methodologies" / mutant.file
        path.write_text(mutant.spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with (folder / WITNESSES).open(encoding="utf-8", newline="") as handle:
        published = sorted({f"tests/golden/{row['test']}" for row in csv.DictReader(handle) if row["test"]})
    groups = {WITNESSED: published, OWN: [*TESTS, f"--ignore={LEDGER}"], LEDGER_ONLY: [LEDGER]}
    for fate, arguments in groups.items():
        if noticed := first_failure(folder, *arguments):
            return fate, noticed
    return SURVIVED, ""


def first_failure(folder: Path, *arguments: str) -> str:
    """The first test that fails in the copy, empty when none does."""
    # The copy comes before the library of this tree on the path.
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    named = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if named is None:
        raise SystemExit(done.stdout + done.stderr)
    return named[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coefficients", type=int, default=10)
    parser.add_argument("--signs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    mutants: list[Mutant | None] = [None, *coefficients(rng, given.coefficients), *signs(rng, given.signs)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        places = [Path(folder, str(number)) for number in range(len(mutants))]
        results = list(pool.map(tried, mutants, places))
    if results[0][0] != SURVIVED:
        print(f"the tests fail before anything is changed: {results[0][1]}")
        return 1
    for mutant, (fate, noticed) in zip(mutants[1:], results[1:], strict=True):
        assert mutant is not None
        print(f"{fate:<12} {mutant.name}" + (f"\n{'':<12} by {noticed}" if fate in (WITNESSED, OWN) else ""))
    fates = [fate for fate, _ in results[1:]]
    print(", ".join(f"{fates.count(fate)} {fate}" for fate in (WITNESSED, OWN, LEDGER_ONLY, SURVIVED)))
    return int(SURVIVED in fates)


if __name__ == "__main__":
    sys.exit(main())
