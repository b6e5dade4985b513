"""Arrays in memory, in chunks or opened lazily, behind the interface by which raster files are read.

An array is read window by window, as a file is: of an array that was opened lazily (by rioxarray, from NetCDF or Zarr)
or that dask computes, nothing but the window is ever loaded.  Only where GDAL has to warp an array onto another grid is
it written to a temporary file first, for GDAL reads files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.windows import Window

from sinks.errors import LayerError, Problem, Problems
from sinks.layers.rasters.array_axes import axes_of, check_axes, transform_of
from sinks.objects import Held, find

if TYPE_CHECKING:
    import xarray as xr

_DATES = ("time", "date", "year")
"""Coordinates that say the date of an array."""

_BLOCK = 512
"""Rows and columns of a window of an array that has no chunks of its own."""


class ArrayDataset:
    """One array in the place of an open raster file: what rasterio says of a file, and its ``read``.

    Parameters
    ----------
    held : Held
        A ``DataArray`` with the dimensions (band, y, x) or (y, x) in any order; what it holds after decoding is what
        is read.  ``_FillValue``, ``scale_factor`` and ``add_offset`` in its ``attrs`` are still to be applied, as of a
        file; those in its ``encoding`` were applied when it was opened.

    Raises
    ------
    LayerError
        The array has no axes along x and y, has others besides, or its coordinates are no regular grid.
    """

    driver = "array"

    def __init__(self, held: Held) -> None:
        array: xr.DataArray = held.value
        problems = Problems()
        check_axes(array, held.name, problems)
        _check_behind(array, held.name, problems)
        problems.raise_as(LayerError)
        axes = axes_of(array)
        assert axes is not None
        self.name = held.name
        self._x, self._y = axes
        # Transposing stays lazy; a dimension that is added would load the whole array.
        self._has_bands = "band" in array.dims
        self._array = array.transpose(*(("band",) if self._has_bands else ()), self._y, self._x)
        self.count = int(array.sizes["band"]) if self._has_bands else 1
        self.height, self.width = self._array.shape[-2:]
        self.shape = (self.height, self.width)
        self.crs = array.rio.crs
        self.transform = transform_of(array)
        number = np.issubdtype(array.dtype, np.number)
        self.dtypes = (array.dtype.name if number else array.dtype.str,) * self.count
        nodata = array.rio.nodata if number else None
        self.nodatavals = (None if nodata is None else float(nodata),) * self.count
        self.scales = (float(array.attrs.get("scale_factor", 1.0)),) * self.count
        self.offsets = (float(array.attrs.get("add_offset", 0.0)),) * self.count
        self.block_shapes = [_chunk(self._array)] * self.count
        flag = MaskFlags.all_valid if nodata is None else MaskFlags.nodata
        self.mask_flag_enums = ([flag],) * self.count
        self.colorinterp = (ColorInterp.gray,) * self.count
        self.descriptions = _names(array, self.count)

    def __enter__(self) -> ArrayDataset:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The array stays with whoever handed it in."""

    @property
    def labels(self) -> tuple[npt.NDArray[np.float64], ...] | None:
        """Coordinates along x and y, as they are; None where one has none."""
        found = [self._array.coords[axis].values for axis in (self._x, self._y) if axis in self._array.coords]
        return tuple(np.asarray(one, np.float64) for one in found) if len(found) == 2 else None

    def read(self, band: int, *, window: Window | None = None, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
        """A window of a band, [rows, columns]; into ``out`` where it is given.

        Raises
        ------
        RasterioIOError
            Whatever the array runs into when it is computed or read, in its own words.
        """
        rows, columns = slice(None), slice(None)
        if window is not None:
            rows = slice(int(window.row_off), int(window.row_off + window.height))
            columns = slice(int(window.col_off), int(window.col_off + window.width))
        try:
            at: dict[str, Any] = {self._y: rows, self._x: columns} | ({"band": band - 1} if self._has_bands else {})
            cells = self._array.isel(at).to_numpy()
        except Exception as error:  # anything may go wrong in a caller's own computation
            raise RasterioIOError(f"{type(error).__name__}: {error}") from error
        if out is None:
            return np.asarray(cells)
        out[...] = cells
        return out


def open_array(name: str, where: str) -> ArrayDataset:
    """The array of a name as an open file.

    Raises
    ------
    LayerError
        It is no longer held, or not in this process; or it is at fault.
    """
    held = find(name)
    if held is None:
        raise LayerError(Problem("objects.gone", where, {"name": name}))
    with held.lock:
        if "dataset" not in held.kept:
            held.kept["dataset"] = ArrayDataset(held)
    dataset: ArrayDataset = held.kept["dataset"]
    return dataset


def file_behind(name: str) -> str | None:
    """Path or address that an array says it was read from (``encoding["source"]``), where that tells its year.

    None where it says none, and of a slice of a cube, which has its date in a coordinate; a cube that was put together
    of files says the first file of all its slices.
    """
    held = find(name)
    if held is None or held.kind != "DataArray" or any(axis in held.value.coords for axis in _DATES):
        return None
    source = held.value.encoding.get("source")
    return str(source) if source else None


def spooled(name: str, where: str) -> str:
    """A temporary file with the cells of an array, for GDAL's warper; made once, window by window.

    Raises
    ------
    LayerError
        The array is gone, or cannot be read or written.
    """
    dataset, held = open_array(name, where), find(name)
    assert held is not None
    with held.lock:
        path = held.folder() / "cells.tif"
        if not path.exists():
            part = path.with_suffix(".part")
            try:
                _write(dataset, part)
            except RasterioError as error:
                raise LayerError(Problem("raster.unreadable", where, {"reason": str(error)})) from error
            part.rename(path)
    return str(path)


def digest_of_array(held: Held) -> str:
    """SHA-256 of the cells of an array, row by row; the same however it is cut into chunks."""
    if "sha256" not in held.kept:
        dataset = open_array(held.name, held.name)
        head = (dataset.dtypes[0], dataset.count, dataset.height, dataset.width, tuple(dataset.transform)[:6])
        digest = hashlib.sha256(repr((*head, dataset.crs and dataset.crs.to_wkt())).encode())
        for band in range(1, dataset.count + 1):
            tall, wide = dataset.block_shapes[band - 1]
            for row in range(0, dataset.height, tall):
                rows = [hashlib.sha256() for _ in range(min(tall, dataset.height - row))]
                for column in range(0, dataset.width, wide):
                    size = min(wide, dataset.width - column), len(rows)
                    cells = dataset.read(band, window=Window(column, row, *size))
                    for one, line in zip(rows, np.ascontiguousarray(cells), strict=True):
                        one.update(line.tobytes())
                for one in rows:
                    digest.update(one.digest())
        held.kept["sha256"] = digest.hexdigest()
    return str(held.kept["sha256"])


def facts_of_array(held: Held) -> dict[str, Any]:
    """What the record of a run says of an array: JSON values only."""
    array, dataset = held.value, open_array(held.name, held.name)
    return {
        "kind": held.kind,
        "variable": str(array.name) if array.name is not None else None,
        "dims": list(map(str, array.dims)),
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "crs": dataset.crs.to_string() if dataset.crs is not None else None,
        "transform": list(dataset.transform)[:6],
        "chunks": list(dataset.block_shapes[0]),
        "computed_by_dask": array.chunks is not None,
        "source": array.encoding.get("source"),
    }


def _write(dataset: ArrayDataset, path: Path) -> None:
    tall, wide = dataset.block_shapes[0]
    profile = {
        "driver": "GTiff",
        "dtype": dataset.dtypes[0],
        "count": dataset.count,
        "height": dataset.height,
        "width": dataset.width,
        "crs": dataset.crs,
        "transform": dataset.transform,
        "nodata": dataset.nodatavals[0],
    }
    # BIGTIFF by the size before compression, so that no write can run into the limit.
    options = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "zstd", "bigtiff": "if_safer"}
    with rasterio.open(path, "w", **profile, **options) as file:
        for band, (row, column) in product(range(1, dataset.count + 1), _corners(dataset.shape, (tall, wide))):
            window = Window(column, row, min(wide, dataset.width - column), min(tall, dataset.height - row))
            file.write(dataset.read(band, window=window), band, window=window)


def _corners(shape: tuple[int, int], block: tuple[int, int]) -> Iterator[tuple[int, int]]:
    yield from product(range(0, shape[0], block[0]), range(0, shape[1], block[1]))


def _chunk(array: xr.DataArray) -> tuple[int, int]:
    """Rows and columns that are loaded together: of dask's chunks, or of those that the array is stored in."""
    y, x = array.dims[-2:]
    if array.chunks is not None:
        return int(max(array.chunksizes[y])), int(max(array.chunksizes[x]))
    stored = array.encoding.get("preferred_chunks") or {}
    found = int(stored.get(y, _BLOCK)), int(stored.get(x, _BLOCK))
    # Strips of one or a few rows, as wide as the grid, are read together.
    return min(max(found[0], 1), array.sizes[y]), min(max(found[1], 1), array.sizes[x])


def _names(array: xr.DataArray, count: int) -> tuple[str | None, ...]:
    """Names of the bands, as rioxarray keeps them: a tuple of long names, or one for an array of one band.

    A slice of a cube says its date in a coordinate; its long name is that of the cube, or of the first file in it.
    """
    if any(axis in array.coords for axis in _DATES):
        return (None,) * count
    said = array.attrs.get("long_name")
    if isinstance(said, list | tuple) and len(said) == count:
        return tuple(str(name) for name in said)
    return (str(said) if count == 1 and isinstance(said, str) else None,) + (None,) * (count - 1)


def _check_behind(array: xr.DataArray, where: str, problems: Problems) -> None:
    """Refuse an array that was opened without the mask of the file behind it: masked cells would count."""
    source = array.encoding.get("source")
    if not source or not Path(str(source)).is_file() or array.rio.encoded_nodata is not None:
        return
    try:
        with rasterio.open(source) as file:
            flags = {flag for band in file.mask_flag_enums for flag in band}
            hides = flags - {MaskFlags.all_valid, MaskFlags.nodata} or ColorInterp.alpha in file.colorinterp
    except RasterioError:
        return  # a format of xarray's own
    # An array opened with its mask has NaN where the file hides cells.
    if hides and not np.issubdtype(array.dtype, np.floating):
        problems.add("objects.mask_lost", where, file=str(source))
