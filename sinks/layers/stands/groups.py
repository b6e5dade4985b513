"""Sums over pieces of stands, by region and raw attribute values, in whole numbers.

Areas and sums are counted in units of a power of two that is fixed before the first stand is read, as everywhere in
this package: whole numbers add up to the same figure whatever the size of the batches and the order of the file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks.vocabulary import Quantity

Floats = npt.NDArray[np.float64]

_BITS = 61
"""Sums stay below 2^61, so that not even the last addition can overflow."""

_COVERED_TIMES = 4.0
"""Overlapping stands may cover the regions this many times over before a sum could overflow."""


@dataclass(frozen=True)
class Scale:
    """Whole numbers that count ``2**-exponent`` of a unit."""

    exponent: int

    @classmethod
    def for_total(cls, largest: float) -> Scale:
        """The finest scale on which a sum as large as ``largest`` still fits."""
        return cls(_BITS - math.ceil(math.log2(largest)))

    def to_int(self, values: Floats) -> npt.NDArray[np.int64]:
        return np.rint(np.ldexp(values, self.exponent)).astype(np.int64)

    def to_float(self, counts: pd.Series[int]) -> Floats:
        return np.ldexp(counts.to_numpy(dtype=np.float64), -self.exponent)


class Groups:
    """Growing sums by (region, raw attribute values).

    Parameters
    ----------
    keys : sequence of str
        Columns of raw values that make a group.
    inputs : mapping of str to Quantity
        Inputs to be averaged.
    total_ha : float
        Area of all regions. [ha]
    """

    def __init__(self, keys: Sequence[str], inputs: Mapping[str, Quantity], total_ha: float) -> None:
        self._keys = ["region", *keys]
        self._inputs = tuple(inputs)
        largest = total_ha * _COVERED_TIMES
        bounds = {name: max(abs(quantity.low), abs(quantity.high)) for name, quantity in inputs.items()}
        self._area = Scale.for_total(largest)
        self._first = {name: Scale.for_total(largest * bound) for name, bound in bounds.items()}
        self._second = {name: Scale.for_total(largest * bound**2) for name, bound in bounds.items()}
        self._parts: list[pd.DataFrame] = []

    def add(
        self,
        keys: Mapping[str, npt.NDArray[np.generic]],
        area_ha: Floats,
        values: Mapping[str, Floats],
        first_piece: npt.NDArray[np.bool_],
    ) -> None:
        """Add pieces.

        Parameters
        ----------
        keys : mapping of str to array [pieces]
            ``region`` and every key.
        area_ha : float64[pieces]
            Area. [ha]
        values : mapping of str to float64[pieces]
            Inputs within their bounds, NaN where not observed.
        first_piece : bool[pieces]
            One piece of each stand, so that stands are counted once.
        """
        area = self._area.to_int(area_ha)
        columns: dict[str, npt.NDArray[np.int64]] = {"area": area, "stands": first_piece.astype(np.int64)}
        for name, value in values.items():
            seen = np.isfinite(value)
            filled = np.where(seen, value, 0.0)
            zero = seen & (filled == 0.0)
            columns[f"{name}:seen"] = np.where(seen, area, 0)
            columns[f"{name}:zero"] = np.where(zero, area, 0)
            columns[f"{name}:zeros"] = (zero & first_piece).astype(np.int64)
            columns[f"{name}:sum"] = self._first[name].to_int(filled * area_ha)
            columns[f"{name}:square"] = self._second[name].to_int(filled**2 * area_ha)
        frame = pd.DataFrame({name: keys[name] for name in self._keys} | columns)
        self._parts.append(frame.groupby(self._keys, sort=False, dropna=False).sum().reset_index())

    def table(self) -> pd.DataFrame:
        """One row per group, still in whole numbers: the keys, ``area``, ``stands`` and the sums of each input."""
        if not self._parts:
            return pd.DataFrame(columns=self._keys)
        return pd.concat(self._parts, ignore_index=True).groupby(self._keys, dropna=False).sum().reset_index()

    def areas(self, counts: pd.Series[int]) -> Floats:
        """Hectares of a column of areas."""
        return self._area.to_float(counts)

    def finish(self, table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
        """Sums of :meth:`table` brought together by other columns, as areas and area-weighted means.

        Returns
        -------
        DataFrame
            ``by``, ``area_ha``, and for each input its mean, ``_sd`` and ``_observed_ha``; NaN where none was observed.
        """
        sums = [name for name in table.columns if name in ("area", "stands") or ":" in str(name)]
        summed = table.groupby(list(by), sort=True)[sums].sum().reset_index()
        result = summed[list(by)].copy()
        result["area_ha"] = self._area.to_float(summed["area"])
        for name in self._inputs:
            observed = self._area.to_float(summed[f"{name}:seen"])
            weight = np.where(observed > 0.0, observed, np.nan)
            mean = self._first[name].to_float(summed[f"{name}:sum"]) / weight
            square = self._second[name].to_float(summed[f"{name}:square"]) / weight
            result[name] = mean
            # Rounding can leave the smallest of negative numbers where all stands are alike.
            result[f"{name}_sd"] = np.sqrt(np.maximum(square - mean**2, 0.0))
            result[f"{name}_observed_ha"] = observed
        return result
