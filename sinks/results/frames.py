"""The common questions to an account as tidy frames: totals, parts, transitions, polygons with figures.

The account has leaves and sums in one table; a question for totals is a filter over three columns.  Here each question
has a name.  The unit of the figures stands in a column and in ``attrs["unit"]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from sinks.errors import Problem, RunError
from sinks.results.contents import RunContents
from sinks.results.withheld import withheld
from sinks.vocabulary import ALL, ecosystems

PARTS = ("ecosystem", "stratum", "pool")
"""Columns by which the account divides a total."""

_PLACE = ["region_code", "region_name", "level"]
_FIGURES = ["period", "value", "low", "high", "unit", "coverage", "area_ha", "uncertain_share"]


def totals(contents: RunContents, quantity: str, level: str | None = None, period: str | None = None) -> pd.DataFrame:
    """A quantity of every region, all ecosystems and pools together.

    Parameters
    ----------
    contents : RunContents
    quantity : str
        ``net_removals`` [t CO2/yr], ``carbon_stock`` [t C], ``stock_change`` [t C over the period], ``area`` [ha] and
        the others of the account.
    level : str, optional
        ``league``, ``banner``, ...; by default all levels.
    period : str, optional
        ``"2020"`` or ``"2020-2023"``; by default all of them.

    Returns
    -------
    DataFrame
        ``region_code, region_name, level, period, value, low, high, unit, coverage, area_ha, uncertain_share``, and
        ``withheld`` where the sink is not told from the noise of the maps and reports give no headline.

    Raises
    ------
    RunError
        The account has no such quantity, level or period; says which it has.
    """
    rows = _rows(contents, quantity, level, period)
    found = rows[(rows[list(PARTS)] == ALL).all(axis=1)]
    return _tidy(contents, found, [*_PLACE, *_FIGURES], quantity)


def by_part(
    contents: RunContents, part: str, quantity: str, level: str | None = None, period: str | None = None
) -> pd.DataFrame:
    """A quantity of every region by ecosystem, by pool, or by stratum of each ecosystem.

    Parameters
    ----------
    part : {"ecosystem", "pool", "stratum"}
        Rows by ``stratum`` have the column ``ecosystem`` too, and by pool: figures of strata are not summed over pools.
    contents, quantity, level, period
        As of :func:`totals`.

    Returns
    -------
    DataFrame
        As of :func:`totals`, with the part after the region.  The rows of a region add up to its total.

    Raises
    ------
    RunError
        As of :func:`totals`; or there is no such part.
    """
    if part not in PARTS:
        raise RunError(Problem("results.unknown_part", "by", {"found": part, "known": list(PARTS)}))
    rows = _rows(contents, quantity, level, period)
    if part == "stratum":
        found, columns = rows[rows["stratum"] != ALL], ["ecosystem", "stratum", "pool"]
    else:
        others = [name for name in PARTS if name != part]
        found, columns = rows[(rows[part] != ALL) & (rows[others] == ALL).all(axis=1)], [part]
    return _tidy(contents, found, [*_PLACE, *columns, *_FIGURES], quantity)


def transition_matrix(contents: RunContents, region: str, period: str | None = None) -> pd.DataFrame:
    """Land by ecosystem before and after.

    Parameters
    ----------
    contents : RunContents
    region : str
        Code or name of a region of any level.
    period : str, optional
        ``"2020-2023"``; needed where the run has several.

    Returns
    -------
    DataFrame
        Square; index ``ecosystem_from``, columns ``ecosystem_to``, in the order of the vocabulary [ha]; of several
        sources that speak of the same land the one with most of it, named in ``attrs["source"]``.

    Raises
    ------
    RunError
        No such region or period, or the run has no transitions.
    """
    units, changes = units_below(contents, region), contents.activity.changes
    periods = (changes["date_from"].astype(str) + "-" + changes["date_to"].astype(str)) if len(changes) else pd.Series()
    present = sorted(set(periods))
    chosen = present[0] if period is None and len(present) == 1 else period
    if chosen not in present:
        raise RunError(Problem("results.no_period", "transitions", {"found": period, "present": present}))
    own = changes[(periods == chosen).to_numpy() & changes["region_code"].isin(units).to_numpy()]
    # Layers that describe the same land are not added up.
    sizes = own.groupby("source", sort=True)["area_ha"].sum()
    source = "" if sizes.empty else str(sizes.idxmax())
    table = own[own["source"] == source].pivot_table(
        values="area_ha", index="ecosystem_from", columns="ecosystem_to", aggfunc="sum", fill_value=0.0
    )
    order = [name for name in (*ecosystems(), "nodata") if name in {*table.index, *table.columns}]
    square = table.reindex(index=order, columns=order, fill_value=0.0)
    square.attrs |= {"unit": "ha", "region": region, "period": chosen, "source": source}
    return square


def with_geometry(
    contents: RunContents,
    quantity: str | Sequence[str],
    level: str | None = None,
    period: str | None = None,
    shape: Literal["long", "wide"] = "long",
) -> gpd.GeoDataFrame:
    """Totals joined to the outlines of their regions, for ``explore()``, QGIS and every other map.

    Parameters
    ----------
    quantity : str or sequence of str
        As of :func:`totals`.
    shape : {"long", "wide"}
        ``long``: one row for each region, quantity and period.  ``wide``: one row for each region, a column
        ``<quantity>_<period>`` with ``_low`` and ``_high`` beside it for each.

    Returns
    -------
    GeoDataFrame
        In EPSG:4490; ``attrs["unit"]`` has the unit of each quantity.

    Raises
    ------
    RunError
        As of :func:`totals`.
    """
    asked = [quantity] if isinstance(quantity, str) else list(quantity)
    frames = [totals(contents, one, level, period).assign(quantity=one) for one in asked]
    long = pd.concat(frames, ignore_index=True)
    units = {one: frame.attrs["unit"] for one, frame in zip(asked, frames, strict=True)}
    shapes = contents.regions.frame[["code", "parent", "geometry"]].rename(columns={"code": "region_code"})
    if shape == "wide":
        long = _wide(long)
    found = shapes.merge(long, on="region_code", how="inner")
    found = found[[*(name for name in found.columns if name != "geometry"), "geometry"]]
    found.attrs["unit"] = units
    return found


def units_below(contents: RunContents, region: str) -> list[str]:
    """Codes of the finest regions that make up one, which may be given by its code or its name.

    Raises
    ------
    RunError
        There is no such region, or several of the name.
    """
    frame = contents.regions.frame
    below = [the_region(contents, region)]
    parents = set(frame["parent"])
    while any(code in parents for code in below):
        below = [
            inner
            for code in below
            for inner in (frame.loc[frame["parent"] == code, "code"].tolist() if code in parents else [code])
        ]
    return below


def the_region(contents: RunContents, region: str) -> str:
    """Code of a region that is given by its code or its name.

    Raises
    ------
    RunError
        There is no such region, or several of the name.
    """
    frame = contents.regions.frame
    fits = frame.loc[(frame["code"] == str(region)) | (frame["name"] == str(region)), "code"].tolist()
    exact = [code for code in fits if code == str(region)] or fits
    if len(exact) != 1:
        known = [f"{code} {name}" for code, name in zip(frame["code"], frame["name"], strict=True)][:12]
        raise RunError(Problem("results.no_region", "region", {"found": region, "several": exact, "known": known}))
    return str(exact[0])


def _wide(long: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for (quantity, period), rows in long.groupby(["quantity", "period"], sort=False):
        named = {
            "value": f"{quantity}_{period}",
            "low": f"{quantity}_{period}_low",
            "high": f"{quantity}_{period}_high",
        }
        parts.append(rows.set_index(_PLACE)[list(named)].rename(columns=named))
    return pd.concat(parts, axis=1).reset_index()


def _rows(contents: RunContents, quantity: str, level: str | None, period: str | None) -> pd.DataFrame:
    """Rows of the account of a quantity, checked word for word."""
    account = contents.account
    rows = account[account["quantity"] == quantity]
    if rows.empty:
        known = list(dict.fromkeys(account["quantity"]))
        raise RunError(Problem("results.no_quantity", "quantity", {"found": quantity, "known": known}))
    for name, wanted, id in (("level", level, "results.no_level"), ("period", period, "results.no_period")):
        if wanted is not None:
            present: Iterable[str] = dict.fromkeys(rows[name].astype(str))
            if str(wanted) not in present:
                raise RunError(Problem(id, name, {"found": wanted, "present": list(present)}))
            rows = rows[rows[name].astype(str) == str(wanted)]
    return rows


def _tidy(contents: RunContents, rows: pd.DataFrame, columns: list[str], quantity: str) -> pd.DataFrame:
    found = rows[columns].reset_index(drop=True)
    if quantity == "net_removals":
        doubted = withheld(contents)
        pairs = zip(found["region_code"].astype(str), found["period"].astype(str), strict=True)
        found["withheld"] = np.array([pair in doubted for pair in pairs], bool)
    found.attrs["unit"] = str(rows["unit"].iloc[0])
    found.attrs["quantity"] = quantity
    return found
