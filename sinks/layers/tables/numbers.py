"""Numbers as they stand in real tables: as text, with thousand separators, in full-width digits, or not at all."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")

_MISSING = frozenset({"-", "--", "—", "——", "–", "…", "……", "...", "/", "\\", "无"})
"""Marks by which Chinese yearbooks and surveys say that there is no figure."""


@dataclass(frozen=True)
class Numbers:
    """Numbers of a column.

    Attributes
    ----------
    values : float64[n]
        NaN where there is none.
    unreadable : bool[n]
        Text that is no number.
    mended : bool[n]
        Text whose meaning is certain although it is not written as a plain number: separators, full-width digits.
    """

    values: npt.NDArray[np.float64]
    unreadable: npt.NDArray[np.bool_]
    mended: npt.NDArray[np.bool_]


def as_numbers(column: Any) -> Numbers:
    """Numbers of a column of numbers or of text (anything that pandas makes a Series of)."""
    series = pd.Series(column)
    nothing = np.zeros(len(series), dtype=bool)
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        return Numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), nothing, nothing)
    codes, distinct = pd.factorize(series)
    read = [_read(value) for value in distinct]
    # Code -1 is a missing value, and picks the last entry.
    values, unreadable, mended = (np.array(part) for part in zip(*read, (np.nan, False, False), strict=True))
    return Numbers(values.astype(np.float64)[codes], unreadable.astype(bool)[codes], mended.astype(bool)[codes])


def _read(value: object) -> tuple[float, bool, bool]:
    """(number, unreadable, mended) of one value."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value), False, False
    raw = str(value).strip()
    if not raw or raw in _MISSING:
        return np.nan, False, False
    text = unicodedata.normalize("NFKC", raw).replace(" ", "")
    if _NUMBER.fullmatch(text):
        return float(text), False, text != raw
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", "")), False, True
    return np.nan, True, False
