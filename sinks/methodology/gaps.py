"""What a parameter table lacks for the land it is asked for, and what it has twice."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from sinks.errors import ParameterError, Problem
from sinks.methodology.spec import Methodology
from sinks.parameters import FoundRows, ParameterTable


def with_document(methodology: Methodology, problem: Problem) -> Problem:
    """A gap, with the name of the document that has the number, if it is known."""
    document = methodology.documents.get(problem.values.get("parameter", ""))
    if problem.id != "parameters.gap" or document is None:
        return problem
    return Problem("methodology.gap_with_document", problem.where, {**problem.values, "document": document})


def check_any_pool(
    methodology: Methodology, table: ParameterTable, found_rows: Mapping[str, FoundRows], strata: Mapping[str, Any]
) -> None:
    """A stratum without any pool is a gap; the missing row is named for the pool that has most rows."""
    nothing = np.all([found.rows < 0 for found in found_rows.values()], axis=0)
    # A stratum that the table has for pools that nobody asked for is known: those asked for are not estimated.
    for name in set(methodology.parameters) - set(found_rows):
        with suppress(ParameterError):
            nothing &= table.lookup(name, strata, len(nothing), gaps_are_nan=True).rows < 0
    if nothing.any():
        rows_of = {name: sum(row.parameter == name for row in table.rows) for name in found_rows}
        fullest = max(rows_of, key=lambda name: rows_of[name])
        without = {name: np.asarray(column)[nothing] for name, column in strata.items()}
        try:
            table.lookup(fullest, without, int(nothing.sum()))
        except ParameterError as error:
            raise ParameterError(*(with_document(methodology, problem) for problem in error.problems)) from None


def check_pools_apart(table: ParameterTable, found_rows: Mapping[str, FoundRows]) -> None:
    """A pool and a sum that contains it, both found for one row, would count carbon twice."""
    has = {pool: found.rows >= 0 for pool, found in found_rows.items()}
    living = {"above_ground_biomass", "below_ground_biomass"}
    sums = {"biomass": sorted(living & set(has)), "ecosystem": sorted(set(has) - {"ecosystem"})}
    for whole, parts in sums.items():
        for part in parts:
            if whole in has and (both := np.flatnonzero(has[whole] & has[part])).size:
                rows = [table.rows[int(found_rows[pool].rows[both[0]])] for pool in (whole, part)]
                places = [f"{row.origin}:{row.line}" for row in rows]
                raise ParameterError(
                    Problem("methodology.pool_twice", table.name, {"whole": whole, "part": part, "rows": places})
                )
