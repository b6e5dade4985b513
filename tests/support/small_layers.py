"""Small layers and regions for the tabulation, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from pandas.testing import assert_frame_equal
from rasterio.transform import Affine

from sinks.geo.grid import Grid
from sinks.geo.legends import load_legend
from sinks.layers.rasters.raster import CategoricalLayer, ContinuousLayer
from sinks.tabulation import Joint

CLCD = load_legend("clcd")
STRATUM = load_legend("species_group")
ALBERS = "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80 +datum=WGS84"


def write(path: Path, data: np.ndarray, *, crs: str = "EPSG:4490", **options: Any) -> Path:
    transform = options.pop("transform", Affine(0.1, 0, 110, 0, -0.1, 45))
    profile = {"driver": "GTiff", "count": 1, "dtype": data.dtype, "width": data.shape[1], "height": data.shape[0]}
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, **options) as dataset:
        dataset.write(data, 1)
    return path


def cover(**files: Path | str) -> CategoricalLayer:
    return CategoricalLayer("land_cover", {name.removeprefix("y"): path for name, path in files.items()}, CLCD)


def stock(**files: Path | str) -> ContinuousLayer:
    dates = {name.removeprefix("y"): path for name, path in files.items()}
    return ContinuousLayer("growing_stock", "growing_stock", dates, 0.0, 1500.0)


def regions(*polygons: Any, crs: str = "EPSG:4490") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [f"15{i}" for i in range(len(polygons))]}, geometry=list(polygons), crs=crs)


def same(one: Joint, other: Joint) -> None:
    assert_frame_equal(one.table, other.table, check_exact=True)
    assert_frame_equal(one.units, other.units, check_exact=True)


def rasterio_crs(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return Grid.from_dataset(dataset, "")[0].crs
