"""What the methodologies of an account have in common: estimates that stand in several tables, and correlations.

One :class:`Shared` serves both approaches of the guidelines, so that what is drawn once is one source of uncertainty
in the propagation of errors too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sinks.errors import ParameterError, Problems
from sinks.parameters.correlation import Group
from sinks.parameters.estimates import Estimates, Part

if TYPE_CHECKING:
    from sinks.methodology import Bound
    from sinks.parameters import ParameterTable


@dataclass(frozen=True)
class Correlation:
    """Rows of a parameter table that are known to be wrong together, because one study or one method gave them.

    Parameters
    ----------
    methodology : str
    parameters : tuple of str
        All rows of these parameters are correlated with each other.
    coefficient : float
        Correlation of the normal scores of each pair.
    """

    methodology: str
    parameters: tuple[str, ...]
    coefficient: float

    def rows(self, method: Bound) -> list[int]:
        """Uncertain rows of the methodology's table that take part."""
        if method.id != self.methodology:
            return []
        uncertain = [spread.distribution != "fixed" for spread in method.table.spreads]
        rows = method.table.rows
        return [i for i, row in enumerate(rows) if row.parameter in self.parameters and uncertain[i]]

    def group(self, method: Bound) -> Group:
        """The same as a group of rows."""
        rows = self.rows(method)
        matrix = np.full((len(rows), len(rows)), self.coefficient)
        np.fill_diagonal(matrix, 1.0)
        return Group(tuple(rows), matrix)


@dataclass(frozen=True)
class Shared:
    """The estimates of the parameter tables of some methodologies.

    Parameters
    ----------
    methods : sequence of Bound
    correlations : sequence of Correlation
    """

    methods: Sequence[Bound]
    correlations: Sequence[Correlation] = ()

    def with_method(self, method: Bound) -> Shared:
        """The same with one more."""
        return Shared((*self.methods, method), self.correlations)

    @cached_property
    def tables(self) -> list[ParameterTable]:
        """The tables, each once."""
        return list(self._owners)

    @cached_property
    def parts(self) -> list[Part]:
        """The tables as parts of :attr:`estimates`."""
        return [
            table.part(method.id, [one.group(method) for one in self.correlations])
            for table, method in self._owners.items()
        ]

    @cached_property
    def estimates(self) -> Estimates:
        """What is uncertain in the tables, each thing once."""
        return Estimates.of(self.parts)

    def count(self, correlation: Correlation, method: Bound) -> int:
        """How many different estimates of a methodology's table a correlation is of."""
        place = self.estimates.places[self.tables.index(method.table)]
        return len({int(place[row]) for row in correlation.rows(method)})

    def contradictions(self) -> list[list[str]]:
        """Rows whose estimates are correlated in one way here and in another there."""
        found = []
        for names in self.estimates.contradictions:
            wanted = {self.estimates.names.index(name) for name in names}
            found.append(
                [
                    f"{row.origin}:{row.line} {row.parameter}"
                    for part, place in zip(self.parts, self.estimates.places, strict=True)
                    for row, estimate in zip(part.rows, place.tolist(), strict=True)
                    if estimate in wanted
                ]
            )
        return found

    @cached_property
    def _owners(self) -> dict[ParameterTable, Bound]:
        return {method.table: method for method in self.methods}


def check_correlations(correlations: Sequence[Correlation], methods: Sequence[Bound]) -> None:
    """Refuse correlations that cannot be.

    Raises
    ------
    ParameterError
        A methodology or parameter is unknown, a parameter stands in two groups or has rows that their table correlates
        already, the coefficient is not possible for so many estimates (it must lie above -1/(k - 1) and below 1), or
        estimates that several tables share are said to be correlated in different ways.
    """
    problems, seen = Problems(), set[tuple[str, str]]()
    known, shared = {method.id: method for method in methods}, Shared(methods, correlations)
    for number, one in enumerate(correlations, 1):
        where = f"correlations[{number}]"
        if one.methodology not in known:
            problems.add("uncertainty.no_methodology", where, found=one.methodology, known=sorted(known))
            continue
        method = known[one.methodology]
        possible = list(method.methodology.table_parameters)
        if unknown := sorted(set(one.parameters) - set(possible)):
            problems.add("uncertainty.no_parameter", where, found=unknown, known=possible)
        if twice := sorted(name for name in one.parameters if (one.methodology, name) in seen):
            problems.add("uncertainty.correlated_twice", where, parameters=twice)
        seen |= {(one.methodology, name) for name in one.parameters}
        grouped = {row for group in method.table.correlated for row in group.rows}
        if again := sorted({method.table.rows[row].parameter for row in one.rows(method) if row in grouped}):
            problems.add("uncertainty.table_correlates", where, parameters=again)
        count = max(shared.count(one, m) for m in methods if m.id == one.methodology)
        least = -1 / (count - 1) if count > 1 else -1.0
        if not least < one.coefficient < 1:
            found = {"found": one.coefficient, "least": f"{least:.4g}", "count": count}
            problems.add("uncertainty.coefficient", where, **found)
    if not problems:
        for rows in shared.contradictions():
            problems.add("uncertainty.correlations_differ", rows[0], rows=rows)
    problems.raise_as(ParameterError)
