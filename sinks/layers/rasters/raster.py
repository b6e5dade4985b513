"""Raster layers: what the user declares, what the files hold, and reading both on the reference grid.

A layer is a name with a file per date.  :func:`inspect` opens a file once and says what it is, or everything that is
wrong with it; :meth:`RasterSource.on` decides how it gets onto the reference grid; :mod:`sinks.layers.rasters.reader`
reads it there, window by window.  Nothing is resampled unless the layer declares how, and no value is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from sinks.errors import CRSError, LayerError, Problem, Problems, SinksError
from sinks.geo.crs import datum_name, parse_crs, same_datum, transformer
from sinks.geo.grid import Grid
from sinks.geo.grid_crs import same_crs
from sinks.geo.legends import Legend

STATIC = "static"
"""Key of ``files`` for a layer that holds for every date."""

CATEGORICAL_RESAMPLING = ("nearest", "mode")
CONTINUOUS_RESAMPLING = ("nearest", "bilinear", "cubic", "cubic_spline", "average", "med", "min", "max", "q1", "q3")

SAME_BORDER = 1e-6
"""Fraction of a cell below which two cell borders are the same border."""


@dataclass(frozen=True)
class CategoricalLayer:
    """Classes on a grid, one file per date, read with a legend.

    Parameters
    ----------
    name : str
        Column name of the layer; also the stratum's name when it is one.
    files : mapping
        Date (``"2020"``) or ``"static"`` to a path or anything GDAL opens (``NETCDF:"f.nc":var``, ``/vsi...``, VRT).
    legend : Legend
        The classes its codes stand for.
    resampling : str, optional
        ``nearest`` or ``mode``; needed only when a file is not on the reference grid.
    band : int
    nodata : int, optional
        Code of cells that were not observed; None takes what the file declares.
    assume_crs : str, optional
        Coordinate reference system of files that name none, or one that cannot be used.
    ecosystems : tuple of str, optional
        For a stratum: the ecosystems that it divides; elsewhere it does not apply.
    """

    name: str
    files: Mapping[str, Path | str]
    legend: Legend
    resampling: str | None = None
    band: int = 1
    nodata: int | None = None
    assume_crs: str | None = None
    ecosystems: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ContinuousLayer:
    """A quantity on a grid, one file per date.

    Parameters
    ----------
    name, files, band, assume_crs
        As in :class:`CategoricalLayer`.
    quantity : str
        What it measures, for example ``growing_stock``.
    low, high : float
        Plausible bounds in the quantity's unit; a value outside is an error, never clipped.
    scale, offset : float, optional
        Raw value to quantity: ``raw * scale + offset``; None takes what the file declares (1 and 0 if nothing).
    factor : float
        From the unit of the stored values to the quantity's, applied after scale and offset.
    resampling : str, optional
        One of :data:`CONTINUOUS_RESAMPLING`; needed only when a file is not on the reference grid.
    nodata : float, optional
        Raw value of cells that were not observed; None takes what the file declares.  NaN is never observed.
    """

    name: str
    quantity: str
    files: Mapping[str, Path | str]
    low: float
    high: float
    scale: float | None = None
    offset: float | None = None
    factor: float = 1.0
    resampling: str | None = None
    band: int = 1
    nodata: float | None = None
    assume_crs: str | None = None


Layer = CategoricalLayer | ContinuousLayer


@dataclass(frozen=True)
class RasterSource:
    """One band of one file: what it is, and how it is brought onto the reference grid (picklable).

    Attributes
    ----------
    name : str
        ``layer@date``, or the layer's name alone when it is static.
    where : str
        How messages name it: layer, date and file.
    grid : Grid
        The file's own grid, north-up; ``south_up`` tells that it is stored the other way round.
    dtype : str
        Type in which windows are read; it has room for ``fill`` where cells can lie outside the file.
    nodata : float or None
        Raw value of cells that were not observed.
    fill : float or None
        Value of reference cells outside the file, which no raw value can equal; None on the reference grid.
    mode : {"direct", "indexed", "warped"}
    block_shape : tuple of int
        Rows and columns of the file's own blocks.
    warp_scale : tuple of float
        Reference cells per source cell along x and y, where the source is warped.
    size : tuple of int
        Size and time of change of a local file, by which a checkpoint knows it again.
    """

    name: str
    where: str
    path: str
    band: int
    categorical: bool
    grid: Grid
    south_up: bool
    dtype: str
    nodata: float | None
    scale: float
    offset: float
    block_shape: tuple[int, int]
    crs: str | None = None
    fill: float | None = None
    mode: Literal["direct", "indexed", "warped"] = "direct"
    resampling: str | None = None
    warp_scale: tuple[float, float] = (1.0, 1.0)
    size: tuple[int, ...] = ()

    def on(self, reference: Grid, resampling: str | None) -> RasterSource:
        """The same source, read on ``reference``.

        Cells that coincide with reference cells are read as they are, whatever the extent of the file.  Nearest cells
        of another grid with the same CRS are picked by row and column; everything else is warped by GDAL.

        Raises
        ------
        LayerError
            When the grids differ and no resampling was declared.
        CRSError
            When the datums differ, so that the way between them is not known.
        """
        if self.grid.same_as(reference):
            return self
        if not same_datum(self.grid.crs, reference.crs):
            datums = {"found": datum_name(self.grid.crs), "reference": datum_name(reference.crs)}
            raise CRSError(Problem("raster.other_datum", self.where, datums))
        shared = _same_coordinates(self.grid.crs, reference.crs)
        aligned = shared and _aligned(self.grid, reference)
        if resampling is None and not aligned:
            allowed = CATEGORICAL_RESAMPLING if self.categorical else CONTINUOUS_RESAMPLING
            grids = {"found": _words(self.grid), "reference": _words(reference)}
            raise LayerError(Problem("raster.other_grid", self.where, {**grids, "allowed": list(allowed)}))
        dtype, fill = _room_for_fill(self.dtype, self.categorical)
        on_reference = replace(self, dtype=dtype, fill=fill, mode="indexed", resampling=resampling)
        if aligned or (shared and resampling == "nearest"):
            return on_reference
        return replace(on_reference, mode="warped", warp_scale=_warp_scale(self.grid, reference))

    def open(self) -> Any:
        """The open file; anything with its ``read`` and ``close`` can take its place in a reader."""
        return open_dataset(self.path, self.where)


@singledispatch
def inspect(layer: Layer, date: str) -> RasterSource:
    """Open the layer's file of ``date`` and say what it holds.

    Raises
    ------
    LayerError, CRSError
        With everything that is wrong: file missing or unreadable, band missing, no CRS, rotated grid, wrong data type,
        a nodata value that the file cannot hold or that is a class, scale declared twice.
    """
    path = layer_file(layer, date)
    name = f"{layer.name}@{date}" if date in layer.files and date != STATIC else layer.name
    where = f"{name} ({path})"
    with warnings.catch_warnings():
        # A file without georeferencing is reported by Grid.from_dataset, in words that say what to do.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = open_dataset(path, where)
    with dataset:
        problems = Problems()
        categorical = isinstance(layer, CategoricalLayer)
        if not 1 <= layer.band <= dataset.count:
            raise LayerError(Problem("raster.no_band", where, {"band": layer.band, "count": dataset.count}))
        dtype = str(dataset.dtypes[layer.band - 1])
        if not np.issubdtype(np.dtype(dtype), np.integer) and not np.issubdtype(np.dtype(dtype), np.floating):
            problems.add("raster.wrong_type", where, dtype=dtype)
        elif not categorical:
            dtype = "float32" if np.can_cast(dtype, "float32") else "float64"
        nodata = _nodata(layer, dataset, where, problems)
        scale, offset = _scaling(layer, dataset, where, problems)
        try:
            grid, south_up = Grid.from_dataset(dataset, where, assume_crs=_assumed(layer, where))
        except SinksError as error:
            problems.extend(error)
        problems.raise_as(LayerError)
        return RasterSource(
            name=name,
            where=where,
            path=path,
            band=layer.band,
            categorical=categorical,
            grid=grid,
            south_up=south_up,
            dtype=dtype,
            nodata=nodata,
            scale=scale,
            offset=offset,
            block_shape=tuple(dataset.block_shapes[layer.band - 1]),
            crs=layer.assume_crs,
            size=_stamp(path),
        )


def layer_file(layer: Layer, date: str) -> str:
    """Path of the layer's file of ``date``; the static one where there is only that."""
    return str(layer.files[date] if date in layer.files else layer.files[STATIC])


def check_declaration(layer: Layer, dates: tuple[str, ...], problems: Problems) -> None:
    """Collect what is wrong with a declaration before any file is opened: dates, bounds, resampling."""
    where = layer.name
    missing = [date for date in dates if date not in layer.files]
    if STATIC in layer.files:
        if len(layer.files) > 1:
            problems.add("raster.static_and_dated", where, dates=[key for key in layer.files if key != STATIC])
    elif missing:
        problems.add("raster.missing_date", where, missing=missing, present=sorted(layer.files))
    categorical = isinstance(layer, CategoricalLayer)
    allowed = CATEGORICAL_RESAMPLING if categorical else CONTINUOUS_RESAMPLING
    if layer.resampling is not None and layer.resampling not in allowed:
        problems.add("raster.wrong_resampling", where, found=layer.resampling, allowed=list(allowed))
    if isinstance(layer, ContinuousLayer) and not (
        np.isfinite([layer.low, layer.high]).all() and layer.low < layer.high
    ):
        problems.add("raster.wrong_bounds", where, low=layer.low, high=layer.high)


def open_dataset(path: str, where: str) -> Any:
    """Open a file with rasterio; what cannot be opened is a :class:`LayerError` in words that say what to do."""
    try:
        return rasterio.open(path)
    except RasterioError as error:
        plain = not path.startswith("/vsi") and ("://" not in path) and path.count(":") < 2
        id = "raster.unreadable"
        if plain and not Path(path).exists():
            id = "raster.missing_file"
        elif plain and Path(path).is_file() and Path(path).stat().st_size == 0:
            id = "raster.empty_file"
        raise LayerError(Problem(id, where, {"reason": gdal_reason(error)})) from error


def gdal_reason(error: Exception) -> str:
    """GDAL's own words, which rasterio often keeps one exception further down."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return str(error)


def _assumed(layer: Layer, where: str) -> CRS | None:
    if layer.assume_crs is None:
        return None
    parsed = parse_crs(layer.assume_crs, where)
    if parsed.displacement:
        # The displacement is not a change of CRS: cells of a regular grid would no longer form one.
        raise CRSError(Problem("raster.displaced", where, {"found": parsed.displacement}))
    return parsed.crs


def _nodata(layer: Layer, dataset: Any, where: str, problems: Problems) -> float | None:
    declared = layer.nodata if layer.nodata is not None else dataset.nodatavals[layer.band - 1]
    if declared is None:
        return None
    dtype = np.dtype(dataset.dtypes[layer.band - 1])
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        if not (float(declared).is_integer() and limits.min <= declared <= limits.max):
            problems.add(
                "raster.impossible_nodata", where, nodata=declared, dtype=dtype, low=limits.min, high=limits.max
            )
            return None
    if isinstance(layer, CategoricalLayer) and layer.nodata is None and float(declared).is_integer():
        meant = layer.legend.get(int(declared))
        if meant is not None and not meant.is_nodata:
            problems.add("raster.nodata_is_class", where, nodata=int(declared), name=str(meant.name))
    return float(declared)


def _scaling(layer: Layer, dataset: Any, where: str, problems: Problems) -> tuple[float, float]:
    """Scale and offset; a file that declares other ones than the layer is a contradiction, not a default."""
    if isinstance(layer, CategoricalLayer):
        return 1.0, 0.0
    own = (float(dataset.scales[layer.band - 1]), float(dataset.offsets[layer.band - 1]))
    said = (own[0] if layer.scale is None else layer.scale, own[1] if layer.offset is None else layer.offset)
    if own != (1.0, 0.0) and said != own:
        problems.add(
            "raster.scale_conflict", where, scale=said[0], offset=said[1], file_scale=own[0], file_offset=own[1]
        )
    return said[0] * layer.factor, said[1] * layer.factor


def _room_for_fill(dtype: str, categorical: bool) -> tuple[str, float]:
    """A type for reading on another grid, with a value for cells outside the file that no raw value can equal."""
    if not categorical or np.issubdtype(np.dtype(dtype), np.floating):
        return dtype, float("nan")
    wider = {1: "int16", 2: "int32"}.get(np.dtype(dtype).itemsize, "int64")
    return wider, float(np.iinfo(wider).min)


def _same_coordinates(a: CRS, b: CRS) -> bool:
    """Whether x and y mean the same place in both, to the metre by which CGCS2000 and WGS 84 differ."""
    degrees = all(crs.is_geographic and crs.axis_info[0].unit_name == "degree" for crs in (a, b))
    return same_crs(a, b) or (degrees and same_datum(a, b))


def _warp_scale(grid: Grid, reference: Grid) -> tuple[float, float]:
    """Reference cells per source cell along both axes, for GDAL's kernels.

    GDAL would estimate them again for every chunk it warps, and so make a value depend on how the grid is cut.
    """
    to_source = transformer(reference.crs, grid.crs)
    left, bottom, right, top = to_source.transform_bounds(*grid.bounds, direction="INVERSE")
    box = reference.bounds
    x = (max(left, box[0]) + min(right, box[2])) / 2
    y = (max(bottom, box[1]) + min(top, box[3])) / 2
    half_x, half_y = (size / 2 for size in reference.cell_size)
    xs, ys = to_source.transform([x - half_x, x + half_x, x, x], [y, y, y - half_y, y + half_y])
    columns, rows = grid.to_pixel(xs, ys)
    return float(1 / abs(columns[1] - columns[0])), float(1 / abs(rows[3] - rows[2]))


def _aligned(grid: Grid, reference: Grid) -> bool:
    """Whether every cell of ``grid`` is a cell of the reference lattice, wherever its corner lies."""
    a, b = grid.transform, reference.transform
    drift = max(abs(a.a - b.a) * grid.width / b.a, abs(a.e - b.e) * grid.height / -b.e)
    steps = ((a.c - b.c) / b.a, (a.f - b.f) / b.e)
    return drift < SAME_BORDER and all(abs(step - round(step)) < SAME_BORDER for step in steps)


def _words(grid: Grid) -> str:
    """A grid in one line, for messages."""
    name = grid.crs.to_string() if len(grid.crs.to_string()) < 24 else grid.crs.name
    t = grid.transform
    return f"{name}, {grid.width} x {grid.height}, {t.a:.10g} x {-t.e:.10g}, ({t.c:.10g}, {t.f:.10g})"


def _stamp(path: str) -> tuple[int, ...]:
    """Size and time of change of a local file, by which a checkpoint knows it again; empty for anything else."""
    try:
        stat = Path(path).stat()
    except OSError:
        return ()
    return stat.st_size, stat.st_mtime_ns
