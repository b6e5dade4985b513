"""Rows of parameters that the account stands on, beside the tables that they were taken from."""

from __future__ import annotations

import csv
import math
import re
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from sinks.verification.findings import Findings
from sinks.verification.written import Written

_NUMBERS = ("value", "low", "high")

_MASS_T = {"mg": 1e-9, "g": 1e-6, "kg": 1e-3, "t": 1.0, "Mg": 1.0, "kt": 1e3, "Mt": 1e6}
_AREA_HA = {"m2": 1e-4, "ha": 1.0, "km2": 100.0}
_UNIT = re.compile(r"(?P<mass>mg|g|kg|t|Mg|kt|Mt) (?P<of>[^/()]+?)(?:/(?P<area>m2|ha|km2))?(?P<rest>/(?:yr|a))?")


def check_parameters(run: Written, findings: Findings) -> None:
    """Every row of ``parameters.csv`` against the row of its table that it names.

    Only the column and row that differ are said, never what a table holds: it may be anybody's.
    """
    used = run.csv("parameters", as_text=True)
    if not {"file", "row"} <= set(used.columns):
        findings.leave("parameters", "parameters.csv", "verification.nothing_there")
        return
    for name, rows in used[used["file"].notna()].groupby("file", sort=True):
        path = _table_of(run, str(name))
        if path is None:
            findings.leave("parameters", str(name), "verification.no_table", file=name)
            continue
        other = _differing(rows, _rows_of(path))
        if other:
            findings.fail("parameters", str(name), len(other), "verification.parameter_differs", places=other[:10])
        else:
            findings.same("parameters", str(name), len(rows))


def _table_of(run: Written, name: str) -> Path | None:
    """Where a table is: one that the project names, or one of the library."""
    stated = [m.get("parameters") for m in run.project.get("methodologies", ())]
    stated += [m.get("parameters") for m in (run.project.get("derived_inputs") or {}).values() if isinstance(m, dict)]
    places = [run.input_path(str(path)) for path in stated if path and Path(str(path)).name == name]
    for point in entry_points(group="sinks.methodologies"):
        spec = find_spec(point.value.partition(":")[0])
        places += [Path(folder) / name for folder in (spec.submodule_search_locations or () if spec else ())]
    files = [run.input_path(str(file)) for file in run.project.get("methodology_files", ())]
    places += [file.with_suffix(".csv") for file in files if file.with_suffix(".csv").name == name]
    return next((place for place in places if place.is_file()), None)


def _rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a table, the first one numbered 2."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as handle:
                return list(csv.DictReader(handle))
        except UnicodeDecodeError:
            continue
    return []


def _differing(used: pd.DataFrame, table: list[dict[str, str]]) -> list[str]:
    """Places, as ``row:column``, at which the rows used are not those of the table."""
    found = []
    for row in used.to_dict("records"):
        number = int(float(row["row"]))
        if not 2 <= number < len(table) + 2:
            found.append(f"{number}")
            continue
        there = table[number - 2]
        factor = _factor(there.get("unit") or "", "" if pd.isna(row["unit"]) else str(row["unit"]))
        for name in (name for name in there if name != "unit"):
            if name in row and not _same(row[name], there[name], factor if name in _NUMBERS else None):
                found.append(f"{number}:{name}")
        if math.isnan(factor):
            found.append(f"{number}:unit")
    return found


def _factor(stated: str, used: str) -> float:
    """From the unit of a table to the one in which the run used its row; not a number where they do not mix."""
    # A table of densities may leave the unit to its methodology.
    if stated.strip() in ("", used.strip()):
        return 1.0
    if (stated, used) == ("%", "1"):
        return 0.01
    one, other = _UNIT.fullmatch(stated.strip()), _UNIT.fullmatch(used.strip())
    if one is None or other is None or one["of"] != other["of"] or bool(one["rest"]) != bool(other["rest"]):
        return math.nan
    if bool(one["area"]) != bool(other["area"]):
        return math.nan
    mass = _MASS_T[one["mass"]] / _MASS_T[other["mass"]]
    return mass * (_AREA_HA[other["area"]] / _AREA_HA[one["area"]] if one["area"] else 1.0)


def _same(used: Any, there: str | None, factor: float | None) -> bool:
    """Whether a cell is that of the table; numbers in the unit in which they were used."""
    one, other = "" if pd.isna(used) else str(used).strip(), (there or "").strip()
    if factor is not None and one and other:
        try:
            return math.isclose(float(one), float(other) * factor, rel_tol=1e-12)
        except ValueError:
            return False
    return one == other
