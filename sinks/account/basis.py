"""What the figures of an account rest on: the share of each by the basis of the parameters behind it.

A parameter was read in its document, computed from what was read, supplied by the user, seen in a copy of the document,
judged or recalled (:data:`sinks.parameters.row.BASES`).  A leaf of the account, one stratum and pool, counts with the
size of its figure for the weakest basis among the parameters that move it: a chain holds as much as its weakest link.
Layers and tables of the project are not asked about here; they are the project's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.vocabulary import ALL

if TYPE_CHECKING:  # who reads a run asks for names of columns only
    from sinks.account.entries import EntryRows
    from sinks.account.hierarchy import Hierarchy
    from sinks.methodology import Bound, Resolved

ORDER = ("read", "derived", "user", "transcribed", "assumed", "memory")
"""From the strongest basis to the weakest."""

COLUMNS = ("region_code", "region_name", "level", "ecosystem", "quantity", "period", "unit", "size", *ORDER)
"""``size`` is the sum of the sizes of the leaves [t C or t CO2/yr], the rest shares of it that sum to 1."""

_QUANTITIES = ("carbon_stock", "net_removals")
_LEAF = ["methodology", "ecosystem", "stratum", "pool", "quantity"]


def basis_of_parts(gathered: Iterable[EntryRows]) -> pd.DataFrame:
    """How much of each leaf of record rests on what, by region unit.

    Returns
    -------
    DataFrame
        ``unit, methodology, ecosystem, stratum, pool, quantity, rank, amount``: number of the unit, place of the basis
        in :data:`ORDER`, and the size of the parts, t C or t C/yr.
    """
    found = [part for rows in gathered if rows.entry.role == "record" for part in _parts(rows)]
    columns = ["unit", *_LEAF, "rank", "amount"]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)
    return table.groupby(columns[:-1], sort=True)["amount"].sum().reset_index()


def _parts(rows: EntryRows) -> Iterable[pd.DataFrame]:
    entry = rows.entry
    ranks = weakest(entry.method, rows.resolved, entry.pools)
    land = "ecosystem" if entry.method.acts_on == "state" else "ecosystem_to"
    lands, labels = rows.parts.rows[land].to_numpy(object), rows.strata.to_numpy(object)
    for pool in entry.pools:
        rank = _of_parts(rows, ranks[pool])
        for quantity, used in (("carbon_stock", rows.on_dates), ("net_removals", np.ones(len(rank), bool))):
            if ("stock" if quantity == "carbon_stock" else "sink") not in entry.accounts_for:
                continue
            yield pd.DataFrame({
                "unit": rows.units[used], "methodology": entry.method.id, "ecosystem": lands[used],
                "stratum": labels[used], "pool": pool, "quantity": quantity, "rank": rank[used],
                "amount": np.abs(np.nan_to_num(rows.central[pool][used])),
            })  # fmt: skip


def weakest(method: Bound, resolved: Resolved, pools: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """By pool, the place in :data:`ORDER` of the weakest basis that moves each evaluated row; 0 where none does."""
    n = len(resolved.rows)
    of_rows = np.array([ORDER.index(row.basis) for row in method.table.rows] + [0], dtype=np.intp)
    found = {pool: np.zeros(n, dtype=np.intp) for pool in pools}
    for name, looked_up in resolved.found_rows.items():
        rank = of_rows[looked_up.rows]
        if not rank.any():
            continue
        for pool in pools:
            found[pool] = np.maximum(found[pool], np.where(resolved.moved_by(name)[pool], rank, 0))
    for step in resolved.steps:
        for pool, rank in weakest(method, step.resolved, pools).items():
            np.maximum.at(found[pool], step.places, rank)
    return found


def _of_parts(rows: EntryRows, ranks: NDArray[np.intp]) -> NDArray[np.intp]:
    """The weakest basis of the nodes that a part is the sum of."""
    weights = rows.parts.weights
    owner = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    found = np.zeros(weights.shape[0], dtype=np.intp)
    np.maximum.at(found, owner, ranks[weights.indices])
    return found


def basis_table(account: pd.DataFrame, parts: pd.DataFrame, hierarchy: Hierarchy) -> pd.DataFrame:
    """Stock and sink of every region, for each ecosystem and for all, by what they rest on.

    Parameters
    ----------
    account : DataFrame
        The account of record.
    parts : DataFrame
        From :func:`basis_of_parts`.
    hierarchy : Hierarchy

    Returns
    -------
    DataFrame
        :data:`COLUMNS`.
    """
    members = zip(hierarchy.regions["code"], hierarchy.members, strict=True)
    pairs = [(code, unit) for code, units in members for unit in units]
    inside = pd.DataFrame(pairs, columns=["region_code", "unit"])
    by_rank = inside.merge(parts, on="unit").groupby(["region_code", *_LEAF, "rank"])["amount"].sum()
    amounts = by_rank.unstack().reindex(columns=range(len(ORDER))).fillna(0.0)
    shares = amounts.div(amounts.sum(axis=1).where(lambda total: total > 0), axis=0).reset_index()
    leaves = account[account["quantity"].isin(_QUANTITIES) & (account["stratum"] != ALL) & (account["pool"] != ALL)]
    joined = leaves.merge(shares, on=["region_code", *_LEAF], how="left")
    joined["size"] = joined["value"].abs().fillna(0.0)
    for place in range(len(ORDER)):
        joined[place] = joined[place].fillna(0.0) * joined["size"]
    keys = ["region_code", "region_name", "level", "ecosystem", "quantity", "period", "unit"]
    summed = pd.concat([joined, joined.assign(ecosystem=ALL)])
    found = summed.groupby(keys, as_index=False, sort=False)[["size", *range(len(ORDER))]].sum()
    found = found.rename(columns=dict(enumerate(ORDER)))
    found[list(ORDER)] = found[list(ORDER)].div(found["size"].where(found["size"] > 0), axis=0)
    order = {code: place for place, code in enumerate(hierarchy.regions["code"])}
    rank = found["region_code"].map(order)
    return (
        found.assign(rank=rank)
        .sort_values(["quantity", "period", "rank", "ecosystem"], kind="stable")[list(COLUMNS)]
        .reset_index(drop=True)
    )
