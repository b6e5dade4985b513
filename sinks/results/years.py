"""Stock, sink and area by year: a run's own dates, or those of the series that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from sinks.results.contents import RunContents
from sinks.results.withheld import withheld
from sinks.vocabulary import ALL

TABLE = "years"
"""Name of the table in the run of a vintage."""

COLUMNS = (
    *("region_code", "region_name", "level", "ecosystem", "quantity", "period", "value", "low", "high", "unit"),
    *("withheld", "segment", "vintage", "status", "break"),
)
"""Rows of different segments are of different definitions and may not be joined; ``break`` says, in the first year of a
segment, what is another in it; ``withheld`` is ``noise`` where a sink may be the noise of the maps."""

QUANTITIES = ("area", "carbon_stock", "net_removals")


def years_of(
    contents: RunContents, dates: Sequence[str], segment: int = 1, vintage: str = "", status: str = "", what: str = ""
) -> pd.DataFrame:
    """Sums of a run by year, and over the steps between its years.

    Parameters
    ----------
    contents : RunContents
    dates : sequence of str
        Years, ascending.
    segment, vintage, status
        What the rows belong to.
    what : str
        What is another in this segment than in the one before.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; values in the units of the account.
    """
    account, doubted = contents.account, withheld(contents)
    steps = {f"{first}-{last}" for first, last in pairwise(dates)}
    whole = account[(account["stratum"] == ALL) & (account["pool"] == ALL) & account["quantity"].isin(QUANTITIES)]
    whole = whole[whole["period"].isin({*dates, *steps})]
    first = whole["period"].str[:4] == dates[0][:4]
    mute = [
        "noise" if quantity == "net_removals" and land == ALL and (code, period) in doubted else ""
        for code, land, quantity, period in whole[["region_code", "ecosystem", "quantity", "period"]].itertuples(
            index=False, name=None
        )
    ]
    found = whole.assign(segment=segment, vintage=vintage, status=status, withheld=mute)
    found = found.assign(**{"break": first.map({True: what, False: ""})})
    order = ["quantity", "region_code", "ecosystem", "period"]
    return found.sort_values(order, kind="stable")[list(COLUMNS)].reset_index(drop=True)


def years_in(contents: RunContents) -> pd.DataFrame:
    """The years of a run of three or more dates, or of the series that it is a vintage of; else no rows."""
    held = contents.tables.get(TABLE)
    if held is not None:
        return held
    account = contents.account
    dates = sorted({str(date) for date in account.loc[account["quantity"] == "area", "period"]})
    return years_of(contents, dates) if len(dates) > 2 else pd.DataFrame(columns=list(COLUMNS))
