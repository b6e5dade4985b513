"""CSV files that spreadsheets open safely and that read back equal.

Text is guarded: a cell that a spreadsheet would take for a formula gets a leading apostrophe (:data:`FORMULA_STARTS`),
and so does a cell that begins with an apostrophe, which makes the rule reversible; :func:`read_csv` takes exactly one
off.  Numbers are never touched.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make Excel or WPS evaluate a CSV cell; the full-width ones do so in East Asian settings."""

_APOSTROPHE = "'"


def write_csv(frame: pd.DataFrame, path: Path) -> dict[str, dict[str, str]]:
    """Write UTF-8 with BOM, which Excel needs to see Chinese; return what a CSV cannot say: the dtypes."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    guarded = table.rename_columns([_guard(name) for name in table.column_names])
    for place, column in enumerate(guarded.schema):
        if _is_text(column.type):
            cells = [None if cell is None else _guard(cell) for cell in guarded.column(place).to_pylist()]
            guarded = guarded.set_column(place, column.name, pa.array(cells, pa.large_string()))
    with path.open("wb") as handle:
        handle.write(b"\xef\xbb\xbf")
        pacsv.write_csv(guarded, handle)
    return {
        column.name: {"arrow": "text" if _is_text(column.type) else str(column.type), "dtype": str(dtype)}
        for column, dtype in zip(table.schema, frame.dtypes, strict=True)
    }


def read_csv(path: Path, columns: dict[str, dict[str, str]]) -> pd.DataFrame:
    if not columns:
        return pd.DataFrame()
    types = {
        _guard(name): pa.large_string() if kind["arrow"] == "text" else pa.type_for_alias(kind["arrow"])
        for name, kind in columns.items()
    }
    # An empty cell is a missing value, a quoted empty cell an empty text: pyarrow writes and reads them apart.
    options = pacsv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    table = pacsv.read_csv(
        path, parse_options=pacsv.ParseOptions(newlines_in_values=True), convert_options=options
    ).rename_columns(list(columns))
    frame: pd.DataFrame = table.to_pandas()
    for name, kind in columns.items():
        if kind["arrow"] == "text":
            frame[name] = frame[name].map(_unguard, na_action="ignore")
    return frame.astype({name: kind["dtype"] for name, kind in columns.items()})


def _is_text(kind: pa.DataType) -> bool:
    """Text, or a column that holds nothing but missing values and therefore has no type of its own."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _guard(cell: str) -> str:
    return _APOSTROPHE + cell if cell.startswith((*FORMULA_STARTS, _APOSTROPHE)) else cell


def _unguard(cell: str) -> str:
    return cell.removeprefix(_APOSTROPHE)
