"""Figures with the decimals that carry a verdict: two that are told apart by a verdict never read the same."""

from __future__ import annotations

from math import isfinite

LEAST, MOST = 1, 12
"""Decimals of a percentage; beyond the most, two floats of this size differ by rounding alone."""


def deciding_decimals(value: float, limit: float) -> int:
    """Decimals of the percentages of two fractions with which they are seen to differ.

    Rounding to nearest keeps the order, so that figures which read differently also read in the right order.

    Parameters
    ----------
    value, limit : float
        Fractions, such as the reduction of an intensity and what the path requires.

    Returns
    -------
    int
        One where one is enough, or where nothing tells them apart.

    >>> deciding_decimals(0.10897, 0.10901)
    3
    """
    if not (isfinite(value) and isfinite(limit)) or value == limit:
        return LEAST
    for decimals in range(LEAST, MOST + 1):
        if float(f"{100 * value:.{decimals}f}") != float(f"{100 * limit:.{decimals}f}"):
            return decimals
    return LEAST


def deciding_percents(value: float, limit: float) -> tuple[str, str]:
    """Two fractions in percent, with the decimals that tell them apart; blank where there is none.

    >>> deciding_percents(0.10897, 0.10901)
    ('10.897', '10.901')
    """
    decimals = deciding_decimals(value, limit)
    one, other = (f"{100 * part:,.{decimals}f}" if isfinite(part) else "" for part in (value, limit))
    return one, other
