"""Plausible bounds of what a user can write: beyond them a figure is a mistake, and is refused with the reason.

The table beside this module is the only list.  Each row has a basis: ``definition`` (it follows from what the quantity
is), ``read`` (in the document that is named), ``derived`` (from figures that are named), or ``judgement`` (a limit of
this package, wide enough that no true figure is near it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sinks.text import Text, table_rows

BASES = ("definition", "read", "derived", "judgement")


@dataclass(frozen=True)
class Bound:
    """From where to where a quantity is plausible.

    Attributes
    ----------
    of : str
        What the quantity is part of: ``input``, a table of the assessment, ``rule``, ``value``, ``potential``,
        ``parameter``.
    quantity, unit : str
    low, high : float
        Infinite where there is no bound.
    open : tuple of str
        Those of ``low`` and ``high`` that are not plausible themselves.
    basis, source, locator : str
    reason : Text
        For people: why not beyond.
    """

    of: str
    quantity: str
    unit: str
    low: float
    high: float
    open: tuple[str, ...]
    basis: str
    source: str
    locator: str
    reason: Text

    def outside(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Which values are not plausible; NaN is."""
        numbers = np.asarray(values, dtype=np.float64)
        below = numbers <= self.low if "low" in self.open else numbers < self.low
        above = numbers >= self.high if "high" in self.open else numbers > self.high
        return below | above

    def __str__(self) -> str:
        """As an interval with its unit, such as ``[0, 1)``."""
        low = "(-∞" if math.isinf(self.low) else f"{'(' if 'low' in self.open else '['}{self.low:,.10g}"
        high = "∞)" if math.isinf(self.high) else f"{self.high:,.10g}{')' if 'high' in self.open else ']'}"
        return f"{low}, {high}" + ("" if self.unit == "1" else f" {self.unit}")


@cache
def bounds(of: str) -> dict[str, Bound]:
    """The bounds of everything that is part of ``of``, by quantity."""
    return {row.quantity: row for row in every_bound() if row.of == of}


@cache
def every_bound() -> tuple[Bound, ...]:
    """The whole table."""
    return tuple(
        Bound(
            r["of"],
            r["quantity"],
            r["unit"],
            float(r["low"] or -math.inf),
            float(r["high"] or math.inf),
            ("low", "high") if r["open"] == "both" else (r["open"],) if r["open"] else (),
            r["basis"],
            r["source"],
            r["locator"],
            Text(r["zh"], r["en"]),
        )
        for r in table_rows("sinks.vocabulary", "plausible_bounds.csv")
    )
