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
from branca.utilities import color_brewer
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds

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


def paint(path: Path) -> Overlay:
    """Paint the first band of a raster.

    Parameters
    ----------
    path : Path
        Any raster that GDAL reads, with a CRS.

    Returns
    -------
    Overlay

    Raises
    ------
    LayerError
        The raster has no CRS or no valid cell.
    """
    with rasterio.open(path) as source:
        if source.crs is None:
            raise LayerError(Problem("map.overlay_no_crs", str(path)))
        with WarpedVRT(source, resampling=Resampling.average, **_screen_grid(source)) as warped:
            values = warped.read(1, masked=True)
            west, south, east, north = transform_bounds(_WEB_MERCATOR, _LONGITUDE_LATITUDE, *warped.bounds)
    seen = values.compressed()
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        raise LayerError(Problem("map.overlay_empty", str(path)))
    low, high = (float(v) for v in np.percentile(seen, _PERCENTILES))
    picture = _png(_coloured(np.ma.masked_invalid(values), low, high))
    uri = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return Overlay(uri, [[south, west], [north, east]], low, high)


def _screen_grid(source: rasterio.DatasetReader) -> dict[str, Any]:
    """The raster's extent in the map's projection, on no more pixels than the screen has or the raster holds."""

    def grid(**size: int) -> tuple[Any, int, int]:
        found: tuple[Any, int, int] = calculate_default_transform(
            source.crs, _WEB_MERCATOR, source.width, source.height, *source.bounds, **size
        )
        return found

    transform, width, height = grid()
    shrink = max(width, height) / MAX_PIXELS
    if shrink > 1:
        transform, width, height = grid(
            dst_width=max(1, round(width / shrink)), dst_height=max(1, round(height / shrink))
        )
    return {"crs": _WEB_MERCATOR, "transform": transform, "width": width, "height": height}


def _coloured(values: np.ma.MaskedArray[Any, Any], low: float, high: float) -> NDArray[np.uint8]:
    """Red, green, blue and opacity, shape (4, rows, columns)."""
    steps = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in color_brewer(*_PALETTE)], dtype=float)
    share = np.clip((values.filled(low) - low) / ((high - low) or 1.0), 0.0, 1.0)
    at = np.linspace(0.0, 1.0, len(steps))
    bands = [np.interp(share, at, steps[:, band]) for band in range(3)]
    opacity = np.where(np.ma.getmaskarray(values), 0, 255)
    return np.round(np.stack([*bands, opacity])).astype(np.uint8)


def _png(bands: NDArray[np.uint8]) -> bytes:
    count, height, width = bands.shape
    with MemoryFile() as memory:
        with memory.open(driver="PNG", count=count, height=height, width=width, dtype="uint8") as picture:
            picture.write(bands)
        return bytes(memory.read())
