"""Draws of the land of an entry: the methodology is drawn at its nodes, and these are summed as their hectares are."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sinks.account.entries import EntryRows, input_factors
from sinks.uncertainty.draws import Draws, Floats

# Draws of one evaluation stay below this many numbers (32 MB): nodes beyond it are evaluated in turn.
_DRAWS_AT_ONCE = 4_000_000


class Mix(NamedTuple):
    """One thing that is drawn: hectares of every node (rows, nodes), for a pool of the land of a date.

    ``ecosystem`` is given where the area of the land has errors of its own.
    """

    key: Hashable
    pool: str
    date: str
    hectares: csr_array
    ecosystem: str | None = None


def mix_of(
    rows: EntryRows, pool: str, at: NDArray[np.intp], share: Floats, target: NDArray[np.intp], size: int
) -> csr_array | None:
    """Hectares of the nodes of some parts, summed to targets: (size, nodes); None where nothing is known of them.

    Parameters
    ----------
    rows : EntryRows
    pool : str
    at : array (k,) of int
        Parts.
    share : array (k,)
        How much of each part counts.
    target : array (k,) of int
        Row of the result that each part is added to.
    size : int
        Rows of the result.
    """
    counted = np.where(np.isnan(rows.central[pool][at]), 0.0, share)
    kept = np.flatnonzero(counted)
    if not len(kept):
        return None
    sums = csr_array((counted[kept], (target[kept], np.arange(len(kept)))), (size, len(kept)))
    if rows.entry.method.kind(pool) in ("stock_total", "flux_total"):
        nodes = csr_array(
            (np.ones(len(kept)), (np.arange(len(kept)), at[kept])), (len(kept), rows.parts.weights.shape[1])
        )
    else:
        nodes = rows.parts.weights[at[kept]]
    return csr_array(sums @ nodes)


def draw(rows: EntryRows, mixes: Sequence[Mix], table: Floats, draws: Draws) -> dict[Hashable, Floats]:
    """Draws of every mix by its key, t C or t C/yr.

    Parameters
    ----------
    rows : EntryRows
    mixes : sequence of Mix
        All with the same number of rows.
    table : array (table rows, n)
        Draws of the parameter table.
    draws : Draws

    Returns
    -------
    dict of array (rows, n)
        The nodes of a date serve all land of that date.
    """
    entry = rows.entry
    found: dict[Hashable, Floats] = {mix.key: np.zeros((mix.hectares.shape[0], draws.n)) for mix in mixes}
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    for date in dict.fromkeys(mix.date for mix in mixes):
        own = [mix for mix in mixes if mix.date == date]
        nodes = np.unique(np.concatenate([mix.hectares.indices for mix in own]))
        # The rows of a date share the errors of its inputs.
        first = rows.parts.rows.iloc[int(np.flatnonzero(rows.dates == date)[0])]
        factors = input_factors(first, entry.method, draws)
        for start in range(0, len(nodes), step):
            part = nodes[start : start + step]
            resolved, used = rows.resolved.take(part).compact()
            values = resolved.pools_from_draws(table[used].T, factors)
            for mix in own:
                found[mix.key] += mix.hectares[:, part] @ np.nan_to_num(values[mix.pool]).T
        for mix in own:
            errors = None if mix.ecosystem is None else draws.area(entry.source, mix.ecosystem, date)
            if errors is not None:
                found[mix.key] *= errors
    return found
