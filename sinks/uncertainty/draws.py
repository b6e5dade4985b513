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

from sinks.parameters.draws import Z95
from sinks.uncertainty.correlations import Correlation, Shared
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


class AreaErrors(Protocol):
    """What is known of the errors of areas (``sinks.account.adjusted_areas.AdjustedAreas``)."""

    def relative(self, source: str, ecosystem: str, date: str, draws: Draws) -> Floats | None: ...


class Draws:
    """``n`` reproducible draws of everything that is uncertain.

    The generator of each thing is seeded by its name, so that adding a methodology or a layer does not change the draws
    of the others.

    Parameters
    ----------
    n, seed : int
    inputs : mapping of str to InputUncertainty, optional
        Layers that are uncertain.
    correlations : sequence of Correlation, optional
        Those that the project declares.
    areas : AreaErrors, optional
    methods : sequence of Bound, optional
        The methodologies of the account: what one table says to be correlated is so in the others.
    """

    def __init__(
        self,
        n: int,
        seed: int,
        inputs: Mapping[str, InputUncertainty] | None = None,
        correlations: Sequence[Correlation] = (),
        areas: AreaErrors | None = None,
        methods: Sequence[Bound] = (),
    ) -> None:
        self.n = n
        self.seed = seed
        self.inputs = dict(inputs or {})
        self.shared = Shared(methods, correlations)
        self.areas = areas
        self._factors: dict[str, Floats] = {}
        self._tables: dict[ParameterTable, Floats] = {}

    def generator(self, name: str) -> np.random.Generator:
        """The random generator of the thing called ``name``."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def table(self, method: Bound) -> Floats:
        """Draws of every row of a methodology's parameter table: one draw of a row serves all regions and dates.

        A published estimate is drawn once, in however many rows and tables it stands.

        Returns
        -------
        array (rows, n)
        """
        if method.table not in self._tables:
            shared = self.shared if method.table in self.shared.tables else self.shared.with_method(method)
            number = shared.tables.index(method.table)
            self._tables[method.table] = shared.estimates.draw(number, shared.parts[number], [self.seed], self.n)
        return self._tables[method.table]

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
            sigma = uncertainty.percent / 100 / Z95
            stream = self.generator(name)
            drawn = 1 + sigma * stream.standard_normal(self.n)
            while (turned := drawn <= 0).any():
                drawn[turned] = 1 + sigma * stream.standard_normal(int(turned.sum()))
            self._factors[name] = drawn
        return self._factors[name]


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
