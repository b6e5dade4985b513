"""What one methodology accounts for in a project, and its activity rows as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.hierarchy import Hierarchy
from sinks.methodology import Bound, Resolved
from sinks.uncertainty.draws import Draws, Floats
from sinks.vocabulary import ALL, NOT_APPLICABLE

Measure = Literal["stock", "sink"]
Leaf = tuple[str, str, dict[str, NDArray[np.intp]]]
"""Ecosystem, stratum, and the places of its rows by date or period."""


@dataclass(frozen=True)
class Entry:
    """What one methodology accounts for in this project.

    Attributes
    ----------
    method : Bound
        A methodology with the parameters and choices of the project.
    ecosystems, pools : tuple of str
        What it accounts for.
    accounts_for : tuple of {"stock", "sink"}
    source : str
        Activity source that gives the areas.
    role : {"record", "comparison"}
    """

    method: Bound
    ecosystems: tuple[str, ...]
    pools: tuple[str, ...]
    accounts_for: tuple[Measure, ...]
    source: str
    role: Literal["record", "comparison"] = "record"


@dataclass(frozen=True)
class EntryRows:
    """The rows of one entry as arrays: what every leaf takes its part of."""

    entry: Entry
    rows: pd.DataFrame
    resolved: Resolved
    central: Mapping[str, Floats]
    units: NDArray[np.intp]
    area: Floats
    observed: Floats
    times: NDArray[np.object_]

    @classmethod
    def of(cls, entry: Entry, rows: pd.DataFrame, resolved: Resolved, hierarchy: Hierarchy) -> EntryRows:
        times = rows["date"] if entry.method.acts_on == "state" else rows["date_from"] + "-" + rows["date_to"]
        return cls(
            entry,
            rows,
            resolved,
            resolved.pools(),
            hierarchy.numbers(rows["region_code"]),
            rows["area_ha"].to_numpy(float),
            observed_area(rows, entry.method),
            times.to_numpy(object),
        )

    def leaves(self) -> Iterator[Leaf]:
        """Ecosystem, stratum, and for each date or period the places of its rows."""
        land = "ecosystem" if self.entry.method.acts_on == "state" else "ecosystem_to"
        keys = [self.rows[land], _labels(self.rows, self.entry)]
        for key, places in self.rows.groupby(keys, sort=True).indices.items():
            ecosystem, stratum = cast(tuple[str, str], key)
            times = self.times[places]
            yield ecosystem, stratum, {time: places[times == time] for time in sorted(set(times))}

    def used_rows(self) -> NDArray[np.int64]:
        """Rows of the parameter table that were used, each once."""
        # Parameters of a partial methodology are pools, of which the entry may take some only.
        every = not self.entry.method.methodology.partial
        found = self.resolved.used_rows().items()
        parts = [np.asarray(rows, dtype=np.int64) for name, rows in found if every or name in self.entry.pools]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def _labels(rows: pd.DataFrame, entry: Entry) -> pd.Series[str]:
    """The stratum of each row as text: its values of the strata that the methodology tells apart, else its class."""
    ends = ("",) if entry.method.acts_on == "state" else ("", "_from", "_to")
    # What is the same everywhere says nothing about a row, and the ecosystem has a column of its own.
    names = [n for n in entry.method.strata if n not in (*entry.method.constants, *entry.method.inputs, "ecosystem")]
    columns = [name + end for name in names for end in ends if name + end in rows.columns]
    label = pd.Series("", index=rows.index)
    for column in columns:
        value = rows[column].astype(str)
        joined = (label + (" > " if column.endswith("_to") else " / ") + value).where(label != "", value)
        label = joined.where(value != NOT_APPLICABLE, label)
    classes = rows["class"] if ends == ("",) else rows["class_from"] + " > " + rows["class_to"]
    return label.where(label != "", classes)


def observed_area(rows: pd.DataFrame, method: Bound) -> Floats:
    """Area [ha] over which all inputs of the methodology were observed: at most the smallest of theirs."""
    layers = chain.from_iterable(method.methodology.layers.values())
    names = ("area_ha", *(f"{name}_observed_ha" for name in layers))
    areas: Floats = np.minimum.reduce([rows[name].to_numpy(float) for name in names if name in rows.columns])
    return areas


def input_factors(row: pd.Series[Any], method: Bound, draws: Draws) -> dict[str, Floats]:
    """Draws of the inputs relative to their means, shape (n, 1), for rows that all have the dates of ``row``."""
    found: dict[str, Floats] = {}
    for name in chain.from_iterable(method.methodology.layers.values()):
        base = method.methodology.base_name(name)
        factor = draws.factor(base, str(row.get(f"date{name.removeprefix(base)}", ALL)))
        if factor is not None:
            found[name] = factor[:, None]
    return found
