"""Do two checkouts give the same figures?  Every table of every project is compared byte for byte.

python -m benchmarks.same_figures BEFORE AFTER                          the four projects of data/projects
python -m benchmarks.same_figures BEFORE AFTER --project ordos          one of them; also the path of a project file
python -m benchmarks.same_figures BEFORE AFTER --layers ../shared/data  also the projects of benchmarks/real_layers

Both programs get the same project files and layers, those of BEFORE, so that only the programs can differ.  The exit
code is 0 when every table is the same, 1 when one is not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

PROJECTS = ("demo", "ordos", "ningxia", "stands")
REAL_LAYERS = Path(__file__).parent / "real_layers"
TABLES = (".csv", ".parquet")


@dataclass(frozen=True)
class Difference:
    """The first place where two versions of a table differ.

    Parameters
    ----------
    table : str
        Name of the file in the run folder.
    where : str
        Row (1 is the first below the header) and column; or what of the whole table differs.
    before, after : str
        What stands there.
    """

    table: str
    where: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.table}: {self.where}: {self.before!r} before, {self.after!r} after"


def differences(before: Path, after: Path) -> list[Difference]:
    """Compare the tables of two run folders; one difference for each table that is not the same.

    Parameters
    ----------
    before, after : Path
        Run folders.  Every CSV and Parquet file of either is compared.

    Returns
    -------
    list of Difference
        In the order of the files' names.

    Raises
    ------
    ValueError
        A folder holds no table, so that nothing would be compared.
    """
    held = [{path.name for path in folder.iterdir() if path.suffix in TABLES} for folder in (before, after)]
    if not all(held):
        raise ValueError(f"no table to compare in {before} or in {after}")
    found = []
    for name in sorted(held[0] | held[1]):
        there = [name in names for names in held]
        if not all(there):
            found.append(Difference(name, "file", *("there" if one else "missing" for one in there)))
        elif (before / name).read_bytes() != (after / name).read_bytes():
            found.append(_first_difference(name, _table(before / name), _table(after / name)))
    return found


def _table(path: Path) -> pd.DataFrame:
    """A CSV as the text that stands in it; a Parquet file with its types."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _first_difference(name: str, before: pd.DataFrame, after: pd.DataFrame) -> Difference:
    if list(before.columns) != list(after.columns):
        return Difference(name, "columns", ", ".join(before.columns), ", ".join(after.columns))
    if list(before.dtypes) != list(after.dtypes):
        return Difference(name, "types of the columns", *(", ".join(map(str, t.dtypes)) for t in (before, after)))
    common = min(len(before), len(after))
    left, right = (table.head(common).reset_index(drop=True).astype(object) for table in (before, after))
    unequal = ~((left == right) | (left.isna() & right.isna()))
    if unequal.to_numpy().any():
        row = int(unequal.any(axis=1).to_numpy().argmax())
        column = before.columns[int(unequal.iloc[row].to_numpy().argmax())]
        rows = int(unequal.any(axis=1).sum())
        where = f"row {row + 1}, column {column} (rows that differ: {rows} of {common})"
        return Difference(name, where, repr(left.loc[row, column]), repr(right.loc[row, column]))
    if len(before) != len(after):
        return Difference(name, "number of rows", str(len(before)), str(len(after)))
    return Difference(name, "bytes of the file, though every cell is equal", "one", "another")


def run(checkout: Path, project: Path, out: Path) -> None:
    """Run a project by the program of a checkout, and by no other that may be installed.

    Raises
    ------
    RuntimeError
        The checkout's own package is not the one that Python finds, or the run failed.
    """
    environment = os.environ | {"PYTHONPATH": str(checkout)}

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, encoding="utf-8"
        )
        if done.returncode:
            raise RuntimeError(f"{checkout}: {project.name} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    package = Path(python("-c", "import sinks; print(sinks.__file__)").strip())
    if checkout not in package.parents:
        raise RuntimeError(f"{checkout}: Python finds the package at {package}")
    python("-m", "sinks.cli", "run", str(project), "--out", str(out))


def project_files(before: Path, named: list[str], layers: Path | None, folder: Path) -> list[Path]:
    """The project files to run: of ``before`` by name, others by path, and those over real layers, filled in."""
    files = [before / "data" / "projects" / f"{name}.toml" if name in PROJECTS else Path(name) for name in named]
    for template in sorted(REAL_LAYERS.glob("*.toml")) if layers else ():
        filled = folder / template.name
        filled.write_text(template.read_text("utf-8").replace("{layers}", layers.as_posix()), "utf-8")
        files.append(filled)
    return [path.resolve() for path in files]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a checkout of the repository")
    parser.add_argument("after", type=Path, help="another checkout")
    parser.add_argument("--project", action="append", help=f"one of {', '.join(PROJECTS)}, or a file; may be repeated")
    parser.add_argument("--layers", type=Path, help="a folder of real layers")
    arguments = parser.parse_args()
    before, after = arguments.before.resolve(), arguments.after.resolve()
    layers = arguments.layers and arguments.layers.resolve()
    same = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for project in project_files(before, arguments.project or list(PROJECTS), layers, folder):
            outs = folder / "before" / project.stem, folder / "after" / project.stem
            for checkout, out in zip((before, after), outs, strict=True):
                run(checkout, project, out)
            found = differences(*outs)
            tables = sum(path.suffix in TABLES for path in outs[0].iterdir())
            print(f"{project.stem}: {tables} tables, {len(found)} differ", *found, sep="\n  ", flush=True)
            same = same and not found
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
