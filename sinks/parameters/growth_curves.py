"""Growth curves, and their fit to a bureau's own plots.

A curve is fitted by least squares; its covariance gives the intervals of the parameters and of the curve.  The result
is written as a table that extends the methodology of that curve, with ``basis`` user and the plots as source.

The parameters of a curve are strongly correlated: drawn each on its own they would make the interval of an account
several times wider than the plots warrant.  The table therefore states their correlations, and draws of an account
spread as :meth:`Fit.band`, the interval of the curve itself.
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sinks.errors import ParameterError, Problem, Problems
from sinks.parameters import COLUMNS, CORRELATION
from sinks.text import message

Floats = NDArray[np.float64]

_LEVEL = 0.95


def richards(age: Any, asymptote: Any, growth_rate: Any, shape: Any) -> Any:
    """Chapman-Richards curve, A (1 - exp(-k t))^c."""
    return asymptote * (1 - np.exp(-growth_rate * age)) ** shape


def logistic(age: Any, asymptote: Any, growth_rate: Any, shape: Any) -> Any:
    """Logistic curve, A / (1 + b exp(-k t)); it does not begin at zero."""
    return asymptote / (1 + shape * np.exp(-growth_rate * age))


def schumacher(age: Any, asymptote: Any, time_scale: Any) -> Any:
    """Schumacher curve, A exp(-b / t); zero at age zero."""
    with np.errstate(divide="ignore"):
        return asymptote * np.exp(-np.divide(time_scale, age))


def power(ndvi: Any, carbon_at_full_ndvi: Any, exponent: Any) -> Any:
    """Power law, a x^b: carbon of grass above ground from NDVI."""
    return carbon_at_full_ndvi * ndvi**exponent


@dataclass(frozen=True)
class Curve:
    """A family of curves.

    Parameters
    ----------
    function : function
        Of the variable and the parameters, in that order.
    parameters : tuple of str
        Their names.
    starts : function
        Starting points for the fit, from the data; they decide whether the fit succeeds, not its result.
    """

    function: Callable[..., Any]
    parameters: tuple[str, ...]
    starts: Callable[[Floats, Floats], Iterator[tuple[float, ...]]]


def _sigmoid_starts(age: Floats, size: Floats) -> Iterator[tuple[float, ...]]:
    for multiple in (1, 3, 8):
        for shape in (1, 3, 20):
            yield 1.1 * size.max(), multiple / age.max(), shape


def _schumacher_starts(age: Floats, size: Floats) -> Iterator[tuple[float, ...]]:
    slope, intercept = np.polyfit(1 / age, np.log(size), 1)
    yield math.exp(intercept), -slope


def _power_starts(x: Floats, y: Floats) -> Iterator[tuple[float, ...]]:
    slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
    yield math.exp(intercept), slope


CURVES: Mapping[str, Curve] = {
    "richards": Curve(richards, ("asymptote", "growth_rate", "shape"), _sigmoid_starts),
    "logistic": Curve(logistic, ("asymptote", "growth_rate", "shape"), _sigmoid_starts),
    "schumacher": Curve(schumacher, ("asymptote", "time_scale"), _schumacher_starts),
    "power": Curve(power, ("carbon_at_full_ndvi", "exponent"), _power_starts),
}


@dataclass(frozen=True, eq=False)
class Fit:
    """A curve fitted to plots.

    Parameters
    ----------
    curve : str
        Key in :data:`CURVES`.
    values : array (p,)
        Parameters, in the order of the curve.
    covariance : array (p, p)
        Of the parameters.
    plots : int
        Number of plots.
    span : (float, float)
        Least and greatest age (or NDVI) of the plots; the curve is not known outside.
    residual_sd : float
        Standard deviation of a plot about the curve, in the unit of the data.
    r_squared : float
        Share of the variance that the curve explains.
    """

    curve: str
    values: Floats
    covariance: Floats
    plots: int
    span: tuple[float, float]
    residual_sd: float
    r_squared: float

    def predict(self, x: ArrayLike) -> Floats:
        """The curve at ages ``x``."""
        return np.asarray(CURVES[self.curve].function(np.asarray(x, dtype=np.float64), *self.values))

    def band(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """The 95 % interval of the curve (of the mean stand, not of a plot) at ages ``x``, by error propagation."""
        at = np.asarray(x, dtype=np.float64)
        slopes = np.stack([self._slope(at, number) for number in range(len(self.values))])
        half = self._quantile * np.sqrt(np.einsum("i...,ij,j...->...", slopes, self.covariance, slopes))
        middle = self.predict(at)
        return middle - half, middle + half

    def intervals(self) -> dict[str, tuple[float, float, float]]:
        """Value, lower and upper end of the 95 % interval by parameter."""
        half = self._quantile * np.sqrt(np.diag(self.covariance))
        names = CURVES[self.curve].parameters
        return {n: (float(v), float(v - h), float(v + h)) for n, v, h in zip(names, self.values, half, strict=True)}

    def correlations(self) -> dict[str, dict[str, float]]:
        """Correlation of each parameter with those that follow it."""
        deviations = np.sqrt(np.diag(self.covariance))
        matrix = self.covariance / np.outer(deviations, deviations)
        names = CURVES[self.curve].parameters
        return {one: {names[j]: float(matrix[i, j]) for j in range(i + 1, len(names))} for i, one in enumerate(names)}

    @property
    def _quantile(self) -> float:
        from scipy.stats import t

        return float(t.ppf((1 + _LEVEL) / 2, self.plots - len(self.values)))

    def _slope(self, at: Floats, number: int) -> Floats:
        # Central difference: the cube root of the machine precision balances rounding against curvature.
        step = np.zeros_like(self.values)
        step[number] = np.cbrt(np.finfo(np.float64).eps) * abs(self.values[number])
        function = CURVES[self.curve].function
        rise = function(at, *(self.values + step)) - function(at, *(self.values - step))
        return np.asarray(rise / (2 * step[number]))


def fit(curve: str, x: ArrayLike, y: ArrayLike, where: str, sd: ArrayLike | None = None) -> Fit:
    """Fit a curve to plots by least squares.

    Parameters
    ----------
    curve : str
        ``richards``, ``logistic``, ``schumacher`` (above-ground biomass by age) or ``power`` (above-ground carbon by
        NDVI).
    x : array (n,)
        Stand age [yr], or annual maximum of NDVI [1]; above zero.
    y : array (n,)
        Above-ground biomass (carbon, for ``power``) of the plot, in the unit that the table is to have.
    where : str
        The plots, for messages.
    sd : array (n,), optional
        Standard deviation of each plot's value, in its unit; equal weights without it.

    Returns
    -------
    Fit

    Raises
    ------
    ParameterError
        Plots are missing, not positive or too few, or do not determine the curve.
    """
    if curve not in CURVES:
        raise ParameterError(Problem("growth.unknown_curve", where, {"found": curve, "known": list(CURVES)}))
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    sds = None if sd is None else np.asarray(sd, dtype=np.float64)
    _check_plots(curve, xs, ys, sds, where)
    # Plots that are all alike say nothing about growth.
    best = _least_squares(CURVES[curve], xs, ys, sds) if np.ptp(ys) > 0 else None
    if best is None:
        raise ParameterError(Problem("growth.no_fit", where, {"curve": curve, "plots": len(xs)}))
    values, covariance = best
    residual = ys - CURVES[curve].function(xs, *values)
    squares = float(residual @ residual)
    return Fit(
        curve,
        values,
        covariance,
        len(xs),
        (float(xs.min()), float(xs.max())),
        math.sqrt(squares / (len(xs) - len(values))),
        1 - squares / float(((ys - ys.mean()) ** 2).sum()),
    )


def write_table(
    path: Path | str,
    extends: str,
    fits: Sequence[tuple[Mapping[str, str], Fit]],
    *,
    units: Mapping[str, str],
    source: str,
    locator: str,
) -> None:
    """Write fitted parameters, their intervals and correlations, as a table that extends a methodology.

    Parameters
    ----------
    path : path
        CSV to write; one that is there is not overwritten.
    extends : str
        The methodology, for example ``forest_growth_richards``.
    fits : sequence of (strata, Fit)
        The stratum of each fit: ``({"species_group": "larch"}, fit)``.
    units : mapping of str to str
        Unit by parameter, as the methodology declares it.
    source, locator : str
        The survey, and the plots in it.

    Raises
    ------
    ParameterError
        The file is there already.
    """
    path = Path(path)
    if path.exists():
        raise ParameterError(Problem("growth.exists", str(path)))
    strata = list(dict.fromkeys(name for stratum, _ in fits for name in stratum))
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        handle.write(f"# extends: {extends}\n")
        writer = csv.DictWriter(handle, ["parameter", *strata, *COLUMNS[1:], CORRELATION], lineterminator="\n")
        writer.writeheader()
        for stratum, fitted in fits:
            constant = {"interval": "95%", "basis": "user", "source": source, "locator": locator, "note": _note(fitted)}
            correlations = fitted.correlations()
            for name, (value, low, high) in fitted.intervals().items():
                numbers = {"value": f"{value:.10g}", "low": f"{low:.10g}", "high": f"{high:.10g}"}
                numbers[CORRELATION] = " ".join(f"{mate}={number:.8f}" for mate, number in correlations[name].items())
                writer.writerow({"parameter": name, **stratum, **numbers, "unit": units[name], **constant})


def _note(fitted: Fit) -> str:
    low, high = (f"{end:g}" for end in fitted.span)
    return message("growth.note", plots=fitted.plots, low=low, high=high, r_squared=f"{fitted.r_squared:.3f}")


def _check_plots(curve: str, xs: Floats, ys: Floats, sds: Floats | None, where: str) -> None:
    problems = Problems()
    columns = {"x": xs, "y": ys} | ({} if sds is None else {"sd": sds})
    if len({len(column) for column in columns.values()}) > 1:
        raise ParameterError(Problem("growth.lengths", where, {"found": [len(c) for c in columns.values()]}))
    for name, column in columns.items():
        if (bad := np.flatnonzero(~(np.isfinite(column) & (column > 0)))).size:
            problems.add("growth.not_positive", where, column=name, count=len(bad), first=int(bad[0]) + 1)
    needed = len(CURVES[curve].parameters) + 1
    if len(xs) < needed or len(np.unique(xs)) < needed - 1:
        problems.add("growth.too_few", where, found=len(xs), distinct=len(np.unique(xs)), expected=needed)
    problems.raise_as(ParameterError)


def _least_squares(curve: Curve, xs: Floats, ys: Floats, sds: Floats | None) -> tuple[Floats, Floats] | None:
    """Parameters and covariance of the best fit from any starting point; None when no fit makes sense."""
    from scipy.optimize import OptimizeWarning, curve_fit

    best: tuple[float, Floats, Floats] | None = None
    for start in curve.starts(xs, ys):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # A covariance that cannot be estimated means that the plots do not determine the curve.
            warnings.simplefilter("error", OptimizeWarning)
            try:
                values, covariance = curve_fit(curve.function, xs, ys, start, sds, sds is not None, maxfev=5000)
            except (RuntimeError, OptimizeWarning):
                continue
            misfit = float((((ys - curve.function(xs, *values)) / (1 if sds is None else sds)) ** 2).sum())
        if (values > 0).all() and np.isfinite(covariance).all() and (best is None or misfit < best[0]):
            best = misfit, values, covariance
    return None if best is None else (best[1], best[2])
