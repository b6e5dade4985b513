"""Potential of further sinks: land that is suited, and what forest on it would hold in 2030 and 2060.

Suitability is data: each condition names a stratum of the activity table and what it must be.  Growth follows a curve
that levels off, so a sink always ends; planting is a scenario of areas by year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem
from sinks.parameters.growth_curves import CURVES
from sinks.units import CO2_PER_C

Floats = NDArray[np.float64]

SUITED = "suited"


@dataclass(frozen=True)
class Condition:
    """What land must be to be a candidate.

    Parameters
    ----------
    name : str
        What the condition is called in the result, for example ``"rain above 400 mm"``.
    column : str
        Column of the activity states.
    allowed, excluded : tuple of str
        Values that are suited, or are not; red lines (protected land, permanent cropland) are ``excluded``.
    low, high : float
        Bounds of a number; land where it is not observed is not suited.
    """

    name: str
    column: str
    allowed: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    low: float = -np.inf
    high: float = np.inf

    def holds(self, states: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of the activity states satisfy the condition."""
        if self.column not in states.columns:
            values = {"column": self.column, "found": list(states.columns)}
            raise AssessmentError(Problem("assessment.no_stratum", self.name, values))
        values_, fits = states[self.column], np.ones(len(states), dtype=bool)
        if self.allowed:
            fits &= values_.isin(self.allowed).to_numpy()
        if self.excluded:
            fits &= ~values_.isin(self.excluded).to_numpy() & values_.notna().to_numpy()
        if np.isfinite(self.low) or np.isfinite(self.high):
            number = values_.to_numpy(dtype=np.float64)
            fits &= (number >= self.low) & (number <= self.high)
        return fits


@dataclass(frozen=True)
class NamedCurve:
    """A curve of :data:`sinks.parameters.growth_curves.CURVES` with its parameters.

    Parameters
    ----------
    function : str
        ``richards``, ``logistic`` or ``schumacher``.
    parameters : tuple of float
        In the order of the function: carbon in t C/ha, time in years.
    source : str
    """

    function: str
    parameters: tuple[float, ...]
    source: str

    def density(self, age: Floats) -> Floats:
        """Carbon density [t C/ha]; none before planting, whatever the curve says of age zero."""
        ages = np.asarray(age, dtype=np.float64)
        grown = np.maximum(ages, 0.0)
        return np.where(ages > 0, CURVES[self.function].function(grown, *self.parameters), 0.0)


def candidates(states: pd.DataFrame, conditions: Sequence[Condition]) -> pd.DataFrame:
    """Land that is suited, and what rules out the rest.

    Parameters
    ----------
    states : DataFrame
        Activity states of one source and date, ``region_code, area_ha`` and the columns of the conditions.
    conditions : sequence of Condition
        In the order in which land is ruled out; each area is counted once, under the first condition it fails.

    Returns
    -------
    DataFrame
        ``region_code, reason, area_ha``; the reason is :data:`SUITED` or the name of a condition. Areas sum to those
        of the states.
    """
    reason = np.full(len(states), SUITED, dtype=object)
    for condition in reversed(conditions):
        reason[~condition.holds(states)] = condition.name
    rows = pd.DataFrame(
        {"region_code": states["region_code"].to_numpy(), "reason": reason, "area_ha": states["area_ha"].to_numpy()}
    )
    return rows.groupby(["region_code", "reason"])["area_ha"].sum().rename("area_ha").reset_index()


def trajectory(planting: pd.DataFrame, curve: NamedCurve, years: Sequence[int]) -> pd.DataFrame:
    """Stock and sink of planted land over time.

    Parameters
    ----------
    planting : DataFrame
        ``scenario, year, area_ha``: land planted in each year.
    curve : NamedCurve
    years : sequence of int

    Returns
    -------
    DataFrame
        ``scenario, year, area_ha, stock`` [t C] and ``removals`` [t CO2/yr], the growth since the year before.
    """
    at = np.asarray(years, dtype=np.float64)
    parts = []
    for scenario, rows in planting.groupby("scenario", sort=False):
        start, area = (rows[name].to_numpy(dtype=np.float64) for name in ("year", "area_ha"))
        age = at[:, None] - start[None, :]
        stock = curve.density(age) @ area
        grown = (curve.density(age) - curve.density(age - 1)) @ area
        planted = (age >= 0) @ area
        parts.append(
            pd.DataFrame(
                {"scenario": scenario, "year": list(years), "area_ha": planted, "stock": stock,
                 "removals": grown * CO2_PER_C}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def scaled_to(reached: pd.Series[float], area: pd.Series[float], removals: float, available_ha: float) -> pd.DataFrame:
    """What it takes to reach a sink: each scenario of planting scaled as a whole until it removes so much.

    Parameters
    ----------
    reached : Series
        What each scenario removes in the year [t CO2/yr], by scenario.
    area : Series
        Land that it has planted by then [ha].
    removals : float
        Wanted [t CO2/yr].
    available_ha : float
        Suited land.

    Returns
    -------
    DataFrame
        ``scenario, factor, area_ha, feasible``: how many times the scenario, the land that takes, and whether there is
        that much. A scenario that removes nothing in the year cannot be scaled: infinite and not feasible.
    """
    factor = (removals / reached.where(reached > 0)).fillna(np.inf)
    whole = (area * factor).fillna(np.inf)
    found = pd.DataFrame({"factor": factor, "area_ha": whole, "feasible": whole <= available_ha})
    return found.rename_axis("scenario").reset_index()
