"""Reading windows of a raster file on the reference grid.

Cells that are reference cells are read as they are (whole tiles of an ordinary GeoTIFF without GDAL); nearest cells are
picked by row and column; everything else is warped by GDAL.  What a cell gets never depends on the window that it is
read in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio._err import CPLE_BaseError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from sinks.errors import LayerError, Problem
from sinks.geo.grid import Grid
from sinks.layers.rasters.geotiff_tiles import TileDecoder
from sinks.layers.rasters.mosaic import Mosaic
from sinks.layers.rasters.opened import forget_failure, gdal_reason
from sinks.layers.rasters.raster import SAME_BORDER, RasterSource
from sinks.layers.rasters.validity import Hidden

_WINDOW_CELLS = 1 << 24
"""Most source cells that are held at once while nearest cells are picked from a finer grid."""

_WARP_TOLERANCE = 1e-3
"""Source cells by which GDAL may interpolate a transformation: a thousandth of a cell, at a fifth of the exact cost."""


class RasterReader:
    """Windows of one source on the reference grid.

    A reader holds an open GDAL handle, which must not be shared between threads: open one per thread, use it as a
    context manager.

    Parameters
    ----------
    source : RasterSource
        As returned by :meth:`RasterSource.on`.
    reference : Grid
    """

    def __init__(self, source: RasterSource, reference: Grid) -> None:
        self.source = source
        self._reference = reference
        warped = source.mode == "warped"
        self._dataset = source.open_veiled() if warped else source.open()
        self._hidden = None if warped else source.hidden
        # A veiled file has the one band.
        self._band = 1 if warped and source.hidden is not None else source.band
        self._handle: Any = self._dataset
        plain = source.mode == "direct" and not source.south_up
        self._tiles = TileDecoder.of(self._dataset, self._band) if plain else None
        self._mosaic = Mosaic.of(self._dataset, self._band) if plain and self._tiles is None else None
        if warped:
            self._handle = self._warp()
        elif source.mode == "indexed":
            self._rows = _nearest(source.grid.transform.f, source.grid.transform.e, source.grid.height, reference, "y")
            self._columns = _nearest(
                source.grid.transform.c, source.grid.transform.a, source.grid.width, reference, "x"
            )

    def __enter__(self) -> RasterReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for own in (self._tiles, self._mosaic):
            if own is not None:
                own.close()
        if self._handle is not self._dataset:
            self._handle.close()
        self._dataset.close()

    @property
    def own_tile(self) -> tuple[int, int] | None:
        """Rows and columns of the file's tiles, where a window that is one of them is decoded straight into place."""
        return self._tiles.shape if self._tiles is not None else None

    def read(self, row: int, column: int, out: npt.NDArray[Any]) -> None:
        """Fill ``out`` [rows, columns] with the window that begins at ``row``, ``column`` of the reference grid.

        ``out`` has the source's ``dtype``, or a wider one; cells outside the file get ``fill``.

        Raises
        ------
        LayerError
            When GDAL cannot read a block; names the file, the window and GDAL's reason.
        """
        if self.source.mode == "indexed":
            self._pick(row, column, out)
        else:
            flipped = self.source.south_up and self.source.mode == "direct"
            self._read(row, column, out, self._reference.height if flipped else None)

    def read_tiles(self, row: int, column: int, shape: tuple[int, int], width: int, out: npt.NDArray[Any]) -> None:
        """Fill ``out`` [cells] with a window of ``shape``, tile by tile from west to east, each row after row.

        As :meth:`read` for each of the tiles, ``width`` wide, and in one go where they are the file's own.
        """
        rows, columns = shape
        own = self._tiles if self._hidden is None else None
        if own is not None and width == own.shape[1] and own.read_tiles(row, column, shape, out):
            return
        for left in range(0, columns, width):
            wide = min(width, columns - left)
            self.read(row, column + left, out[left * rows : (left + wide) * rows].reshape(rows, wide))

    def _read(self, row: int, column: int, out: npt.NDArray[Any], flipped_height: int | None) -> None:
        if flipped_height is not None:
            row, out = flipped_height - row - out.shape[0], out[::-1]
        own = self._tiles or self._mosaic
        if own is None or not own.read(row, column, out):
            self._read_by_gdal(row, column, out)
        if self._hidden is not None:
            self._hide(self._hidden, row, column, out)

    def _hide(self, hidden: Hidden, row: int, column: int, out: npt.NDArray[Any]) -> None:
        """Mark cells of a window of the file that it says were not observed."""
        if hidden.nodata is not None:
            out[out == out.dtype.type(hidden.nodata)] = hidden.fill
        rows, columns = out.shape
        window = Window(column, row, columns, rows)
        for mask in hidden.masks:
            try:
                if mask.isdecimal():
                    seen = self._dataset.read(int(mask), window=window)
                else:
                    seen = self._dataset.read_masks(self._band, window=window)
            except RasterioError as error:
                raise self._corrupt(window, error) from error
            out[seen == 0] = hidden.fill

    def _read_by_gdal(self, row: int, column: int, out: npt.NDArray[Any]) -> None:
        rows, columns = out.shape
        window = Window(column, row, columns, rows)
        try:
            self._handle.read(self._band, window=window, out=out)
        except RasterioError as error:
            raise self._corrupt(window, error) from error

    def _corrupt(self, window: Window, error: Exception) -> LayerError:
        forget_failure(self._dataset)
        values = {"row": window.row_off, "column": window.col_off, "rows": window.height, "columns": window.width}
        return LayerError(Problem("raster.corrupt_block", self.source.where, values | {"reason": gdal_reason(error)}))

    def _pick(self, row: int, column: int, out: npt.NDArray[Any]) -> None:
        """Nearest cells: which source row and column serve a reference cell depends on nothing but that cell."""
        rows, columns = self._rows[row : row + out.shape[0]], self._columns[column : column + out.shape[1]]
        out[...] = self.source.fill
        hit_columns = np.flatnonzero(columns >= 0)
        hit_rows = np.flatnonzero(rows >= 0)
        if hit_rows.size == 0 or hit_columns.size == 0:
            return
        left, right = int(columns[hit_columns[0]]), int(columns[hit_columns[-1]]) + 1
        target = slice(int(hit_columns[0]), int(hit_columns[-1]) + 1)
        for part in _strips(rows, hit_rows, right - left):
            top, bottom = int(rows[part[0]]), int(rows[part[-1]]) + 1
            found = np.empty((bottom - top, right - left), out.dtype)
            self._read(top, left, found, self.source.grid.height if self.source.south_up else None)
            out[part[0] : part[-1] + 1, target] = found[np.ix_(rows[part] - top, columns[hit_columns] - left)]

    def _warp(self) -> WarpedVRT:
        source, reference = self.source, self._reference
        nodata = source.nodata if source.nodata is not None or source.categorical else np.nan
        try:
            return WarpedVRT(
                self._dataset,
                src_crs=source.grid.crs.to_wkt() if source.crs else None,
                src_nodata=nodata,
                crs=reference.crs.to_wkt(),
                transform=reference.transform,
                width=reference.width,
                height=reference.height,
                nodata=source.fill,
                dtype=source.dtype,
                resampling=Resampling[str(source.resampling)],
                tolerance=_WARP_TOLERANCE,
                XSCALE=source.warp_scale[0],
                YSCALE=source.warp_scale[1],
            )
        except (RasterioError, CPLE_BaseError) as error:
            raise LayerError(Problem("raster.cannot_warp", source.where, {"reason": gdal_reason(error)})) from error


def _nearest(origin: float, step: float, size: int, reference: Grid, axis: str) -> npt.NDArray[np.int64]:
    """Source index of the cell that holds each reference cell's centre; -1 outside the source."""
    transform = reference.transform
    if axis == "x":
        centres = transform.c + transform.a * (np.arange(reference.width) + 0.5)
    else:
        centres = transform.f + transform.e * (np.arange(reference.height) + 0.5)
    position = (centres - origin) / step
    # A centre that lies on a border up to rounding belongs to the cell after it, on every machine.
    border = np.rint(position)
    index = np.floor(np.where(np.abs(position - border) < SAME_BORDER, border, position)).astype(np.int64)
    return np.where((index >= 0) & (index < size), index, -1)


def _strips(rows: npt.NDArray[np.int64], hits: npt.NDArray[np.int64], width: int) -> Iterator[npt.NDArray[np.int64]]:
    """Reference rows in strips whose source windows stay small, however fine the source is."""
    span = int(rows[hits[-1]] - rows[hits[0]]) + 1
    parts = max(1, min(hits.size, -(-span * width // _WINDOW_CELLS)))
    yield from np.array_split(hits, parts)
