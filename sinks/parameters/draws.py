"""What the interval of a parameter row means, and draws from it.

=========== ==================================================================== ===========================
interval    ``low`` and ``high``                                                 without a ``distribution``
=========== ==================================================================== ===========================
``95%``     ends of the 95 % interval                                            normal if symmetric about the
``+-%``     the same, published as a percentage of the value                     value or reaching zero, else
``sd``      value minus / plus a standard deviation                              lognormal
``se``      value minus / plus a standard error of the mean
``range``   least and greatest value                                             triangular, the value as mode
=========== ==================================================================== ===========================

The choice between normal and lognormal follows IPCC 2006, vol. 1, ch. 3, section 3.2.2.4: lognormal where the quantity
is positive and the interval is visibly skewed.  A lognormal draw keeps the value as its mean, so that the mean of the
draws of an account is the account.  Normal draws outside the physical bounds are drawn again (truncated normal): a
biomass ratio is not negative and a fraction not above one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

INTERVALS = ("95%", "+-%", "sd", "se", "range")
DISTRIBUTIONS = ("normal", "lognormal", "triangular", "uniform")
Distribution = Literal["fixed", "normal", "lognormal", "triangular", "uniform"]

# Half width of the 95 % interval of a normal distribution, in standard deviations.
Z95 = NormalDist().inv_cdf(0.975)

# An interval counts as symmetric when its arms differ by less than their rounding: a tenth of the longer one.
_SYMMETRIC = 0.1


@dataclass(frozen=True)
class Spread:
    """A probability distribution of one parameter.

    Parameters
    ----------
    distribution : str
        ``fixed``, ``normal``, ``lognormal``, ``triangular`` or ``uniform``.
    value : float
        Mean (normal, lognormal), mode (triangular) or the fixed value.
    sigma : float
        Standard deviation of the value (normal) or of its logarithm (lognormal).
    low, high : float
        Least and greatest possible value.
    """

    distribution: Distribution
    value: float
    sigma: float
    low: float
    high: float

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """``n`` independent draws, shape (n,)."""
        match self.distribution:
            case "fixed":
                return np.full(n, self.value)
            case "uniform":
                return rng.uniform(self.low, self.high, n)
            case "triangular":
                return rng.triangular(self.low, self.value, self.high, n)
            case "lognormal":
                return rng.lognormal(math.log(self.value) - self.sigma**2 / 2, self.sigma, n)
            case "normal":
                return self._truncated_normal(rng, n)

    def standard_deviation(self) -> float:
        """Standard deviation, for error propagation; that of a truncated normal is taken before truncation."""
        low, high, value = self.low, self.high, self.value
        match self.distribution:
            case "fixed":
                return 0.0
            case "uniform":
                return (high - low) / math.sqrt(12)
            case "triangular":
                squares = low**2 + high**2 + value**2 - low * high - low * value - high * value
                return math.sqrt(squares / 18)
            case "lognormal":
                return value * math.sqrt(math.expm1(self.sigma**2))
            case "normal":
                return self.sigma

    def _truncated_normal(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        drawn = rng.normal(self.value, self.sigma, n)
        # The value itself lies within the bounds, so at least half of the draws do when one bound binds.
        while (outside := (drawn < self.low) | (drawn > self.high)).any():
            drawn[outside] = rng.normal(self.value, self.sigma, int(outside.sum()))
        return drawn


def spread(
    value: float, low: float, high: float, interval: str, distribution: str, bounds: tuple[float, float]
) -> Spread:
    """The distribution that a row of a parameter table states (see the table at the head of this module).

    Parameters
    ----------
    value, low, high : float
        As in the row, in one unit; ``low`` and ``high`` are NaN for a row without interval.
    interval, distribution : str
        As in the row; empty means none, and the default rule.
    bounds : (float, float)
        What is physically possible.
    """
    if not interval or low == high:
        return Spread("fixed", value, 0.0, value, value)
    if interval == "range":
        kind: Distribution = "uniform" if distribution == "uniform" else "triangular"
        if distribution in ("", "triangular", "uniform"):
            return Spread(kind, value, math.nan, low, high)
    half_width = (high - low) / 2
    sigma = half_width if interval in ("sd", "se") else half_width / Z95
    name = distribution or ("normal" if _is_symmetric(value, low, high) or low <= 0 else "lognormal")
    match name:
        case "lognormal":
            widths = 1 if interval in ("sd", "se") else Z95
            return Spread("lognormal", value, math.log(high / low) / 2 / widths, 0.0, math.inf)
        case "triangular" | "uniform":
            return Spread("uniform" if name == "uniform" else "triangular", value, math.nan, low, high)
        case _:
            return Spread("normal", value, sigma, *bounds)


def _is_symmetric(value: float, low: float, high: float) -> bool:
    below, above = value - low, high - value
    return abs(above - below) <= _SYMMETRIC * max(above, below)
