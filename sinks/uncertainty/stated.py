"""Which figures rest on nothing but what has a stated uncertainty.

An interval that leaves out half of what a figure rests on is no 95 % interval.  A figure counts as covered when every
parameter that moves it, and every input, has an interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sinks.methodology import Bound, Resolved
from sinks.uncertainty.draws import Draws


def stated_parts(
    method: Bound, resolved: Resolved, pools: Sequence[str], draws: Draws | None
) -> dict[str, NDArray[np.bool_]]:
    """By pool, the evaluated rows whose parameters and inputs all have a stated uncertainty; none without draws.

    Returns
    -------
    dict of str to array (n,) of bool
    """
    n = len(resolved.rows)
    if draws is None:
        return {pool: np.zeros(n, bool) for pool in pools}
    given = all(name in draws.inputs for name in method.inputs)
    found = {pool: np.full(n, given) for pool in pools}
    spreads = method.table.spreads
    fixed = np.array([spread.distribution == "fixed" for spread in spreads] + [False])
    conventional = np.array([row.is_definition for row in method.table.rows] + [True])
    lacking = fixed & ~conventional
    for name, looked_up in resolved.found_rows.items():
        without = lacking[looked_up.rows]
        if not without.any():
            continue
        for pool in pools:
            found[pool] &= ~(without & resolved.moved_by(name)[pool])
    return found
