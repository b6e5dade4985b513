"""The grid of an array: which of its dimensions are x and y, and where its cells lie.

The coordinates of an array are centres of cells, rounded; the georeference of the file behind it is exact.  So the
georeference that an array carries is used where its coordinates agree with it, shifted by whole cells where a part was
cut out, and its coordinates where they do not.  Coordinates that are no regular grid are an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from affine import Affine

from sinks.errors import Problems

if TYPE_CHECKING:
    import xarray as xr

_NAMES = (("x", "y"), ("longitude", "latitude"), ("lon", "lat"))
"""Names by which x and y go; others are told by the axis of the CF conventions."""

_UNEVEN = 0.01
"""Fraction of a cell by which the centre of a cell may be off: beyond it lies what rounding cannot have done."""


def axes_of(array: xr.DataArray) -> tuple[str, str] | None:
    """Names of the dimensions along x and y; None where they cannot be told.

    They are told by what rioxarray was told (``rio.set_spatial_dims``), by their names, or by the attribute ``axis`` or
    ``standard_name`` of their coordinates (CF conventions, 4 "Coordinate Types").
    """
    import rioxarray

    try:
        return str(array.rio.x_dim), str(array.rio.y_dim)
    except rioxarray.exceptions.MissingSpatialDimensionError:
        return next(((x, y) for x, y in _NAMES if x in array.dims and y in array.dims), None)


def check_axes(array: xr.DataArray, where: str, problems: Problems) -> None:
    """Note what is wrong with the axes of an array: none along x and y, others besides, uneven coordinates."""
    axes = axes_of(array)
    if axes is None:
        problems.add("objects.no_axes", where, dims=list(map(str, array.dims)))
        return
    if any(size != size or size == 0 for size in array.shape):  # dask does not know the size of what it has filtered
        problems.add("objects.no_size", where, shape=[f"{name} ({array.sizes[name]})" for name in array.dims])
        return
    others = [str(name) for name in array.dims if name not in (*axes, "band")]
    if others:
        problems.add("objects.other_axes", where, dims=[f"{name} ({array.sizes[name]})" for name in others])
    for axis in axes:
        centres = _centres(array, axis)
        if centres is not None and centres.size > 1 and (off := _off(centres)) > _UNEVEN:
            problems.add("objects.uneven", where, axis=axis, off=f"{off:.3g}")


def transform_of(array: xr.DataArray) -> Affine:
    """Corner and cell size of an array whose axes are right, as GDAL has them; identity where nothing says them."""
    axes = axes_of(array)
    assert axes is not None  # checked before
    stated = _stated(array)
    xs, ys = (_centres(array, axis) for axis in axes)
    if xs is None or ys is None:
        return stated or Affine.identity()
    across = _along(xs, (stated.c, stated.a) if stated else None)
    down = _along(ys, (stated.f, stated.e) if stated else None)
    if across is None or down is None:
        return Affine.identity()
    return Affine(across[1], 0.0, across[0], 0.0, down[1], down[0])


def _along(centres: npt.NDArray[np.float64], stated: tuple[float, float] | None) -> tuple[float, float] | None:
    """Border of the first cell and width of a cell along one axis."""
    step = (centres[-1] - centres[0]) / (centres.size - 1) if centres.size > 1 else None
    if stated is not None:
        first, width = stated
        same = step is None or abs(step / width - 1) * centres.size < _UNEVEN
        cells = (centres[0] - first) / width - 0.5
        if same and abs(cells - round(cells)) < _UNEVEN:
            return first + round(cells) * width, width
    return None if step is None else (float(centres[0] - step / 2), float(step))


def _stated(array: xr.DataArray) -> Affine | None:
    """The georeference that an array carries from the file it was read of, in the order of GDAL."""
    mapping = array.rio.grid_mapping
    text = str(array.coords[mapping].attrs.get("GeoTransform", "")) if mapping in array.coords else ""
    try:
        found = Affine.from_gdal(*(float(part) for part in text.split()))
    except (TypeError, ValueError):
        return None
    return found if found.b == found.d == 0 and found.a and found.e else None


def _centres(array: xr.DataArray, axis: str) -> npt.NDArray[np.float64] | None:
    if axis not in array.coords:
        return None  # asked for it, xarray would make one that counts the cells
    coordinate = array.coords[axis]
    if coordinate.ndim != 1 or not np.issubdtype(coordinate.dtype, np.number):
        return None
    return np.asarray(coordinate.values, np.float64)


def _off(centres: npt.NDArray[np.float64]) -> float:
    """The farthest that a centre is off a regular grid, in cells."""
    step = (centres[-1] - centres[0]) / (centres.size - 1)
    if step == 0 or not np.isfinite(centres).all():
        return float("inf")
    return float(np.abs((centres - centres[0]) / step - np.arange(centres.size)).max())
