"""A workbook of the tables of one question, with headers and words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from sinks.assessment.words import readable, word

_NAMED = {
    name: name
    for name in ("category", "subcategory", "item", "phase", "status", "basis", "reason", "detected", "feasible")
}
_NARROW, _WIDE = 12, 40


def write_sheets(path: Path, tables: Mapping[str, pd.DataFrame], notes: Mapping[str, str], created: datetime) -> None:
    """Write one sheet for each table, its note above it.

    Parameters
    ----------
    path : Path
    tables : mapping of str to DataFrame
    notes : mapping of str to str
        Sentence above a table, by name; demonstration data say so here.
    created : datetime
        Time of the run, the only date in the file: equal tables give equal bytes.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": created.replace(tzinfo=None)})
        header = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#E2EFDA", "bottom": 1})
        number, text = book.add_format({"num_format": "#,##0.000"}), book.add_format()
        for name, table in tables.items():
            sheet = book.add_worksheet(word(f"sheet.{name}")[:31])
            sheet.write_string(0, 0, notes.get(name, ""), text)
            shown = readable(table, named={column: kind for column, kind in _NAMED.items() if column in table})
            for column, title in enumerate(shown.columns):
                sheet.write_string(1, column, str(title), header)
                cells = shown.iloc[:, column].tolist()
                for row, cell in enumerate(cells, 2):
                    if pd.isna(cell):
                        continue
                    if isinstance(cell, str):
                        sheet.write_string(row, column, cell, text)
                    else:
                        sheet.write_number(row, column, float(cell), number)
                longest = max([len(str(cell)) for cell in cells if isinstance(cell, str)], default=0)
                sheet.set_column(column, column, min(max(_NARROW, 1.8 * longest), _WIDE))
            sheet.freeze_panes(2, 2)
