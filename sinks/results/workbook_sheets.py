"""Sheets of a workbook: names that Excel takes, cells that stay what they are, tables under each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, isfinite
from numbers import Real
from typing import Any

import pandas as pd

from sinks.results.labels import label
from sinks.text import display_width

# Limits of the xlsx format (Excel specifications and limits, Microsoft Support).
_SHEET_NAME_LENGTH = 31
_LAST_ROW = 1_048_576
_CELL_TEXT = 32_767

_LINE = 15.0
"""Height of a line [points]."""

_GROUND = 8
"""Columns over which the ground of a warning goes."""

_NUMERIC = {"amount", "hectares", "share", "number", "figure"}

Column = tuple[str, str]
"""Header and the name of its number format."""


def sheet_name(wanted: str, taken: Sequence[str]) -> str:
    """A legal and unique sheet name as close to ``wanted`` as Excel allows.

    Excel wants 1 to 31 UTF-16 units, none of ``[]:*?/\\`` or control characters, no apostrophe at either end, not
    ``History``, and compares names without case.
    """
    clean = re.sub(r"[\[\]:*?/\\]", "_", wanted)
    clean = "".join(c for c in clean if unicodedata.category(c) not in ("Cc", "Cs")).strip("' ") or "_"
    if clean.casefold() == "history":
        clean += "_"
    used = {name.casefold() for name in taken}
    number, name = 1, _cut(clean, _SHEET_NAME_LENGTH)
    while name.casefold() in used:
        number += 1
        tail = f" ({number})"
        name = _cut(clean, _SHEET_NAME_LENGTH - len(tail)) + tail
    return name


def _cut(text: str, units: int) -> str:
    while len(text.encode("utf-16-le")) // 2 > units:
        text = text[:-1]
    return text.strip("' ")


@dataclass
class StyledWorkbook:
    """The workbook with its formats and the names of its sheets."""

    workbook: Any
    demonstration: bool
    formats: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        styles: dict[str, dict[str, Any]] = {
            "text": {"valign": "top"},
            "wrapped": {"valign": "top", "text_wrap": True},
            "title": {"bold": True, "font_size": 14},
            "section": {"bold": True, "font_size": 12},
            # Words beside numbers, which end at the line where these begin.
            "beside": {"valign": "top", "indent": 1},
            "warning": {"bold": True, "font_color": "#FFFFFF", "bg_color": "#C00000"},
            "header": {"bold": True, "text_wrap": True, "valign": "vcenter", "bg_color": "#E2EFDA", "bottom": 1},
            "amount": {"num_format": "#,##0.00"},
            # One column holds both tonnes, which get no decimals, and small ratios, which need them.
            "figure": {"num_format": "[>=1000]#,##0;[<=-1000]-#,##0;0.00##"},
            "hectares": {"num_format": "#,##0.00"},
            "share": {"num_format": "0.0%"},
            "number": {"num_format": "General"},
        }
        self.formats = {name: self.workbook.add_format(style) for name, style in styles.items()}

    def sheet(self, wanted: str) -> SheetWriter:
        names = [sheet.get_name() for sheet in self.workbook.worksheets()]
        sheet = self.workbook.add_worksheet(sheet_name(wanted, names))
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        if self.demonstration:
            # Pages are printed and passed on one by one, so each one says that the data are for demonstration.
            sheet.set_header(f"&C{label('readme.demonstration_short')}")
        return SheetWriter(sheet, self.formats)


@dataclass
class SheetWriter:
    """One sheet, filled from the top; every cell of every sheet goes through :meth:`cell`."""

    sheet: Any
    formats: dict[str, Any]
    row: int = 0
    widths: dict[int, float] = field(default_factory=dict)

    def cell(self, row: int, column: int, value: object, style: str) -> None:
        """Numbers as numbers, missing values as blanks, anything else as text that is never interpreted."""
        if type(value) is float and isfinite(value):
            self.sheet.write_number(row, column, value, self.formats[style])
        elif value is None or value is pd.NA or (isinstance(value, float) and value != value):
            self.sheet.write_blank(row, column, None, self.formats[style])
        elif not isinstance(value, bool) and isinstance(value, Real) and isfinite(value):
            self.sheet.write_number(row, column, float(value), self.formats[style])
        else:
            text = str(value)
            if len(text) > _CELL_TEXT:
                tail = label("workbook.cut")
                text = text[: _CELL_TEXT - len(tail)] + tail
            self.sheet.write_string(row, column, text, self.formats["text" if style in _NUMERIC else style])

    def line(self, text: str, style: str = "text") -> None:
        """A text over as many columns as it needs; what is on a coloured ground has it over all of them."""
        self.cell(self.row, 0, text, style)
        if style == "warning":
            for column in range(1, _GROUND):
                self.cell(self.row, column, None, style)
        if style == "wrapped":
            self._room_for(self.row, [text], [self.widths[0]])
        self.row += 1

    def _room_for(self, row: int, texts: Sequence[str], widths: Sequence[float]) -> None:
        """As many lines as the longest text needs: not every program looks after rows whose text is broken."""
        lines = max(ceil(_text_width(text) / (0.95 * width)) for text, width in zip(texts, widths, strict=True))
        if lines > 1:
            self.sheet.set_row(row, _LINE * lines)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> tuple[int, int]:
        """A header and its rows at the present place; return the first and the last row."""
        top = self.row
        room = _LAST_ROW - top - 2
        widths = [min(_width(header), 18.0) for header, _ in columns]
        for place, (header, _) in enumerate(columns):
            self.cell(top, place, header, "header")
        for row, values in enumerate(rows[:room], top + 1):
            for place, value in enumerate(values):
                self.cell(row, place, value, columns[place][1])
                width = _width(value)
                if width > widths[place]:
                    widths[place] = width
        for place, width in enumerate(widths):
            self.widths[place] = min(max(self.widths.get(place, 8.0), width + 2.0), 48.0)
        if columns:
            self._room_for(top, [header for header, _ in columns], [self.widths[n] for n in range(len(columns))])
        self.row = top + 1 + min(len(rows), room)
        last = self.row - 1
        if len(rows) > room:
            self.line(label("workbook.too_many_rows", count=len(rows)), "warning")
        return top, last

    def list_like(self, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
        """A table that is the whole sheet: the header stays in view and every column can be filtered."""
        top, last = self.table(columns, rows)
        self.sheet.freeze_panes(top + 1, 0)
        if columns:
            self.sheet.autofilter(top, 0, max(last, top), len(columns) - 1)
        self.finish()

    def finish(self) -> None:
        for place, width in self.widths.items():
            self.sheet.set_column(place, place, width)


def _width(value: object) -> float:
    """Width in characters."""
    if isinstance(value, str):
        return _text_width(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(len(f"{value:,.2f}"))
    return float(display_width(str(value)))


@lru_cache(maxsize=4096)
def _text_width(text: str) -> float:
    """The same words stand in thousands of cells."""
    return float(display_width(text))
