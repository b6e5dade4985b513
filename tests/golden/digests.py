"""Digests of every column of every table that the projects of ``data/projects`` give, beside those that are kept.

python tests/golden/digests.py                 the four projects; ends with 1 where a column is another one
python tests/golden/digests.py ordos stands    some of them
python tests/golden/digests.py --write         keep what is found, after a change that means to move figures

Numbers are taken with seven significant digits: more than anything prints, and few enough that another processor or
another version of the mathematical library gives the same.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import sinks

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("digests.csv")
PROJECTS = ("demo", "ordos", "ningxia", "stands")
DIGITS = 7

Digests = dict[tuple[str, str], tuple[int, str]]
"""Number of rows and digest by table and column."""


def digests(folder: Path) -> Digests:
    """Of the tables in a run folder.

    Parameters
    ----------
    folder : Path
        What a run wrote.  A table that is there as CSV and as Parquet counts once.

    Returns
    -------
    dict of (table, column) to (rows, digest)
    """
    found: Digests = {}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("*.csv")], key=lambda path: (path.stem, path.suffix)):
        if path.suffix == ".csv" and path.with_suffix(".parquet").exists():
            continue
        for column, values in _columns(path):
            found[path.stem, column] = (len(values), _digest(values))
    return found


def _columns(path: Path) -> Iterator[tuple[str, pd.Series[float] | pd.Series[str]]]:
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, encoding="utf-8-sig", dtype=str)
    for column in table.columns:
        # Outlines are those of a package or a file, and their areas figures of the account; what is said in sentences
        # is for the tests of messages.
        if column != "geometry" and not str(column).startswith("detail"):
            yield str(column), table[column]


def _digest(values: pd.Series[float] | pd.Series[str]) -> str:
    if pd.api.types.is_float_dtype(values):
        texts = [f"{number + 0.0:.{DIGITS - 1}e}" if number == number else "" for number in values.to_numpy(float)]
    else:
        # A file is the same wherever the repository lies.
        said = values.astype(str).str.replace(str(ROOT), "", regex=False)
        texts = ["" if missing else value for value, missing in zip(said, values.isna(), strict=True)]
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:16]


def kept(project: str) -> Digests:
    """The digests that are kept of a project."""
    with KEPT.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["project"] == project]
    return {(row["table"], row["column"]): (int(row["rows"]), row["digest"]) for row in rows}


def differences(found: Digests, wanted: Digests) -> list[str]:
    """Columns that are not what is kept, a line each."""
    lines = []
    for place in sorted(found.keys() | wanted.keys()):
        if found.get(place) != wanted.get(place):
            rows = [str(one[0]) if one else "-" for one in (wanted.get(place), found.get(place))]
            lines.append(f"{place[0]}.{place[1]}: {rows[0]} rows kept, {rows[1]} found; other values")
    return lines


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", default=PROJECTS)
    parser.add_argument("--write", action="store_true", help="keep what is found")
    given = parser.parse_args()
    found = {}
    for name in given.projects:
        with tempfile.TemporaryDirectory() as folder:
            run = sinks.run(ROOT / "data" / "projects" / f"{name}.toml", progress=False)
            found[name] = digests(run.write(Path(folder) / name))
    if given.write:
        every = {name: found.get(name) or kept(name) for name in PROJECTS}
        with KEPT.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["project", "table", "column", "rows", "digest"])
            for name, columns in every.items():
                rows.writerows([name, *place, *digest] for place, digest in sorted(columns.items()))
        return 0
    lines = [f"{name}: {line}" for name, columns in found.items() for line in differences(columns, kept(name))]
    print(*lines, sep="\n")
    print(f"{sum(map(len, found.values()))} columns, {len(lines)} of them other than kept")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
