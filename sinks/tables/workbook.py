"""Cells of a workbook as the sheet shows them: real extent, formulas without a value, shares, merged cells."""

from __future__ import annotations

import datetime
import re
import warnings
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse
from zipfile import BadZipFile, ZipFile

import openpyxl
import pandas as pd
from openpyxl.utils import coordinate_to_tuple, get_column_letter, range_boundaries
from openpyxl.utils.datetime import to_excel
from openpyxl.utils.exceptions import InvalidFileException

from sinks.errors import LayerError, Problem, Problems
from sinks.tables.number_format import around_year, percent_of, shown

_DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, ParseError, InvalidFileException)
"""What openpyxl meets in a file that is no workbook, is cut short, or was damaged on the way: a zip of XML."""

_SHEET_TAG = re.compile(rb"<(?:\w+:)?(?:f|mergeCell)[ />]")
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*\bhidden=\"(?:1|true)\"[^>]*)>")
_NUMBER_OF_ROW = re.compile(rb"\br=\"(\d+)\"")


_SHOWN = 10
"""Cells named in one message."""

Place = tuple[int, int]
"""Row and column of a cell, counted from 1."""


@dataclass(frozen=True)
class Cells:
    """A sheet of a workbook.

    Attributes
    ----------
    where : str
        File and sheet.
    rows : list of list
        Text, numbers, dates or None; a number that the sheet shows with a sign of percent is text with that sign.
    valueless : dict
        By (row, column), counted from 1: the address of a formula that has no stored value.
    merged : tuple of str
        Merged ranges, such as ``A2:A3``.
    otherwise : dict
        By (row, column): what the sheet shows where that reads as another number than the stored one; what is stored;
        and whether it is no more certain as a word.
    words : dict
        By (row, column): what the sheet shows of a whole number, where it is more than its digits: 2020年, DB0301.
    zeros : dict
        By (row, column): what the sheet shows of a nought that is shown as a dash or as nothing.
    hidden : tuple of int
        Rows that a filter or a hand has hidden.
    units : dict
        By (row, column): words that the sheet shows behind a number.
    notes : tuple of Problem
    """

    where: str
    rows: list[list[Any]]
    valueless: dict[tuple[int, int], str]
    merged: tuple[str, ...]
    otherwise: dict[Place, tuple[str, Any, bool]] = field(default_factory=dict)
    words: dict[Place, str] = field(default_factory=dict)
    zeros: dict[Place, str] = field(default_factory=dict)
    hidden: tuple[int, ...] = ()
    units: dict[Place, str] = field(default_factory=dict)
    notes: tuple[Problem, ...] = ()

    def check(self, cells: pd.DataFrame, places: Mapping[str, int], numeric: Collection[str], first: int) -> None:
        """Refuse cells of a table whose value is not stored, stands elsewhere, or is shown as another number.

        Parameters
        ----------
        cells : DataFrame
            Rows of the table below its header, by the row numbers of the sheet.
        places : mapping
            Number of each of its columns in the sheet, counted from 1.
        numeric : collection of str
            Those that hold numbers.
        first : int
            First row of the table.

        Raises
        ------
        LayerError
            With all of them.
        """
        problems = Problems()
        columns = {place: name for name, place in places.items()}
        empty = [a for (row, place), a in self.valueless.items() if place in columns and row >= first]
        if empty:
            problems.add("table.formula_without_value", self.where, cells=_few(empty), count=len(empty))
        filled = cells.notna().sum(axis=1)
        for name, place in places.items() if self.merged else ():
            found = [self.merged_over(int(row), place, filled[row]) for row in cells.index[cells[name].isna()]]
            if ranges := list(dict.fromkeys(reference for reference in found if reference)):
                problems.add("table.merged", self.where, column=name, ranges=_few(ranges))
        otherwise = [
            (*place, text, stored)
            for place, (text, stored, is_no_word) in self.otherwise.items()
            if place[0] >= first and place[1] in columns and (is_no_word or columns[place[1]] in numeric)
        ]
        for row, place, text, stored in otherwise[:1]:
            values = {"cell": address(row, place), "shown": text, "stored": as_stored(stored)}
            problems.add("table.shown_otherwise", self.where, count=len(otherwise), **values)
        problems.raise_as(LayerError)

    def worded(self, cells: pd.DataFrame, places: Mapping[str, int], numeric: Collection[str]) -> list[Problem]:
        """Put what the sheet shows into columns of words, such as a code with its zeros or letters; notes say which.

        Parameters
        ----------
        cells : DataFrame
            As in :meth:`check`; changed in place.
        places, numeric
            As in :meth:`check`.

        Returns
        -------
        list of Problem
            Notes of what was taken as shown, and of noughts that the sheet shows as nothing.
        """
        notes = []
        columns = {place: name for name, place in places.items()}
        rows = set(cells.index)
        taken: dict[str, list[Place]] = {}
        for (row, place), text in self.words.items():
            if row in rows and place in columns and columns[place] not in numeric:
                stored = cells.at[row, columns[place]]
                cells.at[row, columns[place]] = text
                if not taken.setdefault(columns[place], []):
                    values = {"column": columns[place], "cell": address(row, place), "shown": text, "stored": stored}
                    notes.append(Problem("table.shown_taken", self.where, values))
                taken[columns[place]].append((row, place))
        for note in notes:
            note.values["count"] = len(taken[note.values["column"]])
        if away := [row for row in self.hidden if row in rows]:
            notes.append(Problem("table.rows_hidden", self.where, {"rows": away[:_SHOWN], "count": len(away)}))
        zeros = [(row, place) for row, place in self.zeros if row in rows and columns.get(place) in numeric]
        if zeros:
            found = _few([address(*cell) for cell in zeros])
            notes.append(Problem("table.zeros_hidden", self.where, {"cells": found, "count": len(zeros)}))
        return notes

    def merged_over(self, row: int, column: int, filled: int) -> str | None:
        """The merged range that keeps a cell of a row with ``filled`` other cells empty.

        A note below the table stands alone in its row, however many cells beside each other were merged for it.
        """
        for reference in self.merged:
            left, top, right, bottom = range_boundaries(reference)
            if top <= row <= bottom and left <= column <= right and (row, column) != (top, left):
                return reference if filled > 1 or bottom > top else None
        return None


def read_workbook(path: Path, sheet: str | None) -> Cells:
    """Read a sheet of a workbook: the one named, or the only one that is shown and not empty.

    Raises
    ------
    LayerError
        The file is no workbook or is damaged; there is no such sheet; there are several.
    """
    book = _opened(path)
    try:
        chosen, notes = _choose(book, path, sheet)
        return _cells(chosen, path, notes)
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    finally:
        book.close()


def _opened(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # What openpyxl warns of is decoration that it does not keep: validation lists, styles.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (*_DAMAGED, TypeError, AttributeError, IndexError) as error:
        # Programs write styles and charts that the format does not allow; openpyxl fails on them in ways of its own.
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> LayerError:
    return LayerError(Problem("table.unreadable", str(path), {"reason": str(error) or type(error).__name__}))


def _choose(book: Any, path: Path, name: str | None) -> tuple[Any, tuple[Problem, ...]]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for sheet in sheets.values():
        # The extent that a file states of its sheets may be short of the rows that they have.
        sheet.reset_dimensions()
    if name is not None:
        if name not in sheets:
            raise LayerError(Problem("table.no_sheet", str(path), {"sheet": name, "sheets": list(sheets)}))
        return sheets[name], ()
    if len(sheets) == 1:
        return next(iter(sheets.values())), ()
    shown = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible" and _has_cells(sheet)]
    if len(shown) != 1:
        raise LayerError(Problem("table.several_sheets", str(path), {"sheets": list(sheets)}))
    left = [title for title, sheet in sheets.items() if sheet is not shown[0]]
    return shown[0], (Problem("table.sheets_left", str(path), {"sheet": shown[0].title, "left": left}),)


def _has_cells(sheet: Any) -> bool:
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _cells(sheet: Any, path: Path, notes: tuple[Problem, ...]) -> Cells:
    found = Cells(f"{path}[{sheet.title}]", [], {}, (), notes=notes)
    for number, row in enumerate(sheet.iter_rows(), 1):
        values = [_value(cell, (number, place), found) for place, cell in enumerate(row, 1)]
        found.rows.append(values if any(value is not None for value in values) else [])
    with ZipFile(path) as archive:
        content = archive.read(sheet._worksheet_path)
    valueless, merged = _marks(content) if _SHEET_TAG.search(content) else ({}, ())
    numbers = (_NUMBER_OF_ROW.search(tag) for tag in _HIDDEN_ROW.findall(content))
    hidden = tuple(int(number[1]) for number in numbers if number)
    return replace(found, valueless=valueless, merged=merged, hidden=hidden)


def _value(cell: Any, place: Place, found: Cells) -> Any:
    """What a cell holds, as it is shown: shares with their sign, codes with their zeros, a year that is a date."""
    value = cell.value
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        found.otherwise[place] = (_iso(value), value, False)
        if isinstance(value, datetime.date) and around_year(cell.number_format) is not None:
            return value.year
        return _iso(value)
    if type(value) not in (int, float):
        return value
    share = percent_of(value, cell.number_format)
    if share is not None:
        return _with_sign(value, share)
    seen = shown(value, cell.number_format)
    is_code = seen.has_digits and not seen.is_hidden_zero and float(value).is_integer()
    if not seen.is_same:
        found.otherwise[place] = (seen.text, value, not is_code)
    elif seen.is_hidden_zero:
        found.zeros[place] = seen.text
    elif seen.unit:
        found.units[place] = seen.unit
    digits = f"{value:.0f}"
    if not is_code or seen.text in (digits, f"{digits}年"):
        return value
    if seen.is_same and seen.text.isdecimal() and seen.text.isascii():
        # A code that the format fills up with zeros: the same number, and another code.
        return seen.text
    found.words[place] = seen.text
    return value


def _iso(value: datetime.date | datetime.time | datetime.timedelta) -> str:
    """A date without the hour of midnight."""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    return str(value) if isinstance(value, datetime.timedelta) else value.isoformat()


def address(row: int, column: int) -> str:
    """A cell as the sheet names it: B3."""
    return f"{get_column_letter(column)}{row}"


def as_stored(value: Any) -> Any:
    """A number, or that of a date, as the workbook holds it."""
    return value if isinstance(value, int | float) else f"{to_excel(value):g}"


def _with_sign(value: float, share: tuple[str, int]) -> str:
    """A number with the sign that the sheet shows behind it, without the rounding of a float: 0.07 is 7%."""
    sign, factor = share
    return f"{(Decimal(repr(value)) * factor).normalize():f}{sign}"


def _marks(content: bytes) -> tuple[dict[tuple[int, int], str], tuple[str, ...]]:
    """Formulas without a stored value, and merged ranges, which openpyxl does not keep when it streams."""
    valueless: dict[tuple[int, int], str] = {}
    merged: list[str] = []
    row = column = 0
    for event, element in iterparse(BytesIO(content), events=("start", "end")):
        tag = element.tag.rpartition("}")[2]
        if event == "start" and tag == "row":
            row, column = int(element.get("r") or row + 1), 0
        elif event == "start" and tag == "c":
            reference = element.get("r")
            row, column = coordinate_to_tuple(reference) if reference else (row, column + 1)
        elif event == "end" and tag == "c":
            if _is_valueless(element):
                valueless[row, column] = address(row, column)
            element.clear()
        elif event == "end" and tag == "mergeCell":
            merged.append(element.get("ref", ""))
    return valueless, tuple(merged)


def _is_valueless(cell: Any) -> bool:
    """Whether a cell has a formula and nothing that it gave; an empty text is stored as such."""
    children = {child.tag.rpartition("}")[2]: child for child in cell}
    stored = children.get("v")
    return "f" in children and cell.get("t") != "str" and (stored is None or not stored.text)


def _few(names: Sequence[str]) -> list[str]:
    return list(names) if len(names) <= _SHOWN else [*names[:_SHOWN], "…"]
