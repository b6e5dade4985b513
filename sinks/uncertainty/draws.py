"""Intervals: IPCC approach 1 (error propagation) and approach 2 (Monte Carlo).

One :class:`Draws` serves a whole account.  A parameter row is drawn once and the draw is used for every region and
date, so that what is common to all of them does not average out in the sum: the interval of the whole is right only
then (IPCC 2006, vol. 1, ch. 3, on correlated inputs).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sinks.errors import ParameterError, Problems
from sinks.uncertainty.quantiles import ends

if TYPE_CHECKING:
    from sinks.methodology import Bound
    from sinks.parameters import ParameterTable

Floats = NDArray[np.float64]

QUANTILES = (0.025, 0.975)
"""Ends of the 95 % interval, which the inventory guidelines ask for."""


@dataclass(frozen=True)
class InputUncertainty:
    """Uncertainty of the mean of an input layer.

    Parameters
    ----------
    percent : float
        Half width of the 95 % interval as a percentage of the mean.
    dates_correlated : bool
        Whether the error is the same at every date (a bias of the map) or drawn anew for each (an independent survey).
    """

    percent: float
    dates_correlated: bool = False


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


class AreaErrors(Protocol):
    """What is known of the errors of areas (``sinks.account.adjusted_areas.AdjustedAreas``)."""

    def relative(self, source: str, ecosystem: str, date: str, draws: Draws) -> Floats | None: ...


class Draws:
    """``n`` reproducible draws of everything that is uncertain.

    The generator of each thing is seeded by its name, so that adding a methodology or a layer does not change the draws
    of the others.
    """

    # Half width of the 95 % interval of a normal distribution in standard deviations.
    Z95 = 1.959963984540054

    def __init__(
        self,
        n: int,
        seed: int,
        inputs: Mapping[str, InputUncertainty] | None = None,
        correlations: Sequence[Correlation] = (),
        areas: AreaErrors | None = None,
    ) -> None:
        self.n = n
        self.seed = seed
        self.inputs = dict(inputs or {})
        self.correlations = tuple(correlations)
        self.areas = areas
        self._factors: dict[str, Floats] = {}
        self._tables: dict[ParameterTable, Floats] = {}

    def generator(self, name: str) -> np.random.Generator:
        """The random generator of the thing called ``name``."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def table(self, method: Bound) -> Floats:
        """Draws of every row of a methodology's parameter table: one draw of a row serves all regions and dates.

        Returns
        -------
        array (rows, n)
        """
        if method.table not in self._tables:
            drawn = method.table.draw(self.generator(f"parameters:{method.id}"), self.n)
            drawn = np.ascontiguousarray(drawn.T)
            for correlation in self.correlations:
                if len(rows := correlation.rows(method)) > 1:
                    drawn[rows] = self._correlated(drawn[rows], method, rows, correlation.coefficient)
            self._tables[method.table] = drawn
        return self._tables[method.table]

    def _correlated(self, drawn: Floats, method: Bound, rows: Sequence[int], coefficient: float) -> Floats:
        """The same draws of each row in another order: that of normal scores with the correlation declared.

        Keeps every distribution as it is (Iman and Conover 1982, doi:10.1080/03610918208812265); the scores come from
        the Cholesky factor of their correlation and independent normal numbers, a stream for each row.
        """
        wanted = np.full((len(rows), len(rows)), coefficient)
        np.fill_diagonal(wanted, 1.0)
        table = method.table.rows
        streams = [self.generator(f"scores:{method.id}:{table[i].layer}:{table[i].key}") for i in rows]
        scores = np.linalg.cholesky(wanted) @ np.stack([one.standard_normal(self.n) for one in streams])
        ranks = np.argsort(np.argsort(scores, axis=-1), axis=-1)
        return np.take_along_axis(np.sort(drawn, axis=-1), ranks, axis=-1)

    def area(self, source: str, ecosystem: str, date: str) -> Floats | None:
        """Draws of an ecosystem's area relative to its central value, shape (units, n); None when taken as exact."""
        return None if self.areas is None else self.areas.relative(source, ecosystem, date, self)

    def factor(self, input: str, date: str) -> Floats | None:
        """Factors by which the mean of an input at a date is off, or None when no uncertainty was declared.

        Returns
        -------
        array (n,)
            Around 1, and above 0: a draw that would turn the sign of the input is drawn again.
        """
        uncertainty = self.inputs.get(input)
        if uncertainty is None:
            return None
        name = f"input:{input}" if uncertainty.dates_correlated else f"input:{input}@{date}"
        if name not in self._factors:
            sigma = uncertainty.percent / 100 / self.Z95
            stream = self.generator(name)
            drawn = 1 + sigma * stream.standard_normal(self.n)
            while (turned := drawn <= 0).any():
                drawn[turned] = 1 + sigma * stream.standard_normal(int(turned.sum()))
            self._factors[name] = drawn
        return self._factors[name]


def check_correlations(correlations: Sequence[Correlation], methods: Sequence[Bound]) -> None:
    """Refuse correlations that cannot be.

    Raises
    ------
    ParameterError
        A methodology or parameter is unknown, a parameter stands in two groups or has rows that their table correlates
        already, or the coefficient is not possible for so many rows (it must lie above -1/(k - 1) and below 1).
    """
    problems, seen = Problems(), set[tuple[str, str]]()
    known = {method.id: method for method in methods}
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
        count = max(len(one.rows(m)) for m in methods if m.id == one.methodology)
        least = -1 / (count - 1) if count > 1 else -1.0
        if not least < one.coefficient < 1:
            found = {"found": one.coefficient, "least": f"{least:.4g}", "count": count}
            problems.add("uncertainty.coefficient", where, **found)
    problems.raise_as(ParameterError)


def interval(draws: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of draws along the last axis.

    Parameters
    ----------
    draws : array (..., n)

    Returns
    -------
    low, high : array (...)
    """
    found = ends(draws.reshape(-1, draws.shape[-1]), *QUANTILES).reshape(*draws.shape[:-1], len(QUANTILES))
    return found[..., 0], found[..., 1]
