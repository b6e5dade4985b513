"""Rates that depend on an age: over a period, land passes through ages and does not stand at those of the dates.

The flux of land that does not change is the mean over the years of the period, each at the age that the land has in
its middle: ``age + k - 1/2`` in the k-th year, from the ages at the beginning.  Land that comes or goes counts half,
at the date at which it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import block_diag, csr_array

from sinks.account.amounts import years_of
from sinks.account.common_land import Ends
from sinks.account.quadrature import Parts
from sinks.activity import FROM, TO
from sinks.methodology import Bound
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import MID_YEAR, of_time


def ages_of(method: Bound, rows: pd.DataFrame) -> tuple[str, ...]:
    """Ages in years that a methodology asks for and the rows have as numbers; a class of ages says no year."""
    asked = dict.fromkeys((*method.inputs, *method.strata))
    present = [name for name in asked if name in rows.columns and name not in method.constants]
    return of_time((name for name in present if rows[name].dtype.kind == "f"), "age")


def through_ages(
    parts: Parts, of_end: NDArray[np.intp], ends: Ends, other: NDArray[np.object_], ages: Sequence[str]
) -> tuple[Parts, Floats]:
    """Parts with one more for each year that land passes through, and how much of each counts.

    Parameters
    ----------
    parts : Parts
    of_end : array (parts,) of int
        Place of each part's row in ``ends``; -1 for land of dates.
    ends : Ends
        Both ends of the periods.
    other : array (rows of ends,) of str
        Ecosystem of each row's land at the other end.
    ages : sequence of str

    Returns
    -------
    Parts
        The same, and after them the parts of the years.
    array (all parts,)
        Share of each that counts for the mean flux of its period; zero for land of dates.
    """
    known = np.bincount(of_end[of_end >= 0], parts.known[of_end >= 0], len(ends.rows)) > 0
    staying, scale = _staying(ends, known, other)
    counted = np.where(of_end >= 0, 0.5 * np.isnan(scale)[of_end], 0.0)
    found, shares = [parts], [counted]
    for period in dict.fromkeys(ends.period[staying]):
        years = years_of(str(period))
        places = np.flatnonzero((of_end >= 0) & (staying & (ends.period == period))[of_end])
        for year in range(1, years + 1):
            found.append(_older(parts, places, ages, year - MID_YEAR))
            shares.append(scale[of_end[places]] / years)
    return _joined(found), np.concatenate(shares)


def _staying(ends: Ends, known: NDArray[np.bool_], other: NDArray[np.object_]) -> tuple[NDArray[np.bool_], Floats]:
    """Rows at the beginning whose land is known and stays, and by row what its area is to be multiplied with.

    The factor is that from the area at the beginning to the mean area, so that it is one on maps; zero at the end of
    such land, which is counted already, and NaN for all other rows.
    """
    area, ecosystem = (ends.rows[name].to_numpy() for name in ("area_ha", "ecosystem"))
    matched = (ends.land >= 0) & (ecosystem == other)
    staying, scale = np.zeros(len(area), bool), np.full(len(area), np.nan)
    for period in dict.fromkeys(ends.period):
        own = matched & (ends.period == period)
        begin, end = (np.flatnonzero(own & (ends.end == side)) for side in (FROM, TO))
        size = int(ends.land[own].max(initial=-1)) + 1
        before, after = (np.bincount(ends.land[at], area[at], size) for at in (begin, end))
        begin = begin[known[begin] & (before[ends.land[begin]] > 0)]
        land = ends.land[begin]
        staying[begin], scale[begin] = True, (before[land] + after[land]) / 2 / before[land]
        scale[end[np.isin(ends.land[end], land)]] = 0.0
    return staying, scale


def _older(parts: Parts, places: NDArray[np.intp], ages: Sequence[str], by: float) -> Parts:
    """Some parts, each of their nodes older by some years."""
    weights = parts.weights[places]
    used = np.unique(weights.indices)
    nodes = parts.nodes.iloc[used]
    return Parts(
        parts.rows.iloc[places],
        parts.origin[places],
        parts.area[places],
        parts.known[places],
        nodes.assign(**{name: nodes[name] + by for name in ages}),
        weights[:, used],
    )


def _joined(found: Sequence[Parts]) -> Parts:
    return Parts(
        pd.concat([one.rows for one in found], ignore_index=True),
        np.concatenate([one.origin for one in found]),
        np.concatenate([one.area for one in found]),
        np.concatenate([one.known for one in found]),
        pd.concat([one.nodes for one in found], ignore_index=True),
        csr_array(block_diag([one.weights for one in found], format="csr")),
    )
