"""Writing: Cloud-Optimised GeoTIFF, GeoPackage and CSV, each the same bytes whenever the content is the same."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from demo.frame import CRS_NAME, Frame

BANNER = "DEMONSTRATION 示范数据 - modelled, not an official figure 非官方数据"
GENERATOR = "data/make_demo.py"
STAMP = "2024-01-01T00:00:00.000Z"
"""Date written into GeoPackages instead of the clock's."""


def write_raster(
    path: Path, on: Frame, values: NDArray[Any], nodata: int, *, title: str, unit: str, smooth: bool, scale: float = 1.0
) -> None:
    """Write values of the observed cells as a Cloud-Optimised GeoTIFF.

    ``smooth`` fields are stored with a predictor and averaged in the overviews; classes are neither.
    """
    profile = {
        "driver": "GTiff", "height": on.height, "width": on.width, "count": 1, "dtype": values.dtype,
        "crs": CRS_NAME, "transform": on.transform, "nodata": nodata,
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(on.grid(values, nodata), 1)
            target.update_tags(DEMONSTRATION=BANNER, TITLE=title, UNIT=unit, GENERATOR=GENERATOR)
            target.set_band_description(1, title)
            target.set_band_unit(1, unit)
            target.scales = (scale,)
        with memory.open() as source, rasterio.Env(GDAL_NUM_THREADS="1"):
            rasterio.shutil.copy(
                source, str(path), driver="COG", COMPRESS="ZSTD", LEVEL="19", BLOCKSIZE="512",
                PREDICTOR="STANDARD" if smooth else "NO", RESAMPLING="AVERAGE" if smooth else "NEAREST",
            )  # fmt: skip


def write_vector(path: Path, frame: gpd.GeoDataFrame, layer: str) -> None:
    """Write a GeoPackage; the date inside is fixed so that the file does not change from one run to the next."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
    try:
        pyogrio.write_dataframe(
            frame, path, layer=layer, driver="GPKG",
            dataset_metadata={"DEMONSTRATION": BANNER, "GENERATOR": GENERATOR},
            layer_metadata={"DEMONSTRATION": BANNER},
        )  # fmt: skip
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV with BOM (opens in Excel as it is), LF line ends and one header row."""
    buffer = io.StringIO()
    table.to_csv(buffer, index=False, lineterminator="\n")
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))
