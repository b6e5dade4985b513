"""Cells of a CSV or Excel sheet, with the row numbers that Excel shows, before anything is understood of them."""

from __future__ import annotations

import csv
import io
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from sinks.errors import LayerError, Problem

_HEADER_SEARCH = 20
"""Rows looked through for the header when the columns named are not where they should be."""

_DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, ParseError, InvalidFileException)
"""What openpyxl meets in a file that is no workbook, is cut short, or was damaged on the way: a zip of XML."""


@dataclass(frozen=True)
class Sheet:
    """A table as it stands in its file.

    Attributes
    ----------
    where : str
        File, and sheet if there are sheets.
    cells : DataFrame
        One column per header cell; text, numbers or None. The index holds the row numbers that Excel shows.
    """

    where: str
    cells: pd.DataFrame


def read_sheet(
    path: str | Path, columns: Sequence[str], *, sheet: str | None, encoding: str | None, header: int
) -> Sheet:
    """Read a sheet whose row ``header`` (counted from 1) holds the ``columns`` named, and perhaps others.

    Raises
    ------
    LayerError
        If the file, the sheet, the encoding or the header is not what was declared.
    """
    path = Path(path)
    if not path.exists():
        raise LayerError(Problem("table.no_file", str(path)))
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        where, rows = _excel(path, sheet)
    elif path.suffix.lower() in (".csv", ".txt", ".tsv"):
        where, rows = str(path), _csv(path, encoding)
    else:
        raise LayerError(Problem("table.unknown_format", str(path), {"suffix": path.suffix or "–"}))
    if not any(_cell(cell) is not None for row in rows for cell in row):
        raise LayerError(Problem("table.no_rows", where))
    # A header is found whatever its spaces and line breaks, and is then called as it was declared.
    declared = {_name(column): column for column in columns}
    found = [_name(cell) for cell in rows[header - 1]] if len(rows) >= header else []
    names = [declared.get(name, name) for name in found]
    missing = [column for column in columns if column not in names]
    if missing:
        values = {"columns": missing, "found": [name for name in names if name], "header": header}
        better = _header_row(rows, columns)
        if better is not None and better != header:
            raise LayerError(Problem("table.header_elsewhere", where, {**values, "better": better}))
        raise LayerError(Problem("table.no_column", where, values))
    twice = sorted({column for column in columns if names.count(column) > 1})
    if twice:
        raise LayerError(Problem("table.column_twice", where, {"columns": twice}))
    body = [[_cell(cell) for cell in [*row, *[None] * (len(names) - len(row))][: len(names)]] for row in rows[header:]]
    cells = pd.DataFrame(body, columns=names, index=range(header + 1, len(rows) + 1), dtype=object)
    chosen = cells[list(dict.fromkeys(columns))]
    return Sheet(where, chosen[chosen.notna().any(axis=1)])


def _csv(path: Path, encoding: str | None) -> list[list[Any]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayerError(Problem("table.unreadable", str(path), {"reason": str(error)})) from error
    try:
        # UTF-8 with and without a byte-order mark is what is meant when nothing is said; anything else must be said.
        text = content.decode(encoding or "utf-8-sig")
    except LookupError:
        raise LayerError(Problem("table.unknown_encoding", str(path), {"encoding": encoding})) from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        shown = content.splitlines()[line - 1].decode("gbk", errors="replace")[:60]
        values = {"encoding": encoding or "UTF-8", "line": line, "gbk": shown}
        raise LayerError(Problem("table.encoding_fails", str(path), values)) from None
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise LayerError(Problem("table.unreadable", str(path), {"reason": str(error)})) from error


def _excel(path: Path, sheet: str | None) -> tuple[str, list[list[Any]]]:
    try:
        with warnings.catch_warnings():
            # What openpyxl warns of is decoration that it does not keep: validation lists, styles.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    try:
        names = book.sheetnames
        if sheet is None and len(names) > 1:
            raise LayerError(Problem("table.several_sheets", str(path), {"sheets": names}))
        if sheet is not None and sheet not in names:
            raise LayerError(Problem("table.no_sheet", str(path), {"sheet": sheet, "sheets": names}))
        chosen = sheet or names[0]
        return f"{path}[{chosen}]", [list(row) for row in book[chosen].iter_rows(values_only=True)]
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    finally:
        book.close()


def _unreadable(path: Path, error: Exception) -> LayerError:
    return LayerError(Problem("table.unreadable", str(path), {"reason": str(error) or type(error).__name__}))


def _header_row(rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> int | None:
    wanted = set(columns)
    for number, row in enumerate(rows[:_HEADER_SEARCH], 1):
        if wanted <= {_name(cell) for cell in row}:
            return number
    return None


def _name(cell: Any) -> str:
    """Header cells often hold line breaks and blanks for the look of them."""
    return "" if cell is None else "".join(str(cell).split())


def _cell(value: Any) -> Any:
    """Text without blanks around it; None for an empty cell."""
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None or value != value else value
