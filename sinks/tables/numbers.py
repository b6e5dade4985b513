"""Numbers as they stand in real tables: as text, with thousands separators, in full-width digits, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks import units
from sinks.errors import UnitError
from sinks.tables.half_width import half_width

_DIGITS = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# A group of thousands has three digits, and the first of them does not begin with zero: 0,123 is no 123.
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}((?:,[0-9]{3})+|(?: [0-9]{3})+)(?:\.[0-9]+)?")
_ONE_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")

_MARKS = {"%": "%", "‰": "‰"}
"""Signs behind a number that are its unit, and that unit."""

# NFKC turns every kind of blank into a plain one, but leaves the minus sign of print as it is.
_SAME = str.maketrans({"−": "-"})

_MISSING = frozenset({"-", "--", "—", "——", "–", "…", "……", "...", "/", "\\", "无", "缺", "缺测", "暂无"})
"""Marks by which Chinese yearbooks and surveys say that there is no figure."""

_NULL = frozenset({"<null>", "(null)", "null", "<空>", "<空值>", "nan", "na", "n/a", "<na>", "none"})
"""How geographic information systems, databases and statistics programs write a cell without a value."""


class Number(NamedTuple):
    """One cell as a number.

    Attributes
    ----------
    value : float
        NaN where there is none.
    unreadable : bool
        Text that is no number.
    mended : bool
        Text whose meaning is certain although it is not written as a plain number: separators, full-width digits.
    marked : bool
        A number with its own unit, such as ``70%``.
    """

    value: float
    unreadable: bool = False
    mended: bool = False
    marked: bool = False


_NONE = Number(np.nan)
_UNREADABLE = Number(np.nan, unreadable=True)


@dataclass(frozen=True)
class Numbers:
    """Numbers of a column; see :class:`Number`.

    Attributes
    ----------
    values : float64[n]
    unreadable, mended, marked : bool[n]
    """

    values: npt.NDArray[np.float64]
    unreadable: npt.NDArray[np.bool_]
    mended: npt.NDArray[np.bool_]
    marked: npt.NDArray[np.bool_]


def as_numbers(column: Any, unit: str | None = None, decimal: str = ".") -> Numbers:
    """Numbers of a column of numbers or of text.

    Parameters
    ----------
    column : array-like [n]
        Anything that pandas makes a Series of.
    unit : str, optional
        Unit of the column.  Where it has no dimension, ``70%`` is a number of that unit too: 70 in percent, 0.7 in 1.
    decimal : str
        Sign before the decimals: a point, or a comma (then the point groups thousands).

    Returns
    -------
    Numbers
        In ``unit``.
    """
    series = pd.Series(column)
    nothing = np.zeros(len(series), dtype=bool)
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        return Numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), nothing, nothing, nothing)
    try:
        codes, distinct = pd.factorize(series)
    except TypeError:
        # A table in memory may hold a list where a number is meant, which is none.
        hashable = pd.api.types.is_hashable
        codes, distinct = pd.factorize(series.map(lambda value: value if hashable(value) else str(value)))
    # Code -1 is a missing value, and picks the last entry.
    read = [*(read_number(value, unit, decimal) for value in distinct), _NONE]
    values, *flags = (np.array(part) for part in zip(*read, strict=True))
    unreadable, mended, marked = (flag.astype(bool)[codes] for flag in flags)
    return Numbers(values.astype(np.float64)[codes], unreadable, mended, marked)


def read_number(value: object, unit: str | None = None, decimal: str = ".") -> Number:
    """One value as a number; see :func:`as_numbers`."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return Number(float(value))
    raw = str(value).strip()
    text = _normal(raw)
    if not text or raw in _MISSING or text in _MISSING or text.casefold() in _NULL:
        return _NONE
    sign = next((mark for mark in _MARKS if text.endswith(mark)), None)
    digits = text if sign is None else text[: -len(sign)].rstrip(" ")
    written = _with_point(digits, decimal)
    if _DIGITS.fullmatch(written):
        number, plain = float(written), True
    elif _GROUPED.fullmatch(written):
        number, plain = float(written.replace(",", "").replace(" ", "")), False
    else:
        return _UNREADABLE
    if sign is None:
        return Number(number, mended=not plain or text != raw)
    share = None if unit is None else _as_share(number, _MARKS[sign], unit)
    return _UNREADABLE if share is None else Number(share, marked=True)


def decimals_of(cells: Iterable[object]) -> str | None:
    """The sign before the decimals that numbers written as text show, or None where they leave it open.

    Parameters
    ----------
    cells : iterable
        Cells of columns of numbers.

    Returns
    -------
    str or None
        ``"."`` or ``","`` where every number can be read with it and some only with it; ``"?"`` where each sign has
        numbers that can be read with it alone; None where both read all of them, be it alike (``12``) or not
        (``1,500``).
    """
    with_point = with_comma = False
    for cell in cells:
        if not isinstance(cell, str) or not {".", ","} & set(_normal(cell)):
            continue
        by_point, by_comma = (not read_number(cell, "1", sign).unreadable for sign in ".,")
        with_point |= by_point and not by_comma
        with_comma |= by_comma and not by_point
    if with_point and with_comma:
        return "?"
    return "." if with_point else "," if with_comma else None


def is_open(cell: object) -> bool:
    """Whether a cell is one number with a decimal point and another with a decimal comma: ``1,500``."""
    return isinstance(cell, str) and _ONE_GROUP.fullmatch(_normal(cell)) is not None


def _normal(raw: str) -> str:
    """Full-width characters as half-width, and one sign each for what looks alike."""
    return half_width(raw).translate(_SAME).strip()


def _with_point(text: str, decimal: str) -> str:
    """A number with a decimal comma as one with a decimal point."""
    return text.translate(str.maketrans(",.", ".,")) if decimal == "," else text


def _as_share(number: float, mark: str, unit: str) -> float | None:
    """A number of percent (or per mille) in ``unit``; None where the unit is no share."""
    try:
        smaller = units.factor(unit, mark)
    except UnitError:
        return None
    # A division by a whole number is exact where a product with its inverse is not: 70 % is 0.7.
    return number / smaller if smaller >= 1 else number * units.factor(mark, unit)
