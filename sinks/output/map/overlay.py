"""A raster painted for the screen: small, in the map's projection, as an image inside the page.

The picture is for looking at: it is an average over screen pixels, and no figure on the page comes from it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from branca.utilities import color_brewer
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from sinks.errors import LayerError, Problem

MAX_PIXELS = 1200
"""Longer side of the picture: about a projector's width, a few hundred kilobytes as PNG."""
_PALETTE = ("YlGn", 9)
# The ends of the colour scale, so that a few extreme cells do not leave all the others in one colour.
_PERCENTILES = (2, 98)
_WEB_MERCATOR, _LONGITUDE_LATITUDE = "EPSG:3857", "EPSG:4326"


@dataclass(frozen=True)
class Overlay:
    """A painted raster.

    Attributes
    ----------
    image : str
        PNG as a data URI.
    bounds : list
        ``[[south, west], [north, east]]`` [degrees].
    low, high : float
        Values at the ends of the colour scale, in the unit of the raster.
    """

    image: str
    bounds: list[list[float]]
    low: float
    high: float

    def to_json(self, name: str, unit: str) -> dict[str, Any]:
        """The overlay as the page reads it."""
        return {
            "image": self.image,
            "bounds": self.bounds,
            "low": self.low,
            "high": self.high,
            "colours": color_brewer(*_PALETTE),
            "name": name,
            "unit": unit,
        }


def paint(path: Path, extent: tuple[float, float, float, float]) -> Overlay:
    """Paint the first band of a raster.

    Parameters
    ----------
    path : Path
        Any raster that GDAL reads, with a CRS.
    extent : tuple of float
        West, south, east and north [degrees] of what the map shows; the raster is cut to it.

    Returns
    -------
    Overlay

    Raises
    ------
    LayerError
        The raster cannot be read, has no CRS, or no valid cell in the extent.
    """
    west, south, east, north = extent
    grid = _screen_grid(extent)
    try:
        values = _on_screen(path, grid)
    except RasterioIOError as error:
        raise LayerError(Problem("map.overlay_unreadable", str(path), {"reason": str(error)})) from error
    seen = values[np.isfinite(values)]
    if not len(seen):
        raise LayerError(Problem("map.overlay_empty", str(path)))
    low, high = (float(v) for v in np.percentile(seen, _PERCENTILES))
    picture = _png(_coloured(values, low, high), grid["transform"])
    uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return Overlay(uri, [[south, west], [north, east]], low, high)


def _on_screen(path: Path, grid: dict[str, Any]) -> NDArray[np.float64]:
    """The first band averaged to the pixels of the screen; NaN where there is none."""
    with rasterio.open(path) as source:
        if source.crs is None:
            raise LayerError(Problem("map.overlay_no_crs", str(path)))
        # NaN outside the raster too; without it a file that has no nodata value would be painted as zero there.
        absent = {"dtype": "float64", "src_nodata": source.nodata, "nodata": np.nan}
        with WarpedVRT(source, resampling=Resampling.average, **absent, **grid) as warped:
            values: NDArray[np.float64] = warped.read(1)
            return values


def _screen_grid(extent: tuple[float, float, float, float]) -> dict[str, Any]:
    """Square pixels of the map's projection over the extent."""
    west, south, east, north = transform_bounds(_LONGITUDE_LATITUDE, _WEB_MERCATOR, *extent)
    pixel = max(east - west, north - south) / MAX_PIXELS
    width, height = max(1, round((east - west) / pixel)), max(1, round((north - south) / pixel))
    transform = Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north)
    return {"crs": _WEB_MERCATOR, "transform": transform, "width": width, "height": height}


def _coloured(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """Red, green, blue and opacity, shape (4, rows, columns)."""
    steps = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in color_brewer(*_PALETTE)], dtype=float)
    absent = ~np.isfinite(values)
    share = np.clip((np.where(absent, low, values) - low) / ((high - low) or 1.0), 0.0, 1.0)
    at = np.linspace(0.0, 1.0, len(steps))
    bands = [np.interp(share, at, steps[:, band]) for band in range(3)]
    opacity = np.where(absent, 0, 255)
    return np.round(np.stack([*bands, opacity])).astype(np.uint8)


def _png(bands: NDArray[np.uint8], transform: Any) -> bytes:
    count, height, width = bands.shape
    shape = {"count": count, "height": height, "width": width, "dtype": "uint8"}
    with MemoryFile() as memory:
        # A PNG cannot hold the transform; it is given because rasterio warns of a raster without one.
        with memory.open(driver="PNG", transform=transform, **shape) as picture:
            picture.write(bands)
        return bytes(memory.read())
