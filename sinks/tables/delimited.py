"""Rows of a text whose cells stand between delimiters."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from sinks.errors import LayerError, Problem
from sinks.tables.form import Form

DELIMITERS = (",", ";", "\t", "|", "，", "；")
"""Signs that people put between cells, the usual one first."""

HEADER_SEARCH = 20
"""Rows looked through for the header."""

_TAB = "tab"

# Spreadsheets say the delimiter in a first line of this form, which is no row of theirs.
_SAID = re.compile(r"\A\"?sep=(.)\"?\r?\n")

# How spreadsheets are told to keep a code as text: ="0301".
_TEXT_FORMULA = re.compile(r"=\"([^\"]*)\"")


@dataclass(frozen=True)
class Split:
    """A text as rows of cells.

    Attributes
    ----------
    rows : list of list of str
    delimiter : str
    notes : tuple of Problem
        What was found rather than declared.
    """

    rows: list[list[str]]
    delimiter: str
    notes: tuple[Problem, ...] = ()


def split(text: str, where: str, form: Form, usual: str, names: Collection[str]) -> Split:
    """Split a text into rows of cells.

    Parameters
    ----------
    text : str
    where : str
        File, for messages.
    form : Form
        What is declared.
    usual : str
        The delimiter that the kind of file has when nothing is said.
    names : collection of str
        Columns that the table must have: a delimiter by which one of the first rows holds all of them is the right one.

    Raises
    ------
    LayerError
        The text cannot be split; or another delimiter than the declared one gives the columns; or several may be meant.
    """
    body, said = without_sign(text)
    wanted = {squeezed(name) for name in names}
    if form.delimiter is not None:
        sign = "\t" if form.delimiter.casefold() == _TAB else form.delimiter
        if len(sign) != 1:
            raise LayerError(Problem("table.bad_delimiter", where, {"found": form.delimiter}))
        return Split(_rows(body, sign, where), sign)
    first = said or usual
    if _fits(body, first, wanted):
        return Split(_rows(body, first, where), first)
    others = [sign for sign in DELIMITERS if sign != first and _fits(body, sign, wanted)]
    if len(others) > 1:
        raise LayerError(Problem("table.delimiter_open", where, {"delimiters": [shown(sign) for sign in others]}))
    if not others and wanted:
        # None gives all the columns; the one that gives most of them lets the missing ones be named.
        best = max((first, *DELIMITERS), key=lambda sign: _columns_found(body, sign, wanted))
        others = [best] if _columns_found(body, best, wanted) > _columns_found(body, first, wanted) else []
    if not others:
        return Split(_rows(body, first, where), first)
    note = Problem("table.delimiter_found", where, {"delimiter": shown(others[0]), "usual": shown(first)})
    return Split(_rows(body, others[0], where), others[0], (note,))


def without_sign(text: str) -> tuple[str, str | None]:
    """A text without the line by which a spreadsheet says the delimiter, and that delimiter."""
    said = _SAID.match(text)
    return (text[said.end() :], said[1]) if said else (text, None)


def better_delimiter(row: str, used: str) -> str | None:
    """The sign that most likely stands between the cells of a line that ``used`` leaves in one piece."""
    counts = {sign: row.count(sign) for sign in DELIMITERS if sign != used}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else None


def shown(delimiter: str) -> str:
    """A delimiter as it is written in the project file."""
    return _TAB if delimiter == "\t" else delimiter


def squeezed(name: object) -> str:
    """A column name without the blanks and line breaks that are in it for the look of them."""
    return "" if name is None else "".join(str(name).split())


def _fits(text: str, delimiter: str, wanted: set[str]) -> bool:
    """Whether one of the first rows has all the columns; where none are known, whether all rows are of one length."""
    if wanted:
        return _columns_found(text, delimiter, wanted) == len(wanted)
    widths = {len(row) for row in _first_rows(text, delimiter) if any(cell.strip() for cell in row)}
    return len(widths) == 1 and widths != {1}


def _columns_found(text: str, delimiter: str, wanted: set[str]) -> int:
    """How many of the columns one of the first rows has, if the rows below it are split by the same sign."""
    best, rows = 0, _first_rows(text, delimiter)
    for place, row in enumerate(rows, 1):
        below = [cells for cells in rows[place:] if any(cell.strip() for cell in cells)]
        if not below or any(len(cells) > 1 for cells in below) or len(wanted) == 1:
            best = max(best, len(wanted & {squeezed(cell) for cell in row}))
    return best


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(islice(_reader(text, delimiter), HEADER_SEARCH))
    except csv.Error:
        return []


def _rows(text: str, delimiter: str, where: str) -> list[list[str]]:
    try:
        return [[_unquoted(cell) for cell in row] for row in _reader(text, delimiter)]
    except csv.Error as error:
        raise LayerError(Problem("table.unreadable", where, {"reason": str(error)})) from error


def _unquoted(cell: str) -> str:
    text = _TEXT_FORMULA.fullmatch(cell)
    return text[1] if text else cell


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
