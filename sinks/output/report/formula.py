"""Formulas as documents set them: indices low, exponents high."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Place = Literal["line", "low", "high"]

# As sinks.methodology.plain writes them: C_i, SOC[0-T], m^3, e^(-k t).
_SCRIPT = re.compile(r"_([A-Za-z0-9]+)|(?<=\w)\[([^\[\]]*)\]|\^\(([^()]*)\)|\^([A-Za-z0-9])")


def placed(formula: str) -> Iterator[tuple[str, Place]]:
    """The parts of a formula in plain text, each with its place.

    Examples
    --------
    >>> list(placed("SOC[0-T] = V_t m^3"))
    [('SOC', 'line'), ('0-T', 'low'), (' = V', 'line'), ('t', 'low'), (' m', 'line'), ('3', 'high')]
    """
    end = 0
    for found in _SCRIPT.finditer(formula):
        if found.start() > end:
            yield formula[end : found.start()], "line"
        low, high = found[1] or found[2], found[3] or found[4]
        yield (low, "low") if low is not None else (high, "high")
        end = found.end()
    if end < len(formula):
        yield formula[end:], "line"
