"""The sums that a series keeps: what each addition has found, told by digest, and all of it together.

A pass adds integers, so what it finds of a date and of a step between two dates does not depend on the other dates
(:mod:`sinks.tabulation.exact`).  The sums of two passes that share a date are therefore those of one pass over both,
to the last digit; and the date that they share shows that the second has seen what the first has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import Activity
from sinks.errors import Problem, RunError
from sinks.results.ownership import sha256

_KEYS = ("source", "region_code", "date", "land_cover", "class", "ecosystem")


def digest_of(folder: Path) -> str:
    """One digest of every file of a folder of sums."""
    parts = [f"{path.name} {sha256(path)}" for path in sorted(folder.iterdir()) if path.is_file()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def steps_of(activity: Activity) -> Activity:
    """The activity without what leads from the first date to the last, over those between."""
    changes = activity.changes
    if changes.empty:
        return activity
    steps = set(pairwise(sorted({*changes["date_from"], *changes["date_to"]})))
    pairs = zip(changes["date_from"], changes["date_to"], strict=True)
    return _taken(activity, np.ones(len(activity.states), bool), np.array([pair in steps for pair in pairs], bool))


def new_sums(kept: Activity, pair: Activity, partner: str) -> Activity:
    """What a pass over a partner and later dates has found anew.

    Parameters
    ----------
    kept : Activity
        The sums of the series so far.
    pair : Activity
        Of the partner, the last date of the series, and what comes after.
    partner : str

    Returns
    -------
    Activity

    Raises
    ------
    RunError
        The pass has seen another land at a date that the series keeps.
    """
    steps, known = steps_of(pair), set(zip(kept.states["source"], kept.states["date"], strict=True))
    own = np.array([key in known for key in zip(steps.states["source"], steps.states["date"], strict=True)], bool)
    _check_same(kept.states, steps.states[own], partner)
    return _taken(steps, ~own, np.ones(len(steps.changes), bool))


def joined_sums(parts: Sequence[Activity]) -> Activity:
    """Sums of additions, the oldest first, as one activity: as if one pass had found them."""
    states = pd.concat([part.states.assign(_part=n) for n, part in enumerate(parts)])
    states["_row"] = states.index
    rank = {source: at for at, source in enumerate(dict.fromkeys(states["source"]))}
    order = np.lexsort((np.arange(len(states)), states["_part"], states["source"].map(rank).to_numpy()))
    states = states.iloc[order].reset_index(drop=True)
    changes = pd.concat([part.changes for part in parts if len(part.changes)] or [parts[0].changes], ignore_index=True)
    past = [name for name in changes.columns if "@" in str(name)]
    changes = changes.assign(**{name: changes[name].fillna("") for name in past})
    begins = np.cumsum([0, *(len(part.changes) for part in parts)])
    of_states, of_changes = [], []
    for number, part in enumerate(parts):
        own = part.bins["end"] == ""
        place = states[states["_part"] == number].reset_index().set_index("_row")["index"]
        rows = part.bins.loc[own, "row"].map(place).astype(np.int64)
        of_states.append(part.bins[own].assign(row=rows))
        of_changes.append(part.bins[~own].assign(row=part.bins.loc[~own, "row"] + begins[number]))
    bins = [one for one in (*of_states, *of_changes) if len(one)]
    return replace(
        parts[0],
        states=states.drop(columns=["_part", "_row"]),
        changes=changes,
        bins=pd.concat(bins, ignore_index=True) if bins else parts[0].bins,
    )


def _taken(activity: Activity, states: NDArray[np.bool_], changes: NDArray[np.bool_]) -> Activity:
    """Some rows of an activity, with the bins of those rows."""
    bins, numbers = activity.bins, [np.cumsum(states) - 1, np.cumsum(changes) - 1]
    of_state = (bins["end"] == "").to_numpy(bool)
    rows = bins["row"].to_numpy(np.int64)
    stays = np.zeros(len(bins), bool)
    place = rows.copy()
    for own, kept, number in ((of_state, states, numbers[0]), (~of_state, changes, numbers[1])):
        stays[own] = kept[rows[own]]
        place[own] = number[rows[own]]
    return replace(
        activity,
        states=activity.states[states].reset_index(drop=True),
        changes=activity.changes[changes].reset_index(drop=True),
        bins=bins.assign(row=place)[stays].reset_index(drop=True),
    )


def _check_same(kept: pd.DataFrame, found: pd.DataFrame, partner: str) -> None:
    """Refuse a pass that has seen another land at a date that is kept."""
    wanted = set(zip(found["source"], found["date"], strict=True))
    own = np.array([key in wanted for key in zip(kept["source"], kept["date"], strict=True)], bool)
    columns = [name for name in kept.columns if name in found.columns]
    order = [name for name in _KEYS if name in columns]
    before, after = (
        frame[columns].sort_values(order, kind="stable").reset_index(drop=True) for frame in (kept[own], found)
    )
    if before.equals(after):
        return
    areas = [frame.groupby("region_code")["area_ha"].sum() for frame in (before, after)]
    classes = [frame.groupby(["region_code", "ecosystem"])["area_ha"].sum() for frame in (before, after)]
    differ = classes[0].sub(classes[1], fill_value=0.0).abs().groupby("region_code").sum()
    regions = sorted(differ[differ > 0].index) or sorted(set(areas[0].index) ^ set(areas[1].index)) or ["-"]
    values = {"date": partner, "regions": [str(code) for code in regions[:10]], "area": f"{differ.sum() / 2:,.6g}"}
    raise RunError(Problem("series.partner_changed", partner, values))
