"""A checked row of a parameter table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sinks.parameters.cells import Cell
from sinks.units import dimension

BASES = ("read", "derived", "transcribed", "memory", "assumed", "user")
"""Read in the document; computed from what was read; seen in a copy of it; recalled; judged; the user's own."""
UNVERIFIED_UNLESS = ("read", "derived", "user")
"""A row of another basis is ``unverified`` through to the report, and so is a derived one that states no formula."""

_CONVENTIONS = ("yr",)
"""Units of parameters that are conventions and no measurements: the years over which a soil is taken to change."""


@dataclass(frozen=True)
class Row:
    """A checked row of a parameter table, its numbers in the unit that the methodology declares."""

    parameter: str
    cells: Mapping[str, Cell]
    value: float
    unit: str
    low: float
    high: float
    interval: str
    distribution: str
    basis: str
    source: str
    locator: str
    note: str
    origin: str
    line: int
    layer: int = 0
    correlation: Mapping[str, float] = field(default_factory=dict)
    same_as: str = ""
    """Name of the estimate that this row is a copy of, where it says so itself."""
    formula: str = ""
    """How a derived value follows from numbers that were read (:mod:`sinks.parameters.formula`)."""
    nominal: str = ""
    """Kind of parameter by which the row was given a nominal error; empty where its interval is its own."""

    @property
    def unverified(self) -> bool:
        return self.basis not in UNVERIFIED_UNLESS or (self.basis == "derived" and not self.formula)

    @property
    def is_definition(self) -> bool:
        """Whether the number is agreed on and not measured, so that nothing is uncertain about it.

        Besides conventions these are a zero, and a bare one, which as a factor does nothing; 1 t C/ha is a measurement.
        """
        return self.unit in _CONVENTIONS or self.value == 0 or (self.value == 1 and dimension(self.unit) == "1")

    @property
    def asks_for(self) -> tuple[str, ...]:
        """Strata that this row does not leave open."""
        return tuple(name for name, cell in self.cells.items() if cell is not None)

    @property
    def key(self) -> str:
        """Parameter and stratum, for messages and for naming the row's draws."""
        return f"{self.parameter}[{', '.join(f'{name}={self.cells[name]}' for name in self.asks_for)}]"
