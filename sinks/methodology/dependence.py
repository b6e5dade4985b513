"""Which arguments of an equation a result depends on, so that a project is asked only for what it accounts for.

The equation is run once on stand-ins that carry names in place of numbers.  Whatever is computed from stand-ins carries
the names of all of them, so that no dependence is missed; one that only seems to be there costs a number too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from sinks.methodology.spec import Methodology, arguments
from sinks.parameters import ParameterTable
from sinks.vocabulary import MONTHS


class _StandIn(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of which only the names are known that it was computed from."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> _StandIn:
        return _StandIn(_names((inputs, options)))

    def __array_function__(self, function: Any, types: Any, given: Any, options: Any) -> _StandIn:
        return _StandIn(_names((given, options)))

    def __getitem__(self, key: Any) -> _StandIn:
        return _StandIn(_names((self, key)))

    def __iter__(self) -> Iterator[_StandIn]:
        return iter([self] * len(self))

    def __len__(self) -> int:
        return len(MONTHS)

    def __bool__(self) -> bool:
        # Which way the equation goes cannot be told without its numbers.
        raise TypeError("a stand-in has no truth value")


def _names(value: Any) -> frozenset[str]:
    if isinstance(value, _StandIn):
        return value.names
    if isinstance(value, dict):
        return _names(tuple(value.values()))
    if isinstance(value, list | tuple):
        return frozenset[str]().union(*map(_names, value))
    return frozenset()


def parameters_asked(
    methodology: Methodology, table: ParameterTable, pools: Iterable[str] | None
) -> dict[str, set[str]]:
    """Parameters that some pools depend on, each with the strata that it is looked up by.

    What is given beside the pools and what is carried on belongs to them.  An equation that cannot be run without
    numbers is taken to depend on all of its parameters.

    Parameters
    ----------
    methodology : Methodology
    table : ParameterTable
        Of this methodology.
    pools : iterable of str, optional
        Some of its outputs; all when None.
    """
    strata_of = {name: set(table.strata_of(methodology.base_name(name))) for name in methodology.parameters}
    asked = frozenset(strata_of) if pools is None else _behind(methodology, pools, strata_of)
    return {name: strata for name, strata in strata_of.items() if name in asked}


def _behind(methodology: Methodology, pools: Iterable[str], strata_of: Mapping[str, set[str]]) -> frozenset[str]:
    everything = frozenset(strata_of)
    declared = (*methodology.inputs, *methodology.parameters, *methodology.carried)
    known: dict[str, Any] = {name: _StandIn([name]) for name in declared}
    try:
        for name, one in methodology.intermediates.items():
            known[name] = _StandIn(_names(one.compute(**{n: known[n] for n in arguments(one.compute)})))
        results = methodology.compute(**{name: known[name] for name in arguments(methodology.compute)})
        wanted = {*pools, *methodology.other_gases, *methodology.carried}
        asked = _names([results[name] for name in wanted]) & everything
    except Exception:  # a user's function may do what no stand-in can, and fail in any way
        return everything
    # A ratio that is looked up by the size of the biomass needs what the biomass is computed from.
    while True:
        sizes = {name for parameter in asked for name in strata_of[parameter]} & set(methodology.intermediates)
        more = _names([known[name] for name in sizes]) & everything
        if more <= asked:
            return asked
        asked |= more
