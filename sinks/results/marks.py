"""Words that stand with a figure: that it may be the noise of the maps, or that its interval is missing and why."""

from __future__ import annotations

from sinks.results.contents import RunContents
from sinks.results.labels import label
from sinks.results.partial_intervals import covered, partial_rows
from sinks.results.withheld import withheld
from sinks.vocabulary import ALL

Place = tuple[str, str, str, str]
"""Region code, ecosystem, quantity and period."""

_MARKED = ("carbon_stock", "stock_change", "net_removals")


def marks(contents: RunContents) -> dict[Place, str]:
    """What has to be said of the sums over strata and pools, in the present language.

    Parameters
    ----------
    contents : RunContents

    Returns
    -------
    dict
        Nothing for figures that stand for themselves.  Noise goes before a missing interval.
    """
    found: dict[Place, str] = {}
    keys = ["region_code", "ecosystem", "quantity", "period"]
    partial = partial_rows(contents)
    partial = partial[(partial["stratum"] == ALL) & (partial["pool"] == ALL) & partial["quantity"].isin(_MARKED)]
    for *place, share in partial[[*keys, "uncertain_share"]].itertuples(index=False):
        code, ecosystem, quantity, period = map(str, place)
        found[code, ecosystem, quantity, period] = covered(share)
    doubted = withheld(contents)
    if doubted:
        account = contents.account
        sinks = account[(account["stratum"] == ALL) & (account["pool"] == ALL) & account["value"].notna()]
        sinks = sinks[sinks["quantity"] == "net_removals"]
        for code, ecosystem, quantity, period in sinks[keys].itertuples(index=False):
            if (code, period) in doubted:
                found[code, ecosystem, quantity, period] = label("withheld.headline")
    return found
