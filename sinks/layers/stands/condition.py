"""The condition ``where`` on features, carried out here and not by the drivers, who disagree.

GDAL's drivers each have an SQL of their own: fields that are not read are NULL to one, ``=`` knows no difference
between capital and small letters in another, and Parquet has none.  Here every file is judged by the same engine,
SQLite, on the values themselves.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sinks.errors import LayerError, Problem

_TEXT = re.compile(r"'(?:[^']|'')*'")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_FID = "fid"
_POSITIONS = ("_rowid_", "rowid", "oid")


class Condition:
    """One condition, ready for batch after batch.

    Parameters
    ----------
    where : str
        An SQL expression over the fields of the file, and ``fid``.
    fields : sequence of str
        Every field of the file.
    place : str
        Named in errors.

    Raises
    ------
    LayerError
        The condition names a field that the file lacks, or is no expression.
    """

    def __init__(self, where: str, fields: Sequence[str], place: str) -> None:
        self._where, self._place, self._fields = where, place, fields
        bare = _TEXT.sub("''", where)
        known = {name.casefold() for name in (*fields, _FID)}
        # SQLite takes a quoted name that is no field for a text; here it is a slip.
        if wrong := [name for name in _QUOTED.findall(bare) if name.replace('""', '"').casefold() not in known]:
            raise self._error(f"no such field: {', '.join(wrong)}")
        self.columns = [name for name in fields if name.casefold() in where.casefold()]
        empty = pa.table({name: pa.array([], pa.string()) for name in self.columns})
        self.kept(np.zeros(0, np.int64), empty)

    def kept(self, fid: npt.NDArray[np.int64], table: pa.Table) -> npt.NDArray[np.int64]:
        """Positions of the features for which the condition holds, ascending.

        Parameters
        ----------
        fid : int64[n]
        table : pyarrow.Table [n]
            With at least :attr:`columns`.
        """
        columns = {name: table.column(name) for name in self.columns}
        if _FID not in {name.casefold() for name in columns}:
            columns[_FID] = pa.chunked_array([pa.array(fid)])
        rowid = next(name for name in _POSITIONS if name not in {column.casefold() for column in columns})
        declared = ", ".join(f"{_quoted(name)} {_affinity(column.type)}" for name, column in columns.items())
        places = ", ".join("?" * len(columns))
        try:
            with sqlite3.connect(":memory:") as engine:
                engine.execute(f"CREATE TABLE features ({declared})")
                values = zip(*(_values(column) for column in columns.values()), strict=True)
                engine.executemany(f"INSERT INTO features VALUES ({places})", values)
                # On a line of its own, so that a comment at its end does not swallow the bracket.
                found = engine.execute(f"SELECT {rowid} FROM features WHERE (\n{self._where}\n) ORDER BY {rowid}")
                return np.fromiter((row[0] - 1 for row in found), np.int64)
        except sqlite3.Error as error:
            raise self._error(str(error)) from error

    def _error(self, reason: str) -> LayerError:
        values = {"where": self._where, "reason": reason, "fields": list(self._fields)}
        return LayerError(Problem("vector.bad_where", self._place, values))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _affinity(kind: pa.DataType) -> str:
    """How SQLite compares a column with numbers and texts, as the tables of a GeoPackage are declared."""
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return "INTEGER"
    return "REAL" if pa.types.is_floating(kind) or pa.types.is_decimal(kind) else "TEXT"


def _values(column: pa.ChunkedArray) -> list[Any]:
    kind = _affinity(column.type)
    found = column.to_pylist()
    if kind == "TEXT":
        # Days and times as ISO 8601 writes them, which is in order of time when sorted as text.
        return [value if value is None or isinstance(value, str) else _as_text(value) for value in found]
    return found if not pa.types.is_decimal(column.type) else [None if v is None else float(v) for v in found]


def _as_text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
