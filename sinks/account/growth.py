"""Growth per year that no forest has: most likely two inventories that measure differently, or a unit that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from sinks.activity import AREA, FROM, OBSERVED, TO, Activity
from sinks.vocabulary.bounds import Bound, bounds

INPUT = "growing_stock"

COLUMNS = ("region_code", "period", "area_ha", "growth")


def implausible_growth(activity: Activity) -> pd.DataFrame:
    """Land whose mean growing stock rises faster than forest grows.

    Land that has its growing stock at both of two consecutive dates is judged by stratum: transitions within an
    ecosystem where the source knows them, else the stratum's means at the two dates.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`: hectares of the strata beyond the bound, and the fastest of them [m3/ha/yr].
    """
    limit = bounds("check")["growing_stock_per_year"]
    parts = [*_of_changes(activity, limit), *_of_states(activity, limit)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    found = pd.concat(parts, ignore_index=True).groupby(["region_code", "period"], sort=True)
    return found.agg(area_ha=(AREA, "sum"), growth=("growth", "max")).reset_index()


def _of_changes(activity: Activity, limit: Bound) -> Iterator[pd.DataFrame]:
    changes = activity.changes
    ends = {end: (INPUT + end, INPUT + end + OBSERVED) for end in (FROM, TO)}
    if not {name for pair in ends.values() for name in pair} <= set(changes.columns):
        return
    stays = changes[changes["ecosystem_from"] == changes["ecosystem_to"]]
    strata = [name for name in (*activity.strata, *(one + TO for one in activity.strata)) if name in changes.columns]
    key = ["source", "region_code", "date_from", "date_to", "ecosystem_to", *strata]
    consecutive = set(pairwise(activity.dates))
    amounts = {end: stays[mean].fillna(0.0) * stays[seen] for end, (mean, seen) in ends.items()}
    summed = stays.assign(total_from=amounts[FROM], total_to=amounts[TO])
    columns = ["total_from", "total_to", ends[FROM][1], ends[TO][1], AREA]
    rows = summed.groupby(key, dropna=False)[columns].sum().reset_index()
    rows = rows[[pair in consecutive for pair in zip(rows["date_from"], rows["date_to"], strict=True)]]
    means = {end: rows[f"total{end}"] / rows[seen].where(rows[seen] > 0) for end, (_, seen) in ends.items()}
    yield _beyond(rows, {"first": means[FROM], "last": means[TO]}, limit)


def _of_states(activity: Activity, limit: Bound) -> Iterator[pd.DataFrame]:
    """Sources without transitions: stands and statistics."""
    known = set(activity.changes["source"].unique())
    states = activity.states[~activity.states["source"].isin(known)]
    if INPUT not in states.columns:
        return
    strata = [name for name in activity.strata if name in states.columns]
    key = ["source", "region_code", "ecosystem", *strata]
    seen = states[INPUT + OBSERVED] if INPUT + OBSERVED in states.columns else states[AREA]
    seen = seen.where(states[INPUT].notna(), 0.0)
    summed = states.assign(total=states[INPUT].fillna(0.0) * seen, seen=seen)
    rows = summed.groupby([*key, "date"], dropna=False)[["total", "seen", AREA]].sum().reset_index()
    for first, last in pairwise(activity.dates):
        both = rows[rows["date"] == first].merge(rows[rows["date"] == last], on=key, suffixes=(FROM, TO))
        both = both.rename(columns={AREA + TO: AREA})
        means = {name: both[f"total{end}"] / both[f"seen{end}"].where(both[f"seen{end}"] > 0)
                 for name, end in (("first", FROM), ("last", TO))}  # fmt: skip
        yield _beyond(both, means, limit)


def _beyond(rows: pd.DataFrame, means: Mapping[str, pd.Series[float]], limit: Bound) -> pd.DataFrame:
    years = rows["date_to"].astype(int) - rows["date_from"].astype(int)
    growth = (means["last"] - means["first"]) / years
    found = rows.assign(growth=growth, period=rows["date_from"] + "-" + rows["date_to"])
    # NaN, of land without a growing stock at one of the dates, is not beyond.
    return found.loc[np.asarray(limit.outside(growth)), list(COLUMNS)]
