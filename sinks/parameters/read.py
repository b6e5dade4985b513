"""Read a parameter table from CSV and check it in one pass."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path

from sinks import units
from sinks.errors import LayerError, ParameterError, Problems, UnitError
from sinks.parameters import correlation, estimate, formula
from sinks.parameters.cells import Cell, Range, overlap, parse_cell, point
from sinks.parameters.draws import DISTRIBUTIONS, INTERVALS
from sinks.parameters.row import BASES, Row
from sinks.provenance import Source
from sinks.tables.numbers import read_number
from sinks.tables.sheet import Rows, as_text, decimal_sign, first_line, refuse_unread
from sinks.tables.sheet import read_rows as table_rows
from sinks.vocabulary.bounds import Bound, bounds

COLUMNS = (
    "parameter",
    "value",
    "unit",
    "low",
    "high",
    "interval",
    "distribution",
    "basis",
    "source",
    "locator",
    "note",
)
"""Columns that every table has; all others are strata, except the optional ones (:data:`OPTIONAL`)."""

OPTIONAL = (correlation.COLUMN, estimate.COLUMN, formula.COLUMN)

UNBOUNDED = (-math.inf, math.inf)
_EXTENDS = "extends:"

# What a header that should have commas may have instead, and how it is shown.
_SEPARATORS = {";": ";", "\t": "Tab", "，": "，", "；": "；", "|": "|"}

# What a new file has where the user's source and its page go.
_TO_FILL = ("", "?", "？")

_NUMBERS = ("value", "low", "high")

# Under this name goes the number of cells of a row.
_CELLS = "\0cells"


@dataclass(frozen=True)
class Expected:
    """What the rows of a table are checked against."""

    parameters: Mapping[str, str]
    strata: tuple[str, ...] | None
    sources: Mapping[str, Source]
    bounds: Mapping[str, tuple[float, float]]
    is_extension: bool = False
    numeric: frozenset[str] = frozenset()
    """Strata that the table extended tells apart by size: a bare number of the extension is one there too."""


def extended_id(path: Path | str) -> str | None:
    """The methodology that a CSV extends by its first line ``# extends: ID``; None when it has no such line."""
    try:
        first = first_line(path).strip('",;|')
    except LayerError as error:
        raise ParameterError(*error.problems) from error
    if not first.startswith("#"):
        return None
    remark = first.lstrip("# ").strip()
    if not remark.lower().startswith(_EXTENDS):
        return None
    return remark[len(_EXTENDS) :].strip() or None


def read_rows(path: Path, expected: Expected) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """The strata and the rows of a table.

    Raises
    ------
    ParameterError
        With every fault found, as ``file:row``.
    """
    header, records = _records(path)
    strata = _check_header(path, header, expected)
    problems = Problems()
    _check_widths(path, len(header), records, problems)
    numeric = expected.numeric | _numeric_columns(strata, records)
    rows = [
        row
        for line, record in records
        if (row := _row(f"{path.name}:{line}", path.name, line, record, strata, numeric, expected, problems))
        is not None
    ]
    _check_duplicates(rows, problems)
    if not problems:
        correlation.check(rows, problems)
        estimate.check(rows, problems)
    problems.raise_as(ParameterError)
    return strata, tuple(rows)


def _records(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Header, and rows with their numbers; the ``extends`` line and empty lines are passed over."""
    try:
        rows = table_rows(path, names=COLUMNS)
        refuse_unread(rows)
        header, records = _split_header(rows)
        decimal, _ = decimal_sign(rows, [record.get(name) for _, record in records for name in _NUMBERS])
    except LayerError as error:
        raise ParameterError(*error.problems) from error
    for _, record in records:
        unit = record.get("unit", "")
        record.update({name: _plain(record[name], unit, decimal) for name in _NUMBERS if name in record})
    return header, records


def _split_header(rows: Rows) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    header: list[str] | None = None
    records = []
    for line, row in enumerate(rows.cells, 1):
        cells = [as_text(cell) for cell in row]
        if not any(cells) or (header is None and cells[0].startswith("#")):
            continue
        if header is None:
            header = cells
            continue
        # A comma too many moves what follows it; in a workbook nothing can move, and blank cells may trail.
        count = len(cells) if rows.sheet is None else max(place for place, cell in enumerate(cells, 1) if cell)
        record = dict(zip(header, cells, strict=False))
        records.append((line, {name: record.get(name, "") for name in header} | {_CELLS: str(count)}))
    return header or [], records


def _plain(text: str, unit: str, decimal: str) -> str:
    """A number as it is written here, as a plain one; text that is none stays for the message."""
    number = read_number(text, unit, decimal)
    return text if math.isnan(number.value) else repr(number.value)


def _check_widths(path: Path, width: int, records: Sequence[tuple[int, dict[str, str]]], problems: Problems) -> None:
    """A comma in a cell without quotation marks moves all that follows by one column."""
    for line, record in records:
        if int(record[_CELLS]) > width:
            problems.add("parameters.too_many_cells", f"{path.name}:{line}", found=record[_CELLS], width=width)


def _check_header(path: Path, header: Sequence[str], expected: Expected) -> tuple[str, ...]:
    problems = Problems()
    if missing := [name for name in COLUMNS if name not in header]:
        separator = next((sign for sign in _SEPARATORS if len(header) == 1 and sign in header[0]), None)
        if separator is not None:
            problems.add("parameters.separator", path.name, found=_SEPARATORS[separator])
        else:
            problems.add("parameters.no_column", path.name, columns=missing)
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        problems.add("parameters.column_twice", path.name, columns=twice)
    strata = tuple(name for name in header if name and name not in (*COLUMNS, *OPTIONAL))
    # An extension may split finer than its base does, by a column of its own.
    if (
        expected.strata is not None
        and not expected.is_extension
        and (unknown := sorted(set(strata) - set(expected.strata)))
    ):
        problems.add("parameters.unknown_column", path.name, columns=unknown, strata=expected.strata)
    problems.raise_as(ParameterError)
    return strata


def _numeric_columns(strata: Sequence[str], records: Sequence[tuple[int, dict[str, str]]]) -> frozenset[str]:
    """Strata in which some row gives a range; a bare number there is a number and not a code."""

    def is_range(text: str) -> bool:
        try:
            return isinstance(parse_cell(text), Range)
        except ValueError:
            return True

    return frozenset(name for name in strata if any(is_range(record[name]) for _, record in records))


def _row(
    where: str,
    origin: str,
    line: int,
    record: Mapping[str, str],
    strata: Sequence[str],
    numeric: frozenset[str],
    expected: Expected,
    problems: Problems,
) -> Row | None:
    """One row, or None when something is wrong with it, which is then among ``problems``."""
    before = len(problems)
    parameter = record["parameter"]
    if parameter not in expected.parameters:
        problems.add("parameters.unknown_parameter", where, parameter=parameter, known=list(expected.parameters))
    cells = {name: _cell(where, name, record[name], name in numeric, problems) for name in strata}
    value, low, high = (_number(where, name, record[name], name == "value", problems) for name in _NUMBERS)
    correlated = _correlation(where, record.get(correlation.COLUMN, ""), problems)
    _check_words(where, record, expected, problems)
    if len(problems) > before:
        return None
    row = Row(
        parameter=parameter,
        cells=cells,
        value=value,
        low=low,
        high=high,
        origin=origin,
        line=line,
        unit=record["unit"],
        interval=record["interval"],
        distribution=record["distribution"],
        basis=record["basis"],
        source=record["source"],
        locator=record["locator"],
        note=record["note"],
        correlation=correlated,
        same_as=record.get(estimate.COLUMN, ""),
        formula=record.get(formula.COLUMN, ""),
    )
    row = _in_declared_unit(where, row, expected.parameters[parameter], problems)
    _check_numbers(where, row, expected.bounds.get(parameter, UNBOUNDED), problems)
    return row if len(problems) == before else None


def _cell(where: str, column: str, text: str, is_numeric: bool, problems: Problems) -> Cell:
    try:
        cell = parse_cell(text)
        return point(text) if is_numeric and isinstance(cell, str) else cell
    except ValueError:
        problems.add("parameters.bad_range", where, column=column, text=text)
        return None


def _number(where: str, column: str, text: str, is_required: bool, problems: Problems) -> float:
    found = read_number(text)
    if not is_required and math.isnan(found.value) and not found.unreadable:
        return math.nan
    number = found.value
    if not math.isfinite(number):
        problems.add("parameters.not_a_number", where, column=column, text=text)
    return number


def _correlation(where: str, text: str, problems: Problems) -> dict[str, float]:
    try:
        return correlation.parse(text)
    except ValueError:
        problems.add("parameters.bad_correlation", where, text=text)
        return {}


def _check_words(where: str, record: Mapping[str, str], expected: Expected, problems: Problems) -> None:
    choices = {"basis": BASES, "interval": ("", *INTERVALS), "distribution": ("", *DISTRIBUTIONS)}
    for column, allowed in choices.items():
        if record[column] not in allowed:
            problems.add("parameters.bad_word", where, column=column, text=record[column], allowed=_shown(allowed))
    # The user's own documents need not be entered into the shared list of sources.
    if record["source"] in _TO_FILL:
        problems.add("parameters.no_source", where, parameter=record["parameter"])
    elif record["basis"] != "user" and record["source"] not in expected.sources:
        problems.add("parameters.unknown_source", where, source=record["source"])
    if record["locator"] in _TO_FILL:
        problems.add("parameters.no_locator", where, parameter=record["parameter"])
    if record["basis"] == "derived" and not record["note"]:
        problems.add("parameters.no_derivation", where, parameter=record["parameter"])
    _check_formula(where, record, problems)


def _check_formula(where: str, record: Mapping[str, str], problems: Problems) -> None:
    """A formula gives the value beside it, in the unit of the row."""
    text = record.get(formula.COLUMN, "")
    if not text or math.isnan(read_number(record["value"]).value):
        return
    try:
        if not formula.gives(text, record["value"]):
            found = f"{formula.result_of(text):.6g}"
            problems.add("parameters.formula_differs", where, formula=text, found=found, value=record["value"])
    except ValueError:
        problems.add("parameters.bad_formula", where, formula=text)


def _shown(allowed: Sequence[str]) -> list[str]:
    return [word for word in allowed if word]


def _in_declared_unit(where: str, row: Row, unit: str, problems: Problems) -> Row:
    try:
        units.check(row.unit, unit, where)
    except UnitError as error:
        problems.extend(error)
        return row
    value, low, high = (units.convert(number, row.unit, unit) for number in (row.value, row.low, row.high))
    return replace(row, value=value, low=low, high=high, unit=unit)


def _check_numbers(where: str, row: Row, bounds: tuple[float, float], problems: Problems) -> None:
    ends = not math.isnan(row.low), not math.isnan(row.high)
    if bool(row.interval) != any(ends) or ends[0] != ends[1]:
        problems.add("parameters.half_interval", where, parameter=row.parameter)
    elif row.interval and not row.low <= row.value <= row.high:
        problems.add("parameters.outside_interval", where, value=row.value, low=row.low, high=row.high)
    if not bounds[0] <= row.value <= bounds[1]:
        unit = "" if row.unit == "1" else f" {row.unit}"
        limits = {"lowest": _limit(bounds[0]), "highest": _limit(bounds[1])}
        problems.add("parameters.impossible", where, parameter=row.parameter, value=f"{row.value:g}{unit}", **limits)
    elif (limit := _plausible(row.unit)) is not None and limit.outside(units.convert(row.value, row.unit, limit.unit)):
        values = {"parameter": row.parameter, "found": f"{row.value:g} {row.unit}", "expected": str(limit)}
        problems.add("parameters.not_plausible", where, **values, reason=limit.reason)
    if row.distribution == "lognormal" and not row.low > 0:
        problems.add("parameters.lognormal_at_zero", where, low=row.low)


@cache
def _plausible(unit: str) -> Bound | None:
    """The bounds of a density or rate per hectare, whatever the parameter is called; a unit that is none has none."""
    try:
        found = units.dimension(unit)
    except UnitError:
        return None
    return next((one for one in bounds("parameter").values() if units.dimension(one.unit) == found), None)


def _limit(number: float) -> str:
    return f"{number:g}".replace("inf", "∞")


def _check_duplicates(rows: Sequence[Row], problems: Problems) -> None:
    """Two rows of one parameter that ask for the same strata and can both match would tie."""
    for one, other in _rivals(rows):
        if all(overlap(one.cells[name], other.cells[name]) for name in one.asks_for):
            problems.add("parameters.overlap", f"{other.origin}:{other.line}", key=other.key, other=one.line)


def _rivals(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    groups: defaultdict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        words = tuple(None if isinstance(cell, Range) else cell for cell in row.cells.values())
        groups[(row.parameter, row.asks_for, words)].append(row)
    for group in groups.values():
        yield from combinations(group, 2)
