"""Inputs that a methodology takes together, and the land counted by bins of their values.

A methodology that is not linear in an input may not be evaluated at the input's mean: what grows on thin and on thick
land would then depend on how far the mean reaches.  The pass therefore counts the land of each stratum by bins of the
input, with the first and second moments inside each bin, and tells land on which all inputs of a methodology were
observed from land on which one of them is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOWN = "known:"
"""Head of the column that tells whether all inputs of a set were observed on a row: ``known:growing_stock``."""

BIN_KEYS = ("end", "row", "set", "group", "bin")


@dataclass(frozen=True)
class InputGroup:
    """Inputs that are binned together, because a methodology is not linear in them or they act on each other.

    Attributes
    ----------
    inputs : tuple of str
    edges : tuple of tuple of float
        For each input the edges of its bins, ascending, the plausible bounds first and last.  A bin holds the values
        from its lower edge up to, but without, its upper one.
    """

    inputs: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins by input."""
        return tuple(len(edges) - 1 for edges in self.edges)

    @property
    def bins(self) -> int:
        """Number of bins of all inputs together."""
        return prod(self.shape)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of inputs whose products are summed, in the order of the columns."""
        return tuple(combinations_with_replacement(range(len(self.inputs)), 2))

    def limits(self, bins: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Lower and upper ends of bins by input, each of shape (bins, inputs)."""
        places = np.stack(np.unravel_index(bins, self.shape), axis=1)
        low = np.stack([np.asarray(edges)[places[:, i]] for i, edges in enumerate(self.edges)], axis=1)
        high = np.stack([np.asarray(edges)[places[:, i] + 1] for i, edges in enumerate(self.edges)], axis=1)
        return low, high


@dataclass(frozen=True)
class InputSet:
    """Inputs that must all be observed, for the land on which they are asked for.

    Attributes
    ----------
    inputs : tuple of str
        Names of layers, in alphabetical order.
    ecosystems : tuple of str
        Where a methodology asks for them.
    groups : tuple of InputGroup
        Those of them that are binned; empty where the methodologies are linear.
    """

    inputs: tuple[str, ...]
    ecosystems: tuple[str, ...]
    groups: tuple[InputGroup, ...] = ()

    @property
    def id(self) -> str:
        """Name of the set: ``growing_stock``, ``canopy_cover+crown_area``."""
        return "+".join(self.inputs)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> InputSet:
        """From what ``dataclasses.asdict`` made, by way of JSON."""
        groups = (InputGroup(tuple(g["inputs"]), tuple(map(tuple, g["edges"]))) for g in stored["groups"])
        return cls(tuple(stored["inputs"]), tuple(stored["ecosystems"]), tuple(groups))

    @property
    def column(self) -> str:
        """Column of states that tells whether all of them were observed; ends in ``_from`` or ``_to`` on changes."""
        return KNOWN + self.id


def merged(sets: Iterable[InputSet]) -> tuple[InputSet, ...]:
    """One set for each combination of inputs: ecosystems and bins of all of them."""
    by_inputs: dict[tuple[str, ...], list[InputSet]] = {}
    for one in sets:
        by_inputs.setdefault(one.inputs, []).append(one)
    return tuple(
        InputSet(
            inputs,
            tuple(dict.fromkeys(name for one in same for name in one.ecosystems)),
            _merged_groups([group for one in same for group in one.groups]),
        )
        for inputs, same in sorted(by_inputs.items())
    )


def _merged_groups(groups: Sequence[InputGroup]) -> tuple[InputGroup, ...]:
    edges: dict[tuple[str, ...], list[tuple[tuple[float, ...], ...]]] = {}
    for group in groups:
        edges.setdefault(group.inputs, []).append(group.edges)
    return tuple(
        InputGroup(inputs, tuple(tuple(sorted({e for one in found for e in one[i]})) for i in range(len(inputs))))
        for inputs, found in sorted(edges.items())
    )


def moment_columns(inputs: int) -> tuple[str, ...]:
    """Columns of the moments of a group: ``sum_0`` [value ha], ``sum_01`` [value value ha]."""
    pairs = combinations_with_replacement(range(inputs), 2)
    return (*(f"sum_{i}" for i in range(inputs)), *(f"sum_{i}{j}" for i, j in pairs))


def no_bins() -> pd.DataFrame:
    """The table of bins without any row."""
    kinds = {"end": "str", "row": "int64", "set": "str", "group": "int64", "bin": "int64", "area_ha": "float64"}
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in kinds.items()})
