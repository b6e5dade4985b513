"""Twelve things an analyst does with layers and regions: here, and there with the packages that are used for it.

Each function holds what one writes; ``data`` has the objects that one holds.  What is done there gives the same, or as
nearly so as the packages can: the test compares.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import exactextract
import geopandas as gpd
import numpy as np
import pandas as pd
import rioxarray  # noqa: F401
import xarray as xr
from pyproj import Geod

import sinks
import sinks.accessor
from sinks.workflow.finished_run import Run


@dataclass(frozen=True)
class Data:
    """What lies in the memory of the session."""

    before: xr.DataArray
    after: xr.DataArray
    stock: xr.DataArray
    cube: xr.DataArray
    leagues: gpd.GeoDataFrame
    run: Run


THINGS = (
    *("areas", "cell_areas", "transitions", "means", "means_by_class", "years"),
    *("coverage", "joined", "bars", "maps", "map", "adds_up"),
)


def function(thing: str, side: str) -> Callable[[Data], Any]:
    """The function of a thing on one side, ``here`` or ``there``."""
    found: Callable[[Data], Any] = globals()[f"{thing}_{side}"]
    return found


def lines(of: Callable[..., Any]) -> int:
    """Statements that one writes for a thing: those of the function, and of the others here that it calls.

    A docstring, an import and the ``return`` of a name are no work; a loop counts with the lines inside.
    """
    (body,) = ast.parse(dedent(inspect.getsource(of))).body
    nodes = [node for node in ast.walk(body) if isinstance(node, ast.stmt) and node is not body]
    idle = [
        node
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Return) and isinstance(node.value, ast.Name))
    ]
    called = [node.func.id for node in ast.walk(body) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    inner = [globals()[name] for name in called if name.endswith("_there")]
    return len(nodes) - len(idle) + sum(map(lines, inner))


def areas_here(data: Data) -> pd.DataFrame:
    return data.before.sinks.tabulate(data.leagues).areas


def areas_there(data: Data) -> pd.DataFrame:
    cell = cell_areas_there(data)
    weighted = ["cell_id", "coverage", "values"]
    found = exactextract.exact_extract(data.before, data.leagues, weighted, include_cols="code", output="pandas")
    cells = found.explode(weighted).astype({"cell_id": int, "coverage": float, "values": int})
    cells["area_ha"] = cells["coverage"] * cell.to_numpy().ravel()[cells["cell_id"]]
    return cells.groupby(["code", "values"], as_index=False)["area_ha"].sum()


def cell_areas_here(data: Data) -> xr.DataArray:
    return data.run.cell_area


def cell_areas_there(data: Data) -> xr.DataArray:
    grid, geod = data.before.squeeze(drop=True), Geod(ellps="GRS80")
    dx, dy = (abs(step) for step in grid.rio.resolution())
    areas = []
    for y in grid["y"].to_numpy():
        x = np.linspace(0, dx, 9)
        ring = [*zip(x, np.full(9, y - dy / 2), strict=True), *zip(x[::-1], np.full(9, y + dy / 2), strict=True)]
        areas.append(abs(geod.polygon_area_perimeter(*zip(*ring, strict=True))[0]) / 1e4)
    return xr.DataArray(np.broadcast_to(np.array(areas)[:, None], grid.shape), grid.coords, grid.dims)


def transitions_here(data: Data) -> pd.DataFrame:
    return sinks.tabulate({2020: data.before, 2023: data.after}, data.leagues).transitions


def transitions_there(data: Data) -> pd.DataFrame:
    pair = (data.before.astype("int32") * 256 + data.after).assign_attrs(_FillValue=-1)
    cell = cell_areas_there(data)
    weighted = ["cell_id", "coverage", "values"]
    found = exactextract.exact_extract(pair, data.leagues, weighted, include_cols="code", output="pandas")
    cells = found.explode(weighted).astype({"cell_id": int, "coverage": float, "values": int})
    cells["area_ha"] = cells["coverage"] * cell.to_numpy().ravel()[cells["cell_id"]]
    cells["code_from"], cells["code_to"] = cells["values"] // 256, cells["values"] % 256
    return cells.groupby(["code", "code_from", "code_to"], as_index=False)["area_ha"].sum()


def means_here(data: Data) -> pd.DataFrame:
    return data.stock.sinks.tabulate(data.leagues).means


def means_there(data: Data) -> pd.DataFrame:
    return exactextract.exact_extract(data.stock, data.leagues, ["mean"], include_cols="code", output="pandas")


def means_by_class_here(data: Data) -> pd.DataFrame:
    return sinks.tabulate(data.before, data.leagues, means={"growing_stock": data.stock}).means_by_class


def means_by_class_there(data: Data) -> pd.DataFrame:
    parts = []
    for code in np.unique(data.before):
        part = data.stock.where(data.before == code)
        found = exactextract.exact_extract(part, data.leagues, ["mean", "count"], include_cols="code", output="pandas")
        parts.append(found.assign(land=code))
    return pd.concat(parts, ignore_index=True).query("count > 0")


def years_here(data: Data) -> pd.DataFrame:
    return sinks.tabulate(data.cube, data.leagues).areas


def years_there(data: Data) -> pd.DataFrame:
    cell = cell_areas_there(data)
    parts = []
    for year in data.cube["year"].to_numpy():
        weighted = ["cell_id", "coverage", "values"]
        one = data.cube.sel(year=year)
        found = exactextract.exact_extract(one, data.leagues, weighted, include_cols="code", output="pandas")
        cells = found.explode(weighted).astype({"cell_id": int, "coverage": float, "values": int})
        cells["area_ha"] = cells["coverage"] * cell.to_numpy().ravel()[cells["cell_id"]]
        parts.append(cells.groupby(["code", "values"], as_index=False)["area_ha"].sum().assign(date=str(year)))
    return pd.concat(parts, ignore_index=True)


def coverage_here(data: Data) -> xr.DataArray:
    return data.run.coverage("league")


def coverage_there(data: Data) -> xr.DataArray:
    cell = cell_areas_there(data)
    grid = xr.ones_like(data.before).rio.write_nodata(255)
    found = exactextract.exact_extract(
        grid, data.leagues, ["cell_id", "coverage"], include_cols="code", output="pandas"
    )
    shares = np.zeros((len(found), grid.size))
    for place, row in enumerate(found.itertuples()):
        shares[place, row.cell_id] = row.coverage
    shaped = shares.reshape(-1, *grid.shape) * cell.to_numpy()
    return xr.DataArray(shaped, {"region": found["code"].to_numpy(), **grid.coords}, ("region", *grid.dims))


def joined_here(data: Data) -> gpd.GeoDataFrame:
    return data.run.to_geodataframe("net_removals", level="league")


def joined_there(data: Data) -> gpd.GeoDataFrame:
    table = data.run.account
    whole = table.query("ecosystem == 'all' and stratum == 'all' and pool == 'all' and level == 'league'")
    removals = whole.query("quantity == 'net_removals'")
    return data.leagues.merge(removals, left_on="code", right_on="region_code")


def bars_here(data: Data) -> Any:
    return data.run.plot.bars("net_removals", level="league")


def bars_there(data: Data) -> Any:
    import matplotlib.pyplot as plt

    rows = joined_there(data).sort_values("value")
    _, axes = plt.subplots()
    errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
    axes.barh(rows["name"], rows["value"] / 1e4, xerr=[part / 1e4 for part in errors])
    axes.set_xlabel("10^4 t CO2/yr")
    return axes


def maps_here(data: Data) -> list[Any]:
    return data.run.plot.maps("carbon_stock", level="league")


def maps_there(data: Data) -> list[Any]:
    import matplotlib.pyplot as plt

    table = data.run.account
    whole = table.query("ecosystem == 'all' and stratum == 'all' and pool == 'all' and level == 'league'")
    stocks = whole.query("quantity == 'carbon_stock'")
    figure, axes = plt.subplots(1, stocks["period"].nunique())
    low, high = stocks["value"].min(), stocks["value"].max()
    for one, (period, rows) in zip(axes, stocks.groupby("period"), strict=True):
        part = data.leagues.merge(rows, left_on="code", right_on="region_code")
        part.plot("value", ax=one, vmin=low, vmax=high)
        one.set_title(period)
    figure.colorbar(axes[0].collections[0], ax=axes)
    return list(axes)


def map_here(data: Data) -> Any:
    return data.run.map()


def map_there(data: Data) -> Any:
    import folium

    rows = joined_there(data)
    page = folium.Map(location=[41, 110], zoom_start=6, tiles=None)
    shown = {"columns": ["code", "value"], "key_on": "feature.properties.code"}
    folium.Choropleth(rows[["code", "name", "geometry"]], data=rows, **shown).add_to(page)
    tooltip = folium.GeoJsonTooltip(["name", "value", "low", "high"])
    folium.GeoJson(rows[["name", "value", "low", "high", "geometry"]], tooltip=tooltip).add_to(page)
    return page


def adds_up_here(data: Data) -> pd.Series:
    density, area = data.run.density(level="league"), data.run.coverage("league")
    return (density * area).sum(("y", "x", "pool")).sel(date="2023").to_series()


def adds_up_there(data: Data) -> pd.Series:
    """Of the density that is one raster, each league weighted by its share of every cell."""
    density = data.run.density("2023").sum("pool").squeeze(drop=True)
    shares = coverage_there(data).reindex_like(density, method="nearest", tolerance=1e-6)
    return (density * shares).sum(("y", "x")).to_series()
