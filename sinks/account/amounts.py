"""Amounts by region unit with their draws, what a region's line says of them, and how dates make periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from sinks.account.unit_draws import UnitDraws
from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C

# Draws that are all the same differ by the rounding of the sums that they come from.
_ROUNDING = 1e-11


def no_point(low: Floats, high: Floats, size: Floats | None = None) -> tuple[Floats, Floats]:
    """The ends of intervals, NaN where they meet: nothing uncertain took part, so that no interval is known.

    Parameters
    ----------
    low, high : array
    size : array
        Sum of the sizes of what was added and subtracted, against which rounding is measured; by default the ends' own.
    """
    met = high - low <= _ROUNDING * (np.maximum(np.abs(low), np.abs(high)) if size is None else size)
    return np.where(met, np.nan, low), np.where(met, np.nan, high)


@dataclass
class Amount:
    """A running sum by unit.

    Attributes
    ----------
    value : array (units,)
    draws : UnitDraws or None
    valued_ha, area_ha : array (units,)
        Land whose carbon is known, and all land that is meant.
    size, stated : array (units,)
        Sum of the sizes of the parts, and of those of them whose parameters and inputs all have a stated uncertainty.
    land_ha : array (units,)
        The land of the figure, each hectare once however many pools it has.
    """

    value: Floats
    draws: UnitDraws | None
    valued_ha: Floats
    area_ha: Floats
    size: Floats
    stated: Floats
    land_ha: Floats

    _SIZES = ("value", "size", "stated")
    _LAND = ("valued_ha", "area_ha", "land_ha")
    _SUMMED = (*_SIZES, *_LAND)

    def add(self, other: Amount) -> None:
        for name in self._SUMMED:
            getattr(self, name).__iadd__(getattr(other, name))
        if self.draws is not None and other.draws is not None:
            self.draws = self.draws.plus(other.draws)

    def copy(self) -> Amount:
        draws = None if self.draws is None else self.draws.copy()
        return Amount(draws=draws, **{name: getattr(self, name).copy() for name in self._SUMMED})

    def minus(self, other: Amount) -> Amount:
        """The change from ``other`` to this; draws are paired, for both share the parameters."""
        draws = None if self.draws is None or other.draws is None else self.draws.minus(other.draws)
        means = {name: (getattr(self, name) + getattr(other, name)) / 2 for name in self._LAND}
        sizes = {name: getattr(self, name) + getattr(other, name) for name in ("size", "stated")}
        return Amount(value=self.value - other.value, draws=draws, **means, **sizes)

    @classmethod
    def mean(cls, parts: Mapping[str, Amount], weights: Mapping[str, float]) -> Amount:
        """The weighted mean of amounts at several dates, and of the land they stand for."""

        def of(name: str) -> Floats:
            return np.asarray(sum(weight * getattr(parts[date], name) for date, weight in weights.items()))

        drawn = [(drawn, weight) for date, weight in weights.items() if (drawn := parts[date].draws) is not None]
        draws = UnitDraws.combined(drawn) if len(drawn) == len(weights) else None
        return cls(draws=draws, **{name: of(name) for name in cls._SUMMED})

    @classmethod
    def chained(cls, parts: Mapping[str, Amount]) -> Amount:
        """The sum over periods that follow each other; its land is the mean of theirs, by their years."""
        summed = {name: np.sum([getattr(part, name) for part in parts.values()], axis=0) for name in cls._SIZES}
        years = [years_of(period) for period in parts]
        means = {name: np.average([getattr(part, name) for part in parts.values()], 0, years) for name in cls._LAND}
        drawn = [(part.draws, 1.0) for part in parts.values() if part.draws is not None]
        draws = UnitDraws.combined(drawn) if len(drawn) == len(parts) else None
        return cls(draws=draws, **summed, **means)

    def times(self, factor: float) -> Amount:
        draws = None if self.draws is None else self.draws.times(factor)
        scaled = {name: getattr(self, name) * abs(factor) for name in ("size", "stated")}
        land = {name: getattr(self, name).copy() for name in self._LAND}
        return Amount(value=self.value * factor, draws=draws, **scaled, **land)

    def on_area(self, area_ha: Floats) -> Amount:
        """The same as a part of another area: what of it is known is then said of that."""
        return replace(self, area_ha=area_ha)


@dataclass(frozen=True)
class Figures:
    """What a line says of every region: value, ends of the interval, and the land it stands for.

    ``uncertain_share`` is the share of the figure, by the size of its parts, whose uncertainty is stated.
    """

    value: Floats
    low: Floats
    high: Floats
    valued_ha: Floats
    area_ha: Floats
    land_ha: Floats
    uncertain_share: Floats

    def times(self, factor: float) -> Figures:
        """The same in another unit; ``factor`` is positive, so that the ends keep their order."""
        return replace(self, value=self.value * factor, low=self.low * factor, high=self.high * factor)


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


def years_of(period: str) -> int:
    """Years of a period ``2020-2023``."""
    first, last = period.split("-")
    return int(last) - int(first)


def span_of(period: str) -> int:
    """Years between the ends of a period; zero for a date."""
    return years_of(period) if "-" in period else 0


def steps_of(dates: Sequence[str], period: str) -> list[str]:
    """The periods between consecutive dates of which a longer one consists.

    >>> steps_of(["2017", "2020", "2023"], "2017-2023")
    ['2017-2020', '2020-2023']
    """
    first, last = period.split("-")
    inside = [date for date in sorted(dates) if first <= date <= last]
    return [f"{one}-{other}" for one, other in pairwise(inside)]


def per_year(period: str) -> float:
    """Factor from a change of carbon over a period ``2020-2023`` [t C] to net removals [t CO2/yr]."""
    return CO2_PER_C / years_of(period)


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
