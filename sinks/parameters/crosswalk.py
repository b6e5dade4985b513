"""Strata that follow from others: the forest type of a species group, the climate domain of a climate zone."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sinks.errors import ParameterError, Problem
from sinks.parameters.match import UNKNOWN, as_word


@dataclass(frozen=True)
class Crosswalk:
    """Which value of ``target`` goes with each value of ``source``, after the table ``name``."""

    name: str
    source: str
    target: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | str, target: str) -> Crosswalk:
        """Read from a CSV whose first column is the source stratum and which has a column ``target``."""
        path = Path(path)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
        if not rows or target not in rows[0]:
            raise ParameterError(Problem("parameters.no_column", path.name, {"columns": [target]}))
        source = next(iter(rows[0]))
        return cls(path.name, source, target, {row[source].strip(): row[target].strip() for row in rows})

    def __call__(self, codes: ArrayLike) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """The target of each source value; of one that the table lacks :data:`UNKNOWN`, a missing one stays missing."""
        numbers, uniques = pd.factorize(np.asarray(codes), use_na_sentinel=False)
        words = [as_word(value) for value in uniques]
        targets = np.array([self.values.get(word, UNKNOWN if word else "") for word in words], dtype=object)
        return targets[numbers]

    def lacking(self, codes: ArrayLike) -> Problem:
        """What to say where a number depends on the target of source values that the table lacks."""
        words = {as_word(value) for value in pd.unique(np.asarray(codes))}
        found = sorted(word for word in words if word and word not in self.values)
        values = {"source": self.source, "target": self.target, "found": found, "known": list(self.values)}
        return Problem("parameters.not_in_crosswalk", self.name, values)
