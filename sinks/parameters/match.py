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


@dataclass(frozen=True)
class Match:
    """Row index by activity row, and the distinct strata without a row or with several."""

    rows: NDArray[np.int64]
    gaps: list[Stratum]
    ties: list[tuple[Stratum, list[int]]]


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
        self.breaks = {c: _breaks(cells) for c, cells in ranges.items() if cells}

    def match(self, strata: Mapping[str, ArrayLike], n: int, where: str) -> Match:
        """The best row for each of ``n`` activity rows."""
        columns = {name: self._column(name, values, where) for name, values in strata.items()}
        firsts, inverse = _combinations([column.codes for column in columns.values()], n)
        combos = {name: column.codes[firsts] for name, column in columns.items()}
        strata_of = [
            {name: columns[name].values[codes[i]] for name, codes in combos.items()} for i in range(len(firsts))
        ]
        chosen = np.full(len(firsts), -1, dtype=np.int64)
        gaps, ties = [], []
        matched = self._matched(columns, combos, len(firsts))
        for i, stratum in enumerate(strata_of):
            candidates = np.flatnonzero(matched[i])
            best = candidates[self.score[candidates] == self.score[candidates].max()] if len(candidates) else candidates
            if len(best) == 1:
                chosen[i] = self.numbers[best[0]]
            elif len(best) > 1:
                ties.append((stratum, [int(self.numbers[j]) for j in best]))
            elif not any(name in self.breaks and math.isnan(value) for name, value in stratum.items()):
                gaps.append(stratum)
        return Match(chosen[inverse], gaps, ties)

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

    def _matched(self, columns: Mapping[str, _Column], combos: Mapping[str, Codes], n: int) -> NDArray[np.bool_]:
        """Whether each row matches each combination, shape (n, n_rows)."""
        matched = np.ones((n, len(self.rows)), dtype=bool)
        for name, column in columns.items():
            for j, row in enumerate(self.rows):
                cell = row.cells[name]
                if isinstance(cell, Range):
                    hits = np.array([value in cell for value in column.values], dtype=bool)
                elif cell is not None:
                    hits = np.array([value == cell for value in column.values], dtype=bool)
                else:
                    continue
                matched[:, j] &= hits[combos[name]]
        return matched

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


def as_word(value: Any) -> str:
    """A code as it is written in a table: 1.0 is ``1``, and a missing one is empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
