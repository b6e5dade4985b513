"""Whether the numbers of a share look like its unit: percent, per mille or a fraction of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sinks import units
from sinks.tables.numbers import Numbers

_PERCENT = 100.0


@dataclass(frozen=True)
class Doubt:
    """What the numbers of a column look like.

    Attributes
    ----------
    id : str
        Message that says it.
    rows : bool[n]
        Numbers that look so.
    is_error : bool
        Whether they cannot be what the unit says; else they only may be something else.
    values : dict
        Values of the message.
    """

    id: str
    rows: npt.NDArray[np.bool_]
    is_error: bool
    values: dict[str, Any] = field(default_factory=dict)


def check_share(numbers: Numbers, unit: str, like: str, high: float) -> Doubt | None:
    """What is doubtful about a column of shares; None where nothing is, or where it holds no shares.

    Parameters
    ----------
    numbers : Numbers
        In ``unit``; those that brought their own sign of percent are beyond doubt.
    unit : str
        As declared.
    like : str
        Unit of the quantity.
    high : float
        The most that the quantity can be. [like]
    """
    if not np.isfinite(high) or units.dimension(unit) != "1" or units.dimension(like) != "1":
        return None
    whole = units.factor("1", unit)
    values = np.where(numbers.marked, np.nan, numbers.values)
    above = values > 1.0
    if whole > 1.0:
        seen = values > 0.0
        is_small = bool(seen.any()) and not above.any()
        return Doubt("table.looks_like_fraction", seen, False, {"unit": unit}) if is_small else None
    if units.convert(high, like, "1") != 1.0 or not above.any() or np.nanmax(values) > _PERCENT:
        return None
    fractions = int(((values > 0.0) & (values < 1.0)).sum())
    id = "table.percent_and_fraction" if fractions else "table.looks_like_percent"
    return Doubt(id, above, True, {"fractions": fractions, "max": f"{np.nanmax(values):g}"})
