"""The equations of dual control, for numbers and arrays alike.

::

    E        = E_energy + E_process + E_net imported power
    A        = E - R_projects - S_counted
    S_counted = min(cap, k C),  C = S - D   D: CCER, deduction for uncertainty, reference level
    I        = A / GDP at constant prices
    change   = 1 - I_t / I_base
    required = 1 - (1 - X)^(n / N)          in year n of a target X over N years

A sink is positive; a negative one is a source and raises A.  Nothing is clipped.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)


def counted_sink(countable: Floats, k: float, cap: Floats) -> Floats:
    """Sink that enters the evaluation [t CO2/yr].

    Parameters
    ----------
    countable : array
        Sink within the rule's scope less what is taken off before the coefficient [t CO2/yr].
    k : float
        Coefficient of the offset.
    cap : array
        Most that may be counted [t CO2/yr]; infinite where there is no cap.
    """
    return np.minimum(cap, k * countable)


def reduction(emissions: Floats, gdp: Floats, base_emissions: Floats, base_gdp: Floats) -> Floats:
    """Relative reduction of the intensity against the base year, a fraction; NaN where the base is not positive.

    With a sink as large as the emissions of the base year there is no intensity left to reduce, and a percentage of it
    would change its sign.
    """
    base = base_emissions / base_gdp
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 1 - (emissions / gdp) / base
    return np.where(base > 0, change, np.nan)


def required_reduction(target: Floats | float, year: Floats | float, years: Floats | float) -> Floats:
    """Reduction that an even path to ``target`` reaches in its ``year``-th year of ``years``.

    >>> round(float(required_reduction(0.175, 3, 5)), 6)
    0.109011
    """
    share = np.asarray(year, dtype=np.float64) / np.asarray(years, dtype=np.float64)
    return np.asarray(1 - (1 - np.asarray(target, dtype=np.float64)) ** share)


def allowed_emissions(base_intensity: Number, required: Number, gdp: Number) -> Number:
    """Emissions after deductions that the target path allows [t CO2]."""
    return base_intensity * (1 - required) * gdp


def is_met(
    emissions: Floats, gdp: Floats, base_emissions: Floats, base_gdp: Floats, required: Floats
) -> NDArray[np.bool_]:
    """Whether the intensity stays within the path; never where the base year leaves no intensity to reduce."""
    within = emissions * base_gdp <= (1 - required) * base_emissions * gdp
    return np.asarray(within & (base_emissions > 0))


def break_even_sink(
    before_sink: Floats, gdp: Floats, base_emissions: Floats, base_gdp: Floats, required: Floats
) -> Floats:
    """Counted sink of the report year at which the target is just met, the base year as it is [t CO2/yr].

    Zero or less means that the target is met without a sink.
    """
    return before_sink - allowed_emissions(base_emissions / base_gdp, required, gdp)


def break_even_k(report: tuple[float, float, float], base: tuple[float, float, float], allowed_growth: float) -> float:
    """Smallest coefficient k >= 0 at which the verdict changes, or NaN when no coefficient changes it.

    Parameters
    ----------
    report, base : (float, float, float)
        Emissions before the sink, sink after deductions, and cap of the year [t CO2]; a base year without a sink
        has a countable sink of zero.
    allowed_growth : float
        ``(1 - required) GDP_t / GDP_base``: how much larger than in the base year the emissions may be.

    Notes
    -----
    Room under the path is piecewise linear in k, with a kink where a cap begins to bind; its zero is found exactly.
    """

    def room_and_slope(k: float, inside: float) -> tuple[float, float]:
        """Room at ``k``, and its slope at the point ``inside`` the piece that begins there."""
        terms = [(e - min(cap, k * sink), -sink if inside * sink < cap else 0.0) for e, sink, cap in (report, base)]
        (after, after_slope), (before, before_slope) = terms
        return allowed_growth * before - after, allowed_growth * before_slope - after_slope

    kinks = sorted({cap / sink for _, sink, cap in (report, base) if sink > 0 and 0 < cap < np.inf})
    for low, high in zip([0.0, *kinks], [*kinks, np.inf], strict=True):
        start, slope = room_and_slope(low, (low + high) / 2 if high < np.inf else low + 1.0)
        if slope and low <= low - start / slope <= high:
            return low - start / slope
    return float("nan")
