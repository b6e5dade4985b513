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
from numpy.typing import NDArray

from sinks import units
from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem, Problems, SinksError
from sinks.project.explain import near
from sinks.project.rules import CreditState
from sinks.tables.form import Form
from sinks.tables.numbers import as_numbers
from sinks.tables.sheet import as_text, read_sheet
from sinks.text import Text, table_rows
from sinks.vocabulary.bounds import Bound, bounds

RESULT = "result"
"""Key of the quantities that the assessment computes."""

WHERE = "where"
"""Column of a parsed table that says where a row stands, for messages."""

_PATTERNS = {
    "code": r"\S.*",
    "text": r".*",
    "name": r".*",
    "year": r"(19|20|21)[0-9][0-9]",
    "running": r"(19|20|21)[0-9][0-9](Q[1-4])?",
    "period": r"(19|20|21)[0-9][0-9](-(19|20|21)[0-9][0-9])?",
    "price_base": r"(19|20)[0-9][0-9] constant|current",
    "age": r"[0-9]{1,3}",
    "ages": r"[0-9]{1,3}(-[0-9]{1,3})?",
}


_WORDS = {"quantity": (), "state": get_args(CreditState), "function": ("richards", "logistic", "schumacher")}
"""Kinds of columns whose cells are one of a few words."""


_OPTIONAL = "name"
"""Kind of the columns that a table may lack; their cells are empty then."""


@dataclass(frozen=True)
class Column:
    """A column that a table must have, or may have where its kind is ``name``."""

    name: str
    kind: str
    label: Text

    @property
    def optional(self) -> bool:
        """Whether a table may lack it."""
        return self.kind == _OPTIONAL


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
    names = [column.name for column in columns(table) if not column.optional]
    more = [column.name for column in columns(table) if column.optional]
    numeric = [column.name for column in columns(table) if column.kind == "number"]
    read = read_sheet(path, names, Form(sheet=sheet, encoding=encoding), numeric=numeric, optional=more)
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
        With every cell that does not hold what it should, every figure beyond its plausible bounds
        (:mod:`sinks.vocabulary.bounds`), and every target that is not after its base.
    """
    problems = Problems()
    where = where or table
    absent = [column for column in columns(table) if column.name not in cells.columns]
    missing = [column.name for column in absent if not column.optional]
    if missing:
        raise AssessmentError(Problem("assessment.no_column", where, {"table": table, "columns": missing}))
    cells = cells.assign(**{column.name: "" for column in absent})
    parsed = pd.DataFrame(index=cells.index)
    parsed[WHERE] = [f"{where}:{row}" for row in cells.index]
    sound = np.ones(len(cells), dtype=bool)
    for column in columns(table):
        if column.kind == "number":
            parsed[column.name], fits = _parse_numbers(column, cells, parsed[WHERE], decimal, problems)
        else:
            parsed[column.name], fits = _parse_column(table, column, cells[column.name], parsed[WHERE], problems)
        sound &= fits
    # A row with a cell that cannot be read has no figure yet; all other rows are judged in the same pass.
    judged = parsed[sound].copy()
    _convert(table, judged, problems)
    _check_order(table, judged, problems)
    problems.raise_as(AssessmentError)
    ordered = [*(column.name for column in columns(table)), WHERE]
    return judged[ordered].reset_index(drop=True)


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
) -> tuple[pd.Series[Any], NDArray[np.bool_]]:
    """Numbers in the unit of their row, so that 17.5% of a sheet is one of percent; and which cells are numbers."""
    values = pd.Series(np.nan, index=cells.index)
    unit = cells["unit"].map(as_text) if "unit" in cells else pd.Series("1", index=cells.index)
    for name in dict.fromkeys(unit):
        values[unit == name] = as_numbers(cells.loc[unit == name, column.name], name, decimal).values
    finite = np.isfinite(values.to_numpy())
    for row in np.flatnonzero(~finite):
        found = _shown(cells[column.name].iloc[row])
        problems.add("assessment.not_a_number", where.iloc[row], column=column.name, found=found)
    return values, finite


def _parse_column(
    table: str, column: Column, cells: pd.Series[Any], where: pd.Series[str], problems: Problems
) -> tuple[pd.Series[Any], NDArray[np.bool_]]:
    """The cells as the column's kind, and which of them are."""
    text = cells.map(as_text)
    allowed = _allowed(table, column)
    fits = text.map(lambda cell: re.fullmatch(allowed, cell) is not None).to_numpy(dtype=bool)
    for row in np.flatnonzero(~fits):
        values = {"column": column.name, "found": _shown(cells.iloc[row])}
        problems.add(
            "assessment.not_allowed",
            where.iloc[row],
            **values,
            expected=_expected(table, column, text.iloc[row]),
        )
    if column.kind in ("year", "period", "running"):
        fits = fits & _plausible_years(column, text, fits, where, problems)
    if column.kind == "ages":
        backwards = fits & np.array([fit and _is_backwards(cell) for fit, cell in zip(fits, text, strict=True)], bool)
        for row in np.flatnonzero(backwards):
            problems.add("assessment.span_backwards", where.iloc[row], found=text.iloc[row])
        fits = fits & ~backwards
    if column.kind in ("year", "age"):
        return pd.to_numeric(text.where(fits)).astype("Int64"), fits
    return text, fits


def _plausible_years(
    column: Column, text: pd.Series[str], fits: NDArray[np.bool_], where: pd.Series[str], problems: Problems
) -> NDArray[np.bool_]:
    """Which years and spans can be: within the years that there are figures or plans for, and not backwards."""
    limit, good = bounds("assessment")["year"], np.ones(len(text), dtype=bool)
    for row in np.flatnonzero(fits):
        if limit.outside([float(year) for year in re.findall(r"[0-9]{4}", text.iloc[row])]).any():
            _not_plausible(limit, text.iloc[row], where.iloc[row], column.label, problems)
            good[row] = False
        # A span whose end is before its start holds no year: its row would be dropped without a word.
        if column.kind == "period" and _is_backwards(text.iloc[row]):
            problems.add("assessment.span_backwards", where.iloc[row], found=text.iloc[row])
            good[row] = False
    return good


def _not_plausible(limit: Bound, found: str, where: str, quantity: object, problems: Problems) -> None:
    values = {"quantity": quantity, "found": found, "expected": str(limit), "reason": limit.reason}
    problems.add("assessment.not_plausible", where, **values)


def _is_backwards(span: str) -> bool:
    first, _, last = span.partition("-")
    return last != "" and int(first) > int(last)


def _allowed(table: str, column: Column) -> str:
    if column.kind in _WORDS:
        return "|".join(map(re.escape, measures(table) if column.kind == "quantity" else _WORDS[column.kind]))
    return r"\S.*" if column.kind == "unit" else _PATTERNS[column.kind]


def _expected(table: str, column: Column, found: str) -> object:
    """What may stand in the column, in words of the template; the likely ones where ``found`` is nearly a word."""
    if column.kind in _WORDS:
        return tuple(near(found, [*measures(table)] if column.kind == "quantity" else [*_WORDS[column.kind]]))
    return str(column.label)


def _shown(cell: Any) -> str:
    return as_text(cell) or "–"


def _convert(table: str, parsed: pd.DataFrame, problems: Problems) -> None:
    """Bring ``value`` to canonical units, one unit and quantity at a time, and name what is beyond its bounds."""
    quantity = next((c.name for c in columns(table) if c.kind == "quantity"), None)
    only = next(iter(measures(table)))
    ids = parsed[quantity] if quantity else pd.Series(only, index=parsed.index, dtype=object)
    for unit, id in sorted(set(zip(parsed["unit"], ids, strict=True))):
        rows = (parsed["unit"] == unit) & (ids == id)
        measure = measures(table)[id]
        try:
            units.check(unit, measure.unit, str(parsed.loc[rows, WHERE].iloc[0]))
        except SinksError as error:
            problems.extend(error)
            continue
        written = parsed.loc[rows, "value"]
        parsed.loc[rows, "value"] = written * units.factor(unit, measure.unit)
        parsed.loc[rows, "unit"] = measure.unit
        limit = bounds(table)[id]
        for row in np.flatnonzero(limit.outside(parsed.loc[rows, "value"])):
            found = f"{written.iloc[row]:.10g}" + ("" if unit == "1" else f" {unit}")
            _not_plausible(limit, found, parsed.loc[rows, WHERE].iloc[row], measure.label, problems)


def _check_order(table: str, parsed: pd.DataFrame, problems: Problems) -> None:
    """A target is of a later year than its base, whatever the indicator."""
    if table != "targets":
        return
    for row in records(parsed[(parsed["target_year"] <= parsed["base_year"]).astype(bool)]):
        problems.add("assessment.target_years", row[WHERE], base=row["base_year"], target=row["target_year"])


def labels(table: str) -> Mapping[str, Text]:
    """Chinese and English names of the quantities of a table."""
    return {id: measure.label for id, measure in measures(table).items()}
