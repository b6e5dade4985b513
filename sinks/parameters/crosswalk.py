"""Strata that follow from others: the forest type of a species group, the climate domain of a climate zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sinks.errors import LayerError, ParameterError, Problem
from sinks.parameters.match import UNKNOWN, as_word
from sinks.tables.sheet import as_text, read_rows, read_sheet


@dataclass(frozen=True)
class Crosswalk:
    """Which value of ``target`` goes with each value of ``source``, after the table ``name``."""

    name: str
    source: str
    target: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, path: Path | str, target: str) -> Crosswalk:
        """Read from a table whose first column is the source stratum and which has a column ``target``.

        Raises
        ------
        ParameterError
            The file cannot be read, or lacks the column.
        """
        try:
            source = as_text(next(iter(read_rows(path, names=(target,)).cells), [""])[0])
            records = read_sheet(path, (source, target)).records()
        except LayerError as error:
            raise ParameterError(*error.problems) from error
        return cls(Path(path).name, source, target, {row[source]: row[target] for _, row in records})

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
