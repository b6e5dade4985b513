"""Raster layers: what the user declares, what the files hold, and reading both on the reference grid.

A layer is a name with a file per date.  :func:`inspect` opens a file once and says what it is, or everything that is
wrong with it; :meth:`RasterSource.on` decides how it gets onto the reference grid; :mod:`sinks.layers.rasters.reader`
reads it there, window by window.  Nothing is resampled unless the layer declares how, and no value is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from sinks.errors import CRSError, LayerError, Problem, Problems, SinksError
from sinks.geo.crs import check_bounds, datum_name, parse_crs, same_datum, transformer
from sinks.geo.grid import Grid
from sinks.geo.grid_crs import same_crs
from sinks.geo.legends import Legend
from sinks.layers.rasters.arrays import file_behind, spooled
from sinks.layers.rasters.mosaic import block_shape
from sinks.layers.rasters.opened import check_variables, open_dataset, stamp, unzipped
from sinks.layers.rasters.sample import check_codes, is_at_hand
from sinks.layers.rasters.shares import check_share
from sinks.layers.rasters.validity import (
    Hidden,
    alpha_band,
    check_masks,
    check_which,
    hidden_cells,
    mask_bands,
    room_for_fill,
    veiled,
)
from sinks.layers.rasters.years import check_twice, check_year
from sinks.objects import is_object

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
    band : int, optional
        Band to read; None for a file of one.
    bands : mapping of str to int
        Band of each date, where they differ; else ``band`` is that of all.
    accept : tuple of str
        Doubts that the user has settled: ``other_year`` (a file named after another year stands for a date),
        ``mask_band`` (a band of 0 and the highest value hides no cell), ``fraction`` (percent nowhere beyond one),
        ``zeros`` (cells of value 0 were observed).
    nodata : float, optional
        Value of cells that were not observed; None takes what the file declares.
    assume_crs : str, optional
        Coordinate reference system of files that name none, or one that cannot be used.
    ecosystems : tuple of str, optional
        For a stratum: the ecosystems that it divides; elsewhere it does not apply.
    of_date : str
        Date of a static layer that is the past of another.
    """

    name: str
    files: Mapping[str, Path | str]
    legend: Legend
    resampling: str | None = None
    band: int | None = None
    nodata: float | None = None
    assume_crs: str | None = None
    ecosystems: tuple[str, ...] | None = None
    of_date: str = ""
    bands: Mapping[str, int] = field(default_factory=dict)
    accept: tuple[str, ...] = ()

    def band_of(self, date: str) -> int:
        """The band that holds a date."""
        return self.bands.get(date, self.band or 1)


@dataclass(frozen=True)
class ContinuousLayer:
    """A quantity on a grid, one file per date.

    Parameters
    ----------
    name, files, band, bands, accept, assume_crs
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
    band: int | None = None
    nodata: float | None = None
    assume_crs: str | None = None
    bands: Mapping[str, int] = field(default_factory=dict)
    accept: tuple[str, ...] = ()

    def band_of(self, date: str) -> int:
        """The band that holds a date."""
        return self.bands.get(date, self.band or 1)


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
        Raw value of cells that were not observed, as they are read.
    hidden : Hidden or None
        How cells get that value which the file marks as not observed in another way.
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
    hidden: Hidden | None = None

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
        dtype, fill = self._room()
        on_reference = replace(self, dtype=dtype, fill=fill, mode="indexed", resampling=resampling)
        if aligned or (shared and resampling == "nearest"):
            return on_reference
        return replace(on_reference, mode="warped", warp_scale=_warp_scale(self.grid, reference))

    def _room(self) -> tuple[str, float]:
        if self.hidden is not None and self.hidden.spare:
            return self.dtype, self.hidden.fill
        return room_for_fill(self.dtype, self.categorical)

    def open(self) -> Any:
        """The open file; anything with its ``read`` and ``close`` can take its place in a reader."""
        return open_dataset(self.path, self.where)

    def open_veiled(self) -> Any:
        """The open file with every cell hidden that it hides, for a reader that asks for no masks: GDAL's warper."""
        if is_object(self.path):
            return open_dataset(spooled(self.path, self.where), self.where)
        dataset = self.open()
        if self.hidden is None:
            return dataset
        with dataset:
            return open_dataset(veiled(self.path, dataset, self.band, self.hidden), self.where)


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
    path = unzipped(path, where)
    with warnings.catch_warnings():
        # A file without georeferencing is reported by Grid.from_dataset, in words that say what to do.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        dataset = open_dataset(path, where)
    with dataset:
        band = layer.band_of(date)
        check_variables(dataset, where)
        if not 1 <= band <= dataset.count:
            raise LayerError(Problem("raster.no_band", where, {"band": band, "count": dataset.count}))
        problems = Problems()
        nodata = _nodata(layer, band, dataset, where, problems)
        dtype, nodata, hidden = _as_read(layer, band, dataset, nodata, where, problems)
        scale, offset = _scaling(layer, band, dataset, where, problems)
        try:
            grid, south_up = Grid.from_dataset(dataset, where, assume_crs=_assumed(layer, where))
        except SinksError as error:
            problems.extend(error)
        else:
            _check_place(grid, where, problems)
        _check_meaning(layer, date, dataset, where, problems)
        problems.raise_as(LayerError)
        return RasterSource(
            name=name,
            where=where,
            path=path,
            band=band,
            categorical=isinstance(layer, CategoricalLayer),
            grid=grid,
            south_up=south_up,
            dtype=dtype,
            nodata=nodata,
            scale=scale,
            offset=offset,
            block_shape=block_shape(dataset, band),
            crs=layer.assume_crs,
            size=stamp(path),
            hidden=hidden,
        )


def _as_read(
    layer: Layer, band: int, dataset: Any, nodata: float | None, where: str, problems: Problems
) -> tuple[str, float | None, Hidden | None]:
    """Type in which windows are read, the value of unobserved cells there, and what has to be hidden for it."""
    categorical = isinstance(layer, CategoricalLayer)
    dtype = str(dataset.dtypes[band - 1])
    if not np.issubdtype(np.dtype(dtype), np.integer) and not np.issubdtype(np.dtype(dtype), np.floating):
        problems.add("raster.wrong_type", where, dtype=dtype)
        return dtype, nodata, None
    if not categorical:
        dtype = "float32" if np.can_cast(dtype, "float32") else "float64"
    used = {*layer.bands.values(), band}
    check_masks(dataset, used, layer.accept, where, problems)
    alone = ColorInterp.alpha in dataset.colorinterp and alpha_band(dataset, used) is None
    hidden = hidden_cells(mask_bands(dataset, band, used), dtype, nodata, categorical=categorical, alone=alone)
    if hidden is None:
        return dtype, nodata, None
    return hidden.dtype, hidden.fill if categorical or nodata is not None else None, hidden


def _check_place(grid: Grid, where: str, problems: Problems) -> None:
    """Whether coordinates in metres can be in the CRS; a grid may go round the world in degrees as it likes."""
    left, _, right, _ = grid.bounds
    if grid.crs.is_projected:
        check_bounds(grid.crs, grid.bounds, where, problems, lambda: np.linspace(left, right, 100))


def _check_meaning(layer: Layer, date: str, dataset: Any, where: str, problems: Problems) -> None:
    """Whether the file is of the date that is declared, and of the legend."""
    path, band = layer_file(layer, date), layer.band_of(date)
    if date in layer.files and date != STATIC:
        check_twice(date, layer.files, {one: layer.band_of(one) for one in layer.files}, dataset, where, problems)
    elif isinstance(layer, CategoricalLayer):
        date = layer.of_date
    if "other_year" not in layer.accept and not len(problems):
        check_year(date, file_behind(path) or path, band, dataset, where, problems)
    if is_at_hand(dataset.name) and not len(problems):
        nodata = layer.nodata if layer.nodata is not None else dataset.nodatavals[band - 1]
        if isinstance(layer, CategoricalLayer):
            check_codes(dataset, band, nodata, layer.legend, where, problems)
        else:
            check_share(layer, band, nodata, dataset, where, problems)
    if layer.band is None and date not in layer.bands and not len(problems):
        check_which(dataset, where, problems)


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


def _assumed(layer: Layer, where: str) -> CRS | None:
    if layer.assume_crs is None:
        return None
    parsed = parse_crs(layer.assume_crs, where)
    if parsed.displacement:
        # The displacement is not a change of CRS: cells of a regular grid would no longer form one.
        raise CRSError(Problem("raster.displaced", where, {"found": parsed.displacement}))
    return parsed.crs


def _nodata(layer: Layer, band: int, dataset: Any, where: str, problems: Problems) -> float | None:
    """The value of unobserved cells as it stands in the file: a tenth in a file of single precision is not a tenth."""
    declared = layer.nodata if layer.nodata is not None else dataset.nodatavals[band - 1]
    if declared is None:
        return None
    dtype = np.dtype(dataset.dtypes[band - 1])
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
    with np.errstate(over="ignore"):
        return float(dtype.type(declared)) if np.issubdtype(dtype, np.floating) else float(declared)


def _scaling(layer: Layer, band: int, dataset: Any, where: str, problems: Problems) -> tuple[float, float]:
    """Scale and offset; a file that declares other ones than the layer is a contradiction, not a default."""
    if isinstance(layer, CategoricalLayer):
        return 1.0, 0.0
    own = (float(dataset.scales[band - 1]), float(dataset.offsets[band - 1]))
    said = (own[0] if layer.scale is None else layer.scale, own[1] if layer.offset is None else layer.offset)
    if own != (1.0, 0.0) and said != own:
        problems.add(
            "raster.scale_conflict", where, scale=said[0], offset=said[1], file_scale=own[0], file_offset=own[1]
        )
    return said[0] * layer.factor, said[1] * layer.factor


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
