"""Tables of the assessment: their columns, how a file becomes one, and an empty one to fill in.

What columns a table has and what may stand in them is data (``schema.csv``, ``quantities.csv``); the same rows make the
validation, the template and the labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from sinks import units
from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems, SinksError
from sinks.project.rules import CreditState
from sinks.tables.form import Form
from sinks.tables.numbers import as_numbers
from sinks.tables.sheet import as_text, read_sheet
from sinks.text import Text, table_rows

RESULT = "result"
"""Key of the quantities that the assessment computes."""

WHERE = "where"
"""Column of a parsed table that says where a row stands, for messages."""

_PATTERNS = {
    "code": r"\S.*",
    "text": r".*",
    "year": r"(19|20|21)\d\d",
    "period": r"(19|20|21)\d\d(-(19|20|21)\d\d)?",
    "price_base": r"(19|20)\d\d constant|current",
    "function": "richards|logistic|schumacher",
    "state": "|".join(get_args(CreditState)),
}


@dataclass(frozen=True)
class Column:
    """A column that a table must have."""

    name: str
    kind: str
    label: Text


@dataclass(frozen=True)
class Measure:
    """A quantity of an input table or of the result, with the unit it is kept in."""

    id: str
    unit: str
    label: Text


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of an input table, in the order of the template."""
    rows = (r for r in table_rows("sinks.assessment", "schema.csv") if r["table"] == table)
    return tuple(Column(r["column"], r["kind"], Text(r["zh"], r["en"])) for r in rows)


@cache
def measures(table: str) -> dict[str, Measure]:
    """The quantities of an input table, or of the result (:data:`RESULT`), by id."""
    rows = (r for r in table_rows("sinks.assessment", "quantities.csv") if r["table"] == table)
    return {r["quantity"]: Measure(r["quantity"], r["unit"], Text(r["zh"], r["en"])) for r in rows}


@cache
def tables() -> tuple[str, ...]:
    """Names of the input tables."""
    return tuple(dict.fromkeys(r["table"] for r in table_rows("sinks.assessment", "schema.csv")))


def read_table(table: str, path: str | Path, *, sheet: str | None = None, encoding: str | None = None) -> pd.DataFrame:
    """Read and check an input table from a CSV or Excel file; see :func:`parse_table`.

    Raises
    ------
    LayerError
        The file cannot be read or lacks a column.
    AssessmentError
        Cells do not hold what they should, all of them named.
    """
    names = [column.name for column in columns(table)]
    numeric = [column.name for column in columns(table) if column.kind == "number"]
    read = read_sheet(path, names, Form(sheet=sheet, encoding=encoding), numeric=numeric)
    return parse_table(table, read.cells, read.where, decimal=read.decimal)


def parse_table(table: str, cells: pd.DataFrame, where: str = "", *, decimal: str = ".") -> pd.DataFrame:
    """Check the cells of a table and bring its numbers to the units of :func:`measures`.

    Parameters
    ----------
    table : str
        One of :func:`tables`.
    cells : DataFrame
        With the columns of the table, perhaps others; its index is shown as row numbers.
    where : str
        File name for messages; by default the name of the table.
    decimal : str
        Sign before the decimals of numbers written as text.

    Returns
    -------
    DataFrame
        The columns of the table and ``where``; values in canonical units, years as integers.

    Raises
    ------
    AssessmentError
        With every cell that does not hold what it should.
    """
    problems = Problems()
    where = where or table
    missing = [column.name for column in columns(table) if column.name not in cells.columns]
    if missing:
        raise AssessmentError(Problem("assessment.no_column", where, {"table": table, "columns": missing}))
    parsed = pd.DataFrame(index=cells.index)
    parsed[WHERE] = [f"{where}:{row}" for row in cells.index]
    for column in columns(table):
        if column.kind == "number":
            parsed[column.name] = _parse_numbers(column, cells, parsed[WHERE], decimal, problems)
        else:
            parsed[column.name] = _parse_column(table, column, cells[column.name], parsed[WHERE], problems)
    problems.raise_as(AssessmentError)
    _convert(table, parsed, problems)
    problems.raise_as(AssessmentError)
    ordered = [*(column.name for column in columns(table)), WHERE]
    return parsed[ordered].reset_index(drop=True)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def write_template(table: str, path: str | Path) -> None:
    """Write an empty table to fill in, and beside it a text (``.md``) that explains its columns in both languages."""
    path = Path(path)
    path.write_text(",".join(column.name for column in columns(table)) + "\n", encoding="utf-8-sig")
    lines = [f"# {table}", "", "| column | zh | en |", "|---|---|---|"]
    lines += [f"| {column.name} | {column.label.zh} | {column.label.en} |" for column in columns(table)]
    lines += ["", "| quantity | unit | zh | en |", "|---|---|---|---|"]
    lines += [f"| {m.id} | {m.unit} | {m.label.zh} | {m.label.en} |" for m in measures(table).values()]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _parse_numbers(
    column: Column, cells: pd.DataFrame, where: pd.Series[str], decimal: str, problems: Problems
) -> pd.Series[Any]:
    """Numbers in the unit of their row, so that 17.5% of a sheet is a number where percent are meant."""
    values = pd.Series(np.nan, index=cells.index)
    unit = cells["unit"].map(as_text) if "unit" in cells else pd.Series("1", index=cells.index)
    for name in dict.fromkeys(unit):
        values[unit == name] = as_numbers(cells.loc[unit == name, column.name], name, decimal).values
    for row in np.flatnonzero(~np.isfinite(values)):
        found = _shown(cells[column.name].iloc[row])
        problems.add("assessment.not_a_number", where.iloc[row], column=column.name, found=found)
    return values


def _parse_column(
    table: str, column: Column, cells: pd.Series[Any], where: pd.Series[str], problems: Problems
) -> pd.Series[Any]:
    text = cells.map(as_text)
    allowed = _allowed(table, column)
    fits = text.map(lambda cell: re.fullmatch(allowed, cell) is not None).astype(bool)
    for row in np.flatnonzero(~fits.to_numpy()):
        values = {"column": column.name, "found": _shown(cells.iloc[row]), "expected": _expected(table, column)}
        problems.add("assessment.not_allowed", where.iloc[row], **values)
    if column.kind == "year":
        return pd.to_numeric(text.where(fits)).astype("Int64")
    if column.kind == "period":
        # A span whose end is before its start holds no year: its row would be dropped without a word.
        for row in np.flatnonzero(fits & text.map(_is_backwards)):
            problems.add("assessment.span_backwards", where.iloc[row], found=text.iloc[row])
    return text


def _is_backwards(span: str) -> bool:
    first, _, last = span.partition("-")
    return first > last > ""


def _allowed(table: str, column: Column) -> str:
    if column.kind == "quantity":
        return "|".join(map(re.escape, measures(table)))
    return r"\S.*" if column.kind == "unit" else _PATTERNS[column.kind]


def _expected(table: str, column: Column) -> object:
    """What may stand in the column, in words of the template."""
    if column.kind == "quantity":
        return tuple(measures(table))
    return tuple(get_args(CreditState)) if column.kind == "state" else str(column.label)


def _shown(cell: Any) -> str:
    return as_text(cell) or "–"


def _convert(table: str, parsed: pd.DataFrame, problems: Problems) -> None:
    """Bring ``value`` to canonical units, one unit and quantity at a time."""
    quantity = next((c.name for c in columns(table) if c.kind == "quantity"), None)
    only = next(iter(measures(table).values()))
    target = parsed[quantity].map({m.id: m.unit for m in measures(table).values()}) if quantity else only.unit
    wanted = pd.Series(target, index=parsed.index, dtype=object)
    for unit, canonical in sorted(set(zip(parsed["unit"], wanted, strict=True))):
        rows = (parsed["unit"] == unit) & (wanted == canonical)
        try:
            units.check(unit, canonical, str(parsed.loc[rows, WHERE].iloc[0]))
        except SinksError as error:
            problems.extend(error)
            continue
        parsed.loc[rows, "value"] *= units.factor(unit, canonical)
        parsed.loc[rows, "unit"] = canonical


def labels(table: str) -> Mapping[str, Text]:
    """Chinese and English names of the quantities of a table."""
    return {id: measure.label for id, measure in measures(table).items()}
