"""Small maps of six years over two leagues, and a project over any of the years."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.transform import Affine
from shapely.geometry import box

import sinks

YEARS = ("2020", "2021", "2022", "2023", "2024", "2025")
ROWS, COLUMNS, CELL = 60, 80, 0.03


def write_maps(folder: Path, rows: int = ROWS, columns: int = COLUMNS) -> Path:
    """Land cover and growing stock of every year, a stratum, and two leagues whose border cuts cells."""
    rng = np.random.default_rng(15)
    land = rng.choice(np.array([1, 2, 2, 4, 4, 4, 7, 9], np.uint8), (rows, columns))
    volume = (rng.random((rows, columns)) * 150).astype(np.float32)
    gaps = rng.random((rows, columns)) < 0.03
    for year in YEARS:
        _write(folder / f"cover_{year}.tif", land, 0)
        _write(folder / f"stock_{year}.tif", np.where(gaps, np.float32(np.nan), volume), np.nan)
        changed = rng.random((rows, columns)) < 0.04
        land = np.where(changed, rng.choice(np.array([0, 2, 4, 7], np.uint8), land.shape), land).astype(np.uint8)
        volume = (volume * rng.uniform(0.99, 1.06, volume.shape)).astype(np.float32)
    _write(folder / "species.tif", rng.choice(np.array([1, 2, 3, 4, 7], np.uint8), (rows, columns)), 0)
    _write(folder / "grass.tif", rng.choice(np.array([1, 2, 3, 4, 5], np.uint8), (rows, columns)), 0)
    west, north = 108.0, 42.0
    east, south = west + columns * CELL, north - rows * CELL
    border = west + columns * CELL * 0.437
    shapes = [box(west, south, border, north), box(border, south, east, north)]
    names = {"code": ["150200", "150600"], "name": ["包头市", "鄂尔多斯市"], "parent": ["150000", "150000"]}
    gpd.GeoDataFrame(names, geometry=shapes, crs=4490).to_file(folder / "leagues.gpkg")
    return folder


def yearly_content(folder: Path, dates: Sequence[str], **sections: Any) -> dict[str, Any]:
    """A project over some years, as a dictionary."""

    def files(name: str) -> dict[str, str]:
        return {date: str(folder / f"{name}_{date}.tif") for date in dates}

    def stratum(name: str, legend: str, ecosystem: str) -> dict[str, Any]:
        return {"file": str(folder / f"{name}.tif"), "legend": legend, "ecosystems": [ecosystem]}

    project = {"name": "yearly", "title": "两盟市", "dates": list(dates), "draws": 20, "land_history": False}
    return {
        "project": project,
        "regions": {"file": str(folder / "leagues.gpkg"), "code": "code", "name": "name", "parent": "parent"},
        "land_cover": {"legend": "clcd", "files": files("cover"), "product": "CLCD"},
        "strata": {
            "species_group": stratum("species", "species_group", "forest"),
            "grassland_type": stratum("grass", "grassland_type", "grassland"),
        },
        "inputs": {
            "growing_stock": {
                "files": files("stock"),
                "uncertainty": 8,
                "uncertainty_source": "a test's own assumption",
                "dates_correlated": True,
            }
        },
        "methodologies": [
            {"id": "growing_stock_bef", "ecosystems": ["forest"]},
            {"id": "lookup_density", "ecosystems": ["forest"], "pools": ["litter", "soil_organic_carbon"]},
            {"id": "lookup_density", "ecosystems": ["grassland"]},
        ],
    } | sections


def yearly(folder: Path, dates: Sequence[str], **sections: Any) -> sinks.Project:
    """A project over some years."""
    return sinks.Project.from_dict(yearly_content(folder, dates, **sections), folder=folder)


def _write(path: Path, array: np.ndarray, nodata: float) -> None:
    profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "crs": "EPSG:4490", "nodata": nodata}
    profile |= {"transform": Affine(CELL, 0, 108.0, 0, -CELL, 42.0), "compress": "deflate"}
    with rasterio.open(path, "w", height=array.shape[0], width=array.shape[1], **profile) as dataset:
        dataset.write(array, 1)
