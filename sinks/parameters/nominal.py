"""Nominal errors: the interval that a parameter without one is given by its kind, where a project asks for it.

The guidelines state errors for whole kinds of parameters where no single number has one.  They are rules of thumb and
an assumption of whoever applies them; which, how large and where they are printed stands in ``nominal_errors.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sinks.parameters.row import Row
from sinks.parameters.table import ParameterTable
from sinks.text import Text

INTERVAL = "nominal"
"""What stands in the column ``interval`` of a row that was given its interval by this rule: ends of 95 %."""


@dataclass(frozen=True)
class NominalError:
    """The error of one kind of parameters.

    Parameters
    ----------
    kind : str
    label : Text
    parameters, methodologies : tuple of str
        Which parameters, and of which methodologies; of all where none is named.
    percent : float
        Half width of the 95 % interval as a percentage of the value.
    basis, source, locator, note : str
        As in a parameter table.
    """

    kind: str
    label: Text
    parameters: tuple[str, ...]
    methodologies: tuple[str, ...]
    percent: float
    basis: str
    source: str
    locator: str
    note: str

    def is_for(self, row: Row, methodology: str) -> bool:
        """Whether a row gets its interval from here: it has none, and is a measurement and no definition."""
        named = row.parameter in self.parameters and (not self.methodologies or methodology in self.methodologies)
        return named and not row.interval and not row.is_definition

    def given_to(self, row: Row) -> Row:
        """The row with the interval."""
        half = abs(row.value) * self.percent / 100
        low, high = row.value - half, row.value + half
        return replace(row, low=low, high=high, interval=INTERVAL, distribution="normal", nominal=self.kind)


@cache
def nominal_errors() -> Mapping[str, NominalError]:
    """The errors by kind of parameter."""
    with Path(__file__).with_name("nominal_errors.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    return {
        row["kind"]: NominalError(
            row["kind"],
            Text(row["zh"], row["en"]),
            tuple(row["parameters"].split()),
            tuple(row["methodologies"].split()),
            float(row["percent"]),
            *(row[name] for name in ("basis", "source", "locator", "note")),
        )
        for row in rows
    }


def with_nominal_errors(table: ParameterTable, methodology: str, kinds: Collection[str]) -> ParameterTable:
    """A methodology's table whose rows without an interval have the nominal error of their kind.

    Parameters
    ----------
    table : ParameterTable
    methodology : str
        Its methodology.
    kinds : collection of str
        Of :func:`nominal_errors`.
    """
    rules = [error for kind, error in nominal_errors().items() if kind in kinds]

    def given(row: Row) -> Row:
        rule = next((rule for rule in rules if rule.is_for(row, methodology)), None)
        return row if rule is None else rule.given_to(row)

    rows = tuple(map(given, table.rows))
    return table if rows == table.rows else replace(table, rows=rows)
