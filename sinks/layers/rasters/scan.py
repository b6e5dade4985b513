"""What a raster holds as a whole, found by reading all of it once: its codes, or its extremes.

For rasters of which nothing is declared.  A project declares legends and quantities, and needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.windows import Window

from sinks.errors import LayerError, Problem
from sinks.layers.rasters.opened import open_dataset
from sinks.layers.rasters.raster import ContinuousLayer, inspect
from sinks.layers.rasters.reader import RasterReader
from sinks.objects import Held, hold

MOST_CODES = 1024
"""Distinct codes beyond which a raster is taken for a quantity."""

_LEAST = 1 << 20
"""Cells that are read at a time, at least."""


def codes_of(files: Mapping[str, str]) -> list[int]:
    """Every code of the first band of some rasters, ascending, without those that mark no data.

    Raises
    ------
    LayerError
        A raster cannot be opened, or holds no classes: fractions, or more than :data:`MOST_CODES` different values.
    """
    found: set[float] = set()
    for file in dict.fromkeys(files.values()):
        with open_dataset(file, file) as dataset:
            nodata = dataset.nodatavals[0]
            for window in _windows(dataset.shape, dataset.block_shapes[0]):
                cells = dataset.read(1, window=window)
                if not np.issubdtype(cells.dtype, np.number) or np.issubdtype(cells.dtype, np.complexfloating):
                    raise LayerError(Problem("raster.wrong_type", file, {"dtype": str(cells.dtype)}))
                distinct = np.unique(cells[np.isfinite(cells)])
                found |= set(distinct[distinct != nodata].tolist() if nodata is not None else distinct.tolist())
                if len(found) > MOST_CODES or any(value != int(value) for value in found):
                    shown = [f"{value:g}" for value in sorted(found)[:5]]
                    raise LayerError(Problem("objects.no_classes", file, {"found": shown, "most": MOST_CODES}))
    if not found:
        raise LayerError(Problem("objects.no_class_seen", next(iter(files.values()))))
    return sorted(int(value) for value in found)


def limits_of(layer: ContinuousLayer) -> tuple[float, float]:
    """Bounds that hold every observed value of a layer, in its own unit.

    Raises
    ------
    LayerError
        A file is at fault, or a value is infinite.
    """
    low, high = np.inf, -np.inf
    for date in layer.files:
        source = inspect(layer, date)
        with RasterReader(source, source.grid) as reader:
            for window in _windows((source.grid.height, source.grid.width), source.block_shape):
                cells = np.empty((int(window.height), int(window.width)), source.dtype)
                reader.read(int(window.row_off), int(window.col_off), cells)
                seen = _observed(cells, source.nodata).astype(np.float64) * source.scale + source.offset
                if np.isinf(seen).any():
                    raise LayerError(Problem("objects.infinite", source.where, {}))
                if seen.size:
                    low, high = min(low, float(seen.min())), max(high, float(seen.max()))
    if low > high:
        low, high = 0.0, 1.0  # nothing observed, which the pass says
    # Room for the rounding by which another order of operations differs.
    margin = 1e-6 * max(high - low, abs(low), abs(high)) or 1.0
    return low - margin, high + margin


def ones_on(file: str) -> Held:
    """A raster of ones on the grid of another, which takes no memory.

    Raises
    ------
    LayerError
        The other cannot be opened.
    """
    import rioxarray  # noqa: F401  # gives arrays their .rio
    import xarray as xr

    with open_dataset(file, file) as dataset:
        ones = xr.DataArray(np.broadcast_to(np.uint8(1), dataset.shape), dims=("y", "x"))
        if dataset.crs is not None:
            ones = ones.rio.write_crs(dataset.crs.to_wkt())
        return hold(ones.rio.write_transform(dataset.transform), "ones", "DataArray")


def _observed(cells: npt.NDArray[Any], nodata: float | None) -> npt.NDArray[Any]:
    seen = ~np.isnan(cells)
    if nodata is not None:
        seen &= cells != nodata
    return np.asarray(cells[seen])


def _windows(shape: tuple[int, int], block: tuple[int, int]) -> Iterator[Window]:
    """Windows of whole blocks, of about a million cells."""
    rows, columns = min(block[0], shape[0]), min(block[1], shape[1])
    times = max(1, _LEAST // (rows * columns))
    across = min(columns * times, shape[1])
    down = min(rows * max(1, _LEAST // (rows * across)), shape[0])
    for row, column in product(range(0, shape[0], down), range(0, shape[1], across)):
        yield Window(column, row, min(across, shape[1] - column), min(down, shape[0] - row))
