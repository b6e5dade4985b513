"""Numbers of stands: from what a field holds to the unit of the account, with every doubt counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sinks import units
from sinks.layers.fields import FieldSpec, is_total
from sinks.layers.stands.checks import Findings
from sinks.tables.numbers import as_numbers
from sinks.vocabulary import Quantity

Floats = npt.NDArray[np.float64]

_SHOWN = 10


class InputField:
    """One input: reads its field batch by batch, and reports at the end what could not be used.

    Parameters
    ----------
    quantity : Quantity
        What the field is to become.
    spec : FieldSpec
        With the unit of the field.
    """

    def __init__(self, quantity: Quantity, spec: FieldSpec) -> None:
        assert spec.unit is not None  # planned before
        self.quantity, self.spec = quantity, spec
        self.per_stand = is_total(spec.unit, quantity.unit)
        self._unit: str = spec.unit
        self._unreadable: dict[str, int] = {}
        self._mended = self._off = self._seen = self._above_one = self._fractions = 0
        self._low, self._high = np.inf, -np.inf

    def read(self, column: Any, stand_area_ha: Floats) -> Floats:
        """Values in the quantity's unit; NaN where there is none, or none that can be used.

        Parameters
        ----------
        column : array of numbers or text [n]
        stand_area_ha : float64[n]
            True area of each stand, which a total per stand is divided by. [ha]
        """
        numbers = as_numbers(column, self._unit)
        for text in np.asarray(column, dtype=object)[numbers.unreadable]:
            self._unreadable[str(text)] = self._unreadable.get(str(text), 0) + 1
        self._mended += int((numbers.mended | numbers.marked).sum())
        # A number with its own sign of percent says nothing of the others.
        self._count_fractions(np.where(numbers.marked, np.nan, numbers.values))
        if self.per_stand:
            values = units.convert(numbers.values / stand_area_ha, f"{self._unit}/ha", self.quantity.unit)
        else:
            values = units.convert(numbers.values, self._unit, self.quantity.unit)
        off = (values < self.quantity.low) | (values > self.quantity.high)
        if off.any():
            self._off += int(off.sum())
            self._low, self._high = min(self._low, float(values[off].min())), max(self._high, float(values[off].max()))
        return np.where(off, np.nan, values)

    def _count_fractions(self, values: Floats) -> None:
        self._seen += int((values > 0.0).sum())
        self._above_one += int((values > 1.0).sum())
        self._fractions += int(((values > 0.0) & (values < 1.0)).sum())

    def report(self, findings: Findings) -> None:
        """Say what was found."""
        names = {"field": self.spec.field, "quantity": self.quantity.label, "unit": self._unit}
        if self._unreadable:
            shown = [f"{text!r} × {count}" for text, count in list(self._unreadable.items())[:_SHOWN]]
            findings.error("vector.not_numbers", **names, count=sum(self._unreadable.values()), values=shown)
        if self._mended:
            findings.note("vector.text_numbers", **names, count=self._mended)
        if self._off:
            self._report_bounds(findings, names)
        elif self._unit in ("%", "‰") and self._seen and not self._above_one:
            findings.note("vector.looks_like_fraction", **names, count=self._seen)

    def _report_bounds(self, findings: Findings, names: dict[str, Any]) -> None:
        bounds = {"low": f"{self.quantity.low:g}", "high": f"{self.quantity.high:g}", "expected": self.quantity.unit}
        found = {"count": self._off, "min": f"{self._low:g}", "max": f"{self._high:g}"}
        if self._unit == "1" and self._above_one:
            mixed = "vector.percent_and_fraction" if self._fractions else "vector.looks_like_percent"
            findings.error(mixed, **names, **bounds, **found, fractions=self._fractions)
        elif self.quantity.id == "growing_stock" and self._low >= self.quantity.low:
            findings.error("vector.volume_too_high", **names, **bounds, **found)
        else:
            findings.error("vector.out_of_bounds", **names, **bounds, **found)
