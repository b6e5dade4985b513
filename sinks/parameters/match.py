"""Match activity rows with the rows of one parameter.

A million activity rows hold few distinct strata.  Each stratum column is turned into codes first (numbers by the
elementary interval between the ends of the table's ranges that they fall into), the distinct combinations of codes are
matched against the table, and the answer is spread over the activity rows again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sinks.errors import ParameterError, Problem
from sinks.parameters.cells import Range
from sinks.parameters.row import Row

Stratum = dict[str, Any]
Codes = NDArray[np.int64]

_LAYER = 1000


UNKNOWN = object()
"""Value of a stratum that is not given: a row that asks for it may match, or may not."""


@dataclass(frozen=True)
class Match:
    """Row index by activity row; the distinct strata without a row or with several.

    ``undecided`` are the activity rows whose row of the table depends on a stratum that is not known, ``asked`` the
    names of such strata, and ``tied`` the activity rows of which several rows speak alike.
    """

    rows: NDArray[np.int64]
    gaps: list[Stratum]
    ties: list[tuple[Stratum, list[int]]]
    undecided: NDArray[np.bool_]
    asked: frozenset[str]
    tied: NDArray[np.bool_]


@dataclass(frozen=True)
class _Column:
    """A stratum column as codes, with the value that each code stands for."""

    codes: Codes
    values: list[Any]


class Matcher:
    """The rows of one parameter, ready to be matched.

    Parameters
    ----------
    rows : sequence of Row
        Rows of the parameter.
    numbers : sequence of int
        Their indices in the table.
    columns : sequence of str
        Strata that some row asks for.
    """

    def __init__(self, rows: Sequence[Row], numbers: Sequence[int], columns: Sequence[str]) -> None:
        self.rows = rows
        self.numbers = np.array(numbers, dtype=np.int64)
        self.columns = tuple(columns)
        self.score = np.array([row.layer * _LAYER + len(row.asks_for) for row in rows], dtype=np.int64)
        ranges = {c: [cell for row in rows if isinstance(cell := row.cells[c], Range)] for c in columns}
        # Many rows have one cell in common, which is held against the values once.
        self.cells: dict[str, dict[Any, list[int]]] = {c: {} for c in columns}
        for j, row in enumerate(rows):
            for name in columns:
                if (cell := row.cells[name]) is not None:
                    self.cells[name].setdefault(cell, []).append(j)
        self.breaks = {c: _breaks(cells) for c, cells in ranges.items() if cells}

    def match(self, strata: Mapping[str, ArrayLike], n: int, where: str) -> Match:
        """The best row for each of ``n`` activity rows; columns that are not among ``strata`` are not known."""
        nothing = _Column(np.zeros(n, dtype=np.int64), [UNKNOWN])
        columns = {c: self._column(c, strata[c], where) if c in strata else nothing for c in self.columns}
        firsts, inverse = _combinations([column.codes for column in columns.values()], n)
        combos = {name: column.codes[firsts] for name, column in columns.items()}
        strata_of = [
            {name: columns[name].values[codes[i]] for name, codes in combos.items()} for i in range(len(firsts))
        ]
        chosen = np.full(len(firsts), -1, dtype=np.int64)
        gaps, ties, asked = [], [], set[str]()
        undecided, tied = np.zeros((2, len(firsts)), dtype=bool)
        sure, possible = self._matched(columns, combos, len(firsts))
        for i, stratum in enumerate(strata_of):
            candidates = np.flatnonzero(sure[i])
            highest = self.score[candidates].max(initial=-1)
            best = candidates[self.score[candidates] == highest]
            known = {name: value for name, value in stratum.items() if value is not UNKNOWN}
            # A row that may match is of no account where one that does match goes before it.
            if rivals := [int(j) for j in np.flatnonzero(possible[i] & ~sure[i]) if self.score[j] >= highest]:
                undecided[i] = True
                asked |= {name for j in rivals for name in self.rows[j].asks_for} - set(known)
            elif len(best) == 1:
                chosen[i] = self.numbers[best[0]]
            elif len(best) > 1:
                tied[i] = True
                ties.append((known, [int(self.numbers[j]) for j in best]))
            elif not any(name in self.breaks and math.isnan(value) for name, value in known.items()):
                gaps.append(known)
        return Match(chosen[inverse], gaps, ties, undecided[inverse], frozenset(asked), tied[inverse])

    def suggest(self, column: str, value: Any) -> str:
        """The cell of a new row that would cover ``value``: the word, or the range that holds it."""
        if column not in self.breaks:
            return str(value)
        ranges = (row.cells[column] for row in self.rows)
        if (used := next((r for r in ranges if isinstance(r, Range) and value in r), None)) is not None:
            return str(used)
        breaks = self.breaks[column]
        at = int(np.searchsorted(breaks, value))
        low = -math.inf if at == 0 else breaks[at - 1]
        high = math.inf if at == len(breaks) else breaks[at]
        if value == high:
            return str(Range(value, value, True, True))
        return str(Range(low, high, False, False))

    def _matched(
        self, columns: Mapping[str, _Column], combos: Mapping[str, Codes], n: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each row matches each combination, and whether it may where a stratum is not known: (n, n_rows)."""
        sure, possible = (np.ones((n, len(self.rows)), dtype=bool) for _ in range(2))
        for name, column in columns.items():
            unknown = np.array([value is UNKNOWN for value in column.values], dtype=bool)
            for cell, own in self.cells[name].items():
                hits = np.array([value is not UNKNOWN and _fits(value, cell) for value in column.values], dtype=bool)
                sure[:, own] &= hits[combos[name]][:, None]
                possible[:, own] &= (hits | unknown)[combos[name]][:, None]
        return sure, possible

    def _column(self, name: str, values: ArrayLike, where: str) -> _Column:
        if name not in self.breaks:
            codes, uniques = pd.factorize(np.asarray(values), use_na_sentinel=False)
            return _Column(codes.astype(np.int64), [as_word(value) for value in uniques])
        try:
            numbers = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            problem = Problem("parameters.stratum_not_a_number", where, {"column": name, "reason": str(error)})
            raise ParameterError(problem) from error
        breaks = self.breaks[name]
        at = np.searchsorted(breaks, numbers)
        on_break = breaks[np.minimum(at, len(breaks) - 1)] == numbers
        # Odd codes are a break itself, even ones the open interval before it; the last one is for NaN.
        codes = np.where(np.isnan(numbers), 2 * len(breaks) + 1, 2 * at + on_break).astype(np.int64)
        representatives = np.full(2 * len(breaks) + 2, math.nan)
        representatives[codes[::-1]] = numbers[::-1]
        return _Column(codes, [float(number) for number in representatives])


def _fits(value: Any, cell: Any) -> bool:
    return value in cell if isinstance(cell, Range) else bool(value == cell)


def _breaks(cells: Sequence[Range]) -> NDArray[np.float64]:
    ends = {end for cell in cells for end in (cell.low, cell.high) if not math.isinf(end)}
    return np.array(sorted(ends), dtype=np.float64)


def _combinations(codes: Sequence[Codes], n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Position of the first activity row of each distinct combination, and the combination of each row."""
    combined = np.zeros(n, dtype=np.int64)
    for column in codes:
        # Renumbered after each column, so that the product cannot overflow.
        combined = np.unique(combined * (int(column.max(initial=0)) + 1) + column, return_inverse=True)[1]
    _, firsts, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return firsts, inverse


def as_word(value: Any) -> Any:
    """A code as it is written in a table: 1.0 is ``1``, and a missing one is empty; :data:`UNKNOWN` stays."""
    if value is UNKNOWN:
        return UNKNOWN
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
