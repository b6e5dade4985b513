"""A table out of its file, with the row numbers that Excel shows, before anything is understood of its cells."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sinks.errors import LayerError, Problem
from sinks.objects import Held, find, is_object
from sinks.tables.delimited import HEADER_SEARCH, better_delimiter, shown, split, squeezed, without_sign
from sinks.tables.encoding import decode
from sinks.tables.form import UNSAID, Form
from sinks.tables.numbers import Numbers, as_numbers, decimals_of, is_open

if TYPE_CHECKING:
    from sinks.tables.workbook import Cells

WORKBOOKS = (".xlsx", ".xlsm")
_TEXTS = {".csv": ",", ".txt": ",", ".tsv": "\t"}
"""Kinds of text files, and what stands between their cells when nothing is said."""

_NULL = frozenset({"<null>", "<空>", "<空值>"})
"""How geographic information systems write a cell without a value, in text and in numbers alike."""

_SHOWN = 10
"""Cells named in one message."""


@dataclass(frozen=True)
class Rows:
    """Every row of a file.

    Attributes
    ----------
    where : str
        File, and sheet if there are sheets.
    cells : list of list
        Text without blanks around it (dates too), numbers, or None for an empty cell; the first row is row 1 of Excel.
    notes : tuple of Problem
        What was found rather than declared.
    delimiter : str or None
        Of a CSV.
    sheet : Cells or None
        What a workbook says of its cells beside their values.
    """

    where: str
    cells: list[list[Any]]
    notes: tuple[Problem, ...] = ()
    delimiter: str | None = None
    sheet: Cells | None = None


@dataclass(frozen=True)
class Sheet:
    """The columns of a table.

    Attributes
    ----------
    where : str
        File, and sheet if there are sheets.
    cells : DataFrame
        One column per header cell; text, numbers or None. The index holds the row numbers that Excel shows.
    decimal : str
        Sign before the decimals of numbers written as text.
    notes : tuple of Problem
        What was found rather than declared.
    units : mapping
        By column: words that a workbook shows behind its numbers, and the first cell of each.
    """

    where: str
    cells: pd.DataFrame
    decimal: str = "."
    notes: tuple[Problem, ...] = ()
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def records(self) -> list[tuple[int, dict[str, str]]]:
        """Every row with its number, its cells as text by column."""
        rows = self.cells.to_dict("records")
        return [
            (int(number), {str(name): as_text(cell) for name, cell in row.items()})
            for number, row in zip(self.cells.index, rows, strict=True)
        ]

    def numbers(self, column: str, unit: str | None = None) -> Numbers:
        """Numbers of a column in ``unit``; see :func:`sinks.tables.numbers.as_numbers`."""
        return as_numbers(self.cells[column], unit, self.decimal)


def read_rows(path: str | Path, form: Form = UNSAID, names: Collection[str] = ()) -> Rows:
    """Read every row of a CSV or of a sheet of a workbook.

    Parameters
    ----------
    path : path
        .csv, .txt, .tsv, .xlsx or .xlsm.
    form : Form
        What is declared of encoding, delimiter and sheet.
    names : collection of str
        Columns that the table must have, by which encoding and delimiter can be told.

    Raises
    ------
    LayerError
        If the file, the sheet, the encoding or the delimiter is not what was declared, or is left in doubt.
    """
    if is_object(path):
        held = _held(path)
        table = held.value.astype(object)
        body = table.where(table.notna(), None).to_numpy().tolist()
        return Rows(held.name, _cleaned([list(map(str, table.columns)), *body]))
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS and path.is_file():
        # openpyxl takes a quarter of a second to import, and most projects have no workbook.
        from sinks.tables.workbook import read_workbook

        sheet = read_workbook(path, form.sheet)
        return Rows(sheet.where, _cleaned(sheet.rows), sheet.notes, sheet=sheet)
    text, notes = _text(path, form, names)
    parts = split(text, str(path), form, _TEXTS[suffix], names)
    return Rows(str(path), _cleaned(parts.rows), (*notes, *parts.notes), parts.delimiter)


def read_sheet(
    path: str | Path,
    columns: Sequence[str],
    form: Form = UNSAID,
    *,
    numeric: Collection[str] = (),
    optional: Collection[str] = (),
) -> Sheet:
    """Read the columns of a table by their names.

    Parameters
    ----------
    path : path
    columns : sequence of str
        Columns that it must have; it may have others.
    form : Form
        What is declared of the way it is written.  Without a header row, the first row with all the columns is it.
    numeric : collection of str
        Those of the columns that hold numbers.
    optional : collection of str
        Columns to take along where it has them.

    Raises
    ------
    LayerError
        If the file, the sheet, the encoding, the delimiter or the header is not what was declared, or is left in doubt;
        with every formula without a value, every merged cell and every number shown otherwise than it is stored.
    """
    rows = read_rows(path, form, columns)
    if not any(cell is not None for row in rows.cells for cell in row):
        raise LayerError(Problem("table.no_rows", rows.where))
    header, notes = _header(rows, columns, form.header)
    refuse_wide(rows, header)
    # A header is found whatever its spaces and line breaks, and is then called as it was declared.
    declared = {squeezed(column): column for column in (*columns, *optional)}
    names = [declared.get(name, name) for name in map(squeezed, rows.cells[header - 1])]
    taken = [name for name in dict.fromkeys((*columns, *optional)) if name in names]
    twice = sorted({column for column in taken if names.count(column) > 1})
    if twice:
        raise LayerError(Problem("table.column_twice", rows.where, {"columns": twice}))
    body = [[*row, *[None] * (len(names) - len(row))][: len(names)] for row in rows.cells[header:]]
    cells = pd.DataFrame(body, columns=names, index=range(header + 1, len(rows.cells) + 1), dtype=object)[taken]
    cells = cells[cells.notna().any(axis=1)]
    seen: list[Problem] = []
    places = {name: names.index(name) + 1 for name in taken}
    if rows.sheet is not None:
        rows.sheet.check(cells, places, numeric, header + 1)
        seen = rows.sheet.worded(cells, places, numeric)
    written = [cell for name in cells.columns if name in numeric for cell in cells[name]]
    decimal, found = decimal_sign(rows, written, form.decimal)
    return Sheet(rows.where, cells, decimal, (*rows.notes, *notes, *found, *seen), _units(rows, cells, places))


def _units(rows: Rows, cells: pd.DataFrame, places: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """By column: words that the sheet shows behind numbers, and where first."""
    found: dict[str, dict[str, str]] = {}
    columns = {place: name for name, place in places.items()}
    for (row, place), word in (rows.sheet.units if rows.sheet is not None else {}).items():
        if row in cells.index and place in columns:
            from sinks.tables.workbook import address

            found.setdefault(columns[place], {}).setdefault(word, address(row, place))
    return found


def decimal_sign(rows: Rows, written: Sequence[object], declared: str | None = None) -> tuple[str, tuple[Problem, ...]]:
    """The sign before the decimals, and a note where it was found in a text whose cells do not stand between commas.

    Parameters
    ----------
    rows : Rows
        Where the numbers stand.
    written : sequence
        Cells that hold numbers.
    declared : str, optional

    Raises
    ------
    LayerError
        The numbers leave it open, or contradict each other.
    """
    if declared is not None or rows.delimiter in (None, ","):
        return declared or ".", ()
    found = decimals_of(written)
    doubtful = [str(cell) for cell in written if is_open(cell)]
    # Semicolons stand where commas are decimals; there a lone 1.500 or 1,500 may be either number.
    if found == "?" or (found is None and doubtful and rows.delimiter == ";"):
        cells = doubtful or [cell for cell in written if isinstance(cell, str) and {".", ","} & set(cell)]
        raise LayerError(Problem("table.decimal_open", rows.where, {"cells": list(dict.fromkeys(cells))[:_SHOWN]}))
    if found == ",":
        return ",", (Problem("table.decimal_found", rows.where, {}),)
    return ".", ()


def first_line(path: str | Path) -> str:
    """The first line of a CSV, or the first cell of a workbook, as text.

    Raises
    ------
    LayerError
        As :func:`read_rows`.
    """
    if is_object(path):
        # A table in memory says so in its attributes, for it has no first line.
        extends = _held(path).value.attrs.get("extends")
        return f"# extends: {extends}" if extends else ""
    path = Path(path)
    if path.suffix.lower() in WORKBOOKS:
        rows = read_rows(path).cells
        return as_text(rows[0][0]) if rows and rows[0] else ""
    text, _ = _text(path, UNSAID, ())
    return without_sign(text)[0].split("\n", 1)[0].strip()


def refuse_unread(rows: Rows) -> None:
    """Refuse a workbook with formulas without a value, merged cells, or numbers shown otherwise than they are stored.

    For tables that are taken whole; :func:`read_sheet` looks at the columns that it reads.

    Raises
    ------
    LayerError
        With all of them.
    """
    if rows.sheet is None:
        return
    width = max((len(row) for row in rows.cells), default=0)
    body = [[*row, *[None] * (width - len(row))] for row in rows.cells]
    names = [str(place) for place in range(1, width + 1)]
    cells = pd.DataFrame(body, columns=names, index=range(1, len(body) + 1), dtype=object)
    rows.sheet.check(cells[cells.notna().any(axis=1)], {name: int(name) for name in names}, names, 1)


def refuse_wide(rows: Rows, header: int) -> None:
    """Refuse rows of a CSV with more cells than the header, which a comma too many has moved: ``1,000`` without quotes.

    Parameters
    ----------
    rows : Rows
    header : int
        Row of the column names, counted from 1.

    Raises
    ------
    LayerError
        With their numbers.
    """
    width = len(rows.cells[header - 1])
    body = enumerate(rows.cells[header:], header + 1)
    wide = {n: row for n, row in body if len(row) > width and any(cell is not None for cell in row)}
    # In a workbook nothing can move.
    if wide and rows.delimiter is not None:
        number = next(iter(wide))
        values = {"rows": list(wide)[:_SHOWN], "found": len(wide[number]), "width": width}
        raise LayerError(Problem("table.too_many_cells", f"{rows.where}:{number}", values))


def as_text(cell: Any) -> str:
    """A cell as text: codes and years come from Excel as numbers, and 150100.0 means 150100."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _held(name: str | Path) -> Held:
    held = find(name)
    if held is None:
        raise LayerError(Problem("objects.gone", str(name), {"name": str(name)}))
    return held


def _text(path: Path, form: Form, names: Collection[str]) -> tuple[str, tuple[Problem, ...]]:
    """The text of a CSV, and what was found of its encoding."""
    if not path.is_file():
        raise LayerError(Problem("table.no_file", str(path)))
    if path.suffix.lower() not in _TEXTS:
        raise LayerError(Problem("table.unknown_format", str(path), {"suffix": path.suffix or "–"}))
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LayerError(Problem("table.unreadable", str(path), {"reason": reason})) from error
    decoded = decode(content, str(path), form.encoding, names)
    return decoded.text, decoded.notes


def _header(rows: Rows, columns: Sequence[str], declared: int | None) -> tuple[int, tuple[Problem, ...]]:
    """The row of the column names."""
    wanted = {squeezed(column) for column in columns}
    fits = [n for n, row in enumerate(rows.cells[:HEADER_SEARCH], 1) if wanted <= {squeezed(cell) for cell in row}]
    header = declared or 1
    if header in fits or (declared and declared > HEADER_SEARCH and _has_all(rows, declared, wanted)):
        return header, ()
    if fits and declared is None:
        return fits[0], (Problem("table.header_found", rows.where, {"header": fits[0]}),)
    found = [squeezed(cell) for cell in rows.cells[header - 1]] if len(rows.cells) >= header else []
    missing = [column for column in columns if squeezed(column) not in found]
    values = {"columns": missing, "found": [name for name in found if name], "header": header}
    if fits:
        raise LayerError(Problem("table.header_elsewhere", rows.where, {**values, "better": fits[0]}))
    in_one = [name for name in found if name]
    if rows.delimiter is not None and len(in_one) == 1 and (better := better_delimiter(in_one[0], rows.delimiter)):
        signs = {"used": shown(rows.delimiter), "better": shown(better)}
        raise LayerError(Problem("table.delimiter_fails", rows.where, {**values, **signs}))
    raise LayerError(Problem("table.no_column", rows.where, values))


def _has_all(rows: Rows, header: int, wanted: set[str]) -> bool:
    return len(rows.cells) >= header and wanted <= {squeezed(cell) for cell in rows.cells[header - 1]}


def _cleaned(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(value: Any) -> Any:
    """Text without blanks around it; None for an empty cell."""
    if isinstance(value, str):
        text = value.strip()
        return None if text.casefold() in _NULL else text or None
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return None if value is None or value != value else value
