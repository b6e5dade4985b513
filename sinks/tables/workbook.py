"""Cells of a workbook as the sheet shows them: real extent, formulas without a value, shares, merged cells."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse
from zipfile import BadZipFile, ZipFile

import openpyxl
import pandas as pd
from openpyxl.utils import coordinate_to_tuple, get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from sinks.errors import LayerError, Problem, Problems

_DAMAGED = (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error, ParseError, InvalidFileException)
"""What openpyxl meets in a file that is no workbook, is cut short, or was damaged on the way: a zip of XML."""

# What a number format shows as it stands: text in quotation marks, a sign behind a backslash, a colour in brackets.
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)|\[[^\]]*\]|_.|\*.')
_SCALED = re.compile(r"[0#?](,+)(?![0#?,])")

_DRAWN_POINT = re.compile(r"[\\!]\.(0+)|\"\.\"(0+)")

_SHEET_TAG = re.compile(rb"<(?:\w+:)?(?:f|mergeCell)[ />]")


_SHOWN = 10
"""Cells named in one message."""


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
    scaled : dict
        By (row, column): what the sheet shows of a number that its format divides by a power of a thousand.
    notes : tuple of Problem
    """

    where: str
    rows: list[list[Any]]
    valueless: dict[tuple[int, int], str]
    merged: tuple[str, ...]
    scaled: dict[tuple[int, int], str]
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
        scaled = [
            (*cell, shown)
            for cell, shown in self.scaled.items()
            if cell[0] >= first and columns.get(cell[1]) in numeric
        ]
        for row, place, shown in scaled[:1]:
            address = f"{get_column_letter(place)}{row}"
            values = {"cell": address, "shown": shown, "stored": cells.loc[row, columns[place]]}
            problems.add("table.shown_scaled", self.where, count=len(scaled), **values)
        problems.raise_as(LayerError)

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
    shown, scaled = _Shown(), dict[tuple[int, int], str]()
    rows: list[list[Any]] = []
    for number, row in enumerate(sheet.iter_rows(), 1):
        values = []
        for place, cell in enumerate(row, 1):
            value = cell.value
            if type(value) in (int, float):
                share, divisor = shown.of(cell.number_format)
                if share:
                    value = _with_sign(value, share)
                elif divisor:
                    scaled[number, place] = f"{value / divisor:g}"
            values.append(value)
        rows.append(values if any(value is not None for value in values) else [])
    with ZipFile(path) as archive:
        content = archive.read(sheet._worksheet_path)
    valueless, merged = _marks(content) if _SHEET_TAG.search(content) else ({}, ())
    return Cells(f"{path}[{sheet.title}]", rows, valueless, merged, scaled, notes)


class _Shown:
    """What number formats make of a number: (sign and its factor, divisor)."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[str, int] | None, int]] = {}

    def of(self, number_format: str) -> tuple[tuple[str, int] | None, int]:
        if number_format not in self._known:
            self._known[number_format] = _format(number_format)
        return self._known[number_format]


def _format(number_format: str) -> tuple[tuple[str, int] | None, int]:
    positive = number_format.split(";")[0]
    bare = _LITERAL.sub("", positive)
    literal = "".join(part for found in _LITERAL.findall(positive) for part in found)
    if "%" in bare:
        return ("%", 100), 0
    for sign in ("%", "％", "‰"):
        if literal.strip().endswith(sign) or bare.strip().endswith(sign):
            # A sign that is only shown: the number itself is already in percent.
            return (sign, 1), 0
    scale = _SCALED.search(bare)
    if scale is None:
        return None, 0
    # The Chinese way of showing tens of thousands: a point that is only drawn between the digits, as in 0!.0,
    drawn = _DRAWN_POINT.search(positive)
    return None, 1000 ** len(scale[1]) * 10 ** (len(drawn[1] or drawn[2]) if drawn else 0)


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
                valueless[row, column] = f"{get_column_letter(column)}{row}"
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
