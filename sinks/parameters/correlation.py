"""Rows of a parameter table that are wrong together, such as the parameters of one fitted curve.

An optional column ``correlation`` names other parameters of the same stratum: ``growth_rate=-0.93 shape=-0.88``.  It
stands in one of the two rows; what a row does not name is independent of it.  How they are drawn is said in
:mod:`sinks.parameters.estimates`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sinks.errors import Problems
from sinks.parameters.row import Row

COLUMN = "correlation"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Group:
    """Rows, or estimates, that are drawn together.

    Parameters
    ----------
    rows : tuple of int
        Their places in the table, or among the estimates.
    matrix : array (k, k)
        Correlation of their values.
    """

    rows: tuple[int, ...]
    matrix: Floats


def parse(text: str) -> dict[str, float]:
    """The cell of a row: correlation by parameter.

    Raises
    ------
    ValueError
        It is not of the form ``name=number name=number``, or a number is not between -1 and 1.
    """
    found: dict[str, float] = {}
    for word in text.replace(";", " ").split():
        name, sign, number = word.partition("=")
        if not (name and sign) or name in found or not -1 < float(number) < 1:
            raise ValueError(word)
        found[name] = float(number)
    return found


def check(rows: Sequence[Row], problems: Problems) -> None:
    """Add what is wrong with the correlations of a table's rows to ``problems``."""
    for place in _by_stratum(rows).values():
        mates = {rows[i].parameter: rows[i] for i in place}
        for row in mates.values():
            where = f"{row.origin}:{row.line}"
            for name, coefficient in row.correlation.items():
                mate = mates.get(name)
                if mate is None or mate is row:
                    problems.add("parameters.correlation_alone", where, parameter=row.parameter, other=name)
                elif not (row.interval and mate.interval):
                    lacking = [one.parameter for one in (row, mate) if not one.interval]
                    problems.add("parameters.correlation_exact", where, parameters=lacking)
                elif mate.correlation.get(row.parameter, coefficient) != coefficient:
                    found = {"one": coefficient, "other": mate.correlation[row.parameter], "line": mate.line}
                    problems.add("parameters.correlation_twice", where, parameter=name, **found)
    if problems:
        return
    for group in groups(rows):
        if np.linalg.eigvalsh(group.matrix)[0] <= 0:
            names = [rows[i].parameter for i in group.rows]
            first = rows[group.rows[0]]
            problems.add("parameters.correlation_impossible", f"{first.origin}:{first.line}", parameters=names)


def groups(rows: Sequence[Row]) -> tuple[Group, ...]:
    """The groups of rows that state a correlation, one for each stratum."""
    found = []
    for place in _by_stratum(rows).values():
        named = {name for i in place for name in (rows[i].parameter, *rows[i].correlation) if rows[i].correlation}
        members = [i for i in place if rows[i].parameter in named]
        if len(members) > 1:
            found.append(Group(tuple(members), _matrix([rows[i] for i in members])))
    return tuple(found)


def _by_stratum(rows: Sequence[Row]) -> Mapping[tuple[object, ...], list[int]]:
    places: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        places[(row.layer, *(str(cell) for cell in row.cells.values()))].append(number)
    return places


def _matrix(rows: Sequence[Row]) -> Floats:
    matrix = np.eye(len(rows))
    names = [row.parameter for row in rows]
    for i, row in enumerate(rows):
        for name, coefficient in row.correlation.items():
            j = names.index(name)
            matrix[i, j] = matrix[j, i] = coefficient
    return matrix
