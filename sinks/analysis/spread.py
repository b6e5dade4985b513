"""What the methodologies beside the account say of the same carbon: their spread, and where they contradict it.

An interval tells how far the parameters and inputs of one methodology may be off.  That the methodology itself may be
wrong is told by others only, and their spread is often the wider of the two.  Compared is like with like: of the pools
of a methodology those that hold the same carbon as pools of record, of the same region, ecosystem, date or period.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from sinks.account.findings import Findings
from sinks.account.totals import whole_of
from sinks.text import messages
from sinks.vocabulary import ALL, ecosystems, pools, quantities

PAIR_COLUMNS = (
    *("region_code", "region_name", "level", "ecosystem", "pools", "quantity", "period", "unit"),
    *("record_methodology", "record", "record_low", "record_high", "record_area_ha"),
    *("methodology", "value", "low", "high", "area_ha"),
)

COLUMNS = (
    *("region_code", "region_name", "level", "ecosystem", "pools", "quantity", "period", "unit"),
    *("record_methodology", "record", "record_low", "record_high", "record_area_ha"),
    *("lowest", "lowest_methodology", "lowest_area_ha", "highest", "highest_methodology", "highest_area_ha"),
    "methodologies",
)

_QUANTITIES = ("carbon_stock", "net_removals")
_PLACE = ["region_code", "region_name", "level", "ecosystem", "quantity", "period", "unit"]
_FIGURES = ["value", "low", "high", "area_ha"]

_PARTS = {"biomass": ("above_ground_biomass", "below_ground_biomass")}
"""Pools that others are parts of, besides ``ecosystem``, which holds them all."""

_HOW = {"sign": "compare.differs_sign", "interval": "compare.differs_interval"}

_NOTHING = 1e-9
"""Part of the larger of two figures below which the smaller one has no sign."""


def pairs(record: pd.DataFrame, comparison: pd.DataFrame) -> pd.DataFrame:
    """Figures of record and of each methodology beside them for the same carbon.

    Parameters
    ----------
    record, comparison : DataFrame
        Columns :data:`sinks.account.totals.COLUMNS`; several entries of one methodology follow each other.

    Returns
    -------
    DataFrame
        Columns :data:`PAIR_COLUMNS`; ``pools`` are those of record, joined by ``+``.  Where some of several pools are
        compared, ``low`` and ``high`` add their ends, as if they were off together: that is the widest interval.
    """
    found = [pd.DataFrame(columns=list(PAIR_COLUMNS))]
    ours = _of_ecosystems(record)
    for (ecosystem, quantity), here in ours.groupby(["ecosystem", "quantity"], sort=False):
        theirs = _of_ecosystems(comparison)
        theirs = theirs[(theirs["ecosystem"] == ecosystem) & (theirs["quantity"] == quantity)]
        for method, other in _entries(theirs):
            first, second = same_pools(_pools_of(here), _pools_of(other))
            if first:
                left, right = _summed(here, first), _summed(other, second).drop(columns="methodology")
                renamed = {"methodology": "record_methodology", "value": "record"}
                renamed |= {name: f"record_{name}" for name in ("low", "high", "area_ha")}
                both = left.rename(columns=renamed).merge(right, on=_PLACE)
                found.append(both.assign(methodology=method, pools="+".join(first)))
    filled = [part for part in found if len(part)]
    return pd.concat(filled or found, ignore_index=True)[list(PAIR_COLUMNS)]


def same_pools(ours: Sequence[str], theirs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of two lists of pools those that together hold the same carbon; both empty where there are none.

    >>> same_pools(["biomass", "litter"], ["above_ground_biomass", "below_ground_biomass", "soil_organic_carbon"])
    (('biomass',), ('above_ground_biomass', 'below_ground_biomass'))
    >>> same_pools(["biomass"], ["above_ground_biomass"])
    ((), ())
    """
    first, second = list(ours), list(theirs)
    while True:
        common = _held(first) & _held(second)
        kept = [[pool for pool in side if _held([pool]) <= common] for side in (first, second)]
        if kept == [first, second]:
            return (tuple(first), tuple(second)) if _held(first) == _held(second) else ((), ())
        first, second = kept


def _held(names: Sequence[str]) -> set[str]:
    """The smallest pools that some pools consist of."""
    if "ecosystem" in names:
        names = [name for name in pools() if name != "ecosystem"]
    return {part for name in names for part in _PARTS.get(name, (name,))}


def _of_ecosystems(table: pd.DataFrame) -> pd.DataFrame:
    wanted = (table["stratum"] == ALL) & (table["ecosystem"] != ALL) & table["quantity"].isin(_QUANTITIES)
    return table[wanted]


def _entries(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each methodology; of one that stands there twice each time by itself."""
    again = rows.groupby(["region_code", "pool", "period", "methodology"], sort=False).cumcount()
    for (method, _), own in rows.groupby(["methodology", again], sort=False):
        yield str(method), own


def _pools_of(rows: pd.DataFrame) -> list[str]:
    return [name for name in pools() if name in set(rows["pool"])]


def _summed(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The sum over some pools by place; that of the account where they are all that it has."""
    if set(names) == set(_pools_of(rows)):
        found = rows[rows["pool"] == ALL]
        return found[[*_PLACE, *_FIGURES, "methodology"]]
    inside = rows[rows["pool"].isin(list(names))]
    sums = inside.groupby(_PLACE, sort=False)
    columns = {name: sums[name].sum(min_count=len(names)) for name in ("value", "low", "high")}
    columns["area_ha"] = sums["area_ha"].max()
    columns["methodology"] = sums["methodology"].agg(lambda ids: "+".join(sorted(set("+".join(ids).split("+")))))
    return pd.DataFrame(columns).reset_index()


def spread(found: pd.DataFrame, record: pd.DataFrame) -> pd.DataFrame:
    """Lowest and highest figure of the same carbon, the account's among them.

    Parameters
    ----------
    found : DataFrame
        From :func:`pairs`.
    record : DataFrame
        The account.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`: first of the total (``all``) of each region, in which every ecosystem takes its lowest
        or its highest figure, and of what no other methodology speaks of that of the account; then a row for each
        region, ecosystem, pools, quantity and date or period.  ``methodologies`` are those beside the account.  A
        figure stands for the hectares beside it, which differ where not all land has the inputs of a methodology.
    """
    if found.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    names = list(COLUMNS[:8])
    own = found.drop_duplicates(names).assign(methodology=lambda rows: rows["record_methodology"])
    own = own.assign(value=own["record"], area_ha=own["record_area_ha"])
    every = pd.concat([own, found]).dropna(subset=["value"]).sort_values("value", kind="stable")
    ends = {"lowest": every.groupby(names, sort=False).first(), "highest": every.groupby(names, sort=False).last()}
    table = own.dropna(subset=["record"]).set_index(names)
    for end, rows in ends.items():
        table[end] = rows["value"]
        table[f"{end}_methodology"] = rows["methodology"]
        table[f"{end}_area_ha"] = rows["area_ha"]
    beside = found.dropna(subset=["value"]).groupby(names, sort=False)["methodology"]
    table["methodologies"] = beside.agg(lambda ids: "+".join(dict.fromkeys(ids)))
    by_ecosystem = table.dropna(subset=["methodologies"]).reset_index()[list(COLUMNS)]
    return pd.concat([_of_totals(by_ecosystem, record), by_ecosystem], ignore_index=True)


def _of_totals(table: pd.DataFrame, record: pd.DataFrame) -> pd.DataFrame:
    """The spread of all ecosystems together: the account with each part at its lowest, and at its highest."""
    sums = whole_of(record)
    keys = ["region_code", "quantity", "period"]
    by_key = {tuple(row[name] for name in keys): row for _, row in sums.iterrows()}
    rows = []
    for key, parts in table.groupby(keys, sort=False):
        whole, kept = by_key[tuple(map(str, key))], _apart(parts)
        line = {name: parts[name].iloc[0] for name in _PLACE} | {"ecosystem": ALL, "pools": ALL}
        line |= {"record_methodology": whole["methodology"], "record": whole["value"]}
        line |= {f"record_{name}": whole[name] for name in ("low", "high", "area_ha")}
        for end in ("lowest", "highest"):
            line[end] = whole["value"] + (kept[end] - kept["record"]).sum()
            line[f"{end}_methodology"] = "+".join(dict.fromkeys("+".join(kept[f"{end}_methodology"]).split("+")))
            line[f"{end}_area_ha"] = whole["area_ha"] + (kept[f"{end}_area_ha"] - kept["record_area_ha"]).sum()
        line["methodologies"] = "+".join(dict.fromkeys("+".join(kept["methodologies"]).split("+")))
        rows.append(line)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _apart(parts: pd.DataFrame) -> pd.DataFrame:
    """Of figures of one region those that share no carbon, the widest first."""
    held: dict[str, set[str]] = {}
    kept = []
    names, ecosystem = parts["pools"].tolist(), parts["ecosystem"].tolist()
    for place in np.argsort((parts["lowest"] - parts["highest"]).to_numpy(float), kind="stable").tolist():
        own, taken = _held(names[place].split("+")), held.setdefault(ecosystem[place], set())
        if not own & taken:
            taken |= own
            kept.append(place)
    return parts.iloc[sorted(kept)]


def note_differences(found: pd.DataFrame, findings: Findings) -> None:
    """A failed check where record and another methodology contradict each other.

    They do where one has a sink and the other a source, and where both have intervals that do not meet.  Compared are
    tonnes per hectare, for not all land may have the inputs of both.  A line for each of the outermost regions; where
    only regions inside them differ, one for the worst of these.

    Parameters
    ----------
    found : DataFrame
        From :func:`pairs`.
    findings : Findings
        What is found is added to it.
    """
    if found.empty:
        return
    judged = found.assign(how=_differences(found))
    outermost = judged["level"] == judged["level"].iloc[0]
    for _, rows in judged.groupby(["methodology", "ecosystem", "pools", "quantity", "period"], sort=False):
        differing = rows[rows["how"] != ""]
        shown = differing[outermost.reindex(differing.index)]
        if shown.empty and len(differing):
            shown = differing.loc[[(differing["record"] - differing["value"]).abs().idxmax()]]
        for _, row in shown.iterrows():
            where = f"{row['region_name']} {row['ecosystem']}"
            findings.add(
                "checks.record_differs",
                "failed",
                where,
                str(row["region_code"]),
                **_said(row),
                count=len(differing),
                all=len(rows),
            )


def _said(row: pd.Series) -> dict[str, object]:
    """The two figures in words and numbers."""
    return {
        "quantity": quantities()[row["quantity"]].label,
        "pools": [pools()[name].label for name in row["pools"].split("+")],
        "ecosystem": ecosystems()[row["ecosystem"]].label,
        "period": row["period"],
        "unit": row["unit"],
        "record_method": row["record_methodology"],
        "record": _with_interval(row["record"], row["record_low"], row["record_high"]),
        "method": row["methodology"],
        "value": _with_interval(row["value"], row["low"], row["high"]),
        "how": messages()[_HOW[row["how"]]],
    }


def _with_interval(value: float, low: float, high: float) -> str:
    return f"{value:,.0f}" if np.isnan(low) else f"{value:,.0f} ({low:,.0f} ~ {high:,.0f})"


def _differences(found: pd.DataFrame) -> list[str]:
    """``sign``, ``interval`` or nothing for each pair."""
    numbers = {name: found[name].to_numpy(float) for name in ("record", "value")}
    ours, theirs = found["record_area_ha"].to_numpy(float), found["area_ha"].to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        least = _NOTHING * np.maximum(np.abs(numbers["record"]), np.abs(numbers["value"]))
        clear = np.minimum(np.abs(numbers["record"]), np.abs(numbers["value"])) > least
        sign = clear & (numbers["record"] * numbers["value"] < 0)
        low, high = (found[f"record_{end}"].to_numpy(float) / ours for end in ("low", "high"))
        other_low, other_high = (found[end].to_numpy(float) / theirs for end in ("low", "high"))
        # Not true where an interval is missing.
        apart = (low > other_high) | (high < other_low)
    return list(np.where(sign, "sign", np.where(apart, "interval", "")))
