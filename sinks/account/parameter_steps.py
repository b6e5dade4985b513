"""Changes that come from a step of a parameter and not from growth.

Some parameters are published for ranges: a BCEF holds from 20 to 50 m3/ha and another one from 50 to 100.  When the
mean of a stratum crosses such a border between two dates, its stock jumps by the difference of the two parameters
without a tree having changed.  The jump is what the later stock would not have had with the earlier parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.methodology import Bound, Resolved
from sinks.parameters import FoundRows
from sinks.uncertainty.draws import Floats

COLUMNS = ("region_code", "methodology", "period", "area_ha", "jump", "parameters")


def stepped_parameters(method: Bound) -> tuple[str, ...]:
    """Parameters of ``compute`` that are looked up by the size of an input or of an intermediate value."""
    spec = method.methodology
    sizes = {*chain.from_iterable(spec.layers.values()), *spec.intermediates}
    return tuple(name for name in spec.parameters if sizes & set(method.table.strata_of(spec.base_name(name))))


def step_changes(
    method: Bound,
    resolved: Resolved,
    area: Floats,
    pools: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> pd.DataFrame:
    """Jumps of stock by region unit and period.

    Parameters
    ----------
    method : Bound
        Acts on states.
    resolved : Resolved
        Of ``n`` state rows.
    area : array (n,)
        Hectares that each row stands for.
    pools : sequence of str
        Pools that are accounted for.
    periods : sequence of (str, str)

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`: the area of the strata that crossed a border, and the ``jump`` [t C] in the change of
        their stock.  Strata are compared with themselves; one that is there at one date only has crossed nothing.
    """
    stepped = [name for name in stepped_parameters(method) if name in resolved.found_rows]
    densities = [pool for pool in pools if method.kind(pool) == "density"]
    found = [pd.DataFrame(columns=list(COLUMNS))]
    for first, last in periods if stepped and densities else ():
        before, after = _paired(resolved.rows, first, last)
        crossed = np.zeros(len(after), dtype=bool)
        names = []
        for name in stepped:
            rows = resolved.found_rows[name].rows
            differs = (rows[before] != rows[after]) & (rows[before] >= 0) & (rows[after] >= 0)
            names += [name] if differs.any() else []
            crossed |= differs
        if crossed.any():
            before, after = before[crossed], after[crossed]
            jump = _jump(resolved, before, after, stepped, densities) * area[after]
            jumps = pd.DataFrame(
                {"region_code": resolved.rows["region_code"].to_numpy()[after], "area_ha": area[after], "jump": jump}
            )
            sums = jumps.groupby("region_code", as_index=False).sum()
            named = sums.assign(methodology=method.id, period=f"{first}-{last}", parameters="+".join(names))
            found.append(named[list(COLUMNS)])
    filled = [part for part in found if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else found[0]


def _paired(rows: pd.DataFrame, first: str, last: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the rows of each stratum at both dates; strata of several rows are left out."""
    keys = [str(name) for name in rows.columns if not pd.api.types.is_numeric_dtype(rows[name]) and name != "date"]
    places = rows[[*keys, "date"]].assign(place=np.arange(len(rows)))
    ends = []
    for date in (first, last):
        at = places[places["date"] == date]
        ends.append(at[~at.duplicated(keys, keep=False)].set_index(keys)["place"])
    both = pd.concat(ends, axis=1, join="inner", keys=["before", "after"])
    return both["before"].to_numpy(np.intp), both["after"].to_numpy(np.intp)


def _jump(
    resolved: Resolved,
    before: NDArray[np.intp],
    after: NDArray[np.intp],
    stepped: Sequence[str],
    pools: Sequence[str],
) -> Floats:
    """Density at the later date less what it would be with the earlier parameters, all pools together [t C/ha]."""
    now = resolved.take(after)
    earlier = {name: resolved.found_rows[name] for name in stepped}
    kept = {name: FoundRows(found.values[before], found.rows[before]) for name, found in earlier.items()}
    with_earlier = replace(now, found_rows={**now.found_rows, **kept}).pools()
    with_later = now.pools()
    jumps: Floats = np.sum([np.nan_to_num(with_later[pool] - with_earlier[pool]) for pool in pools], axis=0)
    return jumps
