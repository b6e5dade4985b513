"""Draws of the land of an entry: the methodology is drawn at its nodes, and these are summed as their hectares are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sinks.account.entries import EntryRows, input_factors
from sinks.account.unit_draws import UnitDraws
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


def draw(rows: EntryRows, mixes: Sequence[Mix], table: Floats, draws: Draws) -> dict[Hashable, UnitDraws]:
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
    dict of UnitDraws
        The nodes of a date serve all land of that date; nodes that have the same parameters and inputs are drawn once.
    """
    found: dict[Hashable, UnitDraws] = {}
    for date in dict.fromkeys(mix.date for mix in mixes):
        own = [_Filled.of(mix) for mix in mixes if mix.date == date]
        nodes = np.unique(np.concatenate([filled.nodes for filled in own]))
        sums = [np.empty((0, draws.n))] * len(own)
        for number, values in _draw_nodes(rows, date, nodes, table, draws):
            for place, filled in enumerate(own):
                part = filled.take(number, len(next(iter(values.values())))) @ values[filled.mix.pool]
                sums[place] = sums[place] + part if len(sums[place]) else part
        for filled, drawn in zip(own, sums, strict=True):
            mix = filled.mix
            errors = None if mix.ecosystem is None else draws.area(rows.entry.source, mix.ecosystem, date)
            if errors is not None:
                drawn *= errors[filled.places]
            found[mix.key] = UnitDraws(mix.hectares.shape[0], filled.places, drawn)
    return found


def _draw_nodes(
    rows: EntryRows, date: str, nodes: NDArray[np.intp], table: Floats, draws: Draws
) -> Iterator[tuple[NDArray[np.intp], dict[str, Floats]]]:
    """Some nodes at a time: by node the number of its draws (-1 for others), and the draws by pool, (numbers, n)."""
    # The rows of a date share the errors of its inputs.
    first = rows.parts.rows.iloc[int(np.flatnonzero(rows.dates == date)[0])]
    factors = input_factors(first, rows.entry.method, draws)
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    for start in range(0, len(nodes), step):
        part = nodes[start : start + step]
        resolved, same = rows.resolved.take(part, bare=True).distinct()
        compact, used = resolved.compact()
        values = compact.pools_from_draws(table[used].T, factors)
        number = np.full(rows.parts.weights.shape[1], -1, np.intp)
        number[part] = same
        pools = rows.entry.pools
        yield number, {pool: np.nan_to_num(values[pool], copy=False).T for pool in pools}


class _Filled(NamedTuple):
    """The rows of a mix that have any land: most mixes have land in few units."""

    mix: Mix
    places: NDArray[np.intp]
    starts: NDArray[np.intp]
    nodes: NDArray[np.intp]

    @classmethod
    def of(cls, mix: Mix) -> _Filled:
        counts = np.diff(mix.hectares.indptr)
        places = np.flatnonzero(counts)
        starts = np.append(0, np.cumsum(counts[places])).astype(np.intp)
        return cls(mix, places, starts, np.asarray(mix.hectares.indices, np.intp))

    def take(self, number: NDArray[np.intp], size: int) -> csr_array:
        """Hectares by the numbers that nodes have, (filled rows, size); those of nodes that have none are left out."""
        columns, hectares, starts = number[self.nodes], self.mix.hectares.data, self.starts
        if (columns < 0).any():
            kept = columns >= 0
            starts = np.append(0, np.cumsum(kept))[starts]
            columns, hectares = columns[kept], hectares[kept]
        # Two nodes of a row may have one number; they are added one after the other, as two would be.
        return csr_array((hectares, columns, starts), (len(self.places), size))
