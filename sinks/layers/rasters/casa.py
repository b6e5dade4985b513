"""Net primary production from a vegetation index: the light-use efficiency model CASA, cell by cell.

.. math::
   NPP = \\sum_m S_m f_m p \\cdot T_1 T_2 W \\varepsilon_{max}

The radiation *S* that plants absorb in a month is turned into carbon with an efficiency that is greatest at the optimum
temperature of the place, the temperature of the month in which its vegetation index is highest, and where water is not
short.  Every number of it stands in a table (``casa_npp.csv``) with its source; docs/methods/log/methods.md has the
choices made where sources differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks import units
from sinks.errors import Problem
from sinks.layers.rasters.expression import Floats, defined
from sinks.vocabulary import MONTHS, Quantity, month_id, quantities

SERIES = ("ndvi", "temperature", "solar_radiation", "evapotranspiration", "potential_evapotranspiration")
"""Monthly layers that the model needs."""

QUANTITY = "npp"
"""What it gives."""

_PLAIN = (-np.inf, np.inf)
_SHARE = (0.0, 1.0)
_POSITIVE = (0.0, np.inf)


@dataclass(frozen=True)
class Coefficients:
    """Numbers of the model for one vegetation; names and units are those of its table.

    Attributes
    ----------
    light_use_efficiency_max : float
        Carbon fixed for the light absorbed where nothing limits it. [g C/MJ]
    ndvi_min, ndvi_max, simple_ratio_min, simple_ratio_max : float
        Bare and full cover, of the index and of the ratio of near infrared to red. [1]
    fpar_min, fpar_max : float
        Least and greatest share of the light that is absorbed. [1]
    fpar_ndvi_share : float
        Weight of the share told from the index, beside that told from the ratio. [1]
    par_fraction : float
        Part of solar radiation that plants can use. [1]
    t1_constant, t1_linear, t1_quadratic : float
        Polynomial of the optimum temperature. [1]
    t1_frozen : float
        Temperature up to which nothing grows. [degC]
    t2_scale, t2_rise, t2_fall : float
        Scale and steepness of the response to temperature. [1]
    t2_below, t2_above : float
        Distance from the optimum at which either side of it falls. [1]
    t2_far_below, t2_far_above, t2_far_share : float
        Distance beyond which it is a fixed share of that at the optimum, and the share. [1]
    w_dry, w_range : float
        Efficiency without water, and what water adds. [1]
    """

    light_use_efficiency_max: float
    ndvi_min: float
    ndvi_max: float
    simple_ratio_min: float
    simple_ratio_max: float
    fpar_min: float
    fpar_max: float
    fpar_ndvi_share: float
    par_fraction: float
    t1_constant: float
    t1_linear: float
    t1_quadratic: float
    t1_frozen: float
    t2_scale: float
    t2_rise: float
    t2_fall: float
    t2_below: float
    t2_above: float
    t2_far_below: float
    t2_far_above: float
    t2_far_share: float
    w_dry: float
    w_range: float


PARAMETERS: dict[str, str] = {field.name: "1" for field in fields(Coefficients)} | {
    "light_use_efficiency_max": "g C/MJ",
    "t1_frozen": "degC",
}
"""Unit by parameter of the model's table."""

BOUNDS = (
    dict.fromkeys(PARAMETERS, _POSITIVE)
    | dict.fromkeys(("fpar_min", "fpar_max", "fpar_ndvi_share", "par_fraction", "t2_far_share", "w_dry"), _SHARE)
    | dict.fromkeys(("ndvi_min", "ndvi_max"), (-1.0, 1.0))
    | dict.fromkeys(("t1_constant", "t1_linear", "t1_quadratic", "t1_frozen"), _PLAIN)
)


@dataclass(frozen=True)
class Months:
    """The monthly layers of some cells, each a list of twelve arrays of one shape."""

    ndvi: Sequence[Floats]
    temperature: Sequence[Floats]
    solar_radiation: Sequence[Floats]
    evapotranspiration: Sequence[Floats]
    potential_evapotranspiration: Sequence[Floats]

    @classmethod
    def of(cls, values: Mapping[str, Floats], cells: npt.NDArray[np.int64]) -> Months:
        """Of the layers by name, in the cells with these numbers."""
        return cls(*([values[month_id(name, month)].ravel()[cells] for month in MONTHS] for name in SERIES))


def optimum(months: Months) -> Floats:
    """Temperature of the month with the highest index, the first of several. [degC]"""
    best, warmth = months.ndvi[0], months.temperature[0]
    for index, temperature in zip(months.ndvi[1:], months.temperature[1:], strict=True):
        warmth = np.where(index > best, temperature, warmth)
        best = np.maximum(index, best)
    return warmth


def absorbed_share(index: Floats, c: Coefficients) -> Floats:
    """Share of the usable light that is absorbed (FPAR), from the index and from the ratio, within its limits. [1]"""
    ratio = (1 + index) / (1 - index)
    greenness = (index - c.ndvi_min) / (c.ndvi_max - c.ndvi_min)
    density = (ratio - c.simple_ratio_min) / (c.simple_ratio_max - c.simple_ratio_min)
    cover = c.fpar_ndvi_share * greenness + (1 - c.fpar_ndvi_share) * density
    # The limits are part of the model: beyond full cover, and on bare ground or snow, nothing more changes.
    share: Floats = cover * (c.fpar_max - c.fpar_min) + c.fpar_min
    return np.clip(share, c.fpar_min, c.fpar_max)


def cold_stress(best: Floats, c: Coefficients) -> Floats:
    """T1: plants of cold places have low rates even at their optimum. [1]"""
    return c.t1_constant + c.t1_linear * best + c.t1_quadratic * best**2


def heat_stress(temperature: Floats, best: Floats, c: Coefficients) -> Floats:
    """T2: the rate falls on both sides of the optimum. [1]"""

    def response(warmth: Floats) -> Floats:
        rise: Floats = 1 + np.exp(c.t2_rise * (best - c.t2_below - warmth))
        fall: Floats = 1 + np.exp(c.t2_fall * (-best - c.t2_above + warmth))
        return c.t2_scale / rise / fall

    far = (temperature > best + c.t2_far_above) | (temperature < best - c.t2_far_below)
    return np.where(far, c.t2_far_share * response(best), response(temperature))


def water_stress(months: Months, c: Coefficients) -> list[Floats]:
    """W of each month: 0.5 in drought to 1 where evaporation is all that it can be; NaN where no month has it. [1]

    A month in which nothing could evaporate says nothing of water and keeps the state of the month before it.
    """
    pairs = zip(months.evapotranspiration, months.potential_evapotranspiration, strict=True)
    found = [c.w_dry + c.w_range * actual / np.where(most > 0, most, np.nan) for actual, most in pairs]
    state = np.full_like(months.ndvi[0], np.nan)
    # Once round the year for the state in which January begins.
    for known in found:
        state = np.where(np.isnan(known), state, known)
    kept = []
    for known in found:
        state = np.where(np.isnan(known), state, known)
        kept.append(state)
    return kept


def production(months: Months, c: Coefficients) -> Floats:
    """Net primary production of a year. [g C/m2/yr]

    Parameters
    ----------
    months : Months
        Index [1], mean temperature [degC], solar radiation [MJ/m2/month], evapotranspiration [mm/month].
    c : Coefficients

    Returns
    -------
    array
        NaN where a month was not observed.
    """
    best = optimum(months)
    growth = cold_stress(best, c)
    total = np.zeros_like(best)
    series = zip(months.ndvi, months.temperature, months.solar_radiation, water_stress(months, c), strict=True)
    # Added month by month, so that the order of addition is the same for any number of cells.
    for index, temperature, radiation, water in series:
        absorbed = radiation * absorbed_share(index, c) * c.par_fraction
        warm = np.where(temperature <= c.t1_frozen, 0, growth * heat_stress(temperature, best, c))
        total += absorbed * warm * water * c.light_use_efficiency_max
    return total


@dataclass(frozen=True)
class Casa:
    """The model over layers (picklable); a rule of :mod:`sinks.layers.rasters.derived`.

    Attributes
    ----------
    layer : str
        The vegetation's.
    text : str
        For messages.
    coefficients : tuple of (float, Coefficients)
        By code of the vegetation's layer; codes without any have no value.
    """

    layer: str
    text: str
    coefficients: tuple[tuple[int, Coefficients], ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of its layers, the vegetation's first."""
        return (self.layer, *(month_id(name, month) for name in SERIES for month in MONTHS))

    def cells(self, values: Mapping[str, Floats]) -> Floats:
        """NPP [t C/ha/yr]; NaN where nothing grows or a month was not observed, infinite where the layers cannot be."""
        result = np.full(values[self.layer].size, np.nan)
        observed = defined(values)
        with np.errstate(all="ignore"):
            for code, numbers in self.coefficients:
                here = np.flatnonzero(observed & (values[self.layer] == code))
                if here.size:
                    months = Months.of(values, here)
                    broken = np.zeros(months.ndvi[0].shape, bool)
                    for fault in _faults(months, numbers):
                        broken |= fault.where
                    result[here] = np.where(broken, np.inf, production(months, numbers) * _FACTOR)
        return result.reshape(values[self.layer].shape)

    def causes(self, values: Mapping[str, float], where: str) -> list[Problem]:
        """What is wrong with the layers in one cell: of each series the first month, and how many more."""
        numbers = {float(code): found for code, found in self.coefficients}.get(values[self.layer])
        if numbers is None:
            return []
        months = Months.of({name: np.array([value]) for name, value in values.items()}, np.array([0]))
        with np.errstate(all="ignore"):
            found = [fault for fault in _faults(months, numbers) if fault.where[0]]
        first = {(fault.id, fault.series): fault for fault in reversed(found)}
        counts = Counter((fault.id, fault.series) for fault in found)
        return [Problem(key[0], where, {**first[key].values(0), "count": counts[key]}) for key in counts]


_FACTOR = units.factor("g C/m2/yr", "t C/ha/yr")


@dataclass(frozen=True)
class _Fault:
    """Something that the layers of a cell cannot be: of which series, in which cells, and what to say of them."""

    id: str
    series: str
    where: npt.NDArray[np.bool_]
    shown: Mapping[str, Any]

    def values(self, cell: int) -> dict[str, Any]:
        """Values of the message about a cell."""
        return {k: f"{v[cell]:.6g}" if isinstance(v, np.ndarray) else v for k, v in self.shown.items()}


def _faults(months: Months, c: Coefficients) -> Iterator[_Fault]:
    known = quantities()
    for name in SERIES:
        for month, found in zip(MONTHS, getattr(months, name), strict=True):
            yield _beyond(name, known[month_id(name, month)], found)
    year = np.zeros_like(months.ndvi[0])
    for radiation in months.solar_radiation:
        year = year + radiation
    yield _beyond("year", known["solar_radiation"], year)
    most = np.zeros_like(year)
    pairs = zip(months.evapotranspiration, months.potential_evapotranspiration, strict=True)
    for month, warmth, (actual, potential) in zip(MONTHS, months.temperature, pairs, strict=True):
        # What evaporates from snow in a frozen month takes no part.
        above = (actual > potential) & (warmth > c.t1_frozen)
        yield _Fault("derived.casa_evaporation", "", above, {"month": month, "found": actual, "most": potential})
        most = np.maximum(most, potential)
    yield _Fault("derived.casa_no_evaporation", "", most == 0, {})
    best = optimum(months)
    yield _Fault("derived.casa_optimum", "", cold_stress(best, c) < 0, {"found": best})


def _beyond(series: str, quantity: Quantity, found: Floats) -> _Fault:
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    limits = {"low": f"{quantity.low:g}", "high": f"{quantity.high:g}", "unit": unit}
    outside = (found < quantity.low) | (found > quantity.high)
    return _Fault("derived.casa_bounds", series, outside, {"quantity": quantity.label, "found": found, **limits})
