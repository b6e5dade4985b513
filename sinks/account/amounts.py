"""Amounts by region unit with their draws, what a region's line says of them, and how dates make periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C

# Draws that are all the same differ by the rounding of their sums.
_ROUNDING = 1e-11


def no_point(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The ends of intervals, NaN where they meet: nothing uncertain took part, so that no interval is known."""
    met = np.isclose(low, high, rtol=_ROUNDING, atol=0)
    return np.where(met, np.nan, low), np.where(met, np.nan, high)


@dataclass
class Amount:
    """A running sum by unit: central value, draws, and the land it stands for."""

    value: Floats
    draws: Floats | None
    valued_ha: Floats
    area_ha: Floats

    def add(self, other: Amount) -> None:
        self.value += other.value
        if self.draws is not None and other.draws is not None:
            self.draws += other.draws
        self.valued_ha += other.valued_ha
        self.area_ha += other.area_ha

    def copy(self) -> Amount:
        draws = None if self.draws is None else self.draws.copy()
        return Amount(self.value.copy(), draws, self.valued_ha.copy(), self.area_ha.copy())

    def minus(self, other: Amount) -> Amount:
        """The change from ``other`` to this; draws are paired, for both share the parameters."""
        draws = None if self.draws is None or other.draws is None else self.draws - other.draws
        return Amount(self.value - other.value, draws, *self._mean_land(other))

    @classmethod
    def mean(cls, parts: Mapping[str, Amount], weights: Mapping[str, float]) -> Amount:
        """The weighted mean of amounts at several dates, and of the land they stand for."""

        def of(name: str) -> Floats:
            return np.asarray(sum(weight * getattr(parts[date], name) for date, weight in weights.items()))

        without = any(parts[date].draws is None for date in weights)
        return cls(of("value"), None if without else of("draws"), of("valued_ha"), of("area_ha"))

    def times(self, factor: float) -> Amount:
        draws = None if self.draws is None else self.draws * factor
        return Amount(self.value * factor, draws, self.valued_ha.copy(), self.area_ha.copy())

    def _mean_land(self, other: Amount) -> tuple[Floats, Floats]:
        return (self.valued_ha + other.valued_ha) / 2, (self.area_ha + other.area_ha) / 2


@dataclass(frozen=True)
class Figures:
    """What a line says of every region: value, ends of the interval, and the land it stands for."""

    value: Floats
    low: Floats
    high: Floats
    valued_ha: Floats
    area_ha: Floats

    def times(self, factor: float) -> Figures:
        """The same in another unit; ``factor`` is positive, so that the ends keep their order."""
        return Figures(self.value * factor, self.low * factor, self.high * factor, self.valued_ha, self.area_ha)


@dataclass(frozen=True)
class Posting:
    """One leaf to be written; without ``amount`` its sums follow from another posting (removals from the change)."""

    ecosystem: str
    stratum: str
    pool: str
    quantity: str
    period: str
    figures: Figures
    amount: Amount | None
    method: str


def per_year(period: str) -> float:
    """Factor from a change of carbon over a period ``2020-2023`` [t C] to net removals [t CO2/yr]."""
    first, last = period.split("-")
    return CO2_PER_C / (int(last) - int(first))


def weights_of_dates(dates: Sequence[str], period: str) -> dict[str, float]:
    """How much each date within a period counts for its mean yearly flux; the weights sum to one.

    Between dates a flux is taken to change evenly (trapezoidal rule), so that what a long period removes is what the
    periods inside it remove together.
    """
    first, _, last = period.partition("-")
    inside = [date for date in sorted(dates) if first <= date <= (last or first)]
    if len(inside) == 1:
        return {inside[0]: 1.0}
    weights = dict.fromkeys(inside, 0.0)
    for before, after in pairwise(inside):
        share = (int(after) - int(before)) / (int(inside[-1]) - int(inside[0]))
        weights[before] += share / 2
        weights[after] += share / 2
    return weights


def latest(periods: Iterable[str]) -> str:
    """The last date, or of the periods the one that ends last, and of those the longest; empty without any."""
    return max(periods, key=lambda period: (period[-4:], -int(period[:4])), default="")
