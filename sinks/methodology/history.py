"""Land with a history, one stretch of it after the other.

A transition tells what the land was at earlier dates (``class@2000``).  A stretch leads from one date at which the land
is known to the next; the last stretch of a row ends at its later date.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import at_date, known_dates, land_at, past_dates

Floats = NDArray[np.float64]
_ENDS = ("_from", "_to")


@dataclass(frozen=True)
class Stretch:
    """A stretch of the history of some rows.

    Attributes
    ----------
    rows : DataFrame
        As transitions between the two dates of the stretch.
    places : int, [rows]
        Rows of the whole table that it belongs to, ascending.
    share : float64, [rows]
        Its years as a part of those of the row it belongs to; 0 where it lies before the row's first date.
    """

    rows: pd.DataFrame
    places: NDArray[np.intp]
    share: Floats


def years_between(rows: pd.DataFrame) -> Floats:
    """Years between the dates of change rows; a date without month stands for the same day of each year."""
    before, after = (pd.to_numeric(rows[name].astype(str).str[:4]) for name in ("date_from", "date_to"))
    return (after - before).to_numpy(dtype=np.float64)


def stretches(rows: pd.DataFrame, ecosystems: Collection[str]) -> Iterator[Stretch]:
    """Stretches of every row in order of time; none where only the two dates of the rows are known.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``Activity.changes``, with land of ``ecosystems`` at both dates.
    ecosystems : collection of str
        A date at which the land was something else, or was not observed, is passed over.
    """
    if not past_dates(rows) or rows.empty:
        return
    head = at_date("", "")
    names = sorted({str(name).split(head)[0] for name in rows.columns if head in str(name)})
    dated = {f"{name}{end}" for name in (*names, "date") for end in _ENDS}
    static = rows[[name for name in rows.columns if name not in dated and head not in str(name)]]
    years = years_between(rows)
    last = np.full(len(rows), "", object)
    was: dict[str, NDArray[np.object_]] = {name: last for name in names}
    for date in known_dates(rows):
        now = {name: land_at(rows, name, date) for name in names}
        # Where the row does not reach the date, it says nothing and is not known.
        known = np.isin(now["ecosystem"].astype(str), list(ecosystems))
        places = np.flatnonzero(known & (last != ""))
        if places.size:
            part = static.iloc[places].assign(
                date_from=last[places],
                date_to=date,
                **{f"{name}_from": was[name][places] for name in names},
                **{f"{name}_to": now[name][places] for name in names},
            )
            own = last[places] >= rows["date_from"].to_numpy(object)[places]
            share = np.where(own, years_between(part) / years[places], 0.0)
            yield Stretch(part.reset_index(drop=True), places, share)
        was = {name: np.where(known, now[name], was[name]) for name in names}
        last = np.where(known, date, last)
