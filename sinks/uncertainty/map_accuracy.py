"""How well a classified map is known to be right: published accuracies of products, or what the user states.

``map_accuracy.csv`` has the accuracies that were published of the products behind the built-in legends, each with its
document and the place in it.  A product of which no document was read has no row, and nothing is assumed of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sinks.text import table_rows
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL

COLUMNS = (
    *("legend", "version", "first_year", "last_year", "ecosystem", "measure", "value", "low", "high", "unit"),
    *("sample_size", "source", "doi", "locator", "basis"),
)
"""Columns of ``map_accuracy.csv``; ``measure`` is ``overall``, ``users`` or ``producers``, values are percent."""

_READ = "read"


@dataclass(frozen=True)
class ClassAccuracy:
    """Accuracy of a map of which no confusion matrix is known.

    Attributes
    ----------
    overall : float
        Share of the map that is right.
    users : mapping of str to float
        User's accuracy by ecosystem: the share of what the map calls so that is so.  May be empty.
    version : str
        Which map it was measured on.
    source : str
        Document and place.
    read : bool
        Whether every number was read in its document, and none in another's quotation.
    """

    overall: float
    users: Mapping[str, float] = field(default_factory=dict)
    version: str = ""
    source: str = ""
    read: bool = True

    def of(self, classes: Sequence[str]) -> Floats:
        """User's accuracy of each class, shape (k,); the overall accuracy where it is not known by class."""
        return np.array([self.users.get(name, self.overall) for name in classes], dtype=np.float64)


@cache
def published_rows() -> tuple[Mapping[str, str], ...]:
    """Every row of ``map_accuracy.csv``, as text by column."""
    return tuple(table_rows("sinks.uncertainty", "map_accuracy.csv"))


def published_accuracy(legend: str, date: str) -> ClassAccuracy | None:
    """The published accuracy of a product's map of a year.

    Of several versions that which covers the year, else the one nearest to it in time.

    Parameters
    ----------
    legend : str
        Id of a built-in legend; of any other legend nothing is published.
    date : str
        Year of the map.

    Returns
    -------
    ClassAccuracy or None
        None where no document was read on the product.
    """
    rows = [row for row in published_rows() if row["legend"] == legend]
    # The overall accuracy says which versions were assessed; classes without one of their own have it.
    versions = [row for row in rows if row["ecosystem"] == ALL and row["measure"] == "overall"]
    if not versions:
        return None
    found = min(versions, key=lambda row: _years_away(row, int(date)))
    users = [row for row in rows if row["version"] == found["version"] and row["measure"] == "users"]
    used = [found, *users]
    return ClassAccuracy(
        float(found["value"]) / 100,
        {row["ecosystem"]: float(row["value"]) / 100 for row in users},
        found["version"],
        "; ".join(dict.fromkeys(_cited(row) for row in used)),
        all(row["basis"] == _READ for row in used),
    )


def _years_away(row: Mapping[str, str], year: int) -> int:
    first, last = int(row["first_year"]), int(row["last_year"])
    return max(first - year, year - last, 0)


def _cited(row: Mapping[str, str]) -> str:
    name = f"{row['source']} (doi:{row['doi']})" if row["doi"] else row["source"]
    return f"{name}, {row['locator']}"
