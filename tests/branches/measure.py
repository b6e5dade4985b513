"""Which branches of tabulation, account and assessment no test takes, beside the list of those left on purpose.

``python tests/branches/measure.py`` (``make coverage``) runs the tests nearest to these rooms, the compiled kernels as
the Python that they are written in, and ends with 1 where a branch is not taken that ``left.csv`` does not name, or
where it names one that is taken by now.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT = Path(__file__).with_name("left.csv")
ROOMS = ("sinks/tabulation", "sinks/account", "sinks/assessment")

LEFT_OUT = (
    "memory_does_not_grow",
    "bytes_read_are",
    "files_are_opened_once",
    "buffers_are_kept",
    "equal_area",
    "every_tile",
    "decoded_once",
    "a_full_disk",
)
"""Tests of millions of cells, for which kernels that are not compiled are too slow; one of decoders, which cannot be
anything but compiled; and one that counts warnings, which is run with compiled kernels too."""

PLAIN = ("tests/unit/tabulation", "tests/differential")
"""Tests that run with kernels that are not compiled."""

COMPILED = (
    "tests/unit/account",
    "tests/unit/analysis",
    "tests/unit/assessment",
    "tests/unit/layers",
    "tests/unit/methodology",
    "tests/unit/output",
    "tests/unit/planning/test_land.py",
    "tests/unit/projection",
    "tests/unit/tabulation/test_checkpoint.py",
    "tests/unit/uncertainty",
    "tests/unit/workflow",
    "tests/property/test_assessment.py",
    "tests/property/test_periods.py",
    "tests/property/test_true_change.py",
    "tests/integration/test_account_beside_assessment.py",
    "tests/integration/test_bad_methods.py",
    "tests/integration/test_cli.py",
    "tests/integration/test_dask.py",
    "tests/integration/test_decisions.py",
    "tests/integration/test_ill_fitting.py",
    "tests/integration/test_intervals_run.py",
    "tests/integration/test_land_survey.py",
    "tests/integration/test_wrong_arguments.py",
)


@dataclass(frozen=True, order=True)
class Place:
    """A jump from one line to another that no test makes, by their words: line numbers change with every edit."""

    file: str
    line: str
    to: str


def run(data: Path, tests: list[str], *, plain: bool) -> None:
    """Run tests under coverage."""
    settings = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    further = []
    if plain:
        settings["NUMBA_DISABLE_JIT"] = "1"
        further = ["-p", "branches.plain_kernels", "-k", " and ".join(f"not {name}" for name in LEFT_OUT)]
    call = [sys.executable, "-m", "coverage", "run", "--branch", "--parallel-mode", f"--data-file={data}"]
    call += [f"--source={','.join(str(ROOT / room) for room in ROOMS)}", "-m", "pytest", *further, *tests]
    subprocess.run(call, cwd=ROOT, env=settings, check=True)


def missing(report: Path) -> tuple[set[Place], dict[str, tuple[int, int]]]:
    """Branches that were not taken, and per room how many were taken of how many."""
    places: set[Place] = set()
    counts: dict[str, tuple[int, int]] = {}
    for name, found in json.loads(report.read_text(encoding="utf-8"))["files"].items():
        path = Path(name) if Path(name).is_absolute() else ROOT / name
        lines = path.read_text(encoding="utf-8").splitlines()
        file = path.relative_to(ROOT).as_posix()

        def words(number: int, lines: list[str] = lines) -> str:
            return lines[number - 1].strip() if number > 0 else "the end"

        places |= {Place(file, words(first), words(last)) for first, last in found["missing_branches"]}
        room, summary = file.rpartition("/")[0], found["summary"]
        taken, whole = counts.get(room, (0, 0))
        counts[room] = (taken + summary["covered_branches"], whole + summary["num_branches"])
    return places, counts


def left() -> dict[Place, str]:
    """What is left on purpose, with its reason."""
    with LEFT.open(encoding="utf-8", newline="") as handle:
        return {Place(row["file"], row["line"], row["to"]): row["reason"] for row in csv.DictReader(handle)}


def told(places: dict[Place, str] | set[Place]) -> Iterator[str]:
    """Places as lines of text."""
    for place in sorted(places):
        yield f"  {place.file}: {place.line}  ->  {place.to}"


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of data of earlier runs: nothing is run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.data or Path(name)
        if given.data is None:
            run(folder / ".coverage", list(PLAIN), plain=True)
            run(folder / ".coverage", [test for test in COMPILED if (ROOT / test).exists()], plain=False)
        # Files of parts are known by the name of the whole.
        whole, report = Path(name) / "whole" / ".coverage", Path(name) / "report.json"
        whole.parent.mkdir()
        tool = [sys.executable, "-m", "coverage"]
        subprocess.run([*tool, "combine", "-q", "--keep", f"--data-file={whole}", str(folder)], cwd=ROOT, check=True)
        subprocess.run([*tool, "json", "-q", f"--data-file={whole}", "-o", str(report)], cwd=ROOT, check=True)
        places, counts = missing(report)
    known = left()
    for room, (taken, whole_count) in sorted(counts.items()):
        print(f"{room}: {taken} of {whole_count} branches taken")
    new, taken_now = places - set(known), set(known) - places
    if new:
        print("not reached, and not in left.csv:", *told(new), sep="\n")
    if taken_now:
        print("in left.csv, and reached:", *told(taken_now), sep="\n")
    print(f"{len(places & set(known))} places are left on purpose")
    return 1 if new or taken_now else 0


if __name__ == "__main__":
    sys.exit(main())
