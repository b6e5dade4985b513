"""How the stocks of an account and its sink go together: one table that leads from one to the other, in t C.

The stock at the first date, the change on land whose carbon is known at both dates, and the carbon that became or
ceased to be known make the stock at the last date.  The change on common land, less what the sink does not have of it,
plus what only the sink has, makes the sink of record over the period.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from sinks.account.amounts import years_of
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, ecosystems, pools, same_carbon

COLUMNS = ("region_code", "region_name", "level", "ecosystem", "period", "line", "methodology", "pool", "value")
"""Columns of the table, see :func:`reconciliation`."""

OF_STOCK = ("stock_first", "stock_change", "newly_known", "no_longer_known", "stock_last")
"""Lines of the first statement: all but the last add up to the last."""

OF_SINK = ("common_change", "sink_elsewhere", "other_sink", "no_sink", "no_stock", "sink_of_record")
"""Lines of the second statement: all but the last add up to the last."""

_PLACE = ["region_code", "region_name", "level"]
_KEY = [*_PLACE, "ecosystem", "period"]
_PART = [*_KEY, "methodology", "pool"]
_ROUNDING = 1e-9


def reconciliation(account: pd.DataFrame) -> pd.DataFrame:
    """From the stocks of an account to its sink, for every region, ecosystem and period.

    Parameters
    ----------
    account : DataFrame
        The account, columns :data:`sinks.account.totals.COLUMNS`.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`; ``value`` [t C over the period] has the sign with which it is added.  The lines:

        - ``stock_first``: the stock at the first date;
        - ``stock_change``: its change on land whose carbon is known at both dates, by methodology and pool;
        - ``newly_known``, ``no_longer_known``: carbon known at one of the dates only;
        - ``stock_last``: their sum, the stock at the last date;
        - ``common_change``: all lines ``stock_change`` together;
        - ``sink_elsewhere``: change of a stock whose sink another methodology counts, which is taken out;
        - ``other_sink``: the sink that the other methodology counts instead;
        - ``no_sink``: change of a stock whose sink nobody counts, which is taken out;
        - ``no_stock``: a sink of carbon of which the account has no stock;
        - ``sink_of_record``: their sum, net removals times years times 12/44.

        Lines of nothing are left out, and so is a statement of which the region has no part.  Totals have the
        methodology "" and the pool ``all``.  Empty for an account of one date.
    """
    leaves = _leaves(account)
    if leaves.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    lines = pd.concat([_totals(account, leaves), _of_parts(leaves), _between(leaves)], ignore_index=True)
    return _in_order(lines, account)


def _leaves(account: pd.DataFrame) -> pd.DataFrame:
    """Leaves of periods by methodology and pool, [t C] over the period; sinks in place of yearly removals."""
    rows = account[(account["stratum"] != ALL) & account["period"].str.contains("-") & account["value"].notna()]
    rows = rows[rows["quantity"].isin(["stock_change", "net_removals"])]
    summed = rows.groupby([*_PART, "quantity"], sort=False)["value"].sum().unstack("quantity")
    found = summed.reindex(columns=["stock_change", "net_removals"]).reset_index().rename_axis(columns=None)
    return found.assign(net_removals=_in_carbon(found["net_removals"], found["period"]))


def _in_carbon(removals: pd.Series, periods: pd.Series) -> pd.Series:
    """Yearly net removals [t CO2/yr] as the gain of carbon over their period [t C]."""
    years = periods.map({period: years_of(period) for period in periods.unique()}).astype(float)
    return removals * years / CO2_PER_C


def _totals(account: pd.DataFrame, leaves: pd.DataFrame) -> pd.DataFrame:
    """Both ends of both statements, as the account itself has them."""
    sums = account[(account["stratum"] == ALL) & (account["pool"] == ALL)]
    of_period = {
        name: sums[sums["quantity"] == name].set_index(_KEY)["value"]
        for name in ("newly_known", "no_longer_known", "net_removals")
    }
    stocks = sums[sums["quantity"] == "carbon_stock"].set_index(["region_code", "ecosystem", "period"])["value"]
    whole = _with_all(leaves)
    found = []
    with_stock = whole[whole["stock_change"].notna()].groupby(_KEY, sort=False)["stock_change"].sum().reset_index()
    for number, line in ((0, "stock_first"), (1, "stock_last")):
        dates = with_stock["period"].str.split("-").str[number]
        at = pd.MultiIndex.from_arrays([with_stock["region_code"], with_stock["ecosystem"], dates])
        # Land of which no stock was known at a date had none that the account could give.
        found.append(with_stock[_KEY].assign(line=line, value=stocks.reindex(at).fillna(0.0).to_numpy()))
    for line, sign in (("newly_known", 1.0), ("no_longer_known", -1.0)):
        value = of_period[line].reindex(pd.MultiIndex.from_frame(with_stock[_KEY])).fillna(0.0)
        found.append(_without_nothing(with_stock[_KEY].assign(line=line, value=sign * value.to_numpy())))
    sinks = whole[whole["net_removals"].notna()].drop_duplicates(_KEY)[_KEY]
    removals = of_period["net_removals"].reindex(pd.MultiIndex.from_frame(sinks)).fillna(0.0).to_numpy()
    carbon = _in_carbon(pd.Series(removals, sinks.index), sinks["period"])
    found.append(sinks.assign(line="sink_of_record", value=carbon))
    both = with_stock.merge(sinks, on=_KEY)
    found.append(both[_KEY].assign(line="common_change", value=both["stock_change"]))
    return pd.concat(found, ignore_index=True).assign(methodology="", pool=ALL)


def _of_parts(leaves: pd.DataFrame) -> pd.DataFrame:
    """Change on common land by methodology and pool."""
    whole = _with_all(leaves[leaves["stock_change"].notna()])
    return whole[_PART].assign(line="stock_change", value=whole["stock_change"])


def _between(leaves: pd.DataFrame) -> pd.DataFrame:
    """What leads from the change on common land to the sink of record."""
    parts = leaves.assign(
        change=leaves["stock_change"].fillna(0.0),
        sink=leaves["net_removals"].fillna(0.0),
    )
    scale = np.maximum(parts["change"].abs(), parts["sink"].abs())
    apart = parts[(parts["change"] - parts["sink"]).abs() > _ROUNDING * scale]
    stocked, counted = (_measured(leaves, name) for name in ("stock_change", "net_removals"))
    lines = []
    for column, sign, others, shared, alone in (
        ("change", -1.0, counted, "sink_elsewhere", "no_sink"),
        ("sink", 1.0, stocked, "other_sink", "no_stock"),
    ):
        matched = [
            same_carbon([pool], others.get(ecosystem, set())) != []
            for ecosystem, pool in zip(apart["ecosystem"], apart["pool"], strict=True)
        ]
        line = np.where(matched, shared, alone)
        lines.append(_without_nothing(apart[_PART].assign(line=line, value=sign * apart[column])))
    found = pd.concat(lines, ignore_index=True)
    above = found.assign(ecosystem=ALL).groupby([*_PART, "line"], sort=False)["value"].sum().reset_index()
    together = pd.concat([found, above], ignore_index=True)
    # Where the account has no sink at all there is nothing to lead to.
    sinks = _with_all(leaves[leaves["net_removals"].notna()])[_KEY].drop_duplicates()
    return together.merge(sinks, on=_KEY)


def _measured(leaves: pd.DataFrame, column: str) -> dict[str, set[str]]:
    """Pools of which an ecosystem has a stock, or a sink, anywhere."""
    there = leaves.loc[leaves[column].notna(), ["ecosystem", "pool"]].drop_duplicates()
    return {str(ecosystem): set(rows["pool"]) for ecosystem, rows in there.groupby("ecosystem")}


def _with_all(leaves: pd.DataFrame) -> pd.DataFrame:
    """The leaves, and all ecosystems together."""
    names = ["stock_change", "net_removals"]
    above = leaves.assign(ecosystem=ALL).groupby(_PART, sort=False, as_index=False)[names].sum(min_count=1)
    return pd.concat([leaves, above], ignore_index=True)


def _without_nothing(lines: pd.DataFrame) -> pd.DataFrame:
    return lines[lines["value"] != 0]


def _in_order(lines: pd.DataFrame, account: pd.DataFrame) -> pd.DataFrame:
    """Regions as in the account, periods in time, ecosystems and pools as in the vocabulary, lines as they add up."""
    ranks: dict[str, Iterable[str]] = {
        "region_code": account["region_code"].unique(),
        "period": sorted(lines["period"].unique()),
        "ecosystem": [*ecosystems(), ALL],
        "line": [*OF_STOCK, *OF_SINK],
        "methodology": sorted(lines["methodology"].unique()),
        "pool": [*pools(), ALL],
    }
    order = [lines[column].map({name: n for n, name in enumerate(names)}) for column, names in ranks.items()]
    place = np.lexsort([rank.to_numpy() for rank in reversed(order)])
    return lines.iloc[place].reset_index(drop=True)[list(COLUMNS)]
