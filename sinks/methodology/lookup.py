"""Look every parameter of a methodology up for activity rows, in the order in which they depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from sinks.errors import ParameterError, Problem, Problems
from sinks.methodology.spec import Floats, Methodology, arguments
from sinks.parameters import FoundRows, ParameterTable


def look_up(
    methodology: Methodology,
    table: ParameterTable,
    strata: dict[str, Any],
    inputs: Mapping[str, Floats],
    asked: Mapping[str, set[str]],
    n: int,
    probing: bool,
) -> tuple[dict[str, FoundRows], dict[str, Any]]:
    """Every parameter that is asked for; those whose stratum is an intermediate value come after it.

    When ``probing``, what the table does not say is NaN, and no error.
    """
    nothing = FoundRows(np.full(n, np.nan), np.full(n, -1, dtype=np.int64))
    found_rows: dict[str, FoundRows] = {name: nothing for name in methodology.parameters if name not in asked}
    inactive: dict[str, Any] = {}
    waiting = dict(asked)
    problems = Problems()
    for intermediate in (None, *methodology.intermediates):
        if intermediate is not None and not problems:
            values = {name: found.values for name, found in found_rows.items()}
            known = {**strata, **inputs, **series(methodology, inputs), **values}
            strata[intermediate] = call(methodology.intermediates[intermediate].compute, known)
        open_strata = set(methodology.intermediates) - set(strata)
        for name in [name for name, needs in waiting.items() if not needs & open_strata]:
            del waiting[name]
            try:
                found_rows[name], inactive_rows = _look_up_one(methodology, table, name, strata, n, probing)
            except ParameterError as error:
                # One row of the table serves before and after, and is asked for once.
                found = [_with_document(methodology, problem) for problem in error.problems]
                problems.extend(ParameterError(*(problem for problem in found if problem not in list(problems))))
            else:
                if inactive_rows is not None:
                    inactive[name] = inactive_rows
    if methodology.partial and asked and not problems and not probing:
        _check_any_pool(methodology, table, {name: found_rows[name] for name in asked}, strata)
        _check_pools_apart(table, found_rows)
    problems.raise_as(ParameterError)
    return found_rows, inactive


def _with_document(methodology: Methodology, problem: Problem) -> Problem:
    """A gap, with the name of the document that has the number, if it is known."""
    document = methodology.documents.get(problem.values.get("parameter", ""))
    if problem.id != "parameters.gap" or document is None:
        return problem
    return Problem("methodology.gap_with_document", problem.where, {**problem.values, "document": document})


def _look_up_one(
    methodology: Methodology,
    table: ParameterTable,
    name: str,
    strata: Mapping[str, Any],
    n: int,
    probing: bool,
) -> tuple[FoundRows, Any]:
    base, suffix = methodology.base_name(name), name[len(methodology.base_name(name)) :]
    seen = {column.removesuffix(suffix): strata[column] for column in strata if suffix and column.endswith(suffix)}
    given = {**strata, **seen}
    lenient = {"gaps_are_nan": methodology.partial or probing, "undecided_are_nan": probing}
    if name not in methodology.only_if:
        return table.lookup(base, given, n, **lenient), None
    option, choice, neutral = methodology.only_if[name]
    active = np.asarray(strata[option]).astype(str) == choice
    values, rows = np.full(n, float(neutral)), np.full(n, -1, dtype=np.int64)
    if active.any():
        asking = {key: np.asarray(column)[active] for key, column in given.items()}
        part = table.lookup(base, asking, int(active.sum()), gaps_are_nan=probing, undecided_are_nan=probing)
        values[active], rows[active] = part.values, part.rows
    return FoundRows(values, rows), ~active


def _check_any_pool(
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
            raise ParameterError(*(_with_document(methodology, problem) for problem in error.problems)) from None


def _check_pools_apart(table: ParameterTable, found_rows: Mapping[str, FoundRows]) -> None:
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


def series(methodology: Methodology, inputs: Mapping[str, Floats]) -> dict[str, Floats]:
    """The monthly inputs as the equation takes them, months first; a month may have draws where another has none."""
    return {
        name: np.stack(np.broadcast_arrays(*(inputs[layer] for layer in layers)))
        for name, layers in methodology.layers.items()
        if layers != (name,)
    }


def call(function: Callable[..., Any], known: Mapping[str, Any]) -> Any:
    return function(**{name: known[name] for name in arguments(function)})
