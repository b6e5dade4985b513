"""Files of what a run answers: a CSV of every table, and a workbook where people want one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from sinks.assessment.answer import Answer
from sinks.assessment.words import readable, word
from sinks.results import atomic
from sinks.results.csv_tables import write_csv
from sinks.results.workbook_sheets import StyledWorkbook

_NAMED = ("category", "subcategory", "item", "phase", "status", "basis", "reason", "detected", "feasible")


def write_answer(answer: Answer, folder: Path) -> list[Path]:
    """Write every table of an answer as a CSV file, and its workbook where it has one.

    Parameters
    ----------
    answer : Answer
        Its tables say that their data are for demonstration, where they are.
    folder : Path
        Made when missing.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    written = write_tables({folder / f"{name}.csv": table for name, table in answer.tables().items()})
    if answer.WORKBOOK:
        path = folder / f"{answer.WORKBOOK}.xlsx"
        try:
            _write_workbook(answer, path)
        except (OSError, xlsxwriter.exceptions.XlsxWriterException) as error:
            raise atomic.explained(error, path) from error
        written.append(path)
    return written


def write_tables(tables: Mapping[Path, pd.DataFrame]) -> list[Path]:
    """Write tables as CSV files, making their folders.

    Raises
    ------
    RunError
        The disk does not let it.
    """
    for path, table in tables.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(table, path)
        except OSError as error:
            raise atomic.explained(error, path) from error
    return list(tables)


def _write_workbook(answer: Answer, path: Path) -> None:
    """One sheet for each table, with what must be known above it, headers and words in the present language.

    The time of the run is the only date in the file: equal tables give equal bytes.
    """
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        book = StyledWorkbook(workbook, bool(answer.notice))
        if answer.origin is not None:
            created = answer.origin.created
            workbook.set_properties(
                {"created": created.astimezone(UTC).replace(tzinfo=None) if created.tzinfo else created}
            )
        for id, table in answer.data().items():
            sheet = book.sheet(word(f"sheet.{id}"))
            for line in answer.said():
                sheet.line(line, "warning" if line == answer.notice else "text")
            shown = readable(table, named={name: name for name in _NAMED if name in table})
            columns = [(str(title), "figure" if _is_number(shown[title]) else "text") for title in shown.columns]
            sheet.list_like(columns, shown.to_numpy(dtype=object).tolist())


def _is_number(column: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
